"""The harness: data in, predictions out, numbers from predictions."""
