"""What the models `foreign` and `foreign_network` are made of: the contract, and the process that a model runs in."""
