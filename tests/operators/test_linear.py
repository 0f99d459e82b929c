"""Linear layers and matrix products against torch."""

from __future__ import annotations

import warnings
from itertools import pairwise
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlint.operators import einsum, linear
from cnnlint.operators.base import Operator, TensorSpec
from tests.operators.against_torch import assert_agrees, judge, resolve, spec, specs, table
from tests.operators.tensors import tensors

OPERATORS = [*linear.OPERATORS, *einsum.OPERATORS]
BY_NAME = table(OPERATORS)
LINEAR = BY_NAME["linear"]
MATMUL = next(operator for operator in OPERATORS if "torch.matmul" in operator.names)
many = settings(max_examples=250, deadline=None)
RECENT = tuple(map(int, torch.__version__.split(".")[:2])) >= (2, 15)
"""Some release after 2.4 began to multiply in the order of einsum's result."""
DTYPES = (torch.float32, torch.float32, torch.float32, torch.float64)


def of_shape(*sizes: int) -> st.SearchStrategy[torch.Tensor]:
    return tensors(st.just(sizes), DTYPES)


@st.composite
def sizes(draw: st.DrawFn, least: int, most: int) -> tuple[int, ...]:
    return tuple(draw(st.lists(st.integers(1, 3), min_size=least, max_size=most)))


@many
@given(st.data())
def test_linear(data: st.DataObject) -> None:
    given_sizes = data.draw(sizes(0, 4))
    features = (
        given_sizes[-1] if given_sizes and data.draw(st.integers(0, 4)) else data.draw(st.integers(1, 4))
    )
    weight_sizes = (data.draw(st.integers(1, 4)), features) if data.draw(st.integers(0, 5)) else (features,)
    bias = None
    given, weight = data.draw(of_shape(*given_sizes)), data.draw(of_shape(*weight_sizes))
    if len(weight_sizes) == 2 and data.draw(st.booleans()):
        fits = data.draw(st.integers(0, 3))
        bias = torch.ones(weight_sizes[:-1] if fits else data.draw(sizes(0, 3)), dtype=weight.dtype)
    assert_agrees(LINEAR, F.linear, given, weight, bias)


@settings(max_examples=500, deadline=None)
@given(
    st.sampled_from(["matmul", "mm", "bmm", "mv", "dot", "inner", "outer"]),
    tensors(sizes(0, 4), DTYPES),
    tensors(sizes(0, 4), DTYPES),
)
def test_products_of_any_shapes(name: str, left: torch.Tensor, right: torch.Tensor) -> None:
    operator = MATMUL if name == "matmul" else BY_NAME[name]
    assert_agrees(operator, getattr(torch, name), left, right)


@many
@given(st.data())
def test_matmul_that_fits(data: st.DataObject) -> None:
    batch, m, k, n = data.draw(sizes(0, 2)), *data.draw(st.tuples(*[st.integers(1, 4)] * 3))
    stretched = tuple(data.draw(st.sampled_from([size, 1])) for size in batch)
    left, right = data.draw(of_shape(*batch, m, k)), data.draw(of_shape(*stretched, k, n))
    assert_agrees(MATMUL, torch.matmul, left, right)
    assert_agrees(MATMUL, torch.matmul, left, right.squeeze())
    swapped = next(operator for operator in OPERATORS if "torch.Tensor.__rmatmul__" in operator.names)
    assert_agrees(swapped, torch.Tensor.__rmatmul__, right, left)


@many
@given(st.sampled_from(["addmm", "baddbmm", "addmv", "addbmm", "addr"]), st.data())
def test_products_that_are_added(name: str, data: st.DataObject) -> None:
    ranks = {"addmm": (2, 2), "baddbmm": (3, 3), "addmv": (2, 1), "addbmm": (3, 3), "addr": (1, 1)}[name]
    small = st.integers(1, 2)
    first, second = (torch.ones(data.draw(st.tuples(*[small] * rank))) for rank in ranks)
    added = torch.ones(data.draw(sizes(0, 3)))
    assert_agrees(BY_NAME[name], getattr(torch, name), added, first, second)


@many
@given(st.data())
def test_bilinear(data: st.DataObject) -> None:
    weight = data.draw(of_shape(*data.draw(st.tuples(*[st.integers(1, 3)] * 3))))
    leading = data.draw(sizes(0, 2))
    near = st.integers(0, 5).map(lambda chance: int(chance == 0))
    first = data.draw(of_shape(*leading, weight.shape[1] + data.draw(near)))
    second = data.draw(of_shape(*leading, weight.shape[2] + data.draw(near)))
    bias = torch.ones(weight.shape[0], dtype=weight.dtype) if data.draw(st.booleans()) else None
    assert_agrees(BY_NAME["bilinear"], F.bilinear, first, second, weight, bias)


EQUATIONS = [
    "bchw,bkhw->bck",
    "bhqd,bhkd->bhqk",
    "ij,jk",
    "ij,jk->ki",
    "ii->i",
    "ii",
    "...ij,...jk->...ik",
    "b...->...b",
    "nctv,vw->nctw",
    "nkctv,kvw->nctw",
    "i,j->ij",
    "bi,bi->b",
    "abc->cab",
    "ab,ab->ab",
    "ab,b->ba",
    "abc,abc->",
    "a b , b c -> a c",
    "ab,bc,cd->ad",
    "ij->",
    "...,...",
    "...ij,...jk->ik",
    "bhn,bdn->bhd",
    "ab->aa",
    "ab->c",
    "ab,cd",
]


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(EQUATIONS), st.data())
def test_einsum(equation: str, data: st.DataObject) -> None:
    known = {letter: data.draw(st.integers(1, 4)) for letter in sorted(set(equation)) if letter.isalpha()}
    batch = data.draw(sizes(0, 2))
    operands: list[torch.Tensor] = []
    dtype = data.draw(st.sampled_from(DTYPES))
    for term in equation.replace(" ", "").partition("->")[0].split(","):
        dots = batch if "..." in term else ()
        here = [known[letter] for letter in term if letter.isalpha()]
        shape = [*here[:1], *dots, *here[1:]] if term[:1].isalpha() else [*dots, *here]
        if shape and data.draw(st.integers(0, 7)) == 0:
            shape[data.draw(st.integers(0, len(shape) - 1))] = data.draw(st.integers(1, 4))
        if "..." not in term and data.draw(st.integers(0, 15)) == 0:
            shape.append(2)
        operands.append(data.draw(tensors(st.just(tuple(shape)), (dtype,))))
    if len(operands) == 1 and equation in ("ii->i", "b...->...b", "abc->cab"):
        return  # a view, which is torch's
    turned = equation == "ij,jk->ki"  # older releases give the transpose of a contiguous product
    assert_agrees(BY_NAME["einsum"], torch.einsum, equation, *operands, strides=not turned)


@many
@given(st.data())
def test_tensordot(data: st.DataObject) -> None:
    left, right = data.draw(tensors(sizes(0, 3), DTYPES)), data.draw(tensors(sizes(0, 3), DTYPES))
    axes = st.lists(st.integers(-3, 2), max_size=2)
    dims: Any = data.draw(st.one_of(st.integers(-1, 3), st.tuples(axes, axes)))
    assert_agrees(BY_NAME["tensordot"], torch.tensordot, left, right, dims)


@many
@given(st.data())
def test_chains(data: st.DataObject) -> None:
    inner = data.draw(st.lists(st.integers(1, 3), min_size=3, max_size=5))
    chain = [data.draw(of_shape(rows, columns)) for rows, columns in pairwise(inner)]
    if data.draw(st.booleans()):
        chain[0] = chain[0][0]
    if len(chain) > 1 and data.draw(st.booleans()):
        chain[-1] = chain[-1][:, 0]
    if data.draw(st.integers(0, 4)) == 0:
        chain[0] = torch.ones(2, 4)
    assert_agrees(BY_NAME["multi_dot"], torch.linalg.multi_dot, chain)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert_agrees(BY_NAME["chain_matmul"], torch.chain_matmul, *chain)


@pytest.mark.skipif(not RECENT, reason="older releases give the transpose of a product")
def test_einsum_multiplies_in_the_order_of_the_result() -> None:
    assert_agrees(BY_NAME["einsum"], torch.einsum, "ij,jk->ki", torch.ones(2, 3), torch.ones(3, 4))


def test_linear_message() -> None:
    refusal = judge(LINEAR, torch.ones(2, 3136), torch.ones(10, 1568))
    assert refusal is not None
    assert (refusal.reason, refusal.argument, refusal.expected, refusal.actual, refusal.axes) == (
        "features",
        "in_features",
        1568,
        3136,
        (("input", 1),),
    )
    assert refusal.message == "Linear expects 1568 features, but the input has 3136"


def test_linear_recovers_what_follows() -> None:
    bound = LINEAR.bind([TensorSpec((2, 7, 3136), uncertain=frozenset({1})), TensorSpec((10, 1568))], {})
    refusal = LINEAR.refuse(bound)
    assert refusal is not None
    assert LINEAR.recovered(bound, refusal) == TensorSpec((2, 7, 10), uncertain=frozenset({1}))


def test_macs() -> None:
    assert LINEAR.macs(LINEAR.bind([spec(torch.ones(4, 7, 5)), spec(torch.ones(3, 5))], {})) == 4 * 7 * 5 * 3
    assert MATMUL.macs(MATMUL.bind([spec(torch.ones(2, 4, 5)), spec(torch.ones(5, 6))], {})) == 2 * 4 * 5 * 6
    einsum = BY_NAME["einsum"]
    assert (
        einsum.macs(einsum.bind(["bqd,bkd->bqk", *specs((torch.ones(2, 3, 4), torch.ones(2, 5, 4)))], {}))
        == 120
    )


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda operator: operator.names[0])
def test_names(operator: Operator) -> None:
    for name in operator.names:
        assert resolve(name) is not None, name
