"""Metrics and what is known about them."""
