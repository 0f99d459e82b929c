"""Axes as callers name them (`dim=-1`): counted from 0, and refused where a tensor has no such axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnnlint.operators.base import Refusal


def axis_of(dim: int, rank: int) -> int:
    """The axis counted from 0; a tensor without axes counts as one with a single axis."""
    return dim + max(rank, 1) if dim < 0 else dim


def axes_of(dims: int | Sequence[int] | None, rank: int) -> tuple[int, ...]:
    """Axes counted from 0; all of them where none is named."""
    if dims is None:
        return tuple(range(rank))
    listed = dims if isinstance(dims, (tuple, list)) else (dims,)
    return tuple(axis_of(dim, rank) for dim in listed)


def rank_text(rank: int) -> str:
    """`1 axis`, `2 axes`."""
    return "1 axis" if rank == 1 else f"{rank} axes"


def wrong_dim(
    name: str, dims: Any, rank: int, argument: str = "dim", operand: str = "input"
) -> Refusal | None:
    """The refusal of an axis that a tensor of this rank does not have."""
    count = max(rank, 1)
    for dim in dims if isinstance(dims, (tuple, list)) else (dims,):
        if not isinstance(dim, int):
            return Refusal(
                "argument",
                f"{name}'s {argument} must be a whole number, not {type(dim).__name__}",
                argument,
                operand=None,
                exception="TypeError",
            )
        if not -count <= dim < count:
            return Refusal(
                "rank",
                f"{name} over axis {dim}, but the tensor has {rank_text(rank)}: "
                f"{argument} must be between {-count} and {count - 1}",
                argument,
                actual=dim,
                operand=operand,
                exception="IndexError",
            )
    return None


def repeated_dim(name: str, dims: Sequence[int], rank: int) -> Refusal | None:
    """The refusal of an axis that is named twice."""
    axes = axes_of(dims, rank)
    for axis in axes:
        if axes.count(axis) > 1:
            return Refusal(
                "argument", f"{name} names axis {axis} twice in {tuple(dims)}", "dim", operand=None
            )
    return None
