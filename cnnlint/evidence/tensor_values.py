"""Tensors as values of the user's expressions, told by what they say of themselves: no torch is needed."""

from __future__ import annotations

from typing import Any

from cnnlint.traces import Shape


def shape_and_dtype(value: Any) -> tuple[Shape, str] | None:
    """The shape, with its batch, and torch's name of the dtype; None for what is no tensor."""
    dtype = str(getattr(value, "dtype", ""))
    if not dtype.startswith("torch.") or not callable(getattr(value, "dim", None)):
        return None
    return tuple(value.shape), dtype.removeprefix("torch.")
