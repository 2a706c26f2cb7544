"""Training methods, written after a model with `+`: one file, one method."""
