"""Views, copies and indexing on the stand-in: chains of them give what torch gives, to stride and value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.standin.light import NeedsTorch, alike, light

few = settings(max_examples=400, deadline=None)

Step = tuple[str, Callable[[Any], Any]]


def dims(draw: st.DrawFn, rank: int) -> int:
    return draw(st.integers(-rank, rank - 1)) if rank else 0


def step(draw: st.DrawFn, tensor: torch.Tensor) -> Step:
    """A function that takes a tensor of either kind to another one."""
    rank, shape = tensor.dim(), tuple(tensor.shape)
    name = draw(st.sampled_from(sorted(STEPS)))
    return name, STEPS[name](draw, rank, shape)


def _reshaped(draw: st.DrawFn, shape: tuple[int, ...]) -> tuple[int, ...]:
    count = torch.Size(shape).numel()
    sizes = []
    for _ in range(draw(st.integers(0, 3))):
        size = draw(st.sampled_from([size for size in (1, 2, 3, 4) if not count % size]))
        sizes.append(size)
        count //= size
    sizes.insert(draw(st.integers(0, len(sizes))), draw(st.sampled_from([count, -1])))
    return tuple(sizes)


def _sliced(draw: st.DrawFn, shape: tuple[int, ...]) -> tuple[Any, ...]:
    parts: list[Any] = []
    for size in shape[: draw(st.integers(0, len(shape)))]:
        kind = draw(st.sampled_from(["slice", "slice", "number", "none"]))
        if kind == "number" and size:
            parts.append(draw(st.integers(-size, size - 1)))
        else:
            if kind == "none":
                parts.append(None)
            ends = st.none() | st.integers(-size - 1, size + 1)
            parts.append(slice(draw(ends), draw(ends), draw(st.sampled_from([None, 1, 2]))))
    if draw(st.booleans()):
        parts.append(Ellipsis)
    return tuple(parts)


def _expanded(draw: st.DrawFn, shape: tuple[int, ...]) -> tuple[int, ...]:
    sizes = [
        draw(st.sampled_from([-1, 3])) if size == 1 else draw(st.sampled_from([-1, size])) for size in shape
    ]
    return (*[draw(st.integers(1, 2)) for _ in range(draw(st.integers(0, 2)))], *sizes)


STEPS: dict[str, Callable[[st.DrawFn, int, tuple[int, ...]], Callable[[Any], Any]]] = {
    "view": lambda draw, rank, shape: (lambda sizes: lambda x: x.view(sizes))(_reshaped(draw, shape)),
    "reshape": lambda draw, rank, shape: (lambda sizes: lambda x: x.reshape(*sizes))(_reshaped(draw, shape)),
    "flatten": lambda draw, rank, shape: (lambda ends: lambda x: x.flatten(*ends))(
        tuple(sorted((draw(st.integers(0, max(rank - 1, 0))), draw(st.integers(0, max(rank - 1, 0))))))
    ),
    "permute": lambda draw, rank, shape: (lambda order: lambda x: x.permute(order))(
        tuple(draw(st.permutations(range(rank))))
    ),
    "transpose": lambda draw, rank, shape: (lambda one, other: lambda x: x.transpose(one, other))(
        dims(draw, rank), dims(draw, rank)
    ),
    "squeeze": lambda draw, rank, shape: (
        (lambda x: x.squeeze())
        if draw(st.booleans())
        else (lambda axis: lambda x: x.squeeze(axis))(dims(draw, rank))
    ),
    "unsqueeze": lambda draw, rank, shape: (lambda axis: lambda x: x.unsqueeze(axis))(
        draw(st.integers(-rank - 1, rank))
    ),
    "expand": lambda draw, rank, shape: (lambda sizes: lambda x: x.expand(sizes))(_expanded(draw, shape)),
    "index": lambda draw, rank, shape: (lambda index: lambda x: x[index])(_sliced(draw, shape)),
    "contiguous": lambda draw, rank, shape: lambda x: x.contiguous(),
    "clone": lambda draw, rank, shape: lambda x: x.clone(),
    "detach": lambda draw, rank, shape: lambda x: x.detach(),
    "data": lambda draw, rank, shape: lambda x: x.data,
    "T": lambda draw, rank, shape: (lambda x: x.T) if rank == 2 else (lambda x: x),
    "t": lambda draw, rank, shape: (lambda x: x.t()) if rank < 3 else (lambda x: x.mT),
    "float": lambda draw, rank, shape: lambda x: x.float(),
    "long": lambda draw, rank, shape: lambda x: x.long(),
    "chunk": lambda draw, rank, shape: (
        (lambda count, axis: lambda x: x.chunk(count, axis)[0])(draw(st.integers(1, 3)), dims(draw, rank))
        if rank
        else (lambda x: x)
    ),
    "split": lambda draw, rank, shape: (
        (lambda size, axis: lambda x: x.split(size, axis)[-1])(draw(st.integers(1, 3)), dims(draw, rank))
        if rank
        else (lambda x: x)
    ),
    "unbind": lambda draw, rank, shape: (
        (lambda axis: lambda x: x.unbind(axis)[0])(dims(draw, rank))
        if rank and 0 not in shape
        else (lambda x: x)
    ),
    "select": lambda draw, rank, shape: (
        (lambda axis: lambda x: x.select(axis, -1))(dims(draw, rank))
        if rank and 0 not in shape
        else (lambda x: x)
    ),
    "narrow": lambda draw, rank, shape: (
        (lambda axis: lambda x: x.narrow(axis, 0, min(1, x.shape[axis])))(dims(draw, rank))
        if rank
        else (lambda x: x)
    ),
    "diagonal": lambda draw, rank, shape: (
        (lambda offset: lambda x: x.diagonal(offset))(draw(st.integers(-2, 2))) if rank > 1 else (lambda x: x)
    ),
    "unfold": lambda draw, rank, shape: (
        (lambda axis: lambda x: x.unfold(axis, 1, 2))(dims(draw, rank))
        if rank and 0 not in shape
        else (lambda x: x)
    ),
    "movedim": lambda draw, rank, shape: (
        (lambda one, other: lambda x: x.movedim(one, other))(dims(draw, rank), dims(draw, rank))
        if rank
        else (lambda x: x)
    ),
    "add": lambda draw, rank, shape: lambda x: x + 1,
    "add_": lambda draw, rank, shape: lambda x: x.clone().add_(2),
    "setitem": lambda draw, rank, shape: (lambda index: lambda x: _set(x.clone(), index))(
        _sliced(draw, shape)
    ),
}


def _set(tensor: Any, index: Any) -> Any:
    tensor[index] = 7
    return tensor


@few
@given(data=st.data())
def test_chains_of_views_are_torchs(data: st.DataObject) -> None:
    draw = data.draw
    sizes = draw(st.lists(st.integers(1, 4), max_size=4))
    theirs = torch.arange(torch.Size(sizes).numel()).reshape(sizes)
    ours = light.arange(light.Size(sizes).numel()).reshape(sizes)
    for _ in range(draw(st.integers(1, 6))):
        name, function = step(draw, theirs)
        try:
            expected = function(theirs)
        except RuntimeError:
            continue
        found = function(ours)
        here, there = alike(found, expected)
        assert here == there, name
        assert (found is ours) == (expected is theirs), name
        assert found.storage_offset() == expected.storage_offset(), name
        assert (found._base is None) == (expected._base is None), name
        shared = expected.untyped_storage()._cdata == theirs.untyped_storage()._cdata
        assert (found.untyped_storage() is ours.untyped_storage()) == shared, name
        assert found.tolist() == expected.tolist(), name
        ours, theirs = found, expected


@few
@given(data=st.data())
def test_what_torch_refuses_is_never_given(data: st.DataObject) -> None:
    draw = data.draw
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    theirs, ours = torch.ones(sizes), light.ones(sizes)
    wild = st.integers(-5, 5)
    call = draw(
        st.sampled_from(
            [
                lambda x, a, b: x.view(a, b),
                lambda x, a, b: x.reshape(a, b),
                lambda x, a, b: x.transpose(a, b),
                lambda x, a, b: x.squeeze(a),
                lambda x, a, b: x.select(a, b),
                lambda x, a, b: x[a, b],
                lambda x, a, b: x[:, a],
                lambda x, a, b: x.expand(a, b),
                lambda x, a, b: x.chunk(a, b)[0],
                lambda x, a, b: x.split(a, b)[0],
                lambda x, a, b: x.narrow(a, 0, b),
                lambda x, a, b: x.unflatten(a, (b, -1)),
                lambda x, a, b: x.movedim(a, b),
                lambda x, a, b: x.unfold(0, a, b),
            ]
        )
    )
    first, second = draw(wild), draw(wild)
    try:
        expected = call(theirs, first, second)
    except Exception as error:
        try:
            call(ours, first, second)
        except NeedsTorch:
            return
        except Exception as same:
            assert (type(same), str(same)) == (type(error), str(error))
            return
        raise AssertionError(f"torch raises {error}") from None
    try:
        here, there = alike(call(ours, first, second), expected)
    except NeedsTorch:
        return
    assert here == there
