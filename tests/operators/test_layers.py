"""Constructor arguments held against torch's constructors, and against the layers' forward."""

from __future__ import annotations

import inspect
import warnings

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from cnnlint.operators.layer_signatures import INTERFACE, REQUIRED
from cnnlint.operators.layers import check, repaired

few = settings(max_examples=200, deadline=None)


def build(layer, arguments):
    """The layer, or the exception that its constructor raises."""
    try:
        return getattr(nn, layer)(**arguments)
    except Exception as error:
        return error


def works(layer, arguments, *inputs):
    """Whether torch builds the layer and a forward pass of one of the inputs runs."""
    built = build(layer, arguments)
    if isinstance(built, Exception):
        return False
    for data in inputs:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                built(data)
            except Exception:
                continue
            return True
    return False


def assert_repaired(layer, arguments, *kept):
    """What is repaired builds, is not refused any more, and keeps those arguments that were right."""
    mended = repaired(layer, arguments)
    if mended is None:
        return
    assert check(layer, mended) == []
    assert not isinstance(build(layer, mended), Exception)
    refused = {refusal.argument for refusal in check(layer, arguments)}
    for name in kept:
        if name not in refused:
            assert mended[name] == arguments[name]


@pytest.mark.parametrize("name", sorted(INTERFACE))
def test_the_arguments_are_torchs(name):
    layer = getattr(nn, name, None)
    if layer is None:
        pytest.skip(f"this torch has no {name}")
    try:
        theirs = inspect.signature(layer.__init__).parameters
    except ValueError:
        pytest.skip("torch hides the signature")
    theirs = {key: value for key, value in theirs.items() if key not in ("self", "args", "kwargs")}
    if not theirs:
        return
    ours = INTERFACE[name]
    assert list(ours)[: len(theirs)] == [key for key in ours if key in theirs]
    for key, parameter in theirs.items():
        default = REQUIRED if parameter.default is parameter.empty else parameter.default
        if not callable(default) and name != "CrossMapLRN2d":
            assert ours[key] == default


@pytest.mark.parametrize("dims", (1, 2, 3))
@pytest.mark.parametrize("transposed", (False, True))
@few
@given(data=st.data())
def test_convolutions(dims, transposed, data):
    draw = data.draw
    size = st.sampled_from([1, 1, 2, 3, 3, 0, -1, 2.0])
    value = st.one_of(size, st.tuples(*[st.integers(0, 3)] * draw(st.sampled_from([dims, dims, dims + 1]))))
    channels = st.sampled_from([2, 4, 6, 8, 8, 8, 0, -1, 8.0])
    arguments = {
        "in_channels": draw(channels),
        "out_channels": draw(channels),
        "kernel_size": draw(value),
        "groups": draw(st.sampled_from([1, 1, 1, 2, 3, 4, 0, True])),
    }
    for name in ("stride", "padding", "dilation") + (("output_padding",) if transposed else ()):
        if draw(st.booleans()):
            arguments[name] = draw(value)
    if draw(st.booleans()):
        arguments["padding"] = draw(st.sampled_from(["same", "valid", "SAME"]))
    if draw(st.booleans()):
        arguments["padding_mode"] = draw(st.sampled_from(["zeros", "reflect", "zero"]))
    name = f"Conv{'Transpose' if transposed else ''}{dims}d"
    refusals = check(name, arguments)
    if isinstance(build(name, arguments), Exception):
        assert refusals
    channels_in = arguments["in_channels"]
    channels_in = channels_in if isinstance(channels_in, int) and channels_in > 0 else 1
    runs = works(name, arguments, torch.zeros(1, channels_in, *[12 if dims < 3 else 9] * dims))
    assert runs == (not refusals), refusals
    assert_repaired(name, arguments, "in_channels", "out_channels")


@pytest.mark.parametrize("dims", (1, 2, 3))
@pytest.mark.parametrize("mode", ("Max", "Avg", "LP"))
@few
@given(data=st.data())
def test_pooling(dims, mode, data):
    draw = data.draw
    size = st.sampled_from([1, 2, 2, 3, 4, 0, -1, 2.0])
    value = st.one_of(size, st.tuples(*[st.integers(0, 3)] * draw(st.sampled_from([dims, dims, dims + 1]))))
    arguments = {"kernel_size": draw(value)}
    for name in (
        ("stride",) + (("padding",) if mode != "LP" else ()) + (("dilation",) if mode == "Max" else ())
    ):
        if draw(st.booleans()):
            arguments[name] = draw(value)
    if mode == "LP":
        arguments["norm_type"] = draw(st.sampled_from([2, 1.5, 0]))
        if dims == 1 and isinstance(arguments["kernel_size"], tuple):
            arguments["kernel_size"] = arguments["kernel_size"][0]
    name = f"{mode}Pool{dims}d"
    refusals = check(name, arguments)
    data = torch.zeros(1, 2, *[14] * dims, requires_grad=True)
    assert works(name, arguments, data) == (not refusals), refusals
    assert_repaired(name, arguments)


@pytest.mark.parametrize("layer", ("AdaptiveAvgPool", "AdaptiveMaxPool"))
@pytest.mark.parametrize("dims", (1, 2, 3))
@pytest.mark.parametrize(
    "size", (1, 3, -1, 2.0, None, (1,), (2, 2), (None, 2), (2, 2, 2), (None, None, 1), (2.0, 2))
)
def test_adaptive_pooling(layer, dims, size):
    name, arguments = f"{layer}{dims}d", {"output_size": size}
    assert works(name, arguments, torch.zeros(1, 2, *[5] * dims)) == (not check(name, arguments))
    assert_repaired(name, arguments)


def test_an_adaptive_pooling_to_nothing_is_refused_although_torch_gives_an_empty_tensor():
    assert works("AdaptiveAvgPool2d", {"output_size": 0}, torch.zeros(1, 2, 5, 5))
    assert check("AdaptiveAvgPool2d", {"output_size": 0})


IMAGE = torch.zeros(2, 4, 6, 6)
ROWS = torch.zeros(2, 4)
WORDS = torch.zeros(2, 3, dtype=torch.int64)
SEQUENCE = torch.zeros(5, 2, 8)

GOOD = [
    ("Linear", {"in_features": 4, "out_features": 3}, ROWS),
    ("Linear", {"in_features": 4, "out_features": 3, "bias": False, "device": "cpu"}, ROWS),
    ("BatchNorm2d", {"num_features": 4, "momentum": None}, IMAGE),
    ("BatchNorm2d", {"num_features": 4, "eps": 0.8}, IMAGE),
    ("GroupNorm", {"num_groups": 2, "num_channels": 4}, IMAGE),
    ("LayerNorm", {"normalized_shape": 6}, IMAGE),
    ("LayerNorm", {"normalized_shape": [6, 6]}, IMAGE),
    ("Dropout", {"p": 0}, ROWS),
    ("Dropout", {"p": 1}, ROWS),
    ("Embedding", {"num_embeddings": 10, "embedding_dim": 4, "padding_idx": -10}, WORDS),
    ("LSTM", {"input_size": 8, "hidden_size": 6, "num_layers": 2, "dropout": 0.5}, SEQUENCE),
    ("LSTM", {"input_size": 8, "hidden_size": 6, "proj_size": 3}, SEQUENCE),
    ("RNN", {"input_size": 8, "hidden_size": 6, "nonlinearity": "relu"}, SEQUENCE),
    ("TransformerEncoderLayer", {"d_model": 8, "nhead": 2, "activation": "gelu"}, SEQUENCE),
    ("Upsample", {"scale_factor": 2}, IMAGE),
    ("Upsample", {"size": (9, 9), "mode": "bilinear", "align_corners": True}, IMAGE),
    ("PixelShuffle", {"upscale_factor": 2}, IMAGE),
    ("ReflectionPad2d", {"padding": (1, 2, 0, 3)}, IMAGE),
    ("ZeroPad2d", {"padding": -1}, IMAGE),
    ("Unfold", {"kernel_size": (3, 2), "padding": 1}, IMAGE),
    ("FractionalMaxPool2d", {"kernel_size": 2, "output_ratio": 0.5}, IMAGE),
    ("GELU", {"approximate": "tanh"}, ROWS),
    ("PReLU", {"num_parameters": 4}, IMAGE),
]

BAD = [
    ("Linear", {"in_features": 64 * 7 / 2, "out_features": 10}, "in_features"),
    ("Linear", {"in_features": -1, "out_features": 3}, "in_features"),
    ("Linear", {"in_features": 4, "out_features": 3.0}, "out_features"),
    ("Linear", {"in_features": (4,), "out_features": 3}, "in_features"),
    ("Linear", {"in_features": None, "out_features": 3}, "in_features"),
    ("Linear", {"in_features": 4, "out_feature": 3, "out_features": 3}, "out_feature"),
    ("Bilinear", {"in1_features": 0, "in2_features": 2, "out_features": 3}, "in1_features"),
    ("BatchNorm2d", {"num_features": 4.0}, "num_features"),
    ("BatchNorm2d", {"num_features": 0}, "num_features"),
    ("BatchNorm2d", {"num_features": 4, "eps": 0.0}, "eps"),
    ("GroupNorm", {"num_groups": 3, "num_channels": 4}, "num_groups"),
    ("GroupNorm", {"num_groups": 0, "num_channels": 4}, "num_groups"),
    ("GroupNorm", {"num_groups": 32, "num_channels": 4}, "num_groups"),
    ("LayerNorm", {"normalized_shape": 6.0}, "normalized_shape"),
    ("LayerNorm", {"normalized_shape": ()}, "normalized_shape"),
    ("RMSNorm", {"normalized_shape": 0}, "normalized_shape"),
    ("Dropout", {"p": 20}, "p"),
    ("Dropout2d", {"p": -0.1}, "p"),
    ("AlphaDropout", {"p": "0.5"}, "p"),
    ("Embedding", {"num_embeddings": 10, "embedding_dim": 4.0}, "embedding_dim"),
    ("Embedding", {"num_embeddings": 10, "embedding_dim": 4, "padding_idx": 10}, "padding_idx"),
    ("LSTM", {"input_size": 0, "hidden_size": 6}, "input_size"),
    ("LSTM", {"input_size": 8, "hidden_size": 6, "num_layers": 0}, "num_layers"),
    ("LSTM", {"input_size": 8, "hidden_size": 6, "dropout": 5}, "dropout"),
    ("LSTM", {"input_size": 8, "hidden_size": 6, "proj_size": 6}, "proj_size"),
    ("RNN", {"input_size": 8, "hidden_size": 6, "nonlinearity": "gelu"}, "nonlinearity"),
    ("MultiheadAttention", {"embed_dim": 8, "num_heads": 3}, "num_heads"),
    ("MultiheadAttention", {"embed_dim": 0, "num_heads": 2}, "embed_dim"),
    ("TransformerEncoderLayer", {"d_model": 8, "nhead": 3}, "nhead"),
    ("TransformerEncoderLayer", {"d_model": 8, "nhead": 2, "activation": "tanh"}, "activation"),
    ("Upsample", {"scale_factor": 2, "mode": "bilinar"}, "mode"),
    ("Upsample", {"scale_factor": 2, "size": 4}, "scale_factor"),
    ("Upsample", {"scale_factor": -1}, "scale_factor"),
    ("Upsample", {"size": 0}, "size"),
    ("PixelShuffle", {"upscale_factor": 0}, "upscale_factor"),
    ("PixelShuffle", {"upscale_factor": 2.0}, "upscale_factor"),
    ("ChannelShuffle", {"groups": 0}, "groups"),
    ("LocalResponseNorm", {"size": 0}, "size"),
    ("PReLU", {"num_parameters": 4.0}, "num_parameters"),
    ("ReflectionPad2d", {"padding": (1, 1, 1)}, "padding"),
    ("ReflectionPad2d", {"padding": 1.0}, "padding"),
    ("ZeroPad2d", {"padding": (1, 1, 1)}, "padding"),
    ("Unfold", {"kernel_size": 0}, "kernel_size"),
    ("FractionalMaxPool2d", {"kernel_size": 2, "output_ratio": 1.5}, "output_ratio"),
    ("FractionalMaxPool2d", {"kernel_size": 2, "output_ratio": 0.5, "output_size": 3}, "output_ratio"),
    ("Hardtanh", {"min_val": 1.0, "max_val": 0.0}, "max_val"),
    ("GELU", {"approximate": "tan"}, "approximate"),
]


@pytest.mark.parametrize(("layer", "arguments", "data"), GOOD)
def test_nothing_is_said_of_what_works(layer, arguments, data):
    assert works(layer, arguments, data)
    assert check(layer, arguments) == []
    assert repaired(layer, arguments) == arguments


@pytest.mark.parametrize(("layer", "arguments", "argument"), BAD)
def test_what_cannot_work_is_said_at_its_argument(layer, arguments, argument):
    assert not works(layer, arguments, IMAGE, ROWS, WORDS, SEQUENCE)
    refusal = check(layer, arguments)[0]
    assert (refusal.reason, refusal.argument) == ("argument", argument)
    assert refusal.message.startswith(layer)
    assert_repaired(layer, arguments)


def test_sizes_that_torch_takes_without_a_word_are_refused_all_the_same():
    for layer, arguments in (
        ("Conv2d", {"in_channels": 0, "out_channels": 8, "kernel_size": 3}),
        ("InstanceNorm2d", {"num_features": -1}),
        ("Linear", {"in_features": 4, "out_features": 0}),
        ("ZeroPad2d", {"padding": (1, 1)}),
        ("ReflectionPad2d", {"padding": (1, 1)}),
    ):
        assert not isinstance(build(layer, arguments), Exception)
        assert check(layer, arguments)


@pytest.mark.parametrize(("layer", "arguments", "message"), [
    (
        "Conv2d",
        {"in_channels": 64, "out_channels": 128, "kernel_size": 3, "groups": 48},
        "Conv2d's groups=48 must divide in_channels 64 and out_channels 128: write 8, 16, 32 or 64",
    ),
    (
        "Linear",
        {"in_features": 64 * 7 / 2, "out_features": 10},
        "Linear takes integers for in_features, not 224.0: write 224, or divide with //",
    ),
    (
        "MaxPool2d",
        {"kernel_size": 2, "padding": 2},
        "MaxPool2d's padding 2 must be at most half of its kernel_size 2: write at most 1",
    ),
    (
        "ConvTranspose2d",
        {"in_channels": 4, "out_channels": 8, "kernel_size": 3, "stride": 2, "output_padding": 2},
        "ConvTranspose2d's output_padding 2 must be smaller than its stride 2: write at most 1",
    ),
    ("Dropout", {"p": 20}, "Dropout's p is a probability between 0 and 1, not 20: write 0.2"),
    (
        "Conv2d",
        {"in_channels": 4, "out_channels": 8, "kernel_size": 3, "padding": "same", "stride": 2},
        "Conv2d with padding='same' must have stride 1, not 2: write padding=1",
    ),
    (
        "Conv2d",
        {"in_channels": 4, "out_channels": 8, "kernal_size": 3},
        "Conv2d has no argument 'kernal_size': write kernel_size",
    ),
    (
        "Conv2d",
        {"in_channels": 4, "out_channels": 8, "kernel_size": 3, "groups": True},
        "Conv2d takes integers for groups, not True: give options that are not sizes by name (bias=True)",
    ),
])  # fmt: skip
def test_messages_show_the_numbers_and_what_to_write(layer, arguments, message):
    assert check(layer, arguments)[0].message == message


def test_repairs_stay_near_what_was_meant():
    given = {"in_channels": 64, "out_channels": 128, "kernel_size": 3, "groups": 48, "bias": False}
    assert repaired("Conv2d", given) == {**given, "groups": 32}
    given = {"in_channels": 64, "out_channels": 128, "kernel_size": (3, 5, 5)}
    assert repaired("Conv2d", given)["kernel_size"] == (3, 5)
    assert repaired("Linear", {"in_features": 224.0, "out_features": 10})["in_features"] == 224
    given = {"in_channels": 4, "out_channels": 8, "kernal_size": 3}
    assert repaired("Conv2d", given) == {"in_channels": 4, "out_channels": 8, "kernel_size": 3}
    assert repaired("Conv2d", {"in_channels": 4}) is None


def test_a_layer_that_is_not_described_is_not_judged():
    assert check("MyConv", {"in_channels": 0}) == []
