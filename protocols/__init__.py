"""Stress protocols: one file, one stress."""
