"""The module `torch.nn.parallel.replicate`: nothing is replicated here."""

from ..._placeholders import placeholders

__getattr__ = placeholders("torch.nn.parallel.replicate")
