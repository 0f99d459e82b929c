"""The module `torch.nn.parallel.comm`: nothing is replicated here."""

from ..._placeholders import placeholders

__getattr__ = placeholders("torch.nn.parallel.comm")
