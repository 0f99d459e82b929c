"""Recurrent layers and cells against nn.LSTM and its like, whose own checks come first."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from cnnlint.operators.base import Refusal, TensorSpec
from cnnlint.operators.recurrent import OPERATORS
from tests.operators.against_torch import assert_agrees, judge, specs, table

BY_NAME = table(OPERATORS)
LAYERS: dict[str, Any] = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn_tanh": nn.RNN}
CELLS: dict[str, Any] = {"lstm_cell": nn.LSTMCell, "gru_cell": nn.GRUCell, "rnn_tanh_cell": nn.RNNCell}


def arguments(layer: nn.RNNBase, data: torch.Tensor, state: Any) -> tuple[Any, ...]:
    """What the layer calls torch.lstm with."""
    return (
        data,
        state,
        list(layer._flat_weights),
        layer.bias,
        layer.num_layers,
        layer.dropout,
        layer.training,
        layer.bidirectional,
        layer.batch_first,
    )


def flat_call(layer: nn.Module) -> Any:
    """The layer as a function of the same arguments."""

    def call(data: torch.Tensor, state: Any, *rest: Any) -> Any:
        return layer(data, state)

    return call


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(LAYERS)), st.data())
def test_layers(name: str, data: st.DataObject) -> None:
    draw = data.draw
    size = st.integers(1, 3)
    features, hidden = draw(size), draw(st.integers(2, 4))
    options = {"num_layers": draw(st.integers(1, 2)), "bias": draw(st.booleans())}
    options |= {"batch_first": draw(st.booleans()), "bidirectional": draw(st.booleans())}
    if name == "lstm" and draw(st.booleans()):
        options["proj_size"] = 1
    layer = LAYERS[name](features, hidden, **options)
    shape = [draw(size), draw(size), features + draw(st.sampled_from([0, 0, 0, 1]))]
    dtype = draw(st.sampled_from([torch.float32] * 5 + [torch.float64]))
    inputs = torch.ones(shape, dtype=dtype)
    count = options["num_layers"] * (1 + options["bidirectional"])
    batch = shape[0 if options["batch_first"] else 1]
    states = []
    for width in (options.get("proj_size", hidden), hidden)[: 1 + (name == "lstm")]:
        sizes = [count, batch, width]
        if draw(st.integers(0, 9)) == 0:
            sizes[draw(st.integers(0, 2))] += 1
        states.append(torch.zeros(sizes))
    state = tuple(states) if name == "lstm" else states[0]
    assert_agrees(BY_NAME[name], flat_call(layer), *arguments(layer, inputs, state))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(CELLS)), st.data())
def test_cells(name: str, data: st.DataObject) -> None:
    draw = data.draw
    size = st.integers(1, 3)
    features, hidden, batch = draw(size), draw(size), draw(size)
    cell = CELLS[name](features, hidden, bias=draw(st.booleans()))
    inputs = torch.ones(batch, features + draw(st.sampled_from([0, 0, 0, 1])))
    states = []
    for _ in range(1 + (name == "lstm_cell")):
        sizes = [batch, hidden]
        if draw(st.integers(0, 6)) == 0:
            sizes[draw(st.integers(0, 1))] += 1
        states.append(torch.zeros(sizes))
    state = tuple(states) if name == "lstm_cell" else states[0]
    weights = (cell.weight_ih, cell.weight_hh, *([cell.bias_ih, cell.bias_hh] if cell.bias else []))
    assert_agrees(BY_NAME[name], flat_call(cell), inputs, state, *weights)


def bound(layer: nn.RNNBase, shape: tuple[int, ...], state: Any) -> dict[str, Any]:
    return BY_NAME["lstm"].bind(specs(arguments(layer, torch.empty(shape), state)), {})


def test_wrong_input_size() -> None:
    layer, state = nn.LSTM(16, 8, batch_first=True), (torch.zeros(1, 4, 8), torch.zeros(1, 4, 8))
    lstm = BY_NAME["lstm"]
    given_ = bound(layer, (4, 10, 12), state)
    refusal = lstm.refuse(given_)
    assert refusal == Refusal(
        "features",
        "LSTM expects 16 features, but the input's last axis is 12",
        "input_size",
        16,
        12,
        axes=(("input", 2),),
    )
    result = lstm.recovered(given_, refusal)
    assert isinstance(result, tuple)
    assert [spec.shape for spec in result if spec] == [(4, 10, 8), (1, 4, 8), (1, 4, 8)]


def test_a_state_of_another_batch_axis() -> None:
    refusal = judge(
        BY_NAME["gru"],
        *arguments(nn.GRU(16, 8), torch.empty(4, 10, 16), torch.zeros(1, 4, 8)),
    )
    assert refusal is not None
    assert refusal.message == (
        "GRU expects h_0 to be [1, 10, 8] (layers × directions, batch, hidden_size), but it is [1, 4, 8]: "
        "axis 1 of the input is the batch, since batch_first is False"
    )
    assert refusal.axes == (("hx", 1), ("input", 1))


def test_packed_sequences_are_torchs() -> None:
    layer = nn.GRU(4, 8)
    with pytest.raises(TypeError):
        BY_NAME["gru"].bind(
            (
                *specs((torch.empty(5, 4), torch.empty(2), torch.zeros(1, 3, 8), list(layer._flat_weights))),
                *(True, 1, 0.0, True, False),
            ),
            {},
        )


def test_uncertain_batch_and_length() -> None:
    layer, state = nn.LSTM(16, 8, batch_first=True), (torch.zeros(1, 4, 8), torch.zeros(1, 4, 8))
    given_ = bound(layer, (4, 10, 16), state)
    given_["input"] = TensorSpec((4, 10, 16), uncertain=frozenset({1, 2}))
    outputs = BY_NAME["lstm"].output(given_)
    assert isinstance(outputs, tuple)
    axes = BY_NAME["lstm"].uncertain(given_, tuple(spec for spec in outputs if spec))
    assert axes == (frozenset({1}), frozenset(), frozenset())


def test_cost() -> None:
    layer, state = nn.LSTM(16, 8), (torch.zeros(1, 4, 8), torch.zeros(1, 4, 8))
    assert BY_NAME["lstm"].macs(bound(layer, (10, 4, 16), state)) == 10 * 4 * (4 * 8 * 16 + 4 * 8 * 8)
