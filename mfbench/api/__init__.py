"""The public door: Workbench."""
