"""The module `torch.fx.graph_module`: models are not rewritten here."""

from .._placeholders import placeholders

__getattr__ = placeholders("torch.fx.graph_module")
