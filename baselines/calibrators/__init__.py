"""Calibrators, written after a model with `+`: one file, one calibrator."""
