"""The module `torch.fx.graph`: models are not rewritten here."""

from .._placeholders import placeholders

__getattr__ = placeholders("torch.fx.graph")
