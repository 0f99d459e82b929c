"""Resizing held against torch."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlint.operators import interpolation
from cnnlint.operators.base import TensorSpec
from tests.operators.against_torch import assert_agrees, judge, table
from tests.operators.test_convolution import tensor

OPERATORS = table(interpolation.OPERATORS)
INTERPOLATE = OPERATORS["interpolate"]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("dims", (1, 2, 3))
@settings(max_examples=250, deadline=None)
@given(data=st.data())
def test_interpolation_agrees_with_torch(dims, data):
    draw = data.draw
    modes = [mode for mode, takes in interpolation.MODES.items() if dims in takes]
    mode = draw(st.sampled_from([*modes, *modes, "linear", "bilinear", "bicubic", "trilinear", "nope"]))
    space = draw(st.lists(st.integers(1, 7), min_size=dims, max_size=dims))
    number = st.one_of(st.floats(0.05, 3.0), st.integers(1, 3))
    length = draw(st.sampled_from([dims, dims, dims, dims + 1]))
    size = draw(st.one_of(st.integers(0, 9), st.lists(st.integers(1, 9), min_size=length, max_size=length)))
    scale = draw(st.one_of(number, st.lists(number, min_size=length, max_size=length)))
    given_as = draw(st.sampled_from(["size", "scale", "scale", "both", "none"]))
    assert_agrees(
        INTERPOLATE,
        F.interpolate,
        tensor((2, 3, *space), last=max(space) > 1 and draw(st.booleans())),
        size=size if given_as in ("size", "both") else None,
        scale_factor=scale if given_as in ("scale", "both") else None,
        mode=mode,
        align_corners=draw(st.sampled_from([None, None, True, False])),
        recompute_scale_factor=draw(st.sampled_from([None, True, False])),
        antialias=draw(st.sampled_from([False, False, False, True])),
    )


@settings(max_examples=500, deadline=None)
@given(size=st.integers(1, 5000), factor=st.floats(0.01, 4))
def test_scaled_sizes_are_cut_as_torch_cuts_them(size, factor):
    data = torch.zeros(1, 1, size, device="meta")
    assert_agrees(INTERPOLATE, F.interpolate, data, scale_factor=factor)


@pytest.mark.parametrize("rank", range(1, 7))
@pytest.mark.parametrize("mode", interpolation.MODES)
def test_ranks(mode, rank):
    antialias = mode == "lanczos"
    assert_agrees(
        INTERPOLATE, F.interpolate, torch.zeros([2] * rank), scale_factor=2, mode=mode, antialias=antialias
    )


@pytest.mark.parametrize("dtype", ("float16", "float64", "uint8", "int64", "bool"))
@pytest.mark.parametrize(("mode", "rank"), [
    ("nearest", 3), ("nearest", 4), ("nearest", 5), ("nearest-exact", 4), ("area", 4), ("linear", 3),
    ("bilinear", 4), ("bicubic", 4), ("trilinear", 5),
])  # fmt: skip
def test_dtypes(mode, rank, dtype):
    data = torch.zeros([2] * rank, dtype=getattr(torch, dtype))
    assert_agrees(INTERPOLATE, F.interpolate, data, scale_factor=2, mode=mode)


@pytest.mark.parametrize("size", (2.0, (2.0, 2), "2"))
def test_sizes_must_be_integers(size):
    refusal = assert_agrees(INTERPOLATE, F.interpolate, torch.zeros(2, 3, 4, 4), size=size)
    assert refusal.reason == "argument"


def test_formula():
    bound = INTERPOLATE.bind((TensorSpec((2, 3, 7, 8)),), {"scale_factor": 1.5})
    assert INTERPOLATE.formula(bound) == ("⌊7 × 1.5⌋ = 10", "8 × 1.5 = 12")
    bound = INTERPOLATE.bind((TensorSpec((2, 3, 7, 8)),), {"size": (9, 9)})
    assert INTERPOLATE.formula(bound) == ("size = 9", "size = 9")
    assert INTERPOLATE.attributes(bound)["output_size"] == (9, 9)


def test_an_unbatched_image_is_told_by_its_rank():
    refusal = judge(INTERPOLATE, torch.zeros(3, 8, 8), scale_factor=2, mode="bilinear")
    assert refusal.message == "Upsample with mode 'bilinear' takes [N, C, H, W], but the input has 3 axes"


def test_given_sizes_are_certain():
    data = TensorSpec((2, 3, 7, 8), uncertain=frozenset({2}))
    bound = INTERPOLATE.bind((data,), {"size": 9})
    assert INTERPOLATE.uncertain(bound, (INTERPOLATE.output(bound),)) == (frozenset(),)
    bound = INTERPOLATE.bind((data,), {"scale_factor": 2})
    assert INTERPOLATE.uncertain(bound, (INTERPOLATE.output(bound),)) == (frozenset({2}),)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("shape", "grid"), [
    ((2, 3, 8, 8), (2, 4, 5, 2)), ((2, 3, 4, 4, 4), (2, 4, 5, 6, 3)), ((2, 3, 8, 8), (1, 4, 5, 2)),
    ((2, 3, 8, 8), (2, 4, 5, 3)), ((2, 3, 8, 8), (2, 4, 2)), ((2, 3, 8), (2, 4, 5, 2)),
])  # fmt: skip
def test_grid_sample_agrees_with_torch(shape, grid):
    assert_agrees(OPERATORS["grid_sample"], F.grid_sample, torch.zeros(shape), torch.zeros(grid))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("arguments", [{"mode": "cubic"}, {"padding_mode": "reflect"}, {"mode": "nearest"}])
def test_grid_sample_arguments(arguments):
    data, grid = torch.zeros(2, 3, 8, 8), torch.zeros(2, 4, 5, 2)
    assert_agrees(OPERATORS["grid_sample"], F.grid_sample, data, grid, **arguments)


def test_grid_sample_dtypes():
    data, grid = torch.zeros(2, 3, 8, 8), torch.zeros(2, 4, 5, 2, dtype=torch.float64)
    assert_agrees(OPERATORS["grid_sample"], F.grid_sample, data, grid, align_corners=False)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("theta", "size"), [
    ((2, 2, 3), (2, 3, 5, 6)), ((2, 3, 4), (2, 3, 5, 6, 7)), ((2, 3, 3), (2, 3, 5, 6)),
    ((3, 2, 3), (2, 3, 5, 6)), ((2, 2, 3), (2, 3, 0, 6)), ((2, 2, 3), (2, 3, 5)), ((2, 6), (2, 3, 5, 6)),
])  # fmt: skip
def test_affine_grid_agrees_with_torch(theta, size):
    assert_agrees(OPERATORS["affine_grid"], F.affine_grid, torch.zeros(theta), size)
