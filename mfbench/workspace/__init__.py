"""The .mfbench folder: where it is, its paths, its configuration, its locks."""
