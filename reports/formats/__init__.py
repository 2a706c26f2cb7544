"""Report formats: one file, one format."""
