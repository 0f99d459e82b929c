"""Broadcasting on tuples: which shape comes out, and which axes keep operands apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cnnlint.operators.base import Refusal, TensorSpec
from cnnlint.traces import Shape


def broadcast(shapes: Sequence[Shape]) -> Shape | None:
    """The shape that all broadcast to; None where they do not fit."""
    first = shapes[0]
    if all(shape == first for shape in shapes):
        return first
    result: list[int] = []
    for shape in shapes:
        missing = len(shape) - len(result)
        if missing > 0:
            result[:0] = [1] * missing
        offset = len(result) - len(shape)
        for axis, size in enumerate(shape, offset):
            if result[axis] == 1:
                result[axis] = size
            elif size not in (1, result[axis]):
                return None
    return tuple(result)


class Disagreement(NamedTuple):
    """One axis on which two operands differ; each operand counts its axes from 0."""

    left: str
    left_axis: int
    left_size: int
    right: str
    right_axis: int
    right_size: int


def disagreements(operands: Sequence[tuple[str, Shape]]) -> list[Disagreement]:
    """The axes, first one first, that keep the named shapes from broadcasting."""
    found = []
    rank = max(len(shape) for _, shape in operands)
    for axis in range(-rank, 0):
        there = [(name, len(shape) + axis, shape[axis]) for name, shape in operands if len(shape) >= -axis]
        wide = [entry for entry in there if entry[2] != 1]
        for entry in wide[1:]:
            if entry[2] != wide[0][2]:
                found.append(Disagreement(*wide[0], *entry))
                break
    return found


def merge_refusal(
    name: str,
    found: Sequence[Disagreement],
    left: str = "on the left",
    right: str = "on the right",
    needs: str = "needs equal sizes",
) -> Refusal:
    """Why shapes that disagree do not merge. `left` and `right` say in words where the sizes are."""
    first = found[0]
    same_axes = all(one.left_axis == one.right_axis for one in found)
    left_sizes = "×".join(str(one.left_size) for one in found)
    right_sizes = "×".join(str(one.right_size) for one in found)
    left_axes = axes_text([one.left_axis for one in found])
    verb = "are" if len(found) > 1 else "is"
    if same_axes:
        text = f"{left_axes} {verb} {left_sizes} {left} and {right_sizes} {right}"
    else:
        right_axes = axes_text([one.right_axis for one in found])
        text = f"{left_axes} {verb} {left_sizes} {left} and {right_axes} {verb} {right_sizes} {right}"
    sides = [(one.left, one.left_axis) for one in found] + [(one.right, one.right_axis) for one in found]
    return Refusal(
        "merge",
        f"{name} {needs}, but {text}",
        expected=first.left_size,
        actual=first.right_size,
        operand=first.right,
        axes=tuple(sides),
    )


def axes_text(axes: Sequence[int]) -> str:
    """`axis 3`, `axes 2 and 3`, `axes 1, 2 and 3`."""
    if len(axes) == 1:
        return f"axis {axes[0]}"
    return f"axes {', '.join(map(str, axes[:-1]))} and {axes[-1]}"


def broadcast_uncertain(operands: Sequence[TensorSpec], rank: int) -> frozenset[int]:
    """The axes of a result of the given rank that an uncertain axis of an operand reaches."""
    return frozenset(
        axis + rank - operand.rank
        for operand in operands
        for axis in operand.uncertain
        if axis + rank >= operand.rank
    )
