"""The gate: whether calibration or robustness got worse, decided so that noise alone does not fail a build."""
