"""The module `torch.nn.utils.clip_grad`: its functions ask for torch when they are called."""

from ..._placeholders import placeholders

__getattr__ = placeholders("torch.nn.utils.clip_grad")
