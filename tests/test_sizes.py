"""Which sizes a model accepts: torch is the judge."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from runtime.tracing import trace_text

from cnnlint.analyses.replay import Unreplayable
from cnnlint.analyses.sizes import Judge, Sizes, accepted_sizes
from cnnlint.traces import Model

CHANNELS = 4

# Each step is (line of __init__, line of forward) for layer number {n}; x keeps CHANNELS channels. `skip` is
# what the last `skip = x` kept.
STEPS = st.sampled_from(
    [
        ("self.l{n} = nn.Conv2d(4, 4, 3)", "x = self.l{n}(x)"),
        ("self.l{n} = nn.Conv2d(4, 4, 3, padding=1)", "x = x + self.l{n}(x)"),
        ("self.l{n} = nn.Conv2d(4, 4, 3, stride=2, padding=1)", "x = self.l{n}(x).relu()"),
        ("self.l{n} = nn.Conv2d(4, 4, (5, 3), dilation=2, padding=(4, 2))", "x = self.l{n}(x)"),
        ("self.l{n} = nn.Conv2d(4, 4, 3, padding=2, padding_mode='reflect')", "x = self.l{n}(x)"),
        ("self.l{n} = nn.Conv2d(4, 4, 4, padding='same')", "x = self.l{n}(x)"),
        ("self.l{n} = nn.MaxPool2d(2)", "x = self.l{n}(x)"),
        ("self.l{n} = nn.MaxPool2d(3, 2, 1, ceil_mode=True)", "x = self.l{n}(x)"),
        ("self.l{n} = nn.AvgPool2d(3, 2)", "x = self.l{n}(x)"),
        ("self.l{n} = nn.ConvTranspose2d(4, 4, 2, stride=2)", "x = self.l{n}(x)"),
        ("self.l{n} = nn.ConvTranspose2d(4, 4, 3, 2, 1, output_padding=1)", "x = self.l{n}(x)"),
        ("self.l{n} = nn.BatchNorm2d(4)", "x = self.l{n}(x)"),
        ("self.l{n} = nn.PixelShuffle(2)", "x = self.l{n}(x.repeat(1, 4, 1, 1))"),
        ("pass", "skip = x"),
        ("pass", "x = x + skip"),
        ("pass", "x = torch.cat([x, skip], 1)[:, :4]"),
        ("pass", "x = F.interpolate(x, scale_factor=2)"),
        ("pass", "x = F.interpolate(x, size=skip.shape[2:])"),
        ("pass", "x = x[:, :, 1:, :-1]"),
        ("pass", "x = x.transpose(2, 3)"),
        ("pass", "x = F.pad(x, (1, 0, 0, 1))"),
        ("pass", "x = x.view(x.size(0), 2, 2, x.size(2), x.size(3)).flatten(1, 2)"),
    ]
)
HEADS = ("return x", "return self.head(x.mean((2, 3)))", "return self.head(x.flatten(1))")


def text_of(steps: list[tuple[str, str]], head: str, features: int) -> str:
    inits = [init.format(n=n) for n, (init, _) in enumerate(steps)]
    lines = [line.format(n=n) for n, (_, line) in enumerate(steps)]
    body = "\n        ".join
    return textwrap.dedent(
        """
        import torch
        import torch.nn as nn
        import torch.nn.functional as F

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                {inits}

            def forward(self, x):
                skip = x
                {lines}
        """
    ).format(inits=body([*inits, f"self.head = nn.Linear({features}, 3)"]), lines=body([*lines, head]))


def net(text: str) -> torch.nn.Module:
    scope: dict[str, Any] = {}
    exec(compile(text, "net.py", "exec"), scope)
    return scope["Net"]().to("meta")


def runs(model: torch.nn.Module, shape: tuple[int, ...]) -> bool:
    try:
        model(torch.empty(2, *shape, device="meta"))
    except Exception:
        return False
    return True


@st.composite
def models(draw: st.DrawFn) -> tuple[str, tuple[int, int]]:
    """The text of a model that takes some size, and that size."""
    steps = draw(st.lists(STEPS, min_size=1, max_size=6))
    head = draw(st.sampled_from(HEADS))
    size = draw(st.tuples(st.integers(8, 40), st.integers(8, 40)))
    features = CHANNELS
    if "flatten" in head:
        before = net(text_of(steps, "return x", 1))
        try:
            features = before(torch.empty(2, CHANNELS, *size, device="meta"))[0].numel()
        except Exception:
            features = 64
    return text_of(steps, head, features), size


NIGHTLY = os.environ.get("CNNLINT_HYPOTHESIS") == "nightly"


def check_models(text: str, size: tuple[int, int], others: list[tuple[int, int]]) -> None:
    model = net(text)
    if not runs(model, (CHANNELS, *size)):
        return
    trace = trace_text(text, (CHANNELS, *size), sizes=True)
    assert not trace.problems, trace.problems
    judge = Judge(trace.models[0])
    for other in others:
        try:
            verdict = judge(other)
        except Unreplayable:
            assert judge.replay is None
            continue
        assert verdict.accepted == runs(model, (CHANNELS, *other)), (other, verdict, text)


@settings(max_examples=200 if NIGHTLY else 20)
@given(models(), st.lists(st.tuples(st.integers(1, 48), st.integers(1, 48)), min_size=10, max_size=10))
def test_torch_and_the_replay_agree(
    model: tuple[str, tuple[int, int]], others: list[tuple[int, int]]
) -> None:
    """200 pairs of models and sizes; the nightly profile makes ten times as many."""
    check_models(*model, others)


def traced(text: str, *shape: int) -> Model:
    trace = trace_text(text, shape, sizes=True)
    assert not trace.problems, trace.problems
    return trace.models[0]


LENET = """
import torch.nn as nn
net = nn.Sequential(
    nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(256, 10),
)
"""


def test_a_flatten_bounds_the_size_and_a_pooling_would_free_it() -> None:
    found = accepted_sizes(traced(LENET, 1, 28, 28))
    assert found.together.text() == "28 to 31"
    assert [size for size, _ in found.limits] == [27, 32]
    assert "Linear expects 256 features" in found.limits[0][1].message
    assert found.pooled and found.pooled[0] == (4, 4) and found.pooled[1].text() == "at least 16"
    assert found.proved


UNET = """
import torch, torch.nn as nn, torch.nn.functional as F
class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.ModuleList([nn.Conv2d(3 if i == 0 else 8, 8, 3, padding=1) for i in range(5)])
        self.up = nn.ModuleList([nn.ConvTranspose2d(8, 8, 2, stride=2) for _ in range(4)])
        self.mix = nn.ModuleList([nn.Conv2d(16, 8, 3, padding=1) for _ in range(4)])
    def forward(self, x):
        skips = []
        for i, conv in enumerate(self.down):
            x = F.relu(conv(x if i == 0 else F.max_pool2d(x, 2)))
            skips.append(x)
        for up, mix, skip in zip(self.up, self.mix, skips[-2::-1]):
            x = mix(torch.cat([skip, up(x)], 1))
        return x
"""


def test_a_u_net_takes_multiples_of_its_total_stride() -> None:
    found = accepted_sizes(traced(UNET, 3, 64, 64))
    assert found.separable and found.proved
    assert {sizes.text() for sizes in found.apart.values()} == {"multiples of 16"}
    assert 16_000_000 in found.together and 16_000_001 not in found.together


PADDING_UNET = UNET.replace(
    "x = mix(torch.cat([skip, up(x)], 1))",
    """x = up(x)
            high, wide = skip.size(2) - x.size(2), skip.size(3) - x.size(3)
            x = F.pad(x, [wide // 2, wide - wide // 2, high // 2, high - high // 2])
            x = mix(torch.cat([skip, x], 1))""",
)


def test_a_forward_that_computes_from_sizes_is_tried_size_by_size() -> None:
    found = accepted_sizes(traced(PADDING_UNET, 3, 64, 64))
    assert not found.proved
    assert found.together.text() == "at least 16"


RESNET = """
import torchvision
net = torchvision.models.resnet18(weights=None)
"""


def test_resnet_takes_any_size_and_is_useful_from_33() -> None:
    found = accepted_sizes(traced(RESNET, 3, 224, 224))
    assert found.separable and found.together.text() == "any" and not found.limits
    assert found.useful == 33


def test_findings_say_which_sizes_would_work(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("# cnnlint: input=1x32x32\n" + LENET)
    (tmp_path / "unet.py").write_text(UNET.replace("class UNet", "# cnnlint: input=3x50x50\nclass UNet"))
    line = [sys.executable, "-c", "from cnnlint.cli import main; main()", "net.py", "unet.py"]
    said = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, timeout=120).stdout
    assert "sizes that would work as it is: 28 to 31" in said
    assert "sizes that would work: 16, 32, 48, 64, 80, 96" in said


@pytest.mark.parametrize(
    ("accepted", "text"),
    [
        (lambda n: False, "none"),
        (lambda n: True, "any"),
        (lambda n: n >= 10, "at least 10"),
        (lambda n: 28 <= n <= 31, "28 to 31"),
        (lambda n: n % 16 == 0, "multiples of 16"),
        (lambda n: n % 16 == 0 and n >= 48, "multiples of 16, at least 48"),
        (lambda n: n % 32 == 1, "32·k + 1"),
        (lambda n: n >= 5 and n != 7, "at least 5, but not 7"),
        (lambda n: n % 8 == 0 or n == 3, "multiples of 8; and 3"),
    ],
)
def test_sets_of_sizes_in_words(accepted: Any, text: str) -> None:
    sizes = Sizes.of(accepted, 256)
    assert sizes.text() == text
    assert all((size in sizes) == accepted(size) for size in range(1, 2000))


NAMES = ("alexnet", "squeezenet1_1", "shufflenet_v2_x1_0", "mobilenet_v3_small", "densenet121", "resnet18")


def test_the_zoo_too() -> None:
    import torchvision

    text = "import torchvision\n" + "".join(
        f"{name} = torchvision.models.{name}(weights=None)\n" for name in NAMES
    )
    trace = trace_text(text, (3, 224, 224), sizes=True, imports=("torchvision",), timeout=120.0)
    assert [model.name for model in trace.models] == list(NAMES)
    for model in trace.models:
        judge = Judge(model)
        network = getattr(torchvision.models, model.name)(weights=None).to("meta")
        for size in ((64, 64), (20, 31), (29, 29), (100, 37), (63, 62)):
            assert judge(size).accepted == runs(network, (3, *size)), (model.name, size)


def command(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "net.py").write_text("# cnnlint: input=1x28x28\n" + LENET)
    line = [sys.executable, "-c", "from cnnlint.cli import main; main()", "sizes", "net.py", *options]
    return subprocess.run(line, cwd=folder, capture_output=True, text=True, timeout=120)


def test_the_command_says_it_in_words_and_as_json(tmp_path: Path) -> None:
    said = command(tmp_path).stdout
    assert "accepts H and W: 28 to 31" in said
    assert "with nn.AdaptiveAvgPool2d(4) before the flatten: H and W: at least 16" in said
    (record,) = json.loads(command(tmp_path, "--output-format", "json").stdout)
    assert record["together"]["accepted"] == [28, 29, 30, 31]
    assert record["limits"][1]["size"] == 32 and record["limits"][1]["layer"] == "7"


def test_assertions_say_which_layer_breaks(tmp_path: Path) -> None:
    fine = command(tmp_path, "--assert", "1x28x28,1x31x31")
    assert (fine.returncode, fine.stdout.count("accepts")) == (0, 2)
    broken = command(tmp_path, "--assert", "1x28x28,1x40x40", "--assert", "3x28x28")
    assert broken.returncode == 1
    assert "net accepts 1×28×28" in broken.stdout
    assert "net refuses 1×40×40: net.py:6:" in broken.stdout and "256 features" in broken.stdout
    assert "net refuses 3×28×28" in broken.stdout and "expects 1 channel" in broken.stdout
    assert command(tmp_path, "--assert", "1x28").returncode == 1
    assert command(tmp_path, "--assert", "big").returncode == 2
