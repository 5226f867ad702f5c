"""Runs the worker in a container. Nothing here imports the docker package at the top of a module."""
