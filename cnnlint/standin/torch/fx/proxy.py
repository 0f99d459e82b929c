"""The module `torch.fx.proxy`: models are not rewritten here."""

from .._placeholders import placeholders

__getattr__ = placeholders("torch.fx.proxy")
