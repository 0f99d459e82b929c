"""The module `torch.ao`."""
