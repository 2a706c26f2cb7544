"""How long a user waits: models timed in fresh processes, by a method that can be repeated (docs/latency.md)."""
