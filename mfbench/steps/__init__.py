"""What a run does, one step a module."""
