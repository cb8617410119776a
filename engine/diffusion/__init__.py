"""Sampling: from noise to a clean latent.  Importing this package, `types` and `names` does not import torch."""
