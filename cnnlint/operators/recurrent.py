"""Recurrent layers over whole sequences, and single steps of them.

`input` is [L, N, input_size], with batch_first [N, L, input_size]; a hidden state is
[layers × directions, N, hidden_size]. A cell takes [N, input_size] and [N, hidden_size]. Packed
sequences are left to torch: their sizes depend on values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from cnnlint.operators.base import Bound, Operator, Output, Refusal, TensorSpec
from cnnlint.operators.layout import laid_out
from cnnlint.traces import Shape


def _wrong_features(layer: str, data: TensorSpec, expected: int) -> Refusal | None:
    """The refusal of an input whose last axis is not the layer's input_size."""
    actual = data.shape[-1]
    if actual == expected:
        return None
    return Refusal(
        "features",
        f"{layer} expects {expected} features, but the input's last axis is {actual}",
        "input_size",
        expected=expected,
        actual=actual,
        axes=(("input", data.rank - 1),),
    )


def _wrong_dtype(layer: str, name: str, spec: TensorSpec, weight: TensorSpec) -> Refusal | None:
    """The refusal of a tensor that has not the weights' dtype."""
    if spec.dtype == weight.dtype:
        return None
    return Refusal(
        "dtype",
        f"{layer} has weights of {weight.dtype}, but {name} is {spec.dtype}",
        expected=weight.dtype,
        actual=spec.dtype,
        operand="hx" if name != "the input" else "input",
        exception="ValueError" if name == "the input" else "RuntimeError",
    )


class Recurrent(Operator):
    """lstm, gru, rnn_tanh and rnn_relu as nn.LSTM and its like call them.

    `params` are, per layer and direction: the weights on the input [gates × hidden_size, input_size], the
    weights on the hidden state, two biases where there are biases, and an LSTM's projection
    [proj_size, hidden_size] where there is one.
    """

    kind = "recurrent"

    def __init__(self, name: str, layer: str, gates: int):
        self.gates = gates
        super().__init__(
            name,
            (f"torch.{name}",),
            "input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first",
            (layer,),
        )

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Bound:
        """Raises TypeError also for packed sequences, whose second argument is the batch sizes."""
        bound = super().bind(args, kwargs)
        if not isinstance(bound["params"], (tuple, list)) or not isinstance(bound["batch_first"], bool):
            raise TypeError("a packed sequence")
        return bound

    # -- what the arguments say

    def states(self, bound: Bound) -> tuple[TensorSpec, ...]:
        """The initial hidden state; for an LSTM the cell state after it."""
        hx = bound["hx"]
        return (hx,) if isinstance(hx, TensorSpec) else tuple(hx)

    def batch_axis(self, bound: Bound) -> int:
        return 0 if bound["batch_first"] else 1

    def hidden_size(self, bound: Bound) -> int:
        return bound["params"][0].shape[0] // self.gates

    def state_shapes(self, bound: Bound) -> tuple[Shape, ...]:
        """The shapes that the states have, before and after."""
        count = bound["num_layers"] * (2 if bound["bidirectional"] else 1)
        batch = bound["input"].shape[self.batch_axis(bound)]
        hidden = (count, batch, self._output_size(bound))
        return (hidden,) if self.gates != 4 else (hidden, (count, batch, self.hidden_size(bound)))

    def _output_size(self, bound: Bound) -> int:
        """proj_size where there is a projection, else hidden_size: what one direction gives out."""
        return bound["params"][1].shape[1]

    # -- what it takes

    def refuse(self, bound: Bound) -> Refusal | None:
        data, first = bound["input"], bound["params"][0]
        layer = self.layers[0]
        if data.rank != 3:
            layout = "[batch, length, features]" if bound["batch_first"] else "[length, batch, features]"
            axes = "1 axis" if data.rank == 1 else f"{data.rank} axes"
            return Refusal(
                "rank", f"{layer} takes {layout}, but the input has {axes}", expected=3, actual=data.rank
            )
        return (
            _wrong_dtype(layer, "the input", data, first)
            or _wrong_features(layer, data, first.shape[1])
            or self._wrong_state(bound)
            or self._empty(bound)
        )

    def _wrong_state(self, bound: Bound) -> Refusal | None:
        states, expected = self.states(bound), self.state_shapes(bound)
        layer = self.layers[0]
        if len(states) != len(expected):
            return Refusal(
                "argument", f"{layer} takes the hidden and the cell state (h_0, c_0)", "hx", operand="hx"
            )
        axis = self.batch_axis(bound)
        for index, (name, state, shape) in enumerate(zip(("h_0", "c_0"), states, expected, strict=False)):
            operand = "hx" if len(states) == 1 else f"hx.{index}"
            if state.shape != shape:
                hint = ""
                if state.rank == 3 and state.shape[1] == bound["input"].shape[1 - axis] != shape[1]:
                    hint = f": axis {axis} of the input is the batch, since batch_first is {not axis}"
                wrong = tuple(
                    (operand, at) for at in range(3) if state.rank == 3 and state.shape[at] != shape[at]
                )
                if state.rank == 3 and state.shape[1] != shape[1]:
                    wrong += (("input", axis),)
                return Refusal(
                    "merge",
                    f"{layer} expects {name} to be {list(shape)} (layers × directions, batch, hidden_size), "
                    f"but it is {list(state.shape)}{hint}",
                    "hx",
                    expected=shape,
                    actual=state.shape,
                    operand="hx",
                    axes=wrong,
                )
            refusal = _wrong_dtype(layer, name, state, bound["params"][0])
            if refusal:
                return refusal
        return None

    def _empty(self, bound: Bound) -> Refusal | None:
        axis = 1 - self.batch_axis(bound)
        if bound["input"].shape[axis] > 0:
            return None
        return Refusal(
            "collapse",
            f"{self.layers[0]} takes a sequence of at least one step, but axis {axis} of the input is 0",
            actual=0,
            axes=(("input", axis),),
        )

    # -- what comes out

    def output(self, bound: Bound) -> Output:
        data = bound["input"]
        features = self._output_size(bound) * (2 if bound["bidirectional"] else 1)
        shape = (*data.shape[:2], features)
        strides = laid_out(shape, (1, 0, 2)) if bound["batch_first"] else None
        states = tuple(TensorSpec(state, data.dtype) for state in self.state_shapes(bound))
        return (TensorSpec(shape, data.dtype, strides), *states)

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        """The sizes do not depend on the features of the input, nor on the states that were given."""
        data = bound["input"]
        if data.rank == 3:
            result = self.output(bound)
            assert isinstance(result, tuple)
            return result
        rank = max(data.rank, 1)
        features = self._output_size(bound) * (2 if bound["bidirectional"] else 1)
        shape = (*data.shape[: rank - 1], features)
        count = bound["num_layers"] * (2 if bound["bidirectional"] else 1)
        batch = data.shape[0] if data.rank else 1
        widths = (self._output_size(bound), self.hidden_size(bound))[: 2 if self.gates == 4 else 1]
        states = tuple(
            TensorSpec((count, batch, width), data.dtype, None, frozenset({1})) for width in widths
        )
        return (TensorSpec(shape, data.dtype, None, frozenset(range(1, rank - 1))), *states)

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        unsure = bound["input"].uncertain
        states = frozenset({1}) if self.batch_axis(bound) in unsure else frozenset()
        return (unsure & {0, 1}, *(states for _ in outputs[1:]))

    def attributes(self, bound: Bound) -> dict[str, Any]:
        return {
            **super().attributes(bound),
            "input_size": bound["params"][0].shape[1],
            "hidden_size": self.hidden_size(bound),
        }

    def macs(self, bound: Bound) -> int:
        """Each step of each sample meets each weight once."""
        length, batch, _ = bound["input"].shape
        weights = sum(prod(weight.shape) for weight in bound["params"] if weight.rank == 2)
        return length * batch * weights


class Cell(Operator):
    """lstm_cell, gru_cell, rnn_tanh_cell and rnn_relu_cell: one step."""

    kind = "recurrent"

    def __init__(self, name: str, layer: str):
        super().__init__(name, (f"torch.{name}",), "input, hx, w_ih, w_hh, b_ih=None, b_hh=None", (layer,))
        self.several = name == "lstm_cell"

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Bound:
        bound = super().bind(args, kwargs)
        if isinstance(bound["hx"], (tuple, list)) != self.several:
            raise TypeError(
                "lstm_cell takes the hidden and the cell state" if self.several else "takes one state"
            )
        return bound

    def refuse(self, bound: Bound) -> Refusal | None:
        data, weight, layer = bound["input"], bound["w_ih"], self.layers[0]
        if data.rank != 2:
            axes = "1 axis" if data.rank == 1 else f"{data.rank} axes"
            return Refusal(
                "rank",
                f"{layer} takes [batch, features], but the input has {axes}",
                expected=2,
                actual=data.rank,
            )
        refusal = _wrong_features(layer, data, weight.shape[1])
        if refusal:
            return refusal
        states = bound["hx"] if self.several else (bound["hx"],)
        expected = (data.shape[0], bound["w_hh"].shape[1])
        if self.several and len(states) != 2:
            return Refusal("argument", f"{layer} takes the hidden and the cell state", "hx", operand="hx")
        for index, (name, state) in enumerate(
            zip(("the hidden state", "the cell state"), states, strict=False)
        ):
            if state.shape != expected:
                operand = f"hx.{index}" if self.several else "hx"
                wrong = tuple(
                    (operand, at) for at in range(min(state.rank, 2)) if state.shape[at] != expected[at]
                )
                return Refusal(
                    "merge",
                    f"{layer} expects {name} to be {list(expected)} (batch, hidden_size), "
                    f"but it is {list(state.shape)}",
                    "hx",
                    expected=expected,
                    actual=state.shape,
                    operand="hx",
                    axes=(*wrong, ("input", 0)) if (operand, 0) in wrong else wrong,
                )
            wrong_state = _wrong_dtype(layer, name, state, weight)
            if wrong_state:
                return wrong_state
        return _wrong_dtype(layer, "the input", data, weight)

    def output(self, bound: Bound) -> Output:
        data = bound["input"]
        state = TensorSpec((data.shape[0], bound["w_hh"].shape[1]), data.dtype)
        return (state, state) if self.several else state

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        data, hidden = bound["input"], bound["w_hh"].shape[1]
        state = TensorSpec((*data.shape[:-1], hidden), data.dtype, None, frozenset(range(1, data.rank - 1)))
        return (state, state) if self.several else state

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        return tuple(bound["input"].uncertain & {0} for _ in outputs)

    def attributes(self, bound: Bound) -> dict[str, Any]:
        return {"input_size": bound["w_ih"].shape[1], "hidden_size": bound["w_hh"].shape[1]}

    def macs(self, bound: Bound) -> int:
        return bound["input"].shape[0] * (prod(bound["w_ih"].shape) + prod(bound["w_hh"].shape))


OPERATORS: list[Operator] = [
    Recurrent("lstm", "LSTM", 4),
    Recurrent("gru", "GRU", 3),
    Recurrent("rnn_tanh", "RNN", 1),
    Recurrent("rnn_relu", "RNN", 1),
    Cell("lstm_cell", "LSTMCell"),
    Cell("gru_cell", "GRUCell"),
    Cell("rnn_tanh_cell", "RNNCell"),
    Cell("rnn_relu_cell", "RNNCell"),
]
