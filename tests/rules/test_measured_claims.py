"""The numbers that the documentation quotes, on the models that they were measured on."""

from __future__ import annotations

import pytest
from pipeline import Findings, Snippets

from cnnlint.analyses.receptive import receptive_field, useful_resolution
from cnnlint.graph import Trace
from cnnlint.plugin import Rule, all_rules

pytest.importorskip("torchvision")


def model(name: str, size: int, change: str = "") -> str:
    return f"""\
import torchvision

# cnnlint: input=3x{size}x{size}
def net():
    model = torchvision.models.{name}()
    {change or "pass"}
    return model
"""


def rule(code: str) -> Rule:
    return next(rule for rule in all_rules() if rule.code == code)


def traced(snippets: Snippets, text: str) -> Trace:
    model = snippets.trace(text).models[0]
    return Trace(model, model.passes[0])


RESNET_50_V1 = """
    for stage in (model.layer2, model.layer3, model.layer4):
        stage[0].conv1.stride, stage[0].conv2.stride = (2, 2), (1, 1)
"""


def test_62_percent_of_resnet_18_is_dead_at_32_pixels(findings: Findings) -> None:
    (finding,) = findings(model("resnet18", 32), rule("CNN303"))
    assert finding.message.startswith(
        "62 % of this model's convolution weights only ever multiply zero padding at 32×32"
    )


def test_resnet_18_is_alive_at_224_pixels(findings: Findings) -> None:
    assert not findings(model("resnet18", 224), rule("CNN303"))


def test_resnet_50_v1_leaves_75_percent_unread_at_three_places(findings: Findings) -> None:
    (finding,) = findings(model("resnet50", 224, RESNET_50_V1.strip()), rule("CNN302"))
    assert finding.message.startswith("75 % of [B, 256, 56, 56]")
    assert [layer for layer in finding.layers if layer.endswith("conv1")] == [
        "layer2.0.conv1",
        "layer3.0.conv1",
        "layer4.0.conv1",
    ]


def test_resnet_50_v1_5_reads_everything(findings: Findings) -> None:
    assert not findings(model("resnet50", 224), rule("CNN302"))


def test_vgg_16_copies_a_pixel_49_times_at_32_pixels(findings: Findings) -> None:
    (finding,) = findings(model("vgg16", 32), rule("CNN306"))
    assert "copies each position 49 times" in finding.message


@pytest.mark.parametrize("change", ["", RESNET_50_V1.strip()], ids=["v1.5", "v1"])
def test_the_smallest_useful_resolution_of_resnet_50_is_75(snippets: Snippets, change: str) -> None:
    assert useful_resolution(traced(snippets, model("resnet50", 224, change))) == (75, 75)


@pytest.mark.parametrize(
    ("name", "change", "field"),
    [
        ("alexnet", "", 195),
        ("vgg16", "", 212),
        ("resnet50", RESNET_50_V1.strip(), 483),
        ("resnet101", RESNET_50_V1.strip(), 1027),
        ("resnet50", "", 427),
    ],
)
def test_receptive_field_of_the_last_map(snippets: Snippets, name: str, change: str, field: int) -> None:
    """As in Araujo et al. 2019, whose ResNets have the stride in the first 1×1; v1.5 as in rfa-toolbox."""
    trace = traced(snippets, model(name, 224, change))
    last = [operation for operation in trace.operations() if operation.kind in ("conv", "pool", "add")][-1]
    assert receptive_field(trace)[last.outputs[0]] == (field, field)
