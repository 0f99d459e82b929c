"""What views have in common: torch sizes them itself, and each axis that comes out is one that went in.

On the meta device views cost nothing, and torch keeps their strides and storage exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnnlint.operators.base import Bound, Operator, Refusal, TensorSpec
from cnnlint.operators.dimensions import axes_of, axis_of, wrong_dim
from cnnlint.traces import Shape


class View(Operator):
    """An operator that torch sizes itself. `kind` is given for each one."""

    def __init__(self, kind: str, name: str, names: Sequence[str], signature: str, inplace: bool = False):
        super().__init__(name, names, signature, sized_by_torch=True, inplace=inplace)
        self.kind = kind  # type: ignore[misc]

    def sources(self, bound: Bound, rank: int) -> Sequence[int | None] | None:
        """For each axis of an output of this rank the input's axis that it is, None for a new one; None
        for all where they are not known. By default axes keep their places, counted from the end."""
        shift = bound["input"].rank - rank
        return [axis + shift if axis + shift >= 0 else None for axis in range(rank)]

    def resized(self, bound: Bound, traced: Sequence[Shape]) -> Sequence[Shape | None]:
        """Axes that were an input's axis are that axis again, new ones what they were."""
        shape, found = bound["input"].shape, []
        for old in traced:
            sources = self.sources(bound, len(old))
            if sources is None or len(sources) != len(old):
                raise NotImplementedError(f"{self.name}: its axes are not those of its input")
            found.append(
                tuple(size if axis is None else shape[axis] for size, axis in zip(old, sources, strict=True))
            )
        return found

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        unsure = bound["input"].uncertain
        found = []
        for output in outputs:
            sources = self.sources(bound, output.rank)
            if sources is None:
                found.append(frozenset(range(1, output.rank)) if unsure else frozenset())
            else:
                found.append(frozenset(axis for axis, source in enumerate(sources) if source in unsure))
        return tuple(found)


class ByAxes(View):
    """A view that names axes by the parameters `dims`: in the attributes they count from 0."""

    def __init__(
        self,
        kind: str,
        name: str,
        names: Sequence[str],
        signature: str,
        dims: Sequence[str] = ("dim",),
        inplace: bool = False,
    ):
        super().__init__(kind, name, names, signature, inplace)
        self.dims = tuple(dims)

    def rank(self, bound: Bound) -> int:
        """How many axes there are to choose from."""
        return bound["input"].rank

    def attributes(self, bound: Bound) -> dict[str, Any]:
        rank = self.rank(bound)
        found = super().attributes(bound)
        for name in self.dims:
            value = bound[name]
            if isinstance(value, int):
                found[name] = axis_of(value, rank)
            elif isinstance(value, (tuple, list)) and all(isinstance(dim, int) for dim in value):
                found[name] = axes_of(value, rank)
        return found

    def refuse(self, bound: Bound) -> Refusal | None:
        rank = self.rank(bound)
        for name in self.dims:
            if bound[name] is not None:
                refusal = wrong_dim(self.name, bound[name], rank, name)
                if refusal is not None:
                    return refusal
        return None
