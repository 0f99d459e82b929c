"""Norms held against torch."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlint.operators import normalization
from cnnlint.operators.base import TensorSpec
from tests.operators.against_torch import assert_agrees, judge, resolve
from tests.operators.test_convolution import tensor

BY_NAME = {name: operator for operator in normalization.OPERATORS for name in operator.names}
DTYPES = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
few = settings(max_examples=150, deadline=None)


def of(name):
    """The description of a functional norm."""
    return BY_NAME[f"torch.nn.functional.{name}"]


def maps(draw, least=1):
    """An input of any rank, sometimes with one value a channel, sometimes channels-last."""
    size = st.integers(1, 4) if draw(st.booleans()) else st.just(1)
    shape = draw(st.lists(size, min_size=least, max_size=5))
    if len(shape) > 1:
        shape[1] = draw(st.sampled_from([1, 2, 4, 6]))
    last = len(shape) in (4, 5) and min(shape[1:]) > 1 and draw(st.booleans())
    return tensor(shape, last=last)


def vector(draw, right):
    """One number a channel, or now and then one too many, or none."""
    count = draw(st.sampled_from([right] * 6 + [right + 1, None]))
    return None if count is None else torch.ones(count)


@few
@given(data=st.data())
def test_batch_norm_agrees_with_torch(data):
    draw = data.draw
    values = maps(draw)
    channels = values.shape[1] if values.dim() > 1 else 1
    mean = vector(draw, channels)
    assert_agrees(
        of("batch_norm"),
        F.batch_norm,
        values,
        mean,
        mean,
        vector(draw, channels),
        vector(draw, channels),
        training=draw(st.booleans()),
        eps=draw(st.sampled_from([1e-5, 1e-5, 0.0, -1.0])),
    )


@few
@given(data=st.data())
def test_instance_norm_agrees_with_torch(data):
    draw = data.draw
    values = maps(draw)
    channels = values.shape[1] if values.dim() > 1 else 1
    mean = vector(draw, channels)
    assert_agrees(
        of("instance_norm"),
        F.instance_norm,
        values,
        mean,
        mean,
        vector(draw, channels),
        vector(draw, channels),
        use_input_stats=draw(st.booleans()),
    )


@few
@given(data=st.data())
def test_group_norm_agrees_with_torch(data):
    draw = data.draw
    values = maps(draw)
    channels = values.shape[1] if values.dim() > 1 else 1
    groups = draw(st.sampled_from([1, 1, 2, 3, 4, channels, 0, -1]))
    assert_agrees(
        of("group_norm"), F.group_norm, values, groups, vector(draw, channels), vector(draw, channels)
    )


@pytest.mark.parametrize("name", ("layer_norm", "rms_norm"))
@few
@given(data=st.data())
def test_norms_over_the_last_axes_agree_with_torch(name, data):
    draw = data.draw
    values = maps(draw)
    right = tuple(values.shape[draw(st.integers(0, values.dim() - 1)) :])
    shape = draw(st.sampled_from([right] * 6 + [(*right, 1), (right[0] + 1, *right[1:]), ()]))
    weight = draw(st.sampled_from([torch.ones(shape), None, torch.ones(3)]))
    arguments = (weight, None) if name == "layer_norm" else (weight,)
    assert_agrees(of(name), getattr(F, name), values, shape, *arguments)


@few
@given(data=st.data())
def test_local_response_norm_agrees_with_torch(data):
    values = maps(data.draw)
    assert_agrees(of("local_response_norm"), F.local_response_norm, values, data.draw(st.integers(-1, 7)))


@few
@given(data=st.data())
def test_normalize_agrees_with_torch(data):
    values = maps(data.draw, least=0)
    number = st.integers(-5, 4)
    dim = data.draw(st.one_of(number, st.tuples(number, number)))
    assert_agrees(of("normalize"), F.normalize, values, dim=dim)


@pytest.mark.parametrize("of_weight", DTYPES)
@pytest.mark.parametrize("of_input", (*DTYPES, torch.int64, torch.bool))
def test_dtypes(of_input, of_weight):
    values, weight = torch.zeros(2, 4, 4, 4, dtype=of_input), torch.ones(4, dtype=of_weight)
    assert_agrees(of("batch_norm"), F.batch_norm, values, weight, weight, weight, weight)
    assert_agrees(of("instance_norm"), F.instance_norm, values, weight=weight, bias=weight)
    assert_agrees(of("layer_norm"), F.layer_norm, values, (4,), weight, weight)
    assert_agrees(of("group_norm"), F.group_norm, values, 2, weight, weight)
    assert_agrees(of("rms_norm"), F.rms_norm, values, (4,), weight)


def test_transposed_maps_become_contiguous():
    values = torch.zeros(2, 4, 6, 8).mT
    assert_agrees(of("batch_norm"), F.batch_norm, values, None, None, training=True)
    assert_agrees(of("layer_norm"), F.layer_norm, values, (6,))
    assert_agrees(of("group_norm"), F.group_norm, values, 2)
    assert_agrees(of("normalize"), F.normalize, values)
    assert_agrees(of("local_response_norm"), F.local_response_norm, values, 3)


def test_the_operators_below_the_functions_do_not_look_for_single_values():
    values, weight = torch.zeros(1, 4, 1, 1), torch.ones(4)
    rest = (True, 0.1, 1e-5, True)
    for name in ("batch_norm", "instance_norm"):
        function = resolve(f"torch.{name}")
        assert_agrees(BY_NAME[f"torch.{name}"], function, values, weight, weight, weight, weight, *rest)
    assert_agrees(BY_NAME["torch.group_norm"], torch.group_norm, values, 4)
    assert_agrees(BY_NAME["torch.layer_norm"], torch.layer_norm, torch.zeros(2, 8), (8,))
    assert_agrees(BY_NAME["torch.rms_norm"], torch.rms_norm, torch.zeros(2, 8), (8,))


def test_a_wrong_number_of_channels():
    operator = of("batch_norm")
    data = TensorSpec((2, 64, 8, 8))
    bound = operator.bind((data, TensorSpec((32,)), TensorSpec((32,))), {"training": True})
    refusal = operator.refuse(bound)
    assert refusal.message == "BatchNorm2d expects 32 channels, but the input has 64"
    assert (refusal.reason, refusal.argument) == ("norm-size", "num_features")
    assert (refusal.expected, refusal.actual, refusal.axes) == (32, 64, (("input", 1),))
    assert operator.recovered(bound, refusal) == data


def test_layer_norm_on_a_map_says_where_the_channels_are():
    refusal = judge(of("layer_norm"), torch.zeros(2, 64, 7, 8), (64,))
    assert refusal.message == (
        "LayerNorm normalises the last axis, which has 8, not 64: axis 1 has the 64 channels, so permute "
        "them to the end, or use GroupNorm(1, 64)"
    )
    assert (refusal.expected, refusal.actual, refusal.axes) == (64, 8, (("input", 3),))


def test_a_single_value_rests_on_all_axes_but_the_channels():
    refusal = judge(of("batch_norm"), torch.zeros(1, 4, 1, 1), None, None, training=True)
    assert refusal.reason == "single-value"
    assert refusal.axes == (("input", 0), ("input", 2), ("input", 3))


def test_attributes_say_which_norm_it_is():
    operator = of("group_norm")
    bound = operator.bind((TensorSpec((2, 4, 8, 8)), 4), {"weight": TensorSpec((4,))})
    assert operator.attributes(bound) == {
        "norm": "group",
        "num_groups": 4,
        "num_channels": 4,
        "affine": True,
    }


def test_every_name_is_torchs():
    assert all(resolve(name) is not None for name in BY_NAME)
