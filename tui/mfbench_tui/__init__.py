"""The terminal screen. Its panes come with a later version; until then bare `mfbench` prints the help."""
