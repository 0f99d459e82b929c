"""The module `torch.nn.parallel.parallel_apply`: nothing is replicated here."""

from ..._placeholders import placeholders

__getattr__ = placeholders("torch.nn.parallel.parallel_apply")
