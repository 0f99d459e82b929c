"""Values of small tensors: those that the stand-in tells are torch's, to the last bit."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.standin.light import NeedsTorch, light

few = settings(max_examples=300, deadline=None)
numbers = st.floats(-10, 10, width=32) | st.sampled_from([0.0, 0.1, 0.2, 0.05, 1.0])


def told(function: Any) -> Any:
    """What the stand-in says; None where it asks for torch."""
    try:
        return function(light).tolist()
    except NeedsTorch:
        return None


@few
@given(start=numbers, end=numbers, steps=st.integers(1, 60))
def test_linspace(start: float, end: float, steps: int) -> None:
    ours = told(lambda t: t.linspace(start, end, steps))
    assert ours == torch.linspace(start, end, steps).tolist()


@few
@given(
    values=st.lists(st.integers(-50, 50) | numbers, min_size=1, max_size=6),
    other=st.integers(-5, 5) | numbers,
    name=st.sampled_from(
        "add sub mul true_divide floor_divide remainder eq ne lt le gt ge pow maximum minimum".split()
    ),
)
def test_of_two(values: list[float], other: float, name: str) -> None:
    def both(t: Any) -> Any:
        left = t.tensor(values)
        right = t.tensor(other) if name in ("maximum", "minimum") else other
        return getattr(t, name)(left, right)

    try:
        expected = both(torch)
    except RuntimeError:
        return
    ours = told(both)
    assert ours is None or str(ours) == str(expected.tolist())


@few
@given(
    values=st.lists(st.integers(-50, 50) | numbers, min_size=1, max_size=6),
    name=st.sampled_from(
        "neg abs floor ceil trunc round square sqrt logical_not relu sign sum prod max min argmax argmin "
        "all any cumsum long int float double bool".split()
    ),
)
def test_of_one(values: list[float], name: str) -> None:
    def one(t: Any) -> Any:
        tensor = t.tensor(values)
        return tensor.cumsum(0) if name == "cumsum" else getattr(tensor, name)()

    ours = told(one)
    expected = one(torch).tolist()
    assert ours is None or str(ours) == str(expected)


@few
@given(sizes=st.lists(st.integers(1, 3), min_size=1, max_size=3), dim=st.sampled_from([0, -1]))
def test_joined(sizes: list[int], dim: int) -> None:
    def joined(t: Any) -> Any:
        one = t.arange(torch.Size(sizes).numel()).view(sizes)
        return t.stack([t.cat([one, one + 1], dim), t.cat([one, one], dim)])

    ours = told(joined)
    assert ours is None or ours == joined(torch).tolist()


@few
@given(
    data=st.recursive(
        st.integers(-9, 9) | st.booleans() | numbers, lambda inner: st.lists(inner, max_size=3)
    ),
)
def test_tensors_of_lists(data: Any) -> None:
    try:
        theirs = torch.tensor(data)
    except (ValueError, TypeError, RuntimeError):
        return
    try:
        ours = light.tensor(data)
    except NeedsTorch:
        return
    assert (tuple(ours.shape), repr(ours.dtype)) == (tuple(theirs.shape), str(theirs.dtype))
    assert ours.tolist() == theirs.tolist()
