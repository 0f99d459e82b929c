"""Good models, and every fault that changing one number or one layer of them gives."""

from __future__ import annotations

import ast
import copy
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

MODELS = {
    "lenet": """
        import torch
        import torch.nn as nn
        import torch.nn.functional as F

        # cnnlint: input=1x28x28
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
                self.conv2 = nn.Conv2d(6, 16, 5)
                self.pool = nn.MaxPool2d(2)
                self.fc1 = nn.Linear(400, 120)
                self.fc2 = nn.Linear(120, 10)

            def forward(self, x):
                x = self.pool(F.relu(self.conv1(x)))
                x = self.pool(F.relu(self.conv2(x)))
                x = torch.flatten(x, 1)
                x = F.relu(self.fc1(x))
                return self.fc2(x)
        """,
    "vgg": """
        import torch.nn as nn

        # cnnlint: input=3x32x32
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.features = nn.Sequential(
                    nn.Conv2d(3, 16, 3, padding=1, bias=False),
                    nn.BatchNorm2d(16),
                    nn.ReLU(),
                    nn.MaxPool2d(2),
                    nn.Conv2d(16, 32, 3, padding=1, bias=False),
                    nn.BatchNorm2d(32),
                    nn.ReLU(),
                    nn.MaxPool2d(2, 2),
                    nn.Conv2d(32, 64, 3, padding=1, bias=False),
                    nn.GroupNorm(8, 64),
                    nn.ReLU(),
                    nn.AvgPool2d(3, 2, 1),
                )
                self.head = nn.Sequential(
                    nn.Flatten(),
                    nn.Linear(1024, 64),
                    nn.ReLU(),
                    nn.Dropout(0.5),
                    nn.Linear(64, 10),
                )

            def forward(self, x):
                return self.head(self.features(x))
        """,
    "residual": """
        import torch.nn as nn

        # cnnlint: input=3x24x24
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.stem = nn.Conv2d(3, 16, 3, 1, 1)
                self.conv1 = nn.Conv2d(16, 32, 3, stride=2, padding=1, bias=False)
                self.norm1 = nn.BatchNorm2d(32)
                self.conv2 = nn.Conv2d(32, 32, 3, padding=1, bias=False)
                self.norm2 = nn.BatchNorm2d(32)
                self.down = nn.Conv2d(16, 32, 1, stride=2)
                self.depthwise = nn.Conv2d(32, 32, 3, padding=1, groups=32)
                self.pointwise = nn.Conv2d(32, 64, 1)
                self.act = nn.ReLU()
                self.pool = nn.AdaptiveAvgPool2d(1)
                self.fc = nn.Linear(64, 7)

            def forward(self, x):
                x = self.act(self.stem(x))
                y = self.norm2(self.conv2(self.act(self.norm1(self.conv1(x)))))
                x = self.act(y + self.down(x))
                x = self.act(self.pointwise(self.depthwise(x)))
                return self.fc(self.pool(x).flatten(1))
        """,
    "unet": """
        import torch
        import torch.nn as nn
        import torch.nn.functional as F

        # cnnlint: input=1x32x32
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.enc1 = nn.Conv2d(1, 8, 3, padding=1)
                self.enc2 = nn.Conv2d(8, 16, 3, padding=1)
                self.mid = nn.Conv2d(16, 32, 3, padding=1)
                self.up2 = nn.ConvTranspose2d(32, 16, 2, stride=2)
                self.dec2 = nn.Conv2d(32, 16, 3, padding=1)
                self.up1 = nn.ConvTranspose2d(16, 8, 2, stride=2)
                self.dec1 = nn.Conv2d(16, 8, 3, padding=1)
                self.out = nn.Conv2d(8, 2, 1)

            def forward(self, x):
                a = F.relu(self.enc1(x))
                b = F.relu(self.enc2(F.max_pool2d(a, 2)))
                c = F.relu(self.mid(F.max_pool2d(b, 2)))
                d = F.relu(self.dec2(torch.cat([self.up2(c), b], 1)))
                e = F.relu(self.dec1(torch.cat([self.up1(d), a], 1)))
                return self.out(e)
        """,
    "signal": """
        import torch.nn as nn

        # cnnlint: input=4x64
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.body = nn.Sequential(
                    nn.Conv1d(4, 8, 5, 2, 2, bias=False),
                    nn.BatchNorm1d(8),
                    nn.ReLU(),
                    nn.MaxPool1d(2),
                    nn.Conv1d(8, 16, 3, dilation=2, padding=2),
                    nn.ReLU(),
                )
                self.fc = nn.Linear(256, 5)

            def forward(self, x):
                x = self.body(x)
                return self.fc(x.view(x.size(0), -1))
        """,
    "generator": """
        import torch.nn as nn

        # cnnlint: input=16
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(16, 512)
                self.net = nn.Sequential(
                    nn.Unflatten(1, (32, 4, 4)),
                    nn.ConvTranspose2d(32, 16, 4, 2, 1, bias=False),
                    nn.BatchNorm2d(16),
                    nn.ReLU(),
                    nn.ConvTranspose2d(16, 3, 4, 2, 1),
                    nn.Tanh(),
                )

            def forward(self, z):
                return self.net(self.fc(z))
        """,
}


@dataclass(frozen=True)
class Seeded:
    """A model with one change.

    Attributes:
        name: the good model and what was done.
        text: the file.
        row: the line of the change.
    """

    name: str
    text: str
    row: int


def seeded_faults() -> Iterator[Seeded]:
    for name, source in MODELS.items():
        text = textwrap.dedent(source).strip() + "\n"
        yield from _other_numbers(name, text)
        yield from _other_layers(name, text)


def good_models() -> Iterator[Seeded]:
    for name, source in MODELS.items():
        yield Seeded(name, textwrap.dedent(source).strip() + "\n", 1)


def _other_numbers(name: str, text: str) -> Iterator[Seeded]:
    """Each integer in a call of nn replaced by one more, half, and three."""
    lines = text.split("\n")
    for call in ast.walk(ast.parse(text)):
        if not (isinstance(call, ast.Call) and ast.unparse(call.func).startswith("nn.")):
            continue
        values = [*call.args, *(keyword.value for keyword in call.keywords)]
        for node in values:
            if not (isinstance(node, ast.Constant) and type(node.value) is int):
                continue
            value, row = node.value, node.lineno
            for other in sorted({value + 1, value // 2, 3} - {value}):
                line = lines[row - 1]
                changed = f"{line[: node.col_offset]}{other}{line[node.end_col_offset :]}"
                new = "\n".join([*lines[: row - 1], changed, *lines[row:]])
                yield Seeded(f"{name}: {ast.unparse(call)}, {value} → {other} in line {row}", new, row)


def _other_layers(name: str, text: str) -> Iterator[Seeded]:
    """Each layer of an nn.Sequential dropped, and exchanged with the next."""
    for call in ast.walk(ast.parse(text)):
        if not (isinstance(call, ast.Call) and ast.unparse(call.func) == "nn.Sequential"):
            continue
        for index, layer in enumerate(call.args):
            without = copy.deepcopy(call.args)
            del without[index]
            yield _with_layers(f"{name}: without {ast.unparse(layer)}", text, call, without)
            if index + 1 < len(call.args):
                swapped = copy.deepcopy(call.args)
                swapped[index], swapped[index + 1] = swapped[index + 1], swapped[index]
                yield _with_layers(f"{name}: {ast.unparse(layer)} one later", text, call, swapped)


def _with_layers(name: str, text: str, call: ast.Call, layers: list[ast.expr]) -> Seeded:
    lines = text.split("\n")
    start, end = call.lineno - 1, (call.end_lineno or 0) - 1
    head = lines[start][: call.col_offset] + "nn.Sequential("
    body = [f"{' ' * 12}{ast.unparse(layer)}," for layer in layers]
    new = [*lines[:start], head, *body, " " * 8 + ")", *lines[end + 1 :]]
    return Seeded(name, "\n".join(new), call.lineno)
