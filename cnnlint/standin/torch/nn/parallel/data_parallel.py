"""The module `torch.nn.parallel.data_parallel`."""

from . import DataParallel

__all__ = ["DataParallel"]
