"""What opens over the panes, from one of their rows."""
