"""The module `torch.ao.quantization`: nothing is quantized here."""

from ..._placeholders import placeholders

__getattr__ = placeholders("torch.ao.quantization")
