"""The module `torch`: tensors, their operators, and what stands around them."""

from __future__ import annotations

import math as _math
import sys as _sys

from . import _operators
from ._factories import as_tensor, asarray, from_numpy, legacy_type, scalar_tensor, tensor
from ._grad import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from ._loose import (
    Generator,
    _assert,
    allclose,
    are_deterministic_algorithms_enabled,
    broadcast_shapes,
    can_cast,
    compile,
    equal,
    get_default_device,
    get_default_dtype,
    get_num_threads,
    get_rng_state,
    initial_seed,
    is_complex,
    is_floating_point,
    is_nonzero,
    is_storage,
    is_tensor,
    load,
    manual_seed,
    masked_select,
    nonzero,
    numel,
    promote_types,
    result_type,
    save,
    seed,
    set_default_dtype,
    set_default_tensor_type,
    set_float32_matmul_precision,
    set_num_interop_threads,
    set_num_threads,
    set_printoptions,
    set_rng_state,
    typename,
    unique,
    unique_consecutive,
    use_deterministic_algorithms,
)
from ._missing import attribute_of as _attribute_of
from ._tensor import Tensor
from ._types import ALIASES as _ALIASES
from ._types import DTYPES as _DTYPES
from ._types import FORMATS as _FORMATS
from ._types import LAYOUTS as _LAYOUTS
from ._types import LEGACY as _LEGACY
from ._types import Size, device, dtype, finfo, iinfo, layout, memory_format
from ._version import __version__

globals().update(_DTYPES)
globals().update({name: _DTYPES[of] for name, of in _ALIASES.items()})
globals().update(_LAYOUTS)
globals().update(_FORMATS)
globals().update({name: legacy_type(name, of) for name, of in _LEGACY.items()})
pi, e, inf, nan = _math.pi, _math.e, _math.inf, _math.nan
newaxis = None


class _Namespace:
    """What collects the functions of a module before there is one."""


_FUNCTIONAL, _SPECIAL, _LINALG = _Namespace(), _Namespace(), _Namespace()
_operators.install(
    {
        "torch": _sys.modules[__name__],
        "torch.Tensor": Tensor,
        "torch.nn.functional": _FUNCTIONAL,
        "torch.special": _SPECIAL,
        "torch.linalg": _LINALG,
    }
)

from . import _methods as _methods  # noqa: E402
from . import autograd, cuda, nn, overrides, return_types, utils  # noqa: E402

__getattr__ = _attribute_of(
    __name__,
    "_C amp backends compiler distributed fft functional hub jit linalg onnx optim random special types "
    "version distributions fx mps ops testing xpu",
)


def __dir__() -> list[str]:
    return sorted(globals())
