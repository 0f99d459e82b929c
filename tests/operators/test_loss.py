"""Losses against torch: verdicts, shapes and dtypes."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlint.operators.base import TensorSpec
from cnnlint.operators.loss import OPERATORS, PointwiseLoss
from tests.operators.against_torch import assert_agrees, judge, resolve, table
from tests.operators.tensors import broadcastable

BY_NAME = table(OPERATORS)
EXACT_DTYPES = ("mse_loss", "l1_loss", "smooth_l1_loss")
WEIGHTED = [
    name for name in ("mse_loss", "huber_loss") if "weight" in inspect.signature(getattr(F, name)).parameters
]
"""Those of them that take weights in this release."""
POINTWISE = [operator for operator in OPERATORS if isinstance(operator, PointwiseLoss)]
REDUCTIONS = st.sampled_from(["mean", "sum", "none", "none", "no"])
size = st.integers(1, 3)
seldom = st.sampled_from([0] * 12 + [1])


def function(name: str) -> Any:
    return resolve(BY_NAME[name].names[0])


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(POINTWISE), st.data())
def test_pointwise(operator: PointwiseLoss, data: st.DataObject) -> None:
    names = [name for name in operator.operands if name not in ("weight", "pos_weight")]
    mixed = operator.name in EXACT_DTYPES and data.draw(st.booleans())
    dtypes = (torch.float32, torch.float64, torch.int64) if mixed else (torch.float32,)
    operands = data.draw(broadcastable(len(names), dtypes))
    if operator.name.startswith("binary") and data.draw(st.booleans()):
        operands[1] = torch.ones_like(operands[0])
    if operator.name == "gaussian_nll_loss":  # releases differ in which variances they stretch
        shape = operands[0].shape
        operands[2] = torch.ones(data.draw(st.sampled_from([shape, shape[:-1], (*shape, 2)])))
    options: dict[str, Any] = {"reduction": data.draw(REDUCTIONS)}
    if "weight" in operator.operands and data.draw(st.booleans()):
        options["weight"] = torch.ones(operands[0].shape[data.draw(st.integers(0, 2)) :])
    elif operator.name in WEIGHTED and not mixed and data.draw(st.booleans()):
        options["weight"] = torch.ones([side + data.draw(seldom) for side in operands[0].shape])
    assert_agrees(operator, function(operator.name), *operands, strides=False, **options)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["cross_entropy", "nll_loss"]), st.data())
def test_classes(name: str, data: st.DataObject) -> None:
    draw = data.draw
    shape = tuple(draw(st.lists(size, min_size=1, max_size=4)))
    scores = torch.zeros(shape, dtype=draw(st.sampled_from([torch.float32] * 6 + [torch.int64])))
    target_shape = [side + draw(seldom) for side in (shape[:1] + shape[2:] if len(shape) > 1 else ())]
    if draw(st.integers(0, 3)) == 0 and (len(shape) > 1 or name == "cross_entropy"):
        target_shape = list(shape)
    dtypes = [torch.int64] * 6 + [torch.float32, torch.float32, torch.float64]
    target = torch.zeros(target_shape, dtype=draw(st.sampled_from(dtypes)))
    options: dict[str, Any] = {"reduction": draw(REDUCTIONS)}
    if draw(st.booleans()):
        classes = shape[1] if len(shape) > 1 else shape[0]
        options["weight"] = torch.ones(classes + draw(seldom))
    if name == "cross_entropy":
        options["label_smoothing"] = draw(st.sampled_from([0.0, 0.0, 0.1, 1.5]))
    assert_agrees(BY_NAME[name], function(name), scores, target, **options)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["multi_margin_loss", "multilabel_margin_loss", "multilabel_soft_margin_loss"]), st.data()
)
def test_margins(name: str, data: st.DataObject) -> None:
    draw = data.draw
    shape = draw(st.lists(size, min_size=1, max_size=3))
    target_shape = [side + draw(seldom) for side in (shape[:-1] if name == "multi_margin_loss" else shape)]
    dtype = draw(st.sampled_from([torch.int64] * 6 + [torch.float32]))
    scores = torch.zeros(shape, dtype=draw(st.sampled_from([torch.float32] * 8 + [torch.int64])))
    target = torch.zeros(target_shape, dtype=dtype)
    assert_agrees(BY_NAME[name], function(name), scores, target, reduction=draw(REDUCTIONS))


@settings(max_examples=200, deadline=None)
@given(broadcastable(3), REDUCTIONS, st.sampled_from([1.0, 1.0, 0.0]))
def test_triplets(operands: list[torch.Tensor], reduction: str, margin: float) -> None:
    if any(tensor.dim() == 0 for tensor in operands):
        operands = [torch.ones(1) for _ in operands]
    assert_agrees(
        BY_NAME["triplet_margin_loss"],
        F.triplet_margin_loss,
        *operands,
        margin=margin,
        reduction=reduction,
        strides=False,
    )


@settings(max_examples=200, deadline=None)
@given(st.lists(size, max_size=3), st.data())
def test_cosine_embeddings(shape: list[int], data: st.DataObject) -> None:
    other = [data.draw(st.sampled_from([side, side, side, 1, 4])) for side in shape]
    target = [side + data.draw(seldom) for side in shape[:-1]]
    tensors = (torch.ones(shape), torch.ones(other), torch.ones(target))
    assert_agrees(
        BY_NAME["cosine_embedding_loss"], F.cosine_embedding_loss, *tensors, reduction=data.draw(REDUCTIONS)
    )


@pytest.mark.parametrize("reduction", ["none", "mean"])
@pytest.mark.parametrize(("shape", "targets"), [((5, 2, 4), (2, 3)), ((5, 4), (3,)), ((5, 2, 4, 1), (2, 3))])
def test_ctc(shape: tuple[int, ...], targets: tuple[int, ...], reduction: str) -> None:
    many = targets[:-1]
    lengths = torch.full(many, 5), torch.full(many, 3)
    scores = torch.zeros(shape).log_softmax(-1)
    labels = torch.ones(targets, dtype=torch.int64)
    assert_agrees(BY_NAME["ctc_loss"], F.ctc_loss, scores, labels, *lengths, reduction=reduction)


@pytest.mark.parametrize(
    ("name", "shapes", "message", "axes"),
    [
        (
            "cross_entropy",
            ((8, 10, 4, 4), (8, 5, 4)),
            "cross_entropy expects a target of [8, 4, 4] for an input of [8, 10, 4, 4] "
            "([batch, classes, …]), but it is [8, 5, 4]",
            (("input", 2), ("target", 1)),
        ),
        (
            "binary_cross_entropy_with_logits",
            ((8, 1), (8,)),
            "binary_cross_entropy_with_logits needs a target of the input's shape [8, 1], but it is [8]",
            (("input", 0), ("input", 1), ("target", 0)),
        ),
    ],
)
def test_message(name: str, shapes: Any, message: str, axes: Any) -> None:
    refusal = judge(BY_NAME[name], *(torch.ones(shape) for shape in shapes))
    assert refusal is not None
    assert (refusal.message, refusal.axes) == (message, axes)


def test_the_old_names_of_reductions() -> None:
    for options in ({"size_average": False}, {"reduce": False}, {"size_average": True, "reduction": "none"}):
        assert_agrees(BY_NAME["mse_loss"], F.mse_loss, torch.ones(2, 3), torch.ones(2, 3), **options)


def test_uncertain_axes_lose_the_classes() -> None:
    loss = BY_NAME["cross_entropy"]
    scores = TensorSpec((2, 3, 4, 5), uncertain=frozenset({1, 3}))
    bound = loss.bind([scores, TensorSpec((2, 4, 5), "int64")], {"reduction": "none"})
    assert loss.uncertain(bound, (TensorSpec((2, 4, 5)),)) == (frozenset({2}),)
