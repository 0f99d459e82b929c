"""Normalisation: batch, instance, layer, group, RMS, and the two without weights.

`input` is [N, C, *space]; layer and RMS norms work on the last axes of any shape. All keep the shape.
The attribute `norm` says which one it is; `training` whether statistics come from this input.
"""

from __future__ import annotations

from math import prod
from typing import Any

from cnnlint.operators.base import Bound, Operator, Refusal, TensorSpec
from cnnlint.operators.layout import elementwise_strides
from cnnlint.operators.sliding import FLOATING, argument_refusal, spatial_result
from cnnlint.traces import Shape

_HALVES = frozenset({"float16", "bfloat16"})


class Normalization(Operator):
    """What all norms share: the input's shape comes out, channels-last stays channels-last."""

    kind = "norm"
    norm: str

    def called(self, bound: Bound) -> str:
        """How messages call the layer."""
        return self.layers[0]

    def output(self, bound: Bound) -> TensorSpec:
        data = bound["input"]
        return spatial_result(data.shape, data.dtype, data)

    def recovered(self, bound: Bound, refusal: Refusal) -> TensorSpec:
        """A norm with the right size gives back what it was given."""
        data = bound["input"]
        dtype = data.dtype if data.dtype in FLOATING else "float32"
        return TensorSpec(data.shape, dtype, None, data.uncertain)

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        return (bound["input"].uncertain,)

    def wrong_dtype(self, bound: Bound, *names: str) -> Refusal | None:
        """Weights must have the input's dtype, or float32 with an input of half precision."""
        data = bound["input"]
        if data.dtype not in FLOATING:
            return Refusal(
                "dtype",
                f"{self.called(bound)} does not work on {data.dtype}: convert with x.float()",
                actual=data.dtype,
                exception="NotImplementedError",
            )
        dtypes = {bound[name].dtype for name in names if bound[name] is not None}
        if dtypes <= {data.dtype} or (data.dtype in _HALVES and dtypes == {"float32"}):
            return None
        name, other = next(
            (name, bound[name].dtype)
            for name in names
            if bound[name] is not None and bound[name].dtype != data.dtype
        )
        return Refusal(
            "dtype",
            f"{self.called(bound)}'s {name} is {other}, but the input is {data.dtype}: "
            f"convert it with x.to(torch.{other})",
            expected=other,
            actual=data.dtype,
        )

    def wrong_channels(self, bound: Bound, *names: str) -> Refusal | None:
        """Each of the weights and statistics must have one number a channel."""
        data = bound["input"]
        channels = data.shape[1]
        for name in names:
            weight = bound[name]
            if weight is not None and prod(weight.shape) != channels:
                return Refusal(
                    "norm-size",
                    f"{self.called(bound)} expects {prod(weight.shape)} channels, "
                    f"but the input has {channels}",
                    "num_channels" if self.norm == "group" else "num_features",
                    expected=prod(weight.shape),
                    actual=channels,
                    axes=(("input", 1),),
                )
        return None

    def too_few_axes(self, bound: Bound) -> Refusal | None:
        """An input without a channel axis."""
        data = bound["input"]
        if data.rank >= 2:
            return None
        return Refusal(
            "rank",
            f"{self.called(bound)} takes [N, C, ...], but the input has {data.rank} "
            f"{'axis' if data.rank == 1 else 'axes'}",
            expected=2,
            actual=data.rank,
        )


_STATISTICS = ("running_mean", "running_var", "weight", "bias")


class BatchNorm(Normalization):
    """batch_norm. The functional form refuses to train on a single value a channel; the operator
    below it (`torch.batch_norm`) does not look."""

    norm = "batch"

    def __init__(self, functional: bool):
        self.functional = functional
        super().__init__(
            "batch_norm",
            ("torch.nn.functional.batch_norm",) if functional else ("torch.batch_norm",),
            "input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5"
            if functional
            else "input, weight, bias, running_mean, running_var, training, momentum, eps, cudnn_enabled",
            ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm") if functional else (),
        )

    def called(self, bound: Bound) -> str:
        return f"BatchNorm{min(max(bound['input'].rank - 2, 1), 3)}d"

    def refuse(self, bound: Bound) -> Refusal | None:
        return (
            self.too_few_axes(bound)
            or self.wrong_channels(bound, *_STATISTICS)
            or self._without_statistics(bound)
            or self._single_value(bound)
            or self._wrong_eps(bound)
            or self.wrong_dtype(bound, *_STATISTICS)
        )

    def _without_statistics(self, bound: Bound) -> Refusal | None:
        if bound["training"] or (bound["running_mean"] and bound["running_var"]):
            return None
        return Refusal(
            "argument",
            f"{self.called(bound)} has no running statistics to use in evaluation",
            "running_mean",
            operand=None,
        )

    def _single_value(self, bound: Bound) -> Refusal | None:
        data = bound["input"]
        count = prod(data.shape) // max(data.shape[1], 1)
        if not self.functional or not bound["training"] or count != 1:
            return None
        return Refusal(
            "single-value",
            f"{self.called(bound)} needs more than one value a channel to train, but "
            f"{list(data.shape)} has one",
            expected=2,
            actual=1,
            axes=tuple(("input", axis) for axis in (0, *range(2, data.rank))),
            exception="ValueError",
        )

    def _wrong_eps(self, bound: Bound) -> Refusal | None:
        eps = bound["eps"]
        if not self.functional or eps > 0 or (eps == 0 and not bound["training"]):
            return None
        return Refusal(
            "argument",
            f"{self.called(bound)} needs a positive eps, not {eps}",
            "eps",
            actual=eps,
            operand=None,
            exception="ValueError",
        )

    def attributes(self, bound: Bound) -> dict[str, Any]:
        return {
            "norm": "batch",
            "num_features": bound["input"].shape[1] if bound["input"].rank > 1 else None,
            "training": bool(bound["training"]),
            "affine": bound["weight"] is not None,
        }


class InstanceNorm(Normalization):
    """instance_norm; like batch norm in two forms, of which the functional one looks closer."""

    norm = "instance"

    def __init__(self, functional: bool):
        self.functional = functional
        super().__init__(
            "instance_norm",
            ("torch.nn.functional.instance_norm",) if functional else ("torch.instance_norm",),
            "input, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True, "
            "momentum=0.1, eps=1e-5"
            if functional
            else "input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps, "
            "cudnn_enabled",
            ("InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d") if functional else (),
        )

    def called(self, bound: Bound) -> str:
        return f"InstanceNorm{min(max(bound['input'].rank - 2, 1), 3)}d"

    def refuse(self, bound: Bound) -> Refusal | None:
        return (
            self.too_few_axes(bound)
            or self._single_value(bound)
            or self.wrong_channels(bound, *_STATISTICS)
            or self._without_statistics(bound)
            or self.wrong_dtype(bound, *_STATISTICS)
        )

    def _without_statistics(self, bound: Bound) -> Refusal | None:
        if bound["use_input_stats"] or (bound["running_mean"] and bound["running_var"]):
            return None
        return Refusal(
            "argument",
            f"{self.called(bound)} has no running statistics to use instead of the input's",
            "running_mean",
            operand=None,
        )

    def _single_value(self, bound: Bound) -> Refusal | None:
        data = bound["input"]
        if not self.functional or not bound["use_input_stats"] or prod(data.shape[2:]) != 1:
            return None
        return Refusal(
            "single-value",
            f"{self.called(bound)} needs more than one position a sample, but {list(data.shape)} has one",
            expected=2,
            actual=1,
            axes=tuple(("input", axis) for axis in range(2, data.rank)),
            exception="ValueError",
        )

    def output(self, bound: Bound) -> TensorSpec:
        data = bound["input"]
        return TensorSpec(data.shape, data.dtype)

    def attributes(self, bound: Bound) -> dict[str, Any]:
        return {
            "norm": "instance",
            "num_features": bound["input"].shape[1] if bound["input"].rank > 1 else None,
            "training": bool(bound["use_input_stats"]),
            "affine": bound["weight"] is not None,
        }


class GroupNorm(Normalization):
    """group_norm; the functional form refuses a single value for all, `torch.group_norm` does not."""

    norm = "group"

    def __init__(self, functional: bool):
        self.functional = functional
        super().__init__(
            "group_norm",
            ("torch.nn.functional.group_norm",) if functional else ("torch.group_norm",),
            "input, num_groups, weight=None, bias=None, eps=1e-5"
            + ("" if functional else ", cudnn_enabled=True"),
            ("GroupNorm",) if functional else (),
        )

    def called(self, bound: Bound) -> str:
        return "GroupNorm"

    def refuse(self, bound: Bound) -> Refusal | None:
        return (
            self.too_few_axes(bound)
            or argument_refusal("GroupNorm", "num_groups", bound["num_groups"], 1, 1)
            or self.wrong_channels(bound, "weight", "bias")
            or self._wrong_groups(bound)
            or self._single_value(bound)
            or self.wrong_dtype(bound, "weight", "bias")
        )

    def _wrong_groups(self, bound: Bound) -> Refusal | None:
        channels, groups = bound["input"].shape[1], bound["num_groups"]
        if channels % groups == 0:
            return None
        return Refusal(
            "norm-size",
            f"GroupNorm needs channels divisible by num_groups={groups}, but the input has {channels}",
            "num_groups",
            expected=groups,
            actual=channels,
            axes=(("input", 1),),
        )

    def _single_value(self, bound: Bound) -> Refusal | None:
        data = bound["input"]
        values = data.shape[0] * data.shape[1] // bound["num_groups"] * prod(data.shape[2:])
        if not self.functional or values != 1:
            return None
        return Refusal(
            "single-value",
            f"GroupNorm needs more than one value a group, but {list(data.shape)} in "
            f"{bound['num_groups']} groups has one",
            "num_groups",
            expected=2,
            actual=1,
            axes=tuple(("input", axis) for axis in range(data.rank)),
            exception="ValueError",
        )

    def attributes(self, bound: Bound) -> dict[str, Any]:
        return {
            "norm": "group",
            "num_groups": bound["num_groups"],
            "num_channels": bound["input"].shape[1] if bound["input"].rank > 1 else None,
            "affine": bound["weight"] is not None,
        }


class LayerNorm(Normalization):
    """layer_norm and rms_norm: over the last axes, which must have the size `normalized_shape`."""

    def __init__(self, norm: str, functional: bool):
        self.norm = norm
        name = f"{norm}_norm"
        bias = ", bias=None" if norm == "layer" else ""
        eps = "1e-5" if norm == "layer" else "None"
        last = ", cudnn_enabled=True" if norm == "layer" and not functional else ""
        super().__init__(
            name,
            (f"torch.nn.functional.{name}",) if functional else (f"torch.{name}",),
            f"input, normalized_shape, weight=None{bias}, eps={eps}{last}",
            (f"{'Layer' if norm == 'layer' else 'RMS'}Norm",) if functional else (),
        )

    def called(self, bound: Bound) -> str:
        return "LayerNorm" if self.norm == "layer" else "RMSNorm"

    def refuse(self, bound: Bound) -> Refusal | None:
        return (
            self._wrong_argument(bound)
            or self._wrong_size(bound)
            or self._wrong_weight(bound)
            or (
                self.wrong_dtype(bound, "weight", "bias") if self.norm == "layer" else self.wrong_dtype(bound)
            )
        )

    def _wrong_argument(self, bound: Bound) -> Refusal | None:
        shape, layer = bound["normalized_shape"], self.called(bound)
        if isinstance(shape, (tuple, list)) and shape:
            return argument_refusal(layer, "normalized_shape", tuple(shape), len(shape), 0)
        return Refusal(
            "argument",
            f"{layer} takes a tuple of sizes as normalized_shape, not {shape!r}",
            "normalized_shape",
            operand=None,
            exception="TypeError",
        )

    def _wrong_size(self, bound: Bound) -> Refusal | None:
        data, shape = bound["input"], tuple(bound["normalized_shape"])
        count = len(shape)
        layer = self.called(bound)
        if data.rank < count:
            return Refusal(
                "rank",
                f"{layer} over the last {count} axes, {list(shape)}, needs as many, but the input has "
                f"{data.rank}",
                "normalized_shape",
                expected=count,
                actual=data.rank,
            )
        last = data.shape[data.rank - count :]
        if last == shape:
            return None
        one = count == 1
        message = (
            f"{layer} normalises the last {'axis' if one else f'{count} axes'}, which "
            f"{'has' if one else 'have'} {_sizes(last)}, not {_sizes(shape)}"
        )
        if one and data.rank > 2 and data.shape[1] == shape[0]:
            message += (
                f": axis 1 has the {shape[0]} channels, so permute them to the end, "
                f"or use GroupNorm(1, {shape[0]})"
            )
        return Refusal(
            "norm-size",
            message,
            "normalized_shape",
            expected=shape[0] if one else shape,
            actual=last[0] if one else last,
            axes=tuple(("input", axis) for axis in range(data.rank - count, data.rank)),
        )

    def _wrong_weight(self, bound: Bound) -> Refusal | None:
        shape = tuple(bound["normalized_shape"])
        for name in ("weight", "bias"):
            weight = bound.get(name)
            if weight is not None and weight.shape != shape:
                return Refusal(
                    "norm-size",
                    f"{self.called(bound)}'s {name} is {list(weight.shape)}, but normalized_shape is "
                    f"{list(shape)}",
                    "normalized_shape",
                    expected=weight.shape,
                    actual=shape,
                    operand=name,
                )
        return None

    def output(self, bound: Bound) -> TensorSpec:
        data = bound["input"]
        if self.norm == "layer":
            return TensorSpec(data.shape, data.dtype)
        return spatial_result(data.shape, data.dtype, data)

    def attributes(self, bound: Bound) -> dict[str, Any]:
        return {
            "norm": self.norm,
            "normalized_shape": tuple(bound["normalized_shape"]),
            "affine": bound["weight"] is not None,
        }


class LocalResponseNorm(Normalization):
    """local_response_norm: each value is divided by what its neighbours in the channels add up to."""

    norm = "local_response"

    def __init__(self) -> None:
        super().__init__(
            "local_response_norm",
            ("torch.nn.functional.local_response_norm",),
            "input, size, alpha=1e-4, beta=0.75, k=1.0",
            ("LocalResponseNorm",),
        )

    def refuse(self, bound: Bound) -> Refusal | None:
        data = bound["input"]
        if data.rank < 3:
            return Refusal(
                "rank",
                f"LocalResponseNorm takes [N, C, ...] with 3 axes or more, but the input has {data.rank}",
                expected=4,
                actual=data.rank,
                exception="ValueError",
            )
        return argument_refusal("LocalResponseNorm", "size", bound["size"], 1, 1)

    def output(self, bound: Bound) -> TensorSpec:
        data = bound["input"]
        dtype = data.dtype if data.dtype in FLOATING else "float32"
        return TensorSpec(data.shape, dtype, elementwise_strides((data,), data.shape))

    def attributes(self, bound: Bound) -> dict[str, Any]:
        return {"norm": "local_response", "size": bound["size"]}


class Normalize(Normalization):
    """normalize: vectors along `dim` are divided by their length."""

    kind = "normalize"
    norm = "lp"

    def __init__(self) -> None:
        super().__init__(
            "normalize",
            ("torch.nn.functional.normalize",),
            "input, p=2.0, dim=1, eps=1e-12, out=None",
        )

    def called(self, bound: Bound) -> str:
        return "normalize"

    def refuse(self, bound: Bound) -> Refusal | None:
        data, dims = bound["input"], bound["dim"]
        dims = tuple(dims) if isinstance(dims, (tuple, list)) else (dims,)
        rank = max(data.rank, 1)
        for dim in dims:
            if not -rank <= dim < rank:
                return Refusal(
                    "rank",
                    f"normalize along axis {dim} needs more axes than the {data.rank} of the input",
                    "dim",
                    expected=dim + 1 if dim >= 0 else -dim,
                    actual=data.rank,
                    exception="IndexError",
                )
        if len({dim % rank for dim in dims}) < len(dims):
            return Refusal("argument", f"normalize names an axis twice: {dims}", "dim", operand=None)
        return self.wrong_dtype(bound)

    def output(self, bound: Bound) -> TensorSpec:
        data = bound["input"]
        return TensorSpec(data.shape, data.dtype, elementwise_strides((data,), data.shape))

    def attributes(self, bound: Bound) -> dict[str, Any]:
        return {"norm": "lp", "p": bound["p"], "dim": bound["dim"]}


def _sizes(shape: Shape) -> str:
    return str(shape[0]) if len(shape) == 1 else str(list(shape))


OPERATORS: list[Operator] = [
    *(BatchNorm(functional) for functional in (True, False)),
    *(InstanceNorm(functional) for functional in (True, False)),
    *(GroupNorm(functional) for functional in (True, False)),
    *(LayerNorm(norm, functional) for norm in ("layer", "rms") for functional in (True, False)),
    LocalResponseNorm(),
    Normalize(),
]
