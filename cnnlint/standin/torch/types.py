"""The module `torch.types`."""

from __future__ import annotations

from typing import Any

from ._tensor import Tensor
from ._types import Size, device, dtype

Number = int | float | bool
Device = Any
_dtype, _device, _size, _TensorOrTensors = dtype, device, Size, Tensor
_int, _float, _bool = int, float, bool
