"""Using a bundle: scoring files."""
