"""The functions of `torch.nn.functional`: those that are described, and what calls them."""

from __future__ import annotations

import sys
from typing import Any

from .. import _missing
from .._dispatch import through

torch = sys.modules[__name__.partition(".nn")[0]]
globals().update(vars(torch._FUNCTIONAL))


def _choosing(name: str, place: int) -> Any:
    """A pooling that is another function where it is asked for the places of the largest values too."""
    plain = globals()[name]
    both = globals()[f"{name}_with_indices"]

    def pool(*args: Any, **kwargs: Any) -> Any:
        wanted = kwargs.get("return_indices", args[place] if len(args) > place else False)
        return both(*args, **kwargs) if wanted else through(pool, plain, args, kwargs)

    pool.__name__ = pool.__qualname__ = name
    return pool


for _dims in (1, 2, 3):
    globals()[f"max_pool{_dims}d"] = _choosing(f"max_pool{_dims}d", 6)
    globals()[f"adaptive_max_pool{_dims}d"] = _choosing(f"adaptive_max_pool{_dims}d", 2)
for _dims in (2, 3):
    globals()[f"fractional_max_pool{_dims}d"] = _choosing(f"fractional_max_pool{_dims}d", 4)


def tanh(input: Any) -> Any:
    return input.tanh()


def sigmoid(input: Any) -> Any:
    return input.sigmoid()


def upsample_nearest(input: Any, size: Any = None, scale_factor: Any = None) -> Any:
    return torch.nn.functional.interpolate(input, size, scale_factor, mode="nearest")


def upsample_bilinear(input: Any, size: Any = None, scale_factor: Any = None) -> Any:
    return torch.nn.functional.interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)


def assert_int_or_pair(arg: Any, arg_name: str, message: str) -> None:
    return None


def _none_or_dtype(input: Any) -> Any:
    return None if input is None else input.dtype


def _canonical_mask(
    mask: Any, mask_name: str, other_type: Any, other_name: str, target_type: Any, check_other: bool = True
) -> Any:
    """A mask as what is added to attention weights."""
    if mask is None:
        return None
    floats = torch.is_floating_point(mask)
    if mask.dtype != torch.bool and not floats:
        raise AssertionError(f"only bool and floating types of {mask_name} are supported")
    if not floats:
        return torch.zeros_like(mask, dtype=target_type).masked_fill_(mask, float("-inf"))
    return mask


__getattr__ = _missing.attribute_of(__name__)
