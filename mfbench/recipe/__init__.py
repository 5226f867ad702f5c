"""A recipe: its schema, and how a TOML file becomes one."""
