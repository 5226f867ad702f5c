"""Sources, targets, checks and splits."""
