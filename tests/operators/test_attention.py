"""Attention against torch: verdicts, shapes, dtypes and memory order."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from cnnlint.operators.attention import OPERATORS
from cnnlint.operators.base import TensorSpec
from tests.operators.against_torch import assert_agrees, judge, specs, table

BY_NAME = table(OPERATORS)
MULTI_HEAD = BY_NAME["multi_head_attention_forward"]
DOT_PRODUCT = BY_NAME["scaled_dot_product_attention"]


def arguments(layer: nn.MultiheadAttention, query: Any, key: Any, value: Any) -> tuple[Any, ...]:
    """What nn.MultiheadAttention calls the function with, up to `out_proj_bias`."""
    return (
        query,
        key,
        value,
        layer.embed_dim,
        layer.num_heads,
        layer.in_proj_weight,
        layer.in_proj_bias,
        layer.bias_k,
        layer.bias_v,
        layer.add_zero_attn,
        layer.dropout,
        layer.out_proj.weight,
        layer.out_proj.bias,
    )


def projections(layer: nn.MultiheadAttention) -> dict[str, Any]:
    if layer._qkv_same_embed_dim:
        return {}
    return {
        "use_separate_proj_weight": True,
        "q_proj_weight": layer.q_proj_weight,
        "k_proj_weight": layer.k_proj_weight,
        "v_proj_weight": layer.v_proj_weight,
    }


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_multi_head(data: st.DataObject) -> None:
    draw = data.draw
    size, seldom = st.integers(1, 3), st.sampled_from([0] * 12 + [1])
    heads = draw(st.integers(1, 2))
    width = heads * draw(st.integers(1, 2))
    kdim, vdim = draw(st.sampled_from([(None, None), (3, 5), (width, 5)]))
    layer = nn.MultiheadAttention(
        width,
        heads,
        kdim=kdim,
        vdim=vdim,
        bias=draw(st.booleans()),
        add_bias_kv=draw(st.booleans()),
        add_zero_attn=draw(st.booleans()),
    )
    batch, length, source = draw(size), draw(size), draw(size)
    batched = draw(st.booleans())

    def tensor(steps: int, features: int) -> torch.Tensor:
        sizes = [steps + draw(seldom), batch + draw(seldom), features + draw(seldom)]
        return torch.ones(sizes if batched != (draw(seldom) == 1) else [sizes[0], sizes[2]])

    query, key = tensor(length, width), tensor(source, kdim or width)
    value = key if kdim is None and draw(st.booleans()) else tensor(source, vdim or width)
    options: dict[str, Any] = {"need_weights": draw(st.booleans()), **projections(layer)}
    options["average_attn_weights"] = draw(st.booleans())
    kinds = st.sampled_from([torch.bool, torch.float32, torch.int64, torch.float64, torch.bool])
    if draw(st.booleans()):
        wide = [batch * heads, length + draw(seldom), source + draw(seldom)]
        mask = draw(st.sampled_from([wide, wide[1:], wide[1:]]))
        options["attn_mask"] = torch.zeros(mask, dtype=draw(kinds))
        options["is_causal"] = draw(st.booleans())
    if draw(st.booleans()):
        mask = [batch, source + draw(seldom)] if batched else [source]
        options["key_padding_mask"] = torch.zeros(mask, dtype=draw(kinds))
    assert_agrees(MULTI_HEAD, F.multi_head_attention_forward, *arguments(layer, query, key, value), **options)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_dot_product(data: st.DataObject) -> None:
    draw = data.draw
    size, seldom = st.integers(1, 3), st.sampled_from([0] * 15 + [1])
    leading = draw(st.lists(size, max_size=2))
    length, source, width = draw(size), draw(size), draw(size)
    dtype = draw(st.sampled_from([torch.float32] * 6 + [torch.float64, torch.int64]))

    def tensor(*sizes: int) -> torch.Tensor:
        front = [draw(st.sampled_from([size] * 5 + [1])) + draw(seldom) for size in leading]
        kind = draw(st.sampled_from([dtype] * 9 + [torch.float64]))
        return torch.ones((*front, *(size + draw(seldom) for size in sizes)), dtype=kind)

    query, key = tensor(length, width), tensor(source, width)
    value = torch.ones((*key.shape[:-1], width + draw(seldom)), dtype=key.dtype)
    options: dict[str, Any] = {"is_causal": draw(st.sampled_from([False, False, True]))}
    if draw(st.booleans()):
        mask = [*leading, length + draw(seldom), source + draw(seldom)][draw(st.integers(0, len(leading))) :]
        options["attn_mask"] = torch.ones(mask, dtype=draw(st.sampled_from([torch.bool, dtype, torch.int64])))
        options["is_causal"] = False
    # The memory order of fused kernels differs between releases: see below.
    fused = len(leading) == 2
    assert_agrees(
        DOT_PRODUCT, F.scaled_dot_product_attention, query, key, value, strides=not fused, **options
    )


@pytest.mark.skipif(
    "enable_gqa" not in (F.scaled_dot_product_attention.__doc__ or ""), reason="not in this release"
)
@settings(max_examples=50, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4), st.integers(1, 3))
def test_grouped_queries(heads: int, key_heads: int, value_heads: int, batch: int) -> None:
    query, key = torch.ones(batch, heads, 3, 2), torch.ones(batch, key_heads, 5, 2)
    assert_agrees(
        DOT_PRODUCT,
        F.scaled_dot_product_attention,
        query,
        key,
        torch.ones(batch, value_heads, 5, 2),
        strides=False,
        enable_gqa=True,
    )


def test_heads_stay_where_they_lie() -> None:
    """After `[N, L, heads, E]` was transposed, `.transpose(1, 2).view(…)` of the result works."""
    query, key, value = (torch.ones(2, 5, 3, 4).transpose(1, 2) for _ in range(3))
    assert_agrees(DOT_PRODUCT, F.scaled_dot_product_attention, query, key, value)


def test_two_masks_at_once() -> None:
    tensors = (torch.ones(3, 5, 4),) * 3
    refusal = assert_agrees(
        DOT_PRODUCT, F.scaled_dot_product_attention, *tensors, torch.ones(5, 5), is_causal=True
    )
    assert refusal is not None


def test_a_value_for_each_key() -> None:
    """The cpu's kernel reads beyond the values without a word; others raise."""
    refusal = judge(DOT_PRODUCT, torch.ones(2, 3, 5, 4), torch.ones(2, 3, 6, 4), torch.ones(2, 3, 5, 4))
    assert refusal is not None
    assert (
        refusal.message
        == "scaled_dot_product_attention needs a value for each key, but there are 6 keys and 5 values"
    )
    assert refusal.axes == (("key", 2), ("value", 2))


@pytest.mark.parametrize(
    ("query", "key", "message", "argument", "axes"),
    [
        (
            (7, 2, 64),
            (7, 2, 64),
            "MultiheadAttention expects 32 features, but the query has 64 (embed_dim is 32)",
            "embed_dim",
            (("query", 2),),
        ),
        (
            (7, 2, 32),
            (7, 3, 32),
            "MultiheadAttention needs the same batch in query and key, but axis 1 is 2 in the query "
            "and 3 in the key",
            "key",
            (("query", 1), ("key", 1)),
        ),
    ],
)
def test_message(query: Any, key: Any, message: str, argument: str, axes: Any) -> None:
    given_ = arguments(nn.MultiheadAttention(32, 4), torch.ones(query), torch.ones(key), torch.ones(key))
    refusal = judge(MULTI_HEAD, *given_)
    assert refusal is not None
    assert (refusal.message, refusal.argument, refusal.axes) == (message, argument, axes)
    with pytest.raises((AssertionError, RuntimeError)):
        F.multi_head_attention_forward(*given_)
    bound = MULTI_HEAD.bind(specs(given_), {})
    recovered = MULTI_HEAD.recovered(bound, refusal)
    assert isinstance(recovered, tuple) and recovered[0] is not None
    assert recovered[0].shape == (7, 2, 32)
    assert recovered[0].uncertain == ({2} if query[2] != 32 else set())


def test_without_weights() -> None:
    given_ = specs(arguments(nn.MultiheadAttention(4, 2), *(torch.ones(5, 3, 4),) * 3))
    assert MULTI_HEAD.output(MULTI_HEAD.bind(given_, {"need_weights": False})) == (
        TensorSpec((5, 3, 4)),
        None,
    )


def test_uncertain_length() -> None:
    given_ = specs(arguments(nn.MultiheadAttention(4, 2), *(torch.ones(5, 3, 4),) * 3))
    bound = MULTI_HEAD.bind(given_, {})
    bound["query"] = TensorSpec((5, 3, 4), uncertain=frozenset({0}))
    bound["key"] = TensorSpec((5, 3, 4), uncertain=frozenset({0}))
    outputs = MULTI_HEAD.output(bound)
    assert isinstance(outputs, tuple)
    axes = MULTI_HEAD.uncertain(bound, tuple(spec for spec in outputs if spec))
    assert axes == (frozenset({0}), frozenset({1, 2}))


def test_cost() -> None:
    given_ = specs(arguments(nn.MultiheadAttention(8, 2), *(torch.ones(5, 3, 8),) * 3))
    # four projections of 5 × 8 × 8, scores and weighted sum of 5 × 5 × 8 each, for 3 samples
    assert MULTI_HEAD.macs(MULTI_HEAD.bind(given_, {})) == 3 * (4 * 5 * 64 + 2 * 5 * 5 * 8)
    bound = DOT_PRODUCT.bind(
        specs((torch.ones(2, 3, 5, 4), torch.ones(2, 3, 6, 4), torch.ones(2, 3, 6, 4))), {}
    )
    assert DOT_PRODUCT.macs(bound) == 2 * 3 * 5 * 6 * (4 + 4)
