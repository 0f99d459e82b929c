"""What the constructors of torch.nn's layers can be given, checked without torch.

torch finds some of it in the constructor, some only in the forward pass, and some never.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cnnlint.operators.base import Refusal, per_axis
from cnnlint.operators.interpolation import MODES as INTERPOLATION_MODES
from cnnlint.operators.layer_signatures import INTERFACE, REQUIRED
from cnnlint.operators.sliding import argument_refusal

__all__ = ["INTERFACE", "check", "repaired"]

Arguments = Mapping[str, Any]

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


def check(layer_type: str, arguments: Arguments) -> list[Refusal]:
    """What is wrong with a layer's arguments, given by name; those that are left out are not judged.

    `layer_type` is the name of a class in torch.nn; of one that is not in `INTERFACE`, nothing is said.
    """
    return [*_unknown(layer_type, arguments), *_CHECKS.get(layer_type, _nothing)(layer_type, arguments)]


def repaired(layer_type: str, arguments: Arguments) -> dict[str, Any] | None:
    """Arguments with which the layer can be built, as near to the given ones as possible.

    The layer's outer interface (its channels or features) is kept. None where that cannot be told.
    """
    result = dict(arguments)
    for refusal in _unknown(layer_type, arguments):
        _mend(layer_type, result, refusal)
    for name, default in INTERFACE[layer_type].items():
        if default is REQUIRED and name not in result:
            if name not in _NEUTRAL:
                return None
            result[name] = _NEUTRAL[name]
    for _ in range(len(result) + 1):
        refusals = check(layer_type, result)
        if not refusals:
            return result
        if not _mend(layer_type, result, refusals[0]):
            return None
    return None


# -- the arguments of each family


def _nothing(layer: str, given: Arguments) -> Iterator[Refusal]:
    return iter(())


def _unknown(layer: str, given: Arguments) -> Iterator[Refusal]:
    """Names that the constructor does not have."""
    known = INTERFACE.get(layer)
    if not known:
        return
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f": write {near[0]}" if near else ""
            yield _argument(
                f"{layer} has no argument {name!r}{hint}", name, expected=near[0] if near else None
            )


def _integers(layer: str, given: Arguments, *names: str, least: int = 1) -> Iterator[Refusal]:
    """Arguments that are one integer."""
    for name in names:
        value = given.get(name, least)
        if isinstance(value, (tuple, list)):
            yield _argument(f"{layer} takes one integer for {name}, not {value!r}", name, actual=value)
        elif found := argument_refusal(layer, name, value, 1, least):
            yield found


def _per_axis(layer: str, given: Arguments, count: int, least: int, *names: str) -> Iterator[Refusal]:
    """Arguments that are one integer or one for each of `count` axes."""
    for name in names:
        if name in given and (found := argument_refusal(layer, name, given[name], count, least)):
            yield found


def _dims(layer: str) -> int:
    """The number of spatial axes that stands in the layer's name."""
    return int(layer[-2])


def _convolution(layer: str, given: Arguments) -> Iterator[Refusal]:
    dims, transposed = _dims(layer), "Transpose" in layer
    yield from _integers(layer, given, "in_channels", "out_channels", "groups")
    yield from _per_axis(layer, given, dims, 1, "kernel_size", "stride", "dilation")
    yield from _per_axis(layer, given, dims, 0, "output_padding")
    yield from _convolution_padding(layer, given, transposed)
    yield from _groups(layer, given)
    mode = given.get("padding_mode", "zeros")
    modes = ("zeros",) if transposed else PADDING_MODES
    if mode not in modes:
        yield _choice(layer, "padding_mode", mode, modes)
    if transposed:
        yield from _output_padding(layer, given, dims)


def _convolution_padding(layer: str, given: Arguments, transposed: bool) -> Iterator[Refusal]:
    padding, stride = given.get("padding", 0), given.get("stride", 1)
    if not isinstance(padding, str):
        yield from _per_axis(layer, given, _dims(layer), 0, "padding")
    elif transposed:
        yield _argument(
            f"{layer} takes no padding string, but {padding!r} is given: write a number", "padding", padding
        )
    elif padding not in ("same", "valid"):
        yield _choice(layer, "padding", padding, ("same", "valid"))
    elif padding == "same" and any(step != 1 for step in _numbers(stride)):
        kernel = _numbers(given.get("kernel_size", 1))[0]
        half = kernel // 2 if isinstance(kernel, int) else 0
        yield _argument(
            f"{layer} with padding='same' must have stride 1, not {stride}: write padding={half}",
            "padding",
            padding,
            expected=half,
        )


def _groups(layer: str, given: Arguments) -> Iterator[Refusal]:
    groups = given.get("groups", 1)
    sizes = {name: given[name] for name in ("in_channels", "out_channels") if name in given}
    if not _positive(groups, *sizes.values()) or all(size % groups == 0 for size in sizes.values()):
        return
    fitting = [n for n in range(1, min(sizes.values()) + 1) if all(size % n == 0 for size in sizes.values())]
    yield _argument(
        f"{layer}'s groups={groups} must divide {' and '.join(f'{k} {v}' for k, v in sizes.items())}: "
        f"{_one_of(fitting, groups)}",
        "groups",
        groups,
        expected=_nearest(fitting, groups),
    )


def _output_padding(layer: str, given: Arguments, dims: int) -> Iterator[Refusal]:
    values = [
        given.get(name, default) for name, default in (("output_padding", 0), ("stride", 1), ("dilation", 1))
    ]
    if any(_wrong(value, dims) for value in values):
        return
    for added, step, gap in zip(*(per_axis(value, dims) for value in values), strict=True):
        if added >= max(step, gap) > 0:
            yield _argument(
                f"{layer}'s output_padding {added} must be smaller than its stride {step}"
                f"{f' or dilation {gap}' if gap > 1 else ''}: write at most {max(step, gap) - 1}",
                "output_padding",
                added,
                expected=max(step, gap) - 1,
            )
            return


def _pooling(layer: str, given: Arguments) -> Iterator[Refusal]:
    dims = _dims(layer)
    if given.get("stride", 0) is None:
        given = {name: value for name, value in given.items() if name != "stride"}
    yield from _per_axis(layer, given, dims, 1, "kernel_size", "stride", "dilation")
    yield from _per_axis(layer, given, dims, 0, "padding")
    if given.get("norm_type", 2) == 0:
        yield _argument(f"{layer}'s norm_type must not be 0", "norm_type", 0)
    if given.get("divisor_override", 1) == 0:
        yield _argument(f"{layer}'s divisor_override must not be 0", "divisor_override", 0)
    kernel, padding = given.get("kernel_size", 1), given.get("padding", 0)
    if "Unpool" in layer or _wrong(kernel, dims) or _wrong(padding, dims):
        return
    for size, pad in zip(per_axis(kernel, dims), per_axis(padding, dims), strict=True):
        if pad > size // 2:
            yield _argument(
                f"{layer}'s padding {pad} must be at most half of its kernel_size {size}: "
                f"write at most {size // 2}",
                "padding",
                pad,
                expected=size // 2,
            )
            return


def _adaptive_pooling(layer: str, given: Arguments) -> Iterator[Refusal]:
    dims, size = _dims(layer), given.get("output_size", 1)
    if size is None or (dims == 1 and size == (None,)):
        hint = f": write ({', '.join(['None'] * dims)})" if dims > 1 else ""
        yield _argument(f"{layer} takes no plain None for output_size{hint}", "output_size")
        return
    if isinstance(size, (tuple, list)):
        if len(size) != dims:
            yield _argument(
                f"{layer} takes one number or {dims} for output_size, not {len(size)}: {tuple(size)}",
                "output_size",
                len(size),
                expected=dims,
            )
            return
        size = tuple(1 if item is None else item for item in size)
    if found := argument_refusal(layer, "output_size", size, dims, 1):
        yield found


def _fractional_pooling(layer: str, given: Arguments) -> Iterator[Refusal]:
    dims = _dims(layer)
    size, ratio = given.get("output_size"), given.get("output_ratio")
    yield from _per_axis(layer, given, dims, 1, "kernel_size")
    if size is not None:
        yield from _per_axis(layer, given, dims, 1, "output_size")
    if size is not None and ratio is not None:
        yield _argument(f"{layer} takes output_size or output_ratio, not both", "output_ratio", ratio)
    elif ratio is not None and not all(0 < part < 1 for part in _numbers(ratio)):
        yield _argument(
            f"{layer}'s output_ratio must lie between 0 and 1, not {ratio}", "output_ratio", ratio
        )
    elif {"output_size", "output_ratio"} <= set(given) and size is None and ratio is None:
        yield _argument(f"{layer} needs output_size or output_ratio", "output_size")


def _channel_norm(layer: str, given: Arguments) -> Iterator[Refusal]:
    yield from _integers(layer, given, "num_features")
    eps = given.get("eps", 1e-5)
    if "Batch" in layer and isinstance(eps, (int, float)) and eps <= 0:
        yield _argument(f"{layer} needs a positive eps, not {eps}", "eps", eps, expected=1e-5)


def _group_norm(layer: str, given: Arguments) -> Iterator[Refusal]:
    yield from _integers(layer, given, "num_groups", "num_channels")
    yield from _divides(layer, given, "num_groups", "num_channels")


def _divides(layer: str, given: Arguments, part: str, whole: str) -> Iterator[Refusal]:
    """`part` must divide `whole`."""
    count, size = given.get(part, 1), given.get(whole, 0)
    if not _positive(count, size) or size % count == 0:
        return
    fitting = [number for number in range(1, size + 1) if size % number == 0]
    yield _argument(
        f"{layer}'s {part}={count} must divide {whole} {size}: {_one_of(fitting, count)}",
        part,
        count,
        expected=_nearest(fitting, count),
    )


def _last_axes_norm(layer: str, given: Arguments) -> Iterator[Refusal]:
    shape = given.get("normalized_shape", 1)
    if isinstance(shape, (tuple, list)) and not shape:
        yield _argument(f"{layer} needs at least one size as normalized_shape", "normalized_shape", shape)
    elif found := argument_refusal(layer, "normalized_shape", shape, len(_numbers(shape)), 1):
        yield found


def _features(layer: str, given: Arguments) -> Iterator[Refusal]:
    names = ("in_features", "out_features", "in1_features", "in2_features")
    yield from _integers(layer, given, *names)


def _embedding(layer: str, given: Arguments) -> Iterator[Refusal]:
    yield from _integers(layer, given, "num_embeddings", "embedding_dim")
    index: Any = given.get("padding_idx")
    count: Any = given.get("num_embeddings")
    if isinstance(index, int) and _positive(count) and not -count <= index < count:
        yield _argument(
            f"{layer}'s padding_idx {index} must lie within its {count} embeddings: write 0 to {count - 1}",
            "padding_idx",
            index,
            expected=count - 1,
        )
    if "mode" in given and given["mode"] not in ("sum", "mean", "max"):
        yield _choice(layer, "mode", given["mode"], ("sum", "mean", "max"))


def _recurrent(layer: str, given: Arguments) -> Iterator[Refusal]:
    yield from _integers(layer, given, "input_size", "hidden_size", "num_layers")
    yield from _integers(layer, given, "proj_size", least=0)
    yield from _probability(layer, given, "dropout")
    size: Any = given.get("proj_size", 0)
    hidden: Any = given.get("hidden_size")
    if _positive(size, hidden) and size >= hidden:
        yield _argument(
            f"{layer}'s proj_size {size} must be smaller than its hidden_size {hidden}",
            "proj_size",
            size,
            expected=hidden - 1,
        )
    if given.get("nonlinearity", "tanh") not in ("tanh", "relu"):
        yield _choice(layer, "nonlinearity", given["nonlinearity"], ("tanh", "relu"))


def _attention(layer: str, given: Arguments) -> Iterator[Refusal]:
    yield from _integers(layer, given, "embed_dim", "num_heads")
    yield from _integers(layer, {k: v for k, v in given.items() if v is not None}, "kdim", "vdim")
    yield from _divides(layer, given, "num_heads", "embed_dim")
    yield from _probability(layer, given, "dropout")


def _transformer(layer: str, given: Arguments) -> Iterator[Refusal]:
    yield from _integers(layer, given, "d_model", "nhead", "dim_feedforward")
    yield from _divides(layer, given, "nhead", "d_model")
    yield from _probability(layer, given, "dropout")
    activation = given.get("activation", "relu")
    if isinstance(activation, str) and activation not in ("relu", "gelu"):
        yield _choice(layer, "activation", activation, ("relu", "gelu"))


def _dropout(layer: str, given: Arguments) -> Iterator[Refusal]:
    return _probability(layer, given, "p")


def _probability(layer: str, given: Arguments, name: str) -> Iterator[Refusal]:
    value = given.get(name, 0)
    if not isinstance(value, (int, float)):
        yield _argument(f"{layer}'s {name} is a probability between 0 and 1, not {value!r}", name, value)
    elif not 0 <= value <= 1:
        hint = f": write {value / 100:g}" if 1 < value <= 100 else ""
        yield _argument(
            f"{layer}'s {name} is a probability between 0 and 1, not {value:g}{hint}", name, value
        )


def _upsample(layer: str, given: Arguments) -> Iterator[Refusal]:
    size, factor = given.get("size"), given.get("scale_factor")
    mode = given.get("mode", "nearest")
    if mode not in INTERPOLATION_MODES:
        yield _choice(layer, "mode", mode, tuple(INTERPOLATION_MODES))
    if size is not None and factor is not None:
        yield _argument(f"{layer} takes size or scale_factor, not both", "scale_factor", factor)
    if size is not None:
        yield from _per_axis(layer, given, len(_numbers(size)), 1, "size")
    if any(isinstance(part, (int, float)) and part <= 0 for part in _numbers(factor)):
        yield _argument(f"{layer} needs a positive scale_factor, not {factor}", "scale_factor", factor)


def _one_number(layer: str, given: Arguments) -> Iterator[Refusal]:
    """Layers whose integer arguments just have to be positive."""
    return _integers(layer, given, "upscale_factor", "downscale_factor", "groups", "size", "num_parameters")


def _folding(layer: str, given: Arguments) -> Iterator[Refusal]:
    yield from _per_axis(layer, given, 2, 1, "kernel_size", "stride", "dilation", "output_size")
    yield from _per_axis(layer, given, 2, 0, "padding")


def _padding(layer: str, given: Arguments) -> Iterator[Refusal]:
    padding, count = given.get("padding", 0), 2 * _dims(layer)
    numbers = _numbers(padding)
    if isinstance(padding, (tuple, list)) and len(numbers) != count:
        yield _argument(
            f"{layer} takes one number or {count} for padding, not {len(numbers)}: {tuple(numbers)}",
            "padding",
            len(numbers),
            expected=count,
        )
    elif any(isinstance(number, float) for number in numbers):
        yield _argument(f"{layer} takes integers for padding, not {padding}", "padding", padding)


def _activation(layer: str, given: Arguments) -> Iterator[Refusal]:
    for lower, upper in (("min_val", "max_val"), ("lower", "upper")):
        if lower in given and upper in given and _reversed(layer, given[lower], given[upper]):
            yield _argument(
                f"{layer}'s {upper} {given[upper]} must be larger than its {lower} {given[lower]}",
                upper,
                given[upper],
            )
    if given.get("approximate", "none") not in ("none", "tanh"):
        yield _choice(layer, "approximate", given["approximate"], ("none", "tanh"))


def _reversed(layer: str, lower: Any, upper: Any) -> bool:
    if not isinstance(lower, (int, float)) or not isinstance(upper, (int, float)):
        return False
    return lower >= upper if layer == "Hardtanh" else lower > upper


# -- small judgements


def _numbers(value: Any) -> list[Any]:
    """A number, or those of a tuple, as a list."""
    return list(value) if isinstance(value, (tuple, list)) else [value]


def _positive(*values: Any) -> bool:
    return all(isinstance(value, int) and value > 0 for value in values)


def _wrong(value: Any, count: int) -> bool:
    """Whether a value is not one integer or one an axis, so that no further check makes sense."""
    numbers = _numbers(value)
    return len(numbers) not in (1, count) or not all(isinstance(number, int) for number in numbers)


def _nearest(numbers: list[int], wanted: int) -> int:
    return min(numbers, key=lambda number: (abs(number - wanted), number))


def _one_of(numbers: list[int], wanted: int) -> str:
    """`write 1, 2 or 4`: the few that are nearest."""
    near = sorted(sorted(numbers, key=lambda number: (abs(number - wanted), number))[:4])
    if len(near) == 1:
        return f"write {near[0]}"
    return f"write {', '.join(map(str, near[:-1]))} or {near[-1]}"


def _choice(layer: str, name: str, value: Any, choices: tuple[str, ...]) -> Refusal:
    near = difflib.get_close_matches(value, choices, n=1) if isinstance(value, str) else []
    if near:
        message = f"{layer} has no {name} {value!r}: write {near[0]!r}"
    else:
        names = [repr(choice) for choice in choices]
        takes = f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else f"only {names[0]}"
        message = f"{layer} takes {takes} for {name}, not {value!r}"
    return _argument(message, name, value, expected=near[0] if near else choices[0])


def _argument(message: str, argument: str, actual: Any = None, expected: Any = None) -> Refusal:
    return Refusal(
        "argument", message, argument, expected=expected, actual=actual, operand=None, exception="ValueError"
    )


# -- putting a stand-in in place

_NEUTRAL: dict[str, Any] = {
    "kernel_size": 1,
    "output_size": 1,
    "padding": 0,
    "value": 0.0,
    "norm_type": 2,
    "num_groups": 1,
    "num_heads": 1,
    "nhead": 1,
    "groups": 1,
    "upscale_factor": 1,
    "downscale_factor": 1,
    "size": 1,
    "threshold": 0.0,
}
"""For arguments that must be given: values that change the sizes least."""


def _mend(layer: str, arguments: dict[str, Any], refusal: Refusal) -> bool:
    """Change the argument that was refused. False where nothing sensible is known."""
    name = refusal.argument
    if name is None or name not in arguments:
        return False
    value = arguments[name]
    known = INTERFACE[layer]
    if name not in known:
        del arguments[name]
        if refusal.expected and refusal.expected not in arguments:
            arguments[refusal.expected] = value
        return True
    mended = _mended(refusal, value, known[name])
    if mended is None or (mended == value and type(mended) is type(value)):
        return False
    arguments[name] = mended
    return True


def _mended(refusal: Refusal, value: Any, default: Any) -> Any:
    """The value to use instead, or None."""
    expected = refusal.expected
    if isinstance(value, (tuple, list)):
        return _mended_tuple(refusal, tuple(value), default)
    if isinstance(value, float) and not isinstance(default, float) and expected is None:
        return int(value)
    if isinstance(expected, (int, float, str)) and type(value) in (int, float, str):
        return expected
    if isinstance(value, str) and value.isdigit():
        return int(value)
    return _NEUTRAL.get(refusal.argument or "") if default is REQUIRED else default


def _mended_tuple(refusal: Refusal, value: tuple[Any, ...], default: Any) -> Any:
    """Whole numbers instead of floats, as many as there must be, none of them too small."""
    expected = refusal.expected
    if any(isinstance(item, float) for item in value):
        return tuple(int(item) if isinstance(item, float) else item for item in value)
    if value and isinstance(expected, int) and all(type(item) is int for item in value):
        if refusal.actual == len(value):
            return (*value, *[value[-1]] * expected)[:expected]
        return tuple(max(item, expected) for item in value)
    return _NEUTRAL.get(refusal.argument or "") if default is REQUIRED else default


_FAMILIES: tuple[tuple[Callable[[str, Arguments], Iterator[Refusal]], tuple[str, ...]], ...] = (
    (_convolution, ("Conv#d", "LazyConv#d", "ConvTranspose#d", "LazyConvTranspose#d")),
    (_pooling, ("MaxPool#d", "AvgPool#d", "LPPool#d", "MaxUnpool#d")),
    (_adaptive_pooling, ("AdaptiveAvgPool#d", "AdaptiveMaxPool#d")),
    (_fractional_pooling, ("FractionalMaxPool2d", "FractionalMaxPool3d")),
    (
        _channel_norm,
        ("BatchNorm#d", "LazyBatchNorm#d", "InstanceNorm#d", "LazyInstanceNorm#d", "SyncBatchNorm"),
    ),
    (_group_norm, ("GroupNorm",)),
    (_last_axes_norm, ("LayerNorm", "RMSNorm")),
    (_features, ("Linear", "LazyLinear", "Bilinear")),
    (_embedding, ("Embedding", "EmbeddingBag")),
    (_recurrent, ("LSTM", "GRU", "RNN", "LSTMCell", "GRUCell", "RNNCell")),
    (_attention, ("MultiheadAttention",)),
    (_transformer, ("TransformerEncoderLayer", "TransformerDecoderLayer", "Transformer")),
    (
        _dropout,
        ("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout"),
    ),
    (_upsample, ("Upsample", "UpsamplingNearest2d", "UpsamplingBilinear2d")),
    (
        _one_number,
        ("PixelShuffle", "PixelUnshuffle", "ChannelShuffle", "LocalResponseNorm", "CrossMapLRN2d", "PReLU"),
    ),
    (_folding, ("Fold", "Unfold")),
    (_padding, ("ConstantPad#d", "ZeroPad#d", "ReflectionPad#d", "ReplicationPad#d", "CircularPad#d")),
    (_activation, ("Hardtanh", "RReLU", "GELU")),
)
"""The checks and the layers that they are for; # stands for 1, 2 and 3."""

_CHECKS = {
    name.replace("#", dims): check_family
    for check_family, names in _FAMILIES
    for name in names
    for dims in ("1", "2", "3")
}
