"""The table of sizes, on a pass made by hand."""

# ruff: noqa: E501

from __future__ import annotations

import json
from dataclasses import replace

from handmade import MNIST, NET, at

from cnnlint.report.shapes import render
from cnnlint.result import TracedFile
from cnnlint.source.file import SourceFile
from cnnlint.traces import (
    Argument,
    CallSite,
    Fault,
    FileTrace,
    Layer,
    Model,
    Operation,
    Parameter,
    Pass,
    Problem,
    Tensor,
    Window,
)

BATCH = 86520


def site(text: str, *arguments: Argument) -> tuple[CallSite, ...]:
    return (CallSite(at(MNIST, text), text.partition("(")[0], "__init__", arguments),)


CONV = "nn.Conv2d(1, 32, 3, padding=1)"
LINEAR = "nn.Linear(1568, 10)"
IN_FEATURES = Argument("in_features", at(MNIST, "1568"), "1568", literal=True)

PASS = Pass(
    mode="train",
    batch=BATCH,
    tensors=(
        Tensor(0, (BATCH, 1, 28, 28), "float32", "input", "x"),
        Tensor(1, (32, 1, 3, 3), "float32", "parameter", "conv1.weight"),
        Tensor(2, (32,), "float32", "parameter", "conv1.bias"),
        Tensor(3, (BATCH, 32, 28, 28), "float32", "operation"),
        Tensor(4, (BATCH, 32, 14, 14), "float32", "operation"),
        Tensor(5, (BATCH, 32, 14, 14), "float32", "operation"),
        Tensor(6, (BATCH, 6272), "float32", "operation"),
        Tensor(7, (10, 1568), "float32", "parameter", "fc.weight"),
        Tensor(8, (BATCH, 10), "float32", "operation"),
        Tensor(9, (BATCH, 10), "float32", "operation"),
    ),
    operations=(
        Operation(
            0,
            "conv",
            "conv2d",
            "conv1",
            {"input": 0, "weight": 1, "bias": 2},
            (3,),
            {"stride": (1, 1), "padding": (1, 1), "dilation": (1, 1), "groups": 1},
            (at(MNIST, "self.conv1(x)"),),
            (Window(3, padding=1),) * 2,
            ("(28 + 2×1 − 3)/1 + 1 = 28",) * 2,
            macs=225792,
        ),
        Operation(
            1,
            "pool",
            "max_pool2d",
            None,
            {"input": 3},
            (4,),
            {"kernel_size": (2, 2), "stride": (2, 2), "ceil_mode": False},
            (at(MNIST, "self.pool(F.relu(self.conv1(x)))"),),
            (Window(2, stride=2),) * 2,
            ("(28 + 2×0 − 2)/2 + 1 = 14",) * 2,
        ),
        Operation(2, "copy", "contiguous", None, {"input": 4}, (5,)),
        Operation(3, "reshape", "flatten", None, {"input": 5}, (6,), {"start_dim": 1, "end_dim": -1}),
        Operation(
            4,
            "linear",
            "linear",
            "fc",
            {"input": 6, "weight": 7},
            (8,),
            calls=(at(MNIST, "self.fc(x.flatten(1))"),),
            fault=Fault("features", "Linear expects 1568 features, but the input has 6272", "in_features"),
            macs=15680,
        ),
        Operation(5, "linear", "linear", "fc", {"input": 6, "weight": 7}, (9,), macs=15680),
    ),
    inputs=(0,),
    outputs=(9,),
)
MODEL = replace(
    NET,
    layers=(
        Layer("", "Net", "Net"),
        Layer(
            "conv1",
            "Conv2d",
            "Conv2d",
            {
                "in_channels": 1,
                "out_channels": 32,
                "kernel_size": (3, 3),
                "stride": (1, 1),
                "padding": (1, 1),
            },
            site(CONV),
            ("conv1.weight", "conv1.bias"),
        ),
        Layer(
            "fc",
            "Linear",
            "Linear",
            {"in_features": 1568, "out_features": 10},
            site(LINEAR, IN_FEATURES),
            ("fc.weight",),
        ),
    ),
    parameters=(
        Parameter("conv1.weight", (32, 1, 3, 3), "float32"),
        Parameter("conv1.bias", (32,), "float32", trainable=False),
        Parameter("fc.weight", (10, 1568), "float32"),
        Parameter("bn.running_mean", (32,), "float32", buffer=True),
    ),
    passes=(PASS,),
)


def lines(name: str, *models: Model, problems: tuple[Problem, ...] = ()) -> list[str]:
    trace = FileTrace("mnist.py", models, problems)
    shown = render(name, [TracedFile(SourceFile("mnist.py", MNIST), trace)])
    return [line.rstrip() for line in shown]


def test_table() -> None:
    expected = """\
mnist.py:5:7: Net()

    Layer      Line  Operator                             Formula                    Output             Parameters     MACs    Receptive field
--  -------  ------  -----------------------------------  -------------------------  ---------------  ------------  -------  -----------------
                     input x                                                         [B, 1, 28, 28]
    conv1         8  Conv2d(1, 32, 3, padding=1)          (28 + 2×1 − 3)/1 + 1 = 28  [B, 32, 28, 28]           320  225,792                  3
                 14  max_pool2d(kernel_size=2, stride=2)  (28 + 2×0 − 2)/2 + 1 = 14  [B, 32, 14, 14]                                         4
                  5  flatten(start_dim=1)                                            [B, 6272]                                               4
!   fc           11  Linear(1568, 10)                                                [B, 10]                15,680   15,680                 30
    fc           11  Linear(1568, 10)                                                [B, 10]                         15,680                 30

! mnist.py:11:29: Linear expects 1568 features, but the input has 6272
Input: 1×28×28 per sample (datasets.MNIST in line 112)
Parameters: 16,000 (15,968 trainable)
MACs: 257,152 per sample, as far as the sizes are known
"""
    assert "\n".join(lines("table", MODEL)) == expected


def test_markdown_is_a_table_with_a_heading() -> None:
    shown = lines("markdown", replace(MODEL, construction="Net(a|b)"))
    assert shown[0] == "## mnist.py:5:7: Net(a|b)"
    assert shown[2].startswith("|") and set(shown[3]) <= set("|-: ")
    assert "- Parameters: 16,000 (15,968 trainable)" in shown


def test_what_could_not_be_traced_is_named() -> None:
    blind = replace(MODEL, passes=())
    problem = Problem("input-unknown", "no input", at(MNIST, "Net"), model="Net")
    assert lines("table", blind, problems=(problem,)) == ["mnist.py:5:7: no input"]
    assert lines("table") == ["No model in 1 file."]
    assert json.loads(lines("json", blind, problems=(problem,))[0]) == []


def test_a_convolution_at_fault_leaves_the_fields_behind_it_open() -> None:
    conv = replace(PASS.operations[0], windows=(), fault=Fault("channels", "Conv2d expects 3 channels"))
    model = replace(MODEL, passes=(replace(PASS, operations=(conv, *PASS.operations[1:])),))
    (record,) = json.loads("\n".join(lines("json", model)))
    assert all(row["receptive_field"] == [] for row in record["rows"])


def test_json() -> None:
    (model,) = json.loads("\n".join(lines("json", MODEL)))
    assert model["parameters"] == 288 + 32 + 15680
    assert model["trainable"] == 288 + 15680
    assert model["macs"] == 225792 + 2 * 15680
    assert [row["operator"].partition("(")[0] for row in model["rows"]] == [
        "input x",
        "Conv2d",
        "max_pool2d",
        "flatten",
        "Linear",
        "Linear",
    ]
    assert [row["parameters"] for row in model["rows"]] == [0, 320, 0, 0, 15680, 0]
    assert [row["line"] for row in model["rows"]][:3] == [None, 8, 14]
    assert [row["receptive_field"] for row in model["rows"]][:3] == [[], [3, 3], [4, 4]]
    assert model["rows"][4]["fault"] == "Linear expects 1568 features, but the input has 6272"
