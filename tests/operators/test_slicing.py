"""Splitting, selecting and indexing: torch's own verdicts, and the sizes of indexing by tensors."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlint.operators.base import TensorSpec
from cnnlint.operators.slicing import OPERATORS, Index
from cnnlint.operators.views import View
from tests.operators.against_torch import flat, judge, resolve, spec, specs, walked
from tests.operators.tensors import tensors

BY_NAME = {name: operator for operator in OPERATORS for name in operator.names}
INDEX = BY_NAME["torch.Tensor.__getitem__"]
assert isinstance(INDEX, Index)
many = settings(max_examples=250, deadline=None)
dims = st.integers(-4, 3)
small = st.integers(-1, 5)


def assert_same_verdict(name: str, tensor: torch.Tensor, *args: Any) -> None:
    """Whether torch raises is what we say; and each axis that comes out is the one that we say."""
    operator, function = BY_NAME[name], resolve(name)
    refusal = judge(operator, tensor, *args)
    try:
        function(tensor, *args)
    except Exception as error:
        assert refusal is not None, f"torch raises {type(error).__name__}: {error}"
    else:
        assert refusal is None, refusal and refusal.message


@many
@given(tensors(), st.one_of(small, st.lists(st.integers(0, 3), max_size=3)), dims)
def test_splits(tensor: torch.Tensor, parts: Any, dim: int) -> None:
    assert_same_verdict("torch.Tensor.split", tensor, parts, dim)
    assert_same_verdict("torch.tensor_split", tensor, parts, dim)
    if isinstance(parts, int):
        assert_same_verdict("torch.chunk", tensor, parts, dim)
    else:
        assert_same_verdict("torch.split_with_sizes", tensor, parts, dim)
    assert_same_verdict("torch.unbind", tensor, dim)


@many
@given(tensors(), dims, small, small)
def test_parts(tensor: torch.Tensor, dim: int, one: int, other: int) -> None:
    assert_same_verdict("torch.narrow", tensor, dim, one, other)
    assert_same_verdict("torch.select", tensor, dim, one)
    assert_same_verdict("torch.diagonal", tensor, 0, dim, one)
    assert_same_verdict("torch.Tensor.unfold", tensor, dim, one, other)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("torch.unbind", (1,)),
        ("torch.select", (-2, 0)),
        ("torch.narrow", (1, 0, 3)),
        ("torch.Tensor.unfold", (1, 3, 1)),
        ("torch.diagonal", (0, 0, 2)),
    ],
)
def test_each_axis_is_the_one_it_came_from(name: str, arguments: tuple[Any, ...]) -> None:
    sizes = (2, 3, 5, 7)
    tensor = torch.empty(sizes, device="meta")
    operator = BY_NAME[name]
    assert isinstance(operator, View)
    result = next(flat(resolve(name)(tensor, *arguments)))
    sources = operator.sources(operator.bind([spec(tensor), *arguments], {}), result.dim())
    assert sources is not None
    kept = list(zip(result.shape, sources, strict=True))[: 2 if name.endswith("diagonal") else 4]
    for size, source in kept:
        if not (name.endswith("unfold") and source == 1):
            assert source is None or sizes[source] == size


def test_message_of_a_split() -> None:
    refusal = judge(BY_NAME["torch.Tensor.split"], torch.ones(2, 9), [4, 4], 1)
    assert refusal is not None
    assert refusal.message == "split of axis 1 into 4 + 4 = 8, but its size is 9"


# -- x[...]

slices = st.builds(
    slice,
    st.one_of(st.none(), st.integers(-3, 3)),
    st.one_of(st.none(), st.integers(-3, 5)),
    st.one_of(st.none(), st.integers(1, 2)),
)


@st.composite
def integer_tensors(draw: st.DrawFn) -> torch.Tensor:
    sizes = draw(st.lists(st.integers(1, 3), min_size=1, max_size=2))
    index = torch.zeros(sizes, dtype=draw(st.sampled_from([torch.int64, torch.int32])))
    if len(sizes) == 2 and draw(st.booleans()):
        index = torch.zeros(sizes[::-1], dtype=index.dtype).T
    return index


entries = st.one_of(
    slices,
    st.integers(-2, 2),
    st.none(),
    integer_tensors(),
    st.lists(st.integers(-1, 0), min_size=1, max_size=3),
)


@settings(max_examples=800, deadline=None)
@given(tensors(), st.lists(entries, min_size=1, max_size=4), st.integers(0, 6))
def test_indexing(tensor: torch.Tensor, parts: list[Any], dots: int) -> None:
    if dots < len(parts):
        parts.insert(dots, Ellipsis)
    index = tuple(parts)
    if all(isinstance(part, int) for part in index):
        index = (slice(None), *index)
    bound = INDEX.bind(specs([tensor, index]), {})
    refusal = INDEX.refuse(bound)
    try:
        result = tensor[index]
    except IndexError as error:
        assert refusal is not None, f"torch raises {error}"
        return
    assert refusal is None, refusal and refusal.message
    try:
        output = INDEX.output(bound)
    except NotImplementedError:
        assert result.data_ptr() == tensor.data_ptr() or result._base is not None or result.numel() == 0
        return
    assert isinstance(output, TensorSpec)
    assert output.shape == result.shape
    assert walked(output) == walked(spec(result))


@pytest.mark.parametrize("index", [0, (0, 1), (0, 0, 0, 0, 0), [0, 1]])
def test_numbers_alone_are_left_to_torch(index: Any) -> None:
    """A list arrives as a tuple, so that `x[0, 1]` may be `x[[0, 1]]`."""
    bound = {"input": TensorSpec((2, 3)), "index": tuple(index) if isinstance(index, list) else index}
    assert INDEX.refuse(bound) is None
    with pytest.raises(NotImplementedError):
        INDEX.output(bound)


def test_masks_are_left_to_torch() -> None:
    mask = TensorSpec((2, 3), "bool")
    bound = {"input": TensorSpec((2, 3)), "index": mask}
    assert INDEX.refuse(bound) is None
    with pytest.raises(NotImplementedError):
        INDEX.output(bound)


def test_uncertain_axes_of_a_slice() -> None:
    tensor = TensorSpec((2, 3, 5, 7), uncertain=frozenset({2, 3}))
    bound = INDEX.bind([tensor, (slice(None), 0, None, Ellipsis, slice(1, 3))], {})
    assert INDEX.uncertain(bound, (TensorSpec((2, 1, 5, 2)),)) == (frozenset({2, 3}),)
