"""The module `torch.nn.parallel.scatter_gather`: nothing is replicated here."""

from ..._placeholders import placeholders

__getattr__ = placeholders("torch.nn.parallel.scatter_gather")
