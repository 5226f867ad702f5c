"""Runs that can be proved: the same steps once more, in the same environment, and what came out differently."""
