"""Arithmetic and its like against torch: verdicts, shapes, dtypes and memory order."""

from __future__ import annotations

import operator as python
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlint.operators.base import Operator, Refusal, TensorSpec
from cnnlint.operators.elementwise import OPERATORS, InPlace
from cnnlint.operators.pointwise import Binary, Unary
from tests.operators.against_torch import assert_agrees, judge, resolve, table
from tests.operators.tensors import ALL, broadcastable, tensors

BY_NAME = table(OPERATORS)
WHERE = next(operator for operator in OPERATORS if "torch.where" in operator.names)
BINARY = [operator for operator in OPERATORS if isinstance(operator, Binary)]
UNARY = [operator for operator in OPERATORS if isinstance(operator, Unary)]


def function(operator: Operator) -> Any:
    return resolve(operator.names[0])


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["add", "mul", "sub", "div"]), broadcastable(2, (torch.float32, torch.int64)))
def test_arithmetic(name: str, operands: list[torch.Tensor]) -> None:
    assert_agrees(BY_NAME[name], function(BY_NAME[name]), *operands)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(BINARY), broadcastable(2, ALL))
def test_every_binary(operator: Operator, operands: list[torch.Tensor]) -> None:
    assert_agrees(operator, function(operator), *operands)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["add", "sub", "mul", "div", "pow", "remainder", "floor_divide", "eq", "lt", "rsub"]),
    tensors(dtypes=ALL),
    st.sampled_from([2, 1.5, True, -1]),
)
def test_numbers(name: str, tensor: torch.Tensor, number: float) -> None:
    assert_agrees(BY_NAME[name], function(BY_NAME[name]), tensor, number)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(UNARY), tensors(dtypes=ALL))
def test_every_unary(operator: Operator, tensor: torch.Tensor) -> None:
    assert_agrees(operator, function(operator), tensor)


@settings(max_examples=200, deadline=None)
@given(broadcastable(3, (torch.float32, torch.int64)), st.booleans())
def test_where(operands: list[torch.Tensor], mask: bool) -> None:
    condition = operands[0].bool() if mask else operands[0]
    assert_agrees(WHERE, torch.where, condition, *operands[1:])


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["lerp", "addcmul", "addcdiv", "clamp"]), broadcastable(3, (torch.float32, torch.float64))
)
def test_three_operands(name: str, operands: list[torch.Tensor]) -> None:
    if name == "lerp" and not operands[2].dim():
        operands[2] = operands[2].to(operands[0].dtype)  # older releases take no weight of another dtype
    assert_agrees(BY_NAME[name], getattr(torch, name), *operands)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([operator for operator in OPERATORS if isinstance(operator, InPlace)]),
    st.data(),
)
def test_in_place(operator: InPlace, data: st.DataObject) -> None:
    count = sum(
        name in ("input", "other", "end", "weight", "tensor1", "tensor2") for name in operator.signature.names
    )
    plain = operator.name == "nan_to_num_"  # of integers it does nothing at all, not even refuse
    operands = data.draw(broadcastable(count, (torch.float32,) if plain else (torch.float32, torch.int64)))
    if "min" in operator.signature.names or "max" in operator.signature.names:
        operands.append(torch.ones(()))
    assert_agrees(operator, function(operator), *operands)


@pytest.mark.parametrize(
    ("call", "left", "right", "message", "axes"),
    [
        (
            python.add,
            (2, 8, 18, 18),
            (2, 8, 20, 20),
            "add needs equal sizes, but axes 2 and 3 are 18×18 on the left and 20×20 on the right",
            (("input", 2), ("input", 3), ("other", 2), ("other", 3)),
        ),
        (
            python.add,
            (2, 8, 18),
            (9, 18),
            "add needs equal sizes, but axis 1 is 8 on the left and axis 0 is 9 on the right",
            (("input", 1), ("other", 0)),
        ),
    ],
)
def test_message(call: Any, left: tuple[int, ...], right: tuple[int, ...], message: str, axes: Any) -> None:
    refusal = judge(BY_NAME["add"], torch.empty(left), torch.empty(right))
    assert refusal is not None
    assert (refusal.reason, refusal.message, refusal.axes) == ("merge", message, axes)
    with pytest.raises(RuntimeError):
        call(torch.empty(left), torch.empty(right))


def test_a_layer_that_returns_nothing() -> None:
    refusal = judge(BY_NAME["add"], torch.empty(2), None)
    assert refusal is not None
    assert (
        refusal.message
        == "add takes tensors and numbers, but other is NoneType: does a forward lack its return?"
    )


def test_recovered() -> None:
    add = BY_NAME["add"]
    bound = add.bind([TensorSpec((2, 1, 18, 18)), TensorSpec((2, 8, 20, 18))], {})
    refusal = add.refuse(bound)
    assert isinstance(refusal, Refusal)
    assert add.recovered(bound, refusal) == TensorSpec((2, 8, 18, 18), uncertain=frozenset({2}))


def test_uncertainty_passes_through() -> None:
    add = BY_NAME["add"]
    bound = add.bind(
        [TensorSpec((2, 8, 4, 4), uncertain=frozenset({3})), TensorSpec((4, 1), uncertain=frozenset({0}))], {}
    )
    assert add.uncertain(bound, (TensorSpec((2, 8, 4, 4)),)) == (frozenset({2, 3}),)
