"""Which operator a torch function is: the descriptions' names resolved to torch's own objects."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import torch

from cnnlint import standin
from cnnlint.operators import registry
from cnnlint.operators.base import Operator

DTYPES: dict[torch.dtype, str] = {
    value: str(value).removeprefix("torch.")
    for value in vars(torch).values()
    if isinstance(value, torch.dtype)
}
"""torch's dtypes by the names that the trace uses."""
DTYPES_BY_NAME = {str(value).removeprefix("torch."): value for value in DTYPES}

METADATA = (
    "shape dtype device layout is_cuda is_cpu is_meta is_sparse is_quantized is_nested is_leaf grad "
    "grad_fn requires_grad ndim itemsize nbytes names is_mkldnn is_mps is_xpu is_xla is_ipu is_ort "
    "is_vulkan retains_grad _version _base output_nr volatile is_maia name"
).split()
METHODS = (
    "size dim stride numel nelement element_size is_contiguous is_floating_point is_complex "
    "is_signed get_device storage_offset data_ptr untyped_storage __len__ ndimension is_shared "
    "is_pinned is_inference register_hook is_same_size type_as_string __hash__ __repr__ __format__ "
    "backward retain_grad requires_grad_ __deepcopy__ has_names __dir__ __reduce_ex__ is_set_to "
    "is_distributed"
).split()

DATA_DEPENDENT = (
    "item tolist numpy __bool__ __int__ __float__ __index__ __complex__ nonzero masked_select unique "
    "unique_consecutive bincount equal allclose __array__ __contains__ is_nonzero argwhere"
).split()


@cache
def operators() -> dict[Callable[..., Any], Operator]:
    """The described operators by torch's function objects."""
    table: dict[Callable[..., Any], Operator] = {}
    for name, operator in registry().items():
        function = _resolve(name)
        if function is not None:
            table.setdefault(function, operator)
    return table


@cache
def transparent() -> frozenset[Callable[..., Any]]:
    """Functions that only ask a tensor about itself."""
    names = [f"torch.Tensor.{name}.__get__" for name in METADATA]
    names += [f"torch.Tensor.{name}" for name in METHODS]
    names += [
        "torch.numel",
        "torch.is_floating_point",
        "torch.is_complex",
        "torch.is_tensor",
        "torch.is_same_size",
    ]
    names += ["torch.result_type", "torch.Tensor.grad.__set__", "torch.Tensor.requires_grad.__set__"]
    found = (_resolve(name) for name in names)
    return frozenset(function for function in found if function is not None)


@cache
def data_dependent() -> frozenset[Callable[..., Any]]:
    """Functions whose result, or its shape, depends on the values of a tensor."""
    names = [f"torch.Tensor.{name}" for name in DATA_DEPENDENT] + [f"torch.{name}" for name in DATA_DEPENDENT]
    found = (_resolve(name) for name in names)
    return frozenset(function for function in found if function is not None)


def _resolve(name: str) -> Callable[..., Any] | None:
    """torch's object for a qualified name; None where this release, or the stand-in, has none."""
    value: Any = torch
    for part in name.split(".")[1:]:
        try:
            value = getattr(value, part, None)
        except standin.NeedsTorch:
            return None
        if value is None:
            return None
    return value
