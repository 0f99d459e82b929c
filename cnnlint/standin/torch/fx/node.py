"""The module `torch.fx.node`: models are not rewritten here."""

from .._placeholders import placeholders

__getattr__ = placeholders("torch.fx.node")
