"""The module `torch.utils`."""

from .. import _missing
from . import hooks

__getattr__ = _missing.attribute_of(__name__, "data checkpoint model_zoo")
__all__ = ["hooks"]
