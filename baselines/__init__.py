"""Models: one file, one model."""
