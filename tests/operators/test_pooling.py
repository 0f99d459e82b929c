"""Pooling held against torch."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlint.operators import pooling
from cnnlint.operators.base import TensorSpec
from tests.operators.against_torch import assert_agrees, judge, resolve, table
from tests.operators.test_convolution import given_per_axis, tensor

OPERATORS = table(pooling.OPERATORS)
DIMS = (1, 2, 3)
few = settings(max_examples=120, deadline=None)


def pooled(draw, dims):
    """An input of a pooling over `dims` axes."""
    space = draw(st.lists(st.integers(1, 7), min_size=dims, max_size=dims))
    if draw(st.booleans()):
        return tensor((3, *space))
    last = max(space) > 1 and draw(st.booleans())  # a 1×1 map is channels-last and contiguous at once
    return tensor((2, 3, *space), last=last)


def window(draw, dims):
    """Kernel, stride and padding, mostly of a kind that works."""
    stride = draw(st.sampled_from(["none", "given"]))
    return {
        "kernel_size": given_per_axis(draw, st.integers(1, 4), dims),
        "stride": None if stride == "none" else given_per_axis(draw, st.integers(1, 4), dims),
        "padding": given_per_axis(draw, st.integers(0, 2), dims),
        "ceil_mode": draw(st.booleans()),
    }


@pytest.mark.parametrize("dims", DIMS)
@few
@given(data=st.data())
def test_max_pooling_agrees_with_torch(dims, data):
    draw = data.draw
    indices = draw(st.booleans())
    name = f"max_pool{dims}d_with_indices" if indices else f"max_pool{dims}d"
    # Without a gradient torch pools one axis on cpu in a way of its own.
    given_input = pooled(draw, dims).requires_grad_()
    dilation = given_per_axis(draw, st.integers(1, 3), dims)
    assert_agrees(OPERATORS[name], getattr(F, name), given_input, **window(draw, dims), dilation=dilation)


@pytest.mark.parametrize("dims", DIMS)
@few
@given(data=st.data())
def test_average_pooling_agrees_with_torch(dims, data):
    name = f"avg_pool{dims}d"
    arguments = window(data.draw, dims)
    if arguments["stride"] is None:
        arguments["stride"] = ()
    assert_agrees(OPERATORS[name], getattr(F, name), pooled(data.draw, dims), **arguments)


@pytest.mark.parametrize("dims", DIMS)
@few
@given(data=st.data())
def test_power_pooling_agrees_with_torch(dims, data):
    name = f"lp_pool{dims}d"
    arguments = window(data.draw, dims)
    del arguments["padding"]
    norm = data.draw(st.sampled_from([2, 1.5, 2, 2, 0]))
    assert_agrees(OPERATORS[name], getattr(F, name), pooled(data.draw, dims), norm, **arguments)


@pytest.mark.parametrize("dims", DIMS)
@pytest.mark.parametrize("mode", ("avg", "max"))
@few
@given(data=st.data())
def test_adaptive_pooling_agrees_with_torch(dims, mode, data):
    draw = data.draw
    name = f"adaptive_{mode}_pool{dims}d"
    if mode == "max" and draw(st.booleans()):
        name += "_with_indices"
    size = st.one_of(st.integers(1, 5), st.integers(-1, 1), st.none())
    wanted = draw(st.one_of(st.integers(-1, 9), st.tuples(*[size] * dims), st.tuples(size, size)))
    assert_agrees(OPERATORS[name], getattr(F, name), pooled(draw, dims), wanted)


@pytest.mark.parametrize("name", sorted(name for name in OPERATORS if "unpool" not in name))
@pytest.mark.parametrize("rank", range(7))
@pytest.mark.parametrize("size", (1, (1, 1), (1, 1, 1)))
def test_ranks(name, rank, size):
    arguments = (2, size) if name.startswith("lp") else (size,)
    if name.startswith("fractional"):
        arguments = (1, size)
    data = torch.zeros([3] * rank, requires_grad=True)
    assert_agrees(OPERATORS[name], getattr(F, name), data, *arguments)


@pytest.mark.parametrize("dtype", ("float32", "float16", "float64", "int64", "bool", "complex64"))
@pytest.mark.parametrize("name", sorted(name for name in OPERATORS if "unpool" not in name))
def test_dtypes(name, dtype):
    if dtype == "float16" and name in ("avg_pool3d", "lp_pool3d"):
        pytest.skip("torch has it on GPUs only")
    dims = next(int(sign) for sign in name if sign.isdigit())
    data = torch.zeros((2, 3, *[4] * dims), dtype=getattr(torch, dtype))
    arguments = (2, 2) if name.startswith("lp") or "fractional" in name else (2,)
    refusal = assert_agrees(OPERATORS[name], getattr(F, name), data, *arguments)
    assert refusal is None or refusal.reason == "dtype"


@pytest.mark.parametrize("name", ("max_pool2d", "avg_pool2d"))
@pytest.mark.parametrize("arguments", [
    {"kernel_size": 0}, {"kernel_size": -1}, {"stride": 0}, {"stride": (2, 2, 2)}, {"stride": ()},
    {"padding": -1}, {"padding": 2}, {"padding": (1, 1, 1)}, {"kernel_size": (2, 2, 2)},
    {"kernel_size": 2.0}, {"kernel_size": (2,)},
])  # fmt: skip
def test_arguments_that_never_work(name, arguments):
    arguments = {"kernel_size": 2, **arguments}
    refusal = assert_agrees(OPERATORS[name], getattr(F, name), torch.zeros(2, 3, 8, 8), **arguments)
    assert refusal is None or refusal.reason == "argument"


@pytest.mark.parametrize("dims", (2, 3))
@few
@given(data=st.data())
def test_fractional_pooling_agrees_with_torch(dims, data):
    draw = data.draw
    name = f"fractional_max_pool{dims}d" + draw(st.sampled_from(["", "_with_indices"]))
    size = given_per_axis(draw, st.integers(1, 5), dims)
    ratio = draw(st.one_of(st.none(), st.tuples(*[st.floats(0.2, 0.9)] * dims)))
    assert_agrees(
        OPERATORS[name],
        getattr(F, name),
        pooled(draw, dims),
        draw(st.integers(1, 3)),
        output_size=size if ratio is None else None,
        output_ratio=ratio,
    )


@pytest.mark.parametrize("dims", DIMS)
@few
@given(data=st.data())
def test_unpooling_agrees_with_torch(dims, data):
    draw = data.draw
    given_input = pooled(draw, dims)
    number = st.integers(1, 3)
    kernel = draw(st.one_of(number, st.tuples(*[number] * dims)))
    size = draw(st.one_of(st.none(), st.lists(st.integers(1, 12), min_size=dims, max_size=dims)))
    name = f"max_unpool{dims}d"
    assert_agrees(
        OPERATORS[name],
        getattr(F, name),
        given_input,
        torch.zeros(given_input.shape, dtype=torch.int64),
        kernel,
        stride=draw(st.one_of(st.none(), number)),
        padding=draw(st.integers(0, 1)),
        output_size=size,
    )


def test_attributes_are_one_number_an_axis():
    bound = OPERATORS["max_pool2d"].bind((TensorSpec((2, 3, 9, 8)), 3), {"padding": (1,)})
    assert OPERATORS["max_pool2d"].attributes(bound) == {
        "mode": "max",
        "kernel_size": (3, 3),
        "stride": (3, 3),
        "padding": (1, 1),
        "dilation": (1, 1),
        "ceil_mode": False,
    }
    bound = OPERATORS["adaptive_avg_pool2d"].bind((TensorSpec((2, 3, 9, 8)), (None, 1)), {})
    assert OPERATORS["adaptive_avg_pool2d"].attributes(bound) == {"mode": "avg", "output_size": (None, 1)}


def test_a_last_window_behind_the_input_is_left_out():
    operator = OPERATORS["max_pool1d"]
    bound = operator.bind((TensorSpec((2, 3, 6)), 2, 3), {"padding": 1, "ceil_mode": True})
    assert operator.formula(bound) == ("(6 + 2×1 − 2)/3 + 1 = 3",)
    bound = operator.bind((TensorSpec((2, 3, 5)), 2, 3), {"padding": 1, "ceil_mode": True})
    assert operator.formula(bound) == ("⌈(5 + 2×1 − 2)/3⌉ + 1 − 1 = 2",)


def test_a_collapse_says_the_smallest_input_that_works():
    refusal = judge(OPERATORS["max_pool2d"], torch.zeros(2, 3, 1, 4), 2)
    assert refusal.reason == "collapse"
    assert refusal.message == (
        "MaxPool2d's kernel of 2 does not fit in the height of 1: ⌊(1 + 2×0 − 2)/2⌋ + 1 = 0"
    )
    assert (refusal.argument, refusal.expected, refusal.actual) == ("kernel_size", 2, 1)


def test_recovery_keeps_the_axes_that_fit():
    operator = OPERATORS["max_pool2d_with_indices"]
    bound = operator.bind((TensorSpec((2, 3, 1, 4)), 2), {})
    values, positions = operator.recovered(bound, operator.refuse(bound))
    assert values == TensorSpec((2, 3, 1, 2), uncertain=frozenset({2}))
    assert positions == TensorSpec((2, 3, 1, 2), "int64", uncertain=frozenset({2}))


def test_adaptive_pooling_makes_sizes_certain_again():
    operator = OPERATORS["adaptive_avg_pool2d"]
    data = TensorSpec((2, 3, 7, 8), uncertain=frozenset({2, 3}))
    bound = operator.bind((data, (None, 1)), {})
    assert operator.uncertain(bound, (operator.output(bound),)) == (frozenset({2}),)


def test_every_name_is_torchs():
    for operator in pooling.OPERATORS:
        assert all(resolve(name) is not None for name in operator.names)
