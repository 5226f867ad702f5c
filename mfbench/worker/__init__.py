"""Runs the steps of a job. Knows no registry and no store."""
