"""Who computes the cells of a run: processes of this machine, or a cluster."""
