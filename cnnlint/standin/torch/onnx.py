"""The module `torch.onnx`: nothing is exported."""

from . import _missing


def is_in_onnx_export() -> bool:
    return False


__getattr__ = _missing.attribute_of(__name__)
