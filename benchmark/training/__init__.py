"""Training of torch models."""
