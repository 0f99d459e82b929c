"""The module `torch.nn.parallel._functions`: nothing is replicated here."""

from ..._placeholders import placeholders

__getattr__ = placeholders("torch.nn.parallel._functions")
