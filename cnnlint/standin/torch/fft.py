"""The module `torch.fft`: none of its operators is described."""

from . import _missing

__getattr__ = _missing.attribute_of(__name__)
