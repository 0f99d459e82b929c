"""Resizing and resampling of maps: interpolate, grid_sample, affine_grid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cnnlint import arithmetic
from cnnlint.operators.base import Bound, Operator, Output, Refusal, TensorSpec
from cnnlint.operators.sliding import AXES, FLOATING, LAYOUT, argument_refusal, shown, spatial_result
from cnnlint.traces import Shape

MODES = {
    "nearest": (1, 2, 3),
    "nearest-exact": (1, 2, 3),
    "area": (1, 2, 3),
    "linear": (1,),
    "bilinear": (2,),
    "bicubic": (2,),
    "lanczos": (2,),
    "trilinear": (3,),
}
"""The modes and over how many spatial axes they work."""

_WITHOUT_CORNERS = frozenset({"nearest", "nearest-exact", "area"})
_ANTIALIASED = frozenset({"bilinear", "bicubic", "lanczos"})
_BYTES = frozenset({"nearest", "nearest-exact", "bilinear", "bicubic"})


class Interpolation(Operator):
    """interpolate: the spatial axes of [N, C, *space] are given new sizes or are scaled."""

    kind = "interpolate"

    def __init__(self) -> None:
        super().__init__(
            "interpolate",
            ("torch.nn.functional.interpolate", "torch.nn.functional.upsample"),
            "input, size=None, scale_factor=None, mode='nearest', align_corners=None, "
            "recompute_scale_factor=None, antialias=False",
            ("Upsample", "UpsamplingNearest2d", "UpsamplingBilinear2d"),
        )

    def sizes(self, bound: Bound) -> Shape:
        """The output's spatial sizes. Raises TypeError or ValueError where the arguments give none."""
        space = bound["input"].shape[2:]
        if bound["size"] is not None:
            return _per_axis(bound["size"], len(space))
        factors = _per_axis(bound["scale_factor"], len(space))
        return tuple(map(arithmetic.scaled_size, space, factors))

    # -- what it takes

    def refuse(self, bound: Bound) -> Refusal | None:
        return (
            self._wrong_mode(bound)
            or self._wrong_rank(bound)
            or self._wrong_size(bound)
            or self._wrong_options(bound)
            or self._collapse(bound)
            or self._wrong_dtype(bound)
        )

    def _wrong_mode(self, bound: Bound) -> Refusal | None:
        mode = bound["mode"]
        if mode in MODES:
            return None
        return _argument(f"Upsample has the modes {', '.join(MODES)}, not {mode!r}", "mode", actual=mode)

    def _wrong_rank(self, bound: Bound) -> Refusal | None:
        takes, rank, mode = MODES[bound["mode"]], bound["input"].rank, bound["mode"]
        if rank - 2 in takes:
            return None
        layouts = " or ".join(LAYOUT[dims] for dims in takes)
        return Refusal(
            "rank",
            f"Upsample with mode {mode!r} takes {layouts}, but the input has {rank} axes",
            expected=takes[0] + 2 if len(takes) == 1 else None,
            actual=rank,
            exception="NotImplementedError",
        )

    def _wrong_size(self, bound: Bound) -> Refusal | None:
        size, factor, dims = bound["size"], bound["scale_factor"], bound["input"].rank - 2
        if size is not None and factor is not None:
            return _argument("Upsample takes size or scale_factor, not both", "scale_factor")
        if size is None and factor is None:
            return _argument("Upsample needs size or scale_factor", "scale_factor")
        name, value = ("size", size) if size is not None else ("scale_factor", factor)
        if isinstance(value, (tuple, list)) and len(value) != dims:
            return _argument(
                f"Upsample takes one {name} for each of the {dims} spatial axes, not {len(value)}: "
                f"{shown(value)}",
                name,
            )
        if size is not None:
            # A size that is too small is a collapse.
            return argument_refusal("Upsample", "size", size, dims, -(2**62))
        if any(isinstance(item, str) for item in _per_axis(factor, dims)):
            return _argument(f"Upsample takes numbers for scale_factor, not {factor!r}", "scale_factor")
        return None

    def _wrong_options(self, bound: Bound) -> Refusal | None:
        mode, corners = bound["mode"], bound["align_corners"]
        if corners is not None and mode in _WITHOUT_CORNERS:
            return _argument(f"Upsample with mode {mode!r} takes no align_corners", "align_corners")
        if bound["recompute_scale_factor"] and bound["size"] is not None:
            return _argument("Upsample with size takes no recompute_scale_factor", "recompute_scale_factor")
        if bound["antialias"] and mode not in _ANTIALIASED:
            return _argument(f"Upsample with mode {mode!r} takes no antialias", "antialias")
        if mode == "lanczos" and (corners or not bound["antialias"]):
            return _argument("mode 'lanczos' needs antialias=True and no align_corners", "antialias")
        return None

    def _collapse(self, bound: Bound) -> Refusal | None:
        data = bound["input"]
        dims = data.rank - 2
        for index, size in enumerate(self.sizes(bound)):
            given = data.shape[index + 2]
            if size < 1 or given < 1:
                return Refusal(
                    "collapse",
                    f"Upsample would give a {AXES[dims][index]} of {arithmetic.signed(size)}: "
                    f"{self.formula(bound)[index]}",
                    "size" if bound["size"] is not None else "scale_factor",
                    actual=given,
                    axes=(("input", index + 2),),
                )
        return None

    def _wrong_dtype(self, bound: Bound) -> Refusal | None:
        dtype, mode = bound["input"].dtype, bound["mode"]
        if dtype in FLOATING or (dtype == "uint8" and mode in _BYTES):
            return None
        return _not_on(f"Upsample with mode {mode!r}", dtype)

    # -- what comes out

    def output(self, bound: Bound) -> TensorSpec:
        data = bound["input"]
        shape = (*data.shape[:2], *self.sizes(bound))
        if bound["mode"] == "area" and data.rank == 5:
            return TensorSpec(shape, data.dtype)
        return spatial_result(shape, data.dtype, data)

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        """Batch and channels stay; the sizes that the arguments give are right."""
        data = bound["input"]
        dtype = data.dtype if data.dtype in FLOATING else "float32"
        if data.rank < 3:
            return TensorSpec(data.shape, dtype, None, frozenset(range(1, data.rank)))
        try:
            sizes = self.sizes(bound)
            unknown = frozenset(axis for axis, size in enumerate(sizes, 2) if size < 1)
        except (TypeError, ValueError):
            sizes, unknown = data.shape[2:], frozenset(range(2, data.rank))
        return TensorSpec((*data.shape[:2], *(max(int(size), 1) for size in sizes)), dtype, None, unknown)

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        """Sizes that are given are certain whatever came in."""
        given = bound["size"] is not None
        return (frozenset(axis for axis in bound["input"].uncertain if axis < 2 or not given),)

    # -- what it is

    def attributes(self, bound: Bound) -> dict[str, Any]:
        dims = bound["input"].rank - 2
        factor = bound["scale_factor"]
        return {
            "mode": bound["mode"],
            "output_size": self.sizes(bound),
            "scale_factor": None if factor is None else _per_axis(factor, dims),
            "align_corners": bool(bound["align_corners"]),
        }

    def rebound(self, attributes: Mapping[str, Any], tensors: Mapping[str, Any]) -> Bound:
        bound = super().rebound(attributes, tensors)
        size = attributes["output_size"] if bound["scale_factor"] is None else None
        return {**bound, "size": size, "align_corners": attributes["align_corners"] or None}

    def formula(self, bound: Bound) -> tuple[str, ...]:
        space = bound["input"].shape[2:]
        if bound["size"] is not None:
            return tuple(f"size = {size}" for size in _per_axis(bound["size"], len(space)))
        return tuple(map(arithmetic.scaled_text, space, _per_axis(bound["scale_factor"], len(space))))


class GridSample(Operator):
    """grid_sample: [N, C, *space] is read at the places of `grid`, [N, *new space, dims]."""

    kind = "grid_sample"

    def __init__(self) -> None:
        super().__init__(
            "grid_sample",
            ("torch.nn.functional.grid_sample",),
            "input, grid, mode='bilinear', padding_mode='zeros', align_corners=None",
        )

    def refuse(self, bound: Bound) -> Refusal | None:
        data, grid = bound["input"], bound["grid"]
        for name, values in (
            ("mode", ("bilinear", "nearest", "bicubic")),
            ("padding_mode", ("zeros", "border", "reflection")),
        ):
            if bound[name] not in values:
                return _argument(
                    f"grid_sample takes {', '.join(values)} for {name}, not {bound[name]!r}", name
                )
        if data.rank not in (4, 5) or grid.rank != data.rank:
            return Refusal(
                "rank",
                f"grid_sample takes an input and a grid with 4 or 5 axes, not {data.rank} and {grid.rank}",
                expected=4,
                actual=data.rank,
            )
        if grid.shape[0] != data.shape[0]:
            return Refusal(
                "merge",
                f"grid_sample needs a grid for each sample: the input has {data.shape[0]}, the grid "
                f"{grid.shape[0]}",
                expected=data.shape[0],
                actual=grid.shape[0],
                operand="grid",
                axes=(("input", 0), ("grid", 0)),
            )
        if grid.shape[-1] != data.rank - 2:
            return Refusal(
                "merge",
                f"grid_sample needs {data.rank - 2} coordinates in the grid's last axis, "
                f"not {grid.shape[-1]}",
                expected=data.rank - 2,
                actual=grid.shape[-1],
                operand="grid",
                axes=(("grid", grid.rank - 1),),
            )
        if grid.dtype != data.dtype or data.dtype not in FLOATING:
            return Refusal(
                "dtype",
                f"grid_sample needs input and grid of one floating-point dtype, not {data.dtype} and "
                f"{grid.dtype}",
                expected=data.dtype,
                actual=grid.dtype,
                operand="grid",
            )
        return None

    def output(self, bound: Bound) -> TensorSpec:
        data = bound["input"]
        return TensorSpec((*data.shape[:2], *bound["grid"].shape[1:-1]), data.dtype)

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        data, grid = bound["input"], bound["grid"]
        if data.rank < 3 or grid.rank != data.rank:
            return super().recovered(bound, refusal)
        return TensorSpec((*data.shape[:2], *grid.shape[1:-1]), data.dtype)

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        """Batch and channels are the input's, space is the grid's."""
        front = {axis for axis in bound["input"].uncertain if axis < 2}
        return (frozenset(front | {axis + 1 for axis in bound["grid"].uncertain if axis > 0}),)


class AffineGrid(Operator):
    """affine_grid: places for grid_sample, [N, H, W, 2] or [N, D, H, W, 3], for `theta`
    [N, 2, 3] or [N, 3, 4]."""

    kind = "affine_grid"

    def __init__(self) -> None:
        super().__init__(
            "affine_grid", ("torch.nn.functional.affine_grid",), "theta, size, align_corners=None"
        )

    def refuse(self, bound: Bound) -> Refusal | None:
        theta, size = bound["theta"], bound["size"]
        if theta.dtype not in FLOATING:
            return _not_on("affine_grid", theta.dtype)
        if len(size) not in (4, 5):
            return _argument(f"affine_grid takes a size of 4 or 5 axes, not {len(size)}", "size")
        dims = len(size) - 2
        if theta.rank != 3 or theta.shape[1:] != (dims, dims + 1):
            return Refusal(
                "merge",
                f"affine_grid needs theta as [N, {dims}, {dims + 1}] for a size of {len(size)} axes, "
                f"not {list(theta.shape)}",
                operand="theta",
                axes=tuple(("theta", axis) for axis in range(1, theta.rank)),
                exception="ValueError",
            )
        if min(size) < 1:
            return Refusal("collapse", f"affine_grid needs sizes of at least 1, not {shown(size)}", "size")
        if theta.shape[0] != size[0]:
            return Refusal(
                "merge",
                f"affine_grid needs one matrix for each of the {size[0]} samples, not {theta.shape[0]}",
                expected=size[0],
                actual=theta.shape[0],
                operand="theta",
                axes=(("theta", 0),),
            )
        return None

    def output(self, bound: Bound) -> TensorSpec:
        size = bound["size"]
        return TensorSpec((size[0], *size[2:], len(size) - 2), bound["theta"].dtype)

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        size = bound["size"]
        if len(size) not in (4, 5):
            return super().recovered(bound, refusal)
        shape = (size[0], *(max(item, 1) for item in size[2:]), len(size) - 2)
        return TensorSpec(shape, bound["theta"].dtype)

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        return (frozenset(),)


def _per_axis(value: Any, count: int) -> tuple[Any, ...]:
    """One number an axis; a tuple must already have one for each."""
    if not isinstance(value, (tuple, list)):
        return (value,) * count
    if len(value) != count:
        raise ValueError("not one number an axis")
    return tuple(value)


def _argument(message: str, argument: str, actual: Any = None) -> Refusal:
    return Refusal("argument", message, argument, actual=actual, operand=None, exception="ValueError")


def _not_on(what: str, dtype: str) -> Refusal:
    return Refusal(
        "dtype",
        f"{what} does not work on {dtype}: convert with x.float()",
        actual=dtype,
        exception="NotImplementedError",
    )


OPERATORS: list[Operator] = [Interpolation(), GridSample(), AffineGrid()]
