"""The module `torch.cuda.comm` of a machine without a GPU."""

from .. import _missing

__getattr__ = _missing.attribute_of(__name__)
