"""A model folder that alone is enough: pack, verify, load."""
