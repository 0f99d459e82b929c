"""Strategies: small tensors of many shapes, dtypes and memory orders."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from hypothesis import strategies as st

FLOATS = (torch.float32,)
NUMBERS = (torch.float32, torch.float64, torch.int64, torch.int32, torch.uint8)
ALL = (*NUMBERS, torch.float16, torch.bfloat16, torch.bool)

shapes = st.lists(st.integers(1, 4), max_size=4).map(tuple)
LAYOUTS = ("contiguous", "contiguous", "permuted", "channels_last", "expanded", "strided")


@st.composite
def tensors(
    draw: st.DrawFn,
    shape: st.SearchStrategy[tuple[int, ...]] = shapes,
    dtypes: Sequence[torch.dtype] = FLOATS,
    layouts: Sequence[str] = LAYOUTS,
) -> torch.Tensor:
    """A tensor on the cpu: contiguous, permuted, channels-last, expanded, or every other element."""
    sizes = draw(shape)
    dtype = draw(st.sampled_from(list(dtypes)))
    return laid_out(sizes, dtype, draw(st.sampled_from(list(layouts))), draw)


def laid_out(sizes: tuple[int, ...], dtype: torch.dtype, layout: str, draw: st.DrawFn) -> torch.Tensor:
    rank = len(sizes)
    if layout == "permuted" and rank > 1:
        order = draw(st.permutations(range(rank)))
        back = sorted(range(rank), key=lambda axis: order[axis])
        return torch.ones([sizes[axis] for axis in order], dtype=dtype).permute(back)
    if layout == "channels_last" and rank == 4:
        return torch.ones(sizes, dtype=dtype).contiguous(memory_format=torch.channels_last)
    if layout == "expanded" and rank:
        axis = draw(st.integers(0, rank - 1))
        return torch.ones([1 if at == axis else size for at, size in enumerate(sizes)], dtype=dtype).expand(
            sizes
        )
    if layout == "strided" and rank:
        axis = draw(st.integers(0, rank - 1))
        wide = torch.ones([2 * size if at == axis else size for at, size in enumerate(sizes)], dtype=dtype)
        return wide[(*[slice(None)] * axis, slice(None, None, 2))]
    return torch.ones(sizes, dtype=dtype)


@st.composite
def broadcastable(
    draw: st.DrawFn, count: int, dtypes: Sequence[torch.dtype] = FLOATS, fit: bool | None = None
) -> list[torch.Tensor]:
    """Tensors that broadcast, or nearly do: now and then one axis of one of them is off."""
    base = draw(shapes)
    found = []
    for _ in range(count):
        sizes = [draw(st.sampled_from([size, size, 1])) for size in base]
        sizes = sizes[draw(st.integers(0, len(sizes))) :] if draw(st.booleans()) else sizes
        if sizes and fit is not True and draw(st.integers(0, 7)) == 0:
            sizes[draw(st.integers(0, len(sizes) - 1))] += 1
        found.append(draw(tensors(st.just(tuple(sizes)), dtypes)))
    return found
