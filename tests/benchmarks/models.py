"""The files that are linted: written here, so that nothing but torch is measured with them."""

from __future__ import annotations

from pathlib import Path

LENET = """
import torch.nn as nn
import torch.nn.functional as F


class LeNet(nn.Module):  # cnnlint: input=1x28x28
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(400, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.relu(self.fc1(x.flatten(1)))
        return self.fc3(F.relu(self.fc2(x)))
"""

RESNET_152 = """
import torch.nn as nn


class Bottleneck(nn.Module):
    def __init__(self, inplanes, planes, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(inplanes, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = nn.Conv2d(planes, planes * 4, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(planes * 4)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride != 1 or inplanes != planes * 4:
            self.downsample = nn.Sequential(
                nn.Conv2d(inplanes, planes * 4, 1, stride, bias=False), nn.BatchNorm2d(planes * 4)
            )

    def forward(self, x):
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        out += x if self.downsample is None else self.downsample(x)
        return self.relu(out)


class ResNet(nn.Module):  # cnnlint: input=3x224x224
    def __init__(self, layers=(3, 8, 36, 3), num_classes=1000):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        blocks, inplanes = [], 64
        for planes, count, stride in zip((64, 128, 256, 512), layers, (1, 2, 2, 2)):
            for index in range(count):
                blocks.append(Bottleneck(inplanes, planes, stride if index == 0 else 1))
                inplanes = planes * 4
        self.layers = nn.Sequential(*blocks)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(2048, num_classes)

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        return self.fc(self.avgpool(self.layers(x)).flatten(1))
"""


def chain(layers: int) -> str:
    """A net of so many layers, one after the other."""
    return f"""
import torch.nn as nn


class Chain(nn.Module):  # cnnlint: input=8x16x16
    def __init__(self):
        super().__init__()
        parts = []
        for _ in range({layers // 2}):
            parts += [nn.Conv2d(8, 8, 3, padding=1), nn.ReLU()]
        self.parts = nn.Sequential(*parts)

    def forward(self, x):
        return self.parts(x)
"""


def factory(module: str, call: str, size: int = 224) -> str:
    """A file that builds one model of a library."""
    return f"import {module}\nnet = {module}.{call}  # cnnlint: input=3x{size}x{size}\n"


def write(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text)
    return name


def many(folder: Path, count: int) -> str:
    """A folder of so many files like LeNet, no two the same."""
    below = folder / f"files{count}"
    below.mkdir(exist_ok=True)
    for number in range(count):
        (below / f"net{number}.py").write_text(LENET.replace("120", str(121 + number)))
    return below.name
