"""The module `torch.optim.optimizer`."""

from . import Optimizer

__all__ = ["Optimizer"]
