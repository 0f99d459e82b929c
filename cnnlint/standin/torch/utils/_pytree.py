"""The module `torch.utils._pytree`: models are not rewritten here."""

from .._placeholders import placeholders

__getattr__ = placeholders("torch.utils._pytree")
