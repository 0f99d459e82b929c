"""Padding of any axes: zeros and other constants, reflection, replication, wrapping around."""

from __future__ import annotations

from typing import Any

from cnnlint.arithmetic import signed
from cnnlint.operators.base import Bound, Operator, Refusal, TensorSpec
from cnnlint.operators.layout import channels_last, elementwise_strides, suggests_channels_last
from cnnlint.operators.sliding import shown
from cnnlint.traces import Shape

MODES = {
    "constant": "ConstantPad",
    "reflect": "ReflectionPad",
    "replicate": "ReplicationPad",
    "circular": "CircularPad",
}
"""The modes of torch.nn.functional.pad and the layers that they belong to."""


class Padding(Operator):
    """pad: `pad` has the sizes before and behind the last axis, then the one before it, and so on.

    Negative sizes cut off. The modes that read the input pad all its spatial axes at once: 1, 2 or 3
    of [N, C, *space] or [C, *space].
    """

    kind = "pad"

    def __init__(self) -> None:
        layers = [f"{name}{dims}d" for name in (*MODES.values(), "ZeroPad") for dims in (1, 2, 3)]
        super().__init__(
            "pad",
            ("torch.nn.functional.pad", "torch._C._nn.pad"),
            "input, pad, mode='constant', value=None",
            layers,
        )

    @staticmethod
    def pairs(bound: Bound) -> list[tuple[int, int, int]]:
        """Axis, size before and size behind for each axis that is padded, the last axis first."""
        pad, rank = bound["pad"], bound["input"].rank
        return [(rank - 1 - i // 2, pad[i], pad[i + 1]) for i in range(0, len(pad), 2)]

    # -- what it takes

    def refuse(self, bound: Bound) -> Refusal | None:
        return (
            self._wrong_argument(bound)
            or self._wrong_rank(bound)
            or self._too_much(bound)
            or self._collapse(bound)
            or self._wrong_dtype(bound)
        )

    def _wrong_argument(self, bound: Bound) -> Refusal | None:
        pad, mode, rank = bound["pad"], bound["mode"], bound["input"].rank
        if mode not in MODES:
            names = ", ".join(MODES)
            return _argument(f"pad has the modes {names}, not {mode!r}", "mode", actual=mode)
        if not isinstance(pad, (tuple, list)):
            return _argument(
                f"pad takes a tuple of sizes, not {pad!r}: write ({pad}, {pad}) for the last axis", "pad"
            )
        if any(isinstance(size, (float, str)) or size is None for size in pad):
            return _argument(f"pad takes integers, not {tuple(pad)}", "pad")
        if len(pad) % 2:
            return _argument(
                f"pad takes a size before and one behind for each axis, not {len(pad)} sizes: {shown(pad)}",
                "pad",
            )
        if len(pad) > 2 * rank:
            return _argument(
                f"pad has sizes for {len(pad) // 2} axes, but the input has {rank}: {shown(pad)}", "pad"
            )
        if mode != "constant" and bound["value"]:
            return _argument(f"pad with mode {mode!r} takes no value", "value", actual=bound["value"])
        return None

    def _wrong_rank(self, bound: Bound) -> Refusal | None:
        dims, rank, mode = len(bound["pad"]) // 2, bound["input"].rank, bound["mode"]
        if mode == "constant" or (1 <= dims <= 3 and dims + 1 <= rank <= dims + 2):
            return None
        return Refusal(
            "rank",
            f"pad with mode {mode!r} and {2 * dims} sizes takes inputs with {dims + 1} or {dims + 2} axes, "
            f"but this one has {rank}",
            "pad",
            expected=dims + 2,
            actual=rank,
            exception="NotImplementedError",
        )

    def _too_much(self, bound: Bound) -> Refusal | None:
        """A reflection needs one position more than it mirrors, and wrapping around as many."""
        mode = bound["mode"]
        if mode not in ("reflect", "circular"):
            return None
        for axis, before, behind in self.pairs(bound):
            size, pad = bound["input"].shape[axis], max(before, behind)
            if pad > size or (pad == size and mode == "reflect"):
                limit = "smaller than" if mode == "reflect" else "at most"
                return Refusal(
                    "collapse",
                    f"pad with mode {mode!r} must be {limit} the size that it pads: axis {axis} has "
                    f"{size}, the padding is {pad}",
                    "padding",
                    expected=pad + (mode == "reflect"),
                    actual=size,
                    axes=(("input", axis),),
                )
        return None

    def _collapse(self, bound: Bound) -> Refusal | None:
        data, mode = bound["input"], bound["mode"]
        for axis, before, behind in self.pairs(bound):
            size = data.shape[axis]
            left = size + before + behind
            cut = size + min(before, 0) + min(behind, 0)
            if left < 1 or (cut < 0 and mode in ("constant", "circular")):
                result = f"{_sum(size, before, behind)} = {signed(left)}"
                return Refusal(
                    "collapse",
                    f"pad cuts off more than axis {axis} has: {result}",
                    "padding",
                    expected=size - min(left, cut) + 1,
                    actual=size,
                    axes=(("input", axis),),
                )
        if mode != "constant":
            for axis in range(data.rank - len(bound["pad"]) // 2 - 1, data.rank):
                if data.shape[axis] == 0:
                    return Refusal(
                        "collapse",
                        f"pad with mode {mode!r} needs an input that is not empty, but axis {axis} is",
                        actual=0,
                        axes=(("input", axis),),
                    )
        return None

    @staticmethod
    def _wrong_dtype(bound: Bound) -> Refusal | None:
        if bound["input"].dtype != "bool" or bound["mode"] in ("constant", "circular"):
            return None
        return Refusal(
            "dtype",
            f"pad with mode {bound['mode']!r} does not work on bool",
            actual="bool",
            exception="NotImplementedError",
        )

    # -- what comes out

    def _shape(self, bound: Bound) -> Shape:
        shape = list(bound["input"].shape)
        for axis, before, behind in self.pairs(bound):
            shape[axis] += before + behind
        return tuple(shape)

    def output(self, bound: Bound) -> TensorSpec:
        data = bound["input"]
        shape = self._shape(bound)
        if data.strides is None or bound["mode"] == "circular":
            return TensorSpec(shape, data.dtype)
        if bound["mode"] == "constant" and all(size <= 0 for size in bound["pad"]):
            # Cutting off only is a copy of a part.
            part = TensorSpec(shape, data.dtype, data.strides)
            return TensorSpec(shape, data.dtype, elementwise_strides((part,), shape))
        if suggests_channels_last(data):
            return TensorSpec(shape, data.dtype, channels_last(shape))
        return TensorSpec(shape, data.dtype)

    def recovered(self, bound: Bound, refusal: Refusal) -> TensorSpec:
        """The padded sizes where the arguments give them, unknown below 1."""
        data = bound["input"]
        try:
            shape = self._shape(bound)
        except (TypeError, IndexError):
            return TensorSpec(data.shape, data.dtype, None, frozenset(range(1, data.rank)))
        unknown = frozenset(axis for axis, size in enumerate(shape) if size < 1)
        return TensorSpec(tuple(max(size, 1) for size in shape), data.dtype, None, unknown)

    # -- what it is

    def attributes(self, bound: Bound) -> dict[str, Any]:
        value = bound["value"]
        return {"mode": bound["mode"], "pad": tuple(bound["pad"]), "value": 0 if value is None else value}

    def formula(self, bound: Bound) -> tuple[str, ...]:
        shape = bound["input"].shape
        return tuple(
            f"{_sum(shape[axis], before, behind)} = {signed(shape[axis] + before + behind)}"
            for axis, before, behind in reversed(self.pairs(bound))
        )


def _argument(message: str, argument: str, actual: Any = None) -> Refusal:
    return Refusal("argument", message, argument, actual=actual, operand=None)


def _sum(size: int, before: int, behind: int) -> str:
    """`28 + 2 − 1`."""
    signs = (f"{'+' if pad >= 0 else '−'} {abs(pad)}" for pad in (before, behind))
    return " ".join((str(size), *signs))


OPERATORS: list[Operator] = [Padding()]
