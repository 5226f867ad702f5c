"""Runs that wait for a place: entries are files, a detached dispatcher starts them in their order."""
