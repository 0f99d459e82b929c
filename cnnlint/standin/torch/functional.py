"""The module `torch.functional`."""

from __future__ import annotations

import sys

from . import _missing

_torch = sys.modules[__package__]
for _name in (
    "atleast_1d atleast_2d atleast_3d broadcast_tensors chain_matmul einsum norm split tensordot meshgrid "
    "cdist broadcast_shapes"
).split():
    globals()[_name] = getattr(_torch, _name)
__getattr__ = _missing.attribute_of(__name__)
