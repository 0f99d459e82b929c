"""The operators, each described once, without torch: look one up by its qualified torch name."""

from __future__ import annotations

import importlib
from functools import cache

from cnnlint.operators.base import Operator

FAMILIES = (
    "activation",
    "attention",
    "convolution",
    "distance",
    "dropout",
    "einsum",
    "elementwise",
    "embedding",
    "factory",
    "indexing",
    "interpolation",
    "linear",
    "loss",
    "merge",
    "moving",
    "normalization",
    "padding",
    "pooling",
    "recurrent",
    "reduction",
    "rearrangement",
    "reshape",
    "slicing",
    "sampling",
    "sorting",
)
"""The modules of this package; each has a list `OPERATORS`."""


@cache
def registry() -> dict[str, Operator]:
    """Every described operator by each of its qualified names (`torch.nn.functional.conv2d`)."""
    table: dict[str, Operator] = {}
    for family in FAMILIES:
        for operator in importlib.import_module(f"cnnlint.operators.{family}").OPERATORS:
            for name in operator.names:
                if name in table:
                    raise ValueError(f"{name} is described twice: {table[name].name} and {operator.name}")
                table[name] = operator
    return table
