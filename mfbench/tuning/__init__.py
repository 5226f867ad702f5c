"""Search for good settings: one coordinator asks and tells, processes evaluate."""
