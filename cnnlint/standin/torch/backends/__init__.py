"""The module `torch.backends`: settings that change no size."""

from __future__ import annotations

import sys
import types

from .. import _missing


class _Settings(types.ModuleType):
    """A backend that is not there, whose settings may be read and written."""

    enabled = True
    benchmark = False
    deterministic = False
    allow_tf32 = False

    def is_available(self) -> bool:
        return False

    def is_built(self) -> bool:
        return False


def _settings(name: str) -> types.ModuleType:
    module = _Settings(f"{__name__}.{name}")
    sys.modules[module.__name__] = module
    return module


cudnn, mps, mkldnn, mkl, openmp = (_settings(name) for name in ("cudnn", "mps", "mkldnn", "mkl", "openmp"))
cuda = _settings("cuda")
cuda.matmul = _Settings("matmul")  # type: ignore[attr-defined]
__getattr__ = _missing.attribute_of(__name__)
