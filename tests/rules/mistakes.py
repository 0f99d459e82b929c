"""Mistakes that people make, put into good models: for each rule, what is written and what stood there.

A mistake is told by the rule it is listed for. `ALSO` has what else is true of a model with it.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from seeded import MODELS

GOOD = MODELS | {
    "trained": """
        import torch
        import torch.nn as nn
        import torch.nn.functional as F
        from torch.utils.data import DataLoader
        from torchvision import datasets, transforms

        num_classes = 10

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
                self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
                self.drop = nn.Dropout(0.25)
                self.fc1 = nn.Linear(32 * 7 * 7, 64)
                self.fc2 = nn.Linear(64, 10)

            def forward(self, x):
                x = F.max_pool2d(F.relu(self.conv1(x)), 2)
                x = F.max_pool2d(F.relu(self.conv2(x)), 2)
                x = self.drop(torch.flatten(x, 1))
                x = F.relu(self.fc1(x))
                return self.fc2(x)

        def main():
            loader = DataLoader(datasets.MNIST("data", transform=transforms.ToTensor()), 64)
            model = Net()
            criterion = nn.CrossEntropyLoss()
            optimizer = torch.optim.Adam(model.parameters())
            for images, labels in loader:
                optimizer.zero_grad()
                loss = criterion(model(images), labels)
                loss.backward()
                optimizer.step()
        """,
    "binary": """
        import torch
        import torch.nn as nn

        # cnnlint: input=3x32x32
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.body = nn.Sequential(
                    nn.Conv2d(3, 16, 3, padding=1),
                    nn.ReLU(),
                    nn.MaxPool2d(2),
                    nn.Conv2d(16, 32, 3, padding=1),
                    nn.ReLU(),
                    nn.AdaptiveAvgPool2d(1),
                    nn.Flatten(),
                )
                self.fc = nn.Linear(32, 1)

            def forward(self, x):
                return self.fc(self.body(x))

        def train(images, targets):
            model = Net()
            loss = nn.BCEWithLogitsLoss()
            return loss(model(images), targets)
        """,
    "attention": """
        import torch
        import torch.nn as nn
        import torch.nn.functional as F

        # cnnlint: input=3x32x32
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.patches = nn.Conv2d(3, 48, 4, stride=4)
                self.norm1 = nn.LayerNorm(48)
                self.queries = nn.Linear(48, 48)
                self.keys = nn.Linear(48, 48)
                self.values = nn.Linear(48, 48)
                self.mix = nn.Linear(48, 48)
                self.norm2 = nn.LayerNorm(48)
                self.up = nn.Linear(48, 96)
                self.down = nn.Linear(96, 48)
                self.norm3 = nn.LayerNorm(48)
                self.head = nn.Linear(48, 10)

            def forward(self, x):
                x = self.patches(x).flatten(2).transpose(1, 2)
                y = self.norm1(x)
                scores = self.queries(y) @ self.keys(y).transpose(1, 2) / 48**0.5
                x = x + self.mix(F.softmax(scores, dim=-1) @ self.values(y))
                x = x + self.down(F.gelu(self.up(self.norm2(x))))
                return self.head(self.norm3(x).mean(1))
        """,
    "separable": """
        import torch
        import torch.nn as nn

        # cnnlint: input=3x64x64
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.stem = nn.Conv2d(3, 16, 3, stride=2, padding=1, bias=False)
                self.norm = nn.BatchNorm2d(16)
                self.depthwise = nn.Conv2d(16, 16, 3, padding=1, groups=16, bias=False)
                self.norm1 = nn.BatchNorm2d(16)
                self.pointwise = nn.Conv2d(16, 32, 1, bias=False)
                self.norm2 = nn.BatchNorm2d(32)
                self.squeeze = nn.Conv2d(32, 8, 1)
                self.excite = nn.Conv2d(8, 32, 1)
                self.last = nn.Conv2d(32, 64, 3, stride=2, padding=1, bias=False)
                self.norm3 = nn.BatchNorm2d(64)
                self.act = nn.ReLU()
                self.fc = nn.Linear(64, 10)

            def forward(self, x):
                x = self.act(self.norm(self.stem(x)))
                x = self.act(self.norm1(self.depthwise(x)))
                x = self.act(self.norm2(self.pointwise(x)))
                gate = x.mean((2, 3), keepdim=True)
                x = x * torch.sigmoid(self.excite(self.act(self.squeeze(gate))))
                x = self.act(self.norm3(self.last(x)))
                return self.fc(x.mean((2, 3)))
        """,
    "inception": """
        import torch
        import torch.nn as nn
        import torch.nn.functional as F

        class Block(nn.Module):
            def __init__(self, channels):
                super().__init__()
                self.one = nn.Conv2d(channels, 8, 1)
                self.reduce = nn.Conv2d(channels, 8, 1)
                self.three = nn.Conv2d(8, 16, 3, padding=1)
                self.pool = nn.MaxPool2d(3, stride=1, padding=1)
                self.project = nn.Conv2d(channels, 8, 1)

            def forward(self, x):
                one = F.relu(self.one(x))
                three = F.relu(self.three(F.relu(self.reduce(x))))
                pooled = F.relu(self.project(self.pool(x)))
                return torch.cat([one, three, pooled], 1)

        # cnnlint: input=3x48x48
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.stem = nn.Conv2d(3, 16, 5, stride=2, padding=2)
                self.block1 = Block(16)
                self.block2 = Block(32)
                self.blocks = nn.ModuleList([Block(32), Block(32)])
                self.drop = nn.Dropout(0.2)
                self.fc = nn.Linear(32, 10)

            def forward(self, x):
                x = F.max_pool2d(F.relu(self.stem(x)), 2)
                x = self.block2(self.block1(x))
                for block in self.blocks:
                    x = block(x)
                x = F.adaptive_avg_pool2d(x, 1).flatten(1)
                return self.fc(self.drop(x))
        """,
}


@dataclass(frozen=True)
class Mistake:
    """One mistake in one good model.

    Attributes:
        code: the rule that should tell it.
        base: the name of the good model.
        changes: (what stands there, what is written instead), first occurrence each.
    """

    code: str
    base: str
    changes: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        return (
            f"{self.code} in {self.base}: {self.changes[-1][1].strip() or 'without ' + self.changes[-1][0]}"
        )

    @property
    def text(self) -> str:
        text = good(self.base)
        for old, new in self.changes:
            assert old in text, (self.code, self.base, old)
            text = text.replace(old, new, 1)
        return text


def good(base: str) -> str:
    return textwrap.dedent(GOOD[base]).strip() + "\n"


def mistakes() -> list[Mistake]:
    return [
        Mistake(code, base, tuple(zip(changes[::2], changes[1::2], strict=True)))
        for code, cases in MISTAKES.items()
        for base, *changes in cases
    ]


MISTAKES: dict[str, list[tuple[str, ...]]] = {
    # -- shapes
    "CNN101": [
        ("lenet", "nn.Conv2d(6, 16, 5)", "nn.Conv2d(8, 16, 5)"),
        ("lenet", "nn.Conv2d(1, 6,", "nn.Conv2d(3, 6,"),
        ("vgg", "nn.Conv2d(16, 32", "nn.Conv2d(32, 32"),
        ("residual", "nn.Conv2d(32, 32, 3, padding=1, bias", "nn.Conv2d(16, 32, 3, padding=1, bias"),
        ("unet", "nn.Conv2d(32, 16, 3", "nn.Conv2d(16, 16, 3"),
        ("signal", "nn.Conv1d(8, 16", "nn.Conv1d(16, 16"),
        ("generator", "nn.ConvTranspose2d(16, 3", "nn.ConvTranspose2d(32, 3"),
        ("trained", "nn.Conv2d(1, 16", "nn.Conv2d(3, 16"),
        ("inception", "self.block2 = Block(32)", "self.block2 = Block(24)"),
        ("separable", "nn.Conv2d(16, 32, 1", "nn.Conv2d(32, 32, 1"),
    ],
    "CNN102": [
        ("lenet", "nn.Linear(400", "nn.Linear(784"),
        ("vgg", "nn.Linear(1024", "nn.Linear(4096"),
        ("residual", "nn.Linear(64", "nn.Linear(2304"),
        ("signal", "nn.Linear(256", "nn.Linear(512"),
        ("trained", "32 * 7 * 7", "32 * 28 * 28"),
        ("trained", "F.max_pool2d(F.relu(self.conv2(x)), 2)", "F.relu(self.conv2(x))"),
        ("binary", "nn.AdaptiveAvgPool2d(1),", "nn.AdaptiveAvgPool2d(2),"),
    ],
    "CNN103": [
        ("lenet", "nn.Conv2d(6, 16, 5)", "nn.Conv2d(6, 16, 15)"),
        ("vgg", "nn.AvgPool2d(3, 2, 1)", "nn.AvgPool2d(16)"),
        ("signal", "nn.MaxPool1d(2)", "nn.MaxPool1d(64)"),
        ("residual", "nn.Conv2d(32, 64, 1)", "nn.Conv2d(32, 64, 13)"),
        ("lenet", "input=1x28x28", "input=1x8x8"),
    ],
    "CNN104": [
        ("lenet", "torch.flatten(x, 1)", "x.view(-1, 200)", "nn.Linear(400", "nn.Linear(200"),
        ("signal", "x.view(x.size(0), -1)", "x.view(-1, 128)", "nn.Linear(256", "nn.Linear(128"),
        ("residual", "self.pool(x).flatten(1)", "self.pool(x).squeeze()"),
        ("trained", "torch.flatten(x, 1)", "x.view(-1, 32 * 7)", "32 * 7 * 7", "32 * 7"),
        ("vgg", "nn.Flatten()", "nn.Flatten(0, 1)", "nn.Linear(1024", "nn.Flatten(1), nn.Linear(16"),
    ],
    "CNN105": [
        ("residual", "nn.Conv2d(16, 32, 1, stride=2)", "nn.Conv2d(16, 32, 1)"),
        ("residual", "nn.Conv2d(16, 32, 1, stride=2)", "nn.Conv2d(16, 24, 1, stride=2)"),
        ("residual", "nn.Conv2d(32, 32, 3, padding=1, bias", "nn.Conv2d(32, 32, 3, bias"),
        ("unet", "torch.cat([self.up2(c), b], 1)", "torch.cat([c, b], 1)"),
        ("unet", "input=1x32x32", "input=1x30x30"),
        ("inception", "padding=1)\n        self.project", "padding=0)\n        self.project"),
        ("inception", "nn.Conv2d(8, 16, 3, padding=1)", "nn.Conv2d(8, 16, 3)"),
        ("attention", "self.keys(y).transpose(1, 2)", "self.keys(y)"),
    ],
    "CNN106": [
        ("lenet", "input=1x28x28", "input=28x28x1"),
        ("vgg", "input=3x32x32", "input=32x32x3"),
        ("signal", "input=4x64", "input=64x4"),
        ("vgg", "nn.BatchNorm2d(16)", "nn.BatchNorm1d(16)"),
        ("signal", "nn.BatchNorm1d(8)", "nn.BatchNorm2d(8)"),
        ("lenet", "x = self.pool(F.relu(self.conv1(x)))", "x = self.pool(F.relu(self.conv1(x.flatten(1))))"),
    ],
    "CNN107": [
        ("vgg", "nn.BatchNorm2d(16)", "nn.BatchNorm2d(32)"),
        ("residual", "self.norm1 = nn.BatchNorm2d(32)", "self.norm1 = nn.BatchNorm2d(16)"),
        ("vgg", "nn.GroupNorm(8, 64)", "nn.GroupNorm(8, 32)"),
        ("signal", "nn.BatchNorm1d(8)", "nn.BatchNorm1d(16)"),
        ("generator", "nn.BatchNorm2d(16)", "nn.BatchNorm2d(8)"),
        ("attention", "self.norm2 = nn.LayerNorm(48)", "self.norm2 = nn.LayerNorm(64)"),
        ("separable", "self.norm2 = nn.BatchNorm2d(32)", "self.norm2 = nn.BatchNorm2d(16)"),
    ],
    "CNN108": [
        ("vgg", "nn.GroupNorm(8, 64)", "nn.GroupNorm(7, 64)"),
        ("vgg", "nn.AvgPool2d(3, 2, 1)", "nn.AvgPool2d(3, 2, 2)"),
        ("residual", "groups=32", "groups=5"),
        ("signal", "nn.MaxPool1d(2)", "nn.MaxPool1d(2, padding=2)"),
        ("generator", "nn.ConvTranspose2d(16, 3, 4, 2, 1)", "nn.ConvTranspose2d(16, 3, 4, 2, 1, 2)"),
        ("lenet", "padding=2", "padding=-1"),
        ("trained", "nn.Dropout(0.25)", "nn.Dropout(25)"),
        ("inception", "nn.Conv2d(8, 16, 3", "nn.Conv2d(8, 16, 0"),
        ("binary", "nn.MaxPool2d(2)", "nn.MaxPool2d(2, 0)"),
    ],
    "CNN109": [
        ("lenet", "torch.flatten(x, 1)", "x.view(x.size(0), 500)"),
        ("signal", "x.view(x.size(0), -1)", "x.view(x.size(0), 17, -1)"),
        ("generator", "(32, 4, 4)", "(32, 5, 4)"),
        ("lenet", "torch.flatten(x, 1)", "x.permute(0, 2, 3, 1).view(x.size(0), -1)"),
        ("attention", ".flatten(2).transpose(1, 2)", ".transpose(1, 2).view(x.size(0), -1, 48)"),
    ],
    "CNN110": [
        ("vgg", "nn.Flatten(),", ""),
        ("lenet", "x = torch.flatten(x, 1)", "pass"),
        ("residual", ".flatten(1)", ""),
        ("lenet", "x = torch.flatten(x, 1)", "pass", "nn.Linear(400", "nn.Linear(5"),
        ("binary", "nn.Flatten(),", ""),
    ],
    "CNN111": [
        ("lenet", "return self.fc2(x)", "return self.fc2(x) + torch.zeros(10)"),
        (
            "lenet",
            "self.fc2 =",
            "self.shift = torch.zeros(10)\n        self.fc2 =",
            "return self.fc2(x)",
            "return self.fc2(x) + self.shift",
        ),
        ("unet", "a = F.relu(self.enc1(x))", "a = F.relu(self.enc1(x + torch.randn(x.shape)))"),
        ("attention", "y = self.norm1(x)", "x = x + torch.arange(64.0)[:, None]\n        y = self.norm1(x)"),
        ("trained", "return self.fc2(x)", "return self.fc2(x.double())"),
        ("separable", "self.last(x)", "self.last(x.half())"),
    ],
    "CNN112": [
        ("residual", "self.pool(x)", "nn.functional.batch_norm(self.pool(x), None, None, training=True)"),
        ("binary", "nn.AdaptiveAvgPool2d(1),", "nn.AdaptiveAvgPool2d(1), nn.BatchNorm2d(32), nn.ReLU(),"),
        (
            "vgg",
            "nn.AvgPool2d(3, 2, 1)",
            "nn.AvgPool2d(8), nn.BatchNorm2d(64), nn.ReLU()",
            "nn.Linear(1024",
            "nn.Linear(64",
        ),
    ],
    "CNN199": [
        ("lenet", "torch.flatten(x, 1)", "x.squash(1)"),
        ("residual", "self.down(x)", "self.downs(x)"),
        ("unet", "F.max_pool2d(b, 2)", "F.max_pool2d(c, 2)"),
        ("trained", "x = F.relu(self.fc1(x))", "x = F.relu(self.fc1(x, 1))"),
    ],
    # -- heads and losses
    "CNN201": [
        ("lenet", "return self.fc2(x)", "return F.relu(self.fc2(x))"),
        ("vgg", "nn.Linear(64, 10),", "nn.Linear(64, 10), nn.ReLU(),"),
        (
            "residual",
            "return self.fc(self.pool(x).flatten(1))",
            "return self.act(self.fc(self.pool(x).flatten(1)))",
        ),
        ("signal", "self.fc = nn.Linear(256, 5)", "self.fc = nn.Sequential(nn.Linear(256, 5), nn.ELU())"),
        ("trained", "return self.fc2(x)", "return F.relu(self.fc2(x))"),
        ("inception", "return self.fc(self.drop(x))", "return F.leaky_relu(self.fc(self.drop(x)))"),
    ],
    "CNN202": [
        ("trained", "return self.fc2(x)", "return F.softmax(self.fc2(x), dim=1)"),
        ("trained", "return self.fc2(x)", "return torch.sigmoid(self.fc2(x))"),
        ("trained", "nn.CrossEntropyLoss()", "nn.NLLLoss()"),
        (
            "trained",
            "nn.CrossEntropyLoss()",
            "nn.NLLLoss()",
            "return self.fc2(x)",
            "return F.softmax(self.fc2(x), dim=1)",
        ),
        ("trained", "return self.fc2(x)", "return F.log_softmax(self.fc2(x), dim=1)"),
        ("trained", "criterion(model(images), labels)", "criterion(model(images).softmax(1), labels)"),
        ("binary", "return self.fc(self.body(x))", "return torch.sigmoid(self.fc(self.body(x)))"),
        ("binary", "nn.BCEWithLogitsLoss()", "nn.BCELoss()"),
        ("binary", "self.fc = nn.Linear(32, 1)", "self.fc = nn.Sequential(nn.Linear(32, 1), nn.Sigmoid())"),
    ],
    "CNN203": [
        ("lenet", "return self.fc2(x)", "return F.softmax(self.fc2(x), dim=0)"),
        ("lenet", "return self.fc2(x)", "return F.log_softmax(self.fc2(x))"),
        ("unet", "return self.out(e)", "return F.softmax(self.out(e), dim=2)"),
        ("unet", "return self.out(e)", "return F.softmax(self.out(e), dim=-1)"),
        ("vgg", "nn.Linear(64, 10),", "nn.Linear(64, 10), nn.Softmax(dim=0),"),
        (
            "residual",
            "return self.fc(self.pool(x).flatten(1))",
            "return nn.Softmax()(self.fc(self.pool(x).flatten(1)))",
        ),
    ],
    "CNN204": [
        ("lenet", "x = F.relu(self.fc1(x))", "x = self.fc1(x)"),
        ("vgg", "            nn.ReLU(),\n            nn.Dropout(0.5),", "            nn.Dropout(0.5),"),
        ("trained", "x = F.relu(self.fc1(x))", "x = self.fc1(x)"),
        (
            "unet",
            "F.relu(self.dec1(torch.cat([self.up1(d), a], 1)))",
            "self.dec1(torch.cat([self.up1(d), a], 1))",
        ),
        ("separable", "self.act(self.squeeze(gate))", "self.squeeze(gate)"),
        ("attention", "F.gelu(self.up(self.norm2(x)))", "self.up(self.norm2(x))"),
        ("inception", "F.relu(self.reduce(x))", "self.reduce(x)"),
    ],
    "CNN205": [
        ("lenet", "F.relu(self.conv1(x))", "F.relu(F.relu(self.conv1(x)))"),
        ("vgg", "nn.ReLU(),", "nn.ReLU(), nn.Sigmoid(),"),
        ("residual", "x = self.act(self.stem(x))", "x = self.act(self.act(self.stem(x)))"),
        ("unet", "F.relu(self.enc1(x))", "torch.tanh(F.relu(self.enc1(x)))"),
        ("generator", "nn.Tanh(),", "nn.ReLU(), nn.Tanh(),"),
        ("signal", "nn.ReLU(),", "nn.ReLU(), nn.ELU(),"),
    ],
    "CNN206": [
        ("residual", "nn.ReLU()", "nn.Tanh()"),
        ("residual", "nn.ReLU()", "nn.Sigmoid()"),
        (
            "unet",
            "F.relu(self.enc1(x))",
            "torch.tanh(self.enc1(x))",
            "F.relu(self.enc2",
            "torch.tanh(self.enc2",
            "F.relu(self.mid",
            "torch.tanh(self.mid",
        ),
        ("separable", "nn.ReLU()", "nn.Tanh()"),
    ],
    "CNN207": [
        ("vgg", "nn.Linear(64, 10),", "nn.Linear(64, 10), nn.Dropout(0.5),"),
        ("trained", "return self.fc2(x)", "return self.drop(self.fc2(x))"),
        ("lenet", "return self.fc2(x)", "return F.dropout(self.fc2(x), 0.5, self.training)"),
        (
            "signal",
            "self.fc = nn.Linear(256, 5)",
            "self.fc = nn.Sequential(nn.Linear(256, 5), nn.BatchNorm1d(5))",
        ),
        ("inception", "self.fc(self.drop(x))", "self.drop(self.fc(x))"),
    ],
    "CNN208": [
        ("trained", "nn.Linear(64, 10)", "nn.Linear(64, 12)"),
        ("trained", "datasets.MNIST", "datasets.EMNIST", "num_classes = 10", "num_classes = 26"),
        ("trained", "nn.Linear(64, 10)", "nn.Linear(64, 9)"),
        ("binary", "return self.fc(self.body(x))", "return self.fc(self.body(x)).softmax(1)"),
        (
            "lenet",
            "nn.Linear(120, 10)",
            "nn.Linear(120, 1)",
            "return self.fc2(x)",
            "return F.softmax(self.fc2(x), dim=1)",
        ),
    ],
    # -- pooling and space
    "CNN301": [
        ("vgg", "nn.MaxPool2d(2)", "nn.MaxPool2d(3, 1)", "nn.Linear(1024", "nn.Linear(4096"),
        ("lenet", "nn.MaxPool2d(2)", "nn.MaxPool2d(2, 3)", "nn.Linear(400", "nn.Linear(64"),
        ("signal", "nn.MaxPool1d(2)", "nn.MaxPool1d(2, 1)", "nn.Linear(256", "nn.Linear(496"),
        (
            "trained",
            "F.max_pool2d(F.relu(self.conv1(x)), 2)",
            "F.max_pool2d(F.relu(self.conv1(x)), 2, 1)",
            "32 * 7 * 7",
            "32 * 13 * 13",
        ),
    ],
    "CNN302": [
        ("residual", "nn.Conv2d(16, 32, 3, stride=2, padding=1", "nn.Conv2d(16, 32, 1, stride=2"),
        ("vgg", "nn.MaxPool2d(2)", "nn.Conv2d(16, 16, 1, stride=2), nn.ReLU()"),
        ("vgg", "nn.MaxPool2d(2, 2)", "nn.MaxPool2d(1, 2)"),
        ("inception", "F.max_pool2d(F.relu(self.stem(x)), 2)", "F.max_pool2d(F.relu(self.stem(x)), 1, 2)"),
        ("separable", "nn.Conv2d(32, 64, 3, stride=2, padding=1", "nn.Conv2d(32, 64, 1, stride=2"),
        ("trained", "padding=1", "padding=0", "32 * 7 * 7", "32 * 6 * 6"),
    ],
    "CNN303": [
        (
            "vgg",
            "nn.AvgPool2d(3, 2, 1)",
            "nn.AvgPool2d(8), nn.Conv2d(64, 64, 3, padding=1), nn.ReLU()",
            "nn.Linear(1024",
            "nn.Linear(64",
        ),
        ("residual", "3, padding=1, groups=32", "3, padding=16, dilation=16, groups=32"),
        ("signal", "dilation=2, padding=2", "dilation=16, padding=16"),
        ("vgg", "nn.Conv2d(32, 64, 3, padding=1", "nn.Conv2d(32, 64, 3, padding=9, dilation=9"),
        ("residual", "nn.Conv2d(32, 32, 3, padding=1,", "nn.Conv2d(32, 32, 3, padding=12, dilation=12,"),
    ],
    "CNN304": [
        (
            "vgg",
            "padding=1, bias",
            "padding=0, bias",
            "padding=1, bias",
            "padding=0, bias",
            "padding=1, bias",
            "padding=0, bias",
            "nn.Linear(1024",
            "nn.Linear(256",
        ),
        ("trained", "3, padding=1", "7", "3, padding=1", "7", "32 * 7 * 7", "32 * 2 * 2"),
        ("signal", "5, 2, 2", "5, 2", "3, dilation=2, padding=2", "9", "nn.Linear(256", "nn.Linear(112"),
    ],
    "CNN305": [
        (
            "lenet",
            "self.pool = nn.MaxPool2d(2)",
            "self.pool = nn.Identity()",
            "nn.Linear(400",
            "nn.Linear(9216",
        ),
        (
            "vgg",
            "nn.MaxPool2d(2),",
            "",
            "nn.MaxPool2d(2, 2),",
            "",
            "nn.AvgPool2d(3, 2, 1),",
            "",
            "nn.Linear(1024",
            "nn.Linear(65536",
        ),
        ("signal", "5, 2, 2", "5, 1, 2", "nn.MaxPool1d(2),", "", "nn.Linear(256", "nn.Linear(1024"),
    ],
    "CNN306": [
        ("vgg", "nn.AvgPool2d(3, 2, 1)", "nn.AdaptiveAvgPool2d(16)", "nn.Linear(1024", "nn.Linear(16384"),
        (
            "residual",
            "nn.AdaptiveAvgPool2d(1)",
            "nn.AdaptiveAvgPool2d(14)",
            "nn.Linear(64",
            "nn.Linear(12544",
        ),
        (
            "inception",
            "F.adaptive_avg_pool2d(x, 1)",
            "F.adaptive_avg_pool2d(x, 14)",
            "nn.Linear(32",
            "nn.Linear(6272",
        ),
        ("binary", "nn.AdaptiveAvgPool2d(1)", "nn.AdaptiveMaxPool2d(20)", "nn.Linear(32", "nn.Linear(12800"),
    ],
    "CNN307": [
        (
            "vgg",
            "nn.Conv2d(3, 16, 3, padding=1",
            "nn.Conv2d(3, 16, 7, 4, padding=3",
            "nn.Linear(1024",
            "nn.Linear(64",
        ),
        ("residual", "nn.Conv2d(3, 16, 3, 1, 1)", "nn.Conv2d(3, 16, 7, 4, 3)"),
        (
            "lenet",
            "nn.Conv2d(1, 6, 5, padding=2)",
            "nn.Conv2d(1, 6, 5, 2, padding=2)",
            "nn.Linear(400",
            "nn.Linear(16",
        ),
    ],
    "CNN308": [
        ("residual", "nn.Conv2d(32, 64, 1)", "nn.Conv2d(32, 64, 1, padding=1)"),
        ("unet", "nn.Conv2d(8, 2, 1)", "nn.Conv2d(8, 2, 1, padding=1)"),
        ("separable", "nn.Conv2d(16, 32, 1,", "nn.Conv2d(16, 32, 1, padding=1,"),
        (
            "vgg",
            "nn.Conv2d(3, 16, 3, padding=1",
            "nn.Conv2d(3, 16, 3, padding=3",
            "nn.Linear(1024",
            "nn.Linear(1600",
        ),
    ],
    "CNN309": [
        (
            "unet",
            "nn.ConvTranspose2d(32, 16, 2, stride=2)",
            "nn.ConvTranspose2d(32, 16, 3, stride=2, padding=1, output_padding=1)",
        ),
        (
            "unet",
            "nn.ConvTranspose2d(16, 8, 2, stride=2)",
            "nn.ConvTranspose2d(16, 8, 3, stride=2, padding=1, output_padding=1)",
        ),
        ("generator", "nn.ConvTranspose2d(16, 3, 4, 2, 1)", "nn.ConvTranspose2d(16, 3, 5, 2, 2, 1)"),
    ],
    "CNN310": [
        (
            "unet",
            "self.enc1 = nn.Conv2d(1, 8, 3, padding=1)",
            "self.enc1 = nn.Sequential(*(nn.Sequential("
            "nn.Conv2d(1 if i == 0 else 8, 8, 3, padding=2, dilation=2), "
            "nn.Tanh() if i < 2 else nn.Identity()) for i in range(3)))",
        ),
        (
            "residual",
            "nn.Conv2d(32, 32, 3, padding=1, bias",
            "nn.Conv2d(32, 32, 3, padding=2, dilation=2, bias",
            "nn.Conv2d(32, 32, 3, padding=1, groups",
            "nn.Conv2d(32, 32, 3, padding=2, dilation=2, groups",
        ),
        (
            "vgg",
            "nn.Conv2d(32, 64, 3, padding=1, bias=False),",
            "nn.Conv2d(32, 64, 3, padding=2, dilation=2),"
            "nn.ReLU(), nn.Conv2d(64, 64, 3, padding=2, dilation=2, bias=False),",
        ),
    ],
    "CNN311": [
        ("vgg", "nn.Conv2d(16, 32, 3, padding=1", "nn.Conv2d(16, 32, 4, padding=2"),
        ("residual", "nn.Conv2d(3, 16, 3, 1, 1)", "nn.Conv2d(3, 16, 2, 1, 1)"),
        ("trained", "nn.Conv2d(16, 32, 3, padding=1)", "nn.Conv2d(16, 32, 4, padding=2)"),
    ],
    "CNN312": [
        ("vgg", "nn.MaxPool2d(2)", "nn.AvgPool2d(2)"),
        ("lenet", "nn.MaxPool2d(2)", "nn.AvgPool2d(2)"),
        ("trained", "F.max_pool2d(F.relu(self.conv1(x)), 2)", "F.avg_pool2d(F.relu(self.conv1(x)), 2)"),
    ],
    # -- parameters and cost
    "CNN401": [
        ("vgg", "nn.Linear(1024, 64)", "nn.Linear(1024, 2048)", "nn.Linear(64, 10)", "nn.Linear(2048, 10)"),
        (
            "separable",
            "nn.Linear(64, 10)",
            "nn.Sequential(nn.Linear(64 * 16 * 16, 64), nn.ReLU(), nn.Linear(64, 10))",
            "return self.fc(x.mean((2, 3)))",
            "return self.fc(x.flatten(1))",
        ),
        (
            "binary",
            "nn.AdaptiveAvgPool2d(1),",
            "",
            "nn.Linear(32, 1)",
            "nn.Sequential(nn.Linear(32 * 16 * 16, 128), nn.ReLU(), nn.Linear(128, 1))",
        ),
        (
            "signal",
            "nn.Linear(256, 5)",
            "nn.Linear(256, 4096), nn.ReLU(), nn.Linear(4096, 5)",
            "self.fc = nn.Linear(256",
            "self.fc = nn.Sequential(nn.Linear(256",
            "(4096, 5)",
            "(4096, 5))",
        ),
    ],
    "CNN402": [
        ("vgg", "self.head(self.features(x))", "self.head(x)", "nn.Linear(1024", "nn.Linear(3072"),
        (
            "trained",
            "torch.flatten(x, 1)",
            "torch.flatten(images, 1)",
            "def forward(self, x):",
            "def forward(self, x):\n        images = x",
            "32 * 7 * 7",
            "784",
            "x = F.max_pool2d(F.relu(self.conv1(x)), 2)",
            "pass",
            "x = F.max_pool2d(F.relu(self.conv2(x)), 2)",
            "pass",
        ),
    ],
    "CNN403": [
        ("vgg", "nn.Conv2d(32, 64, 3, padding=1", "nn.Conv2d(32, 64, 5, padding=2"),
        ("residual", "nn.Conv2d(32, 32, 3, padding=1", "nn.Conv2d(32, 32, 5, padding=2"),
        ("separable", "nn.Conv2d(32, 64, 3, stride=2, padding=1", "nn.Conv2d(32, 64, 7, padding=3"),
    ],
    "CNN404": [
        (
            "vgg",
            "nn.Conv2d(32, 64,",
            "nn.Conv2d(32, 512,",
            "nn.GroupNorm(8, 64)",
            "nn.GroupNorm(8, 512)",
            "nn.AvgPool2d(3, 2, 1)",
            "nn.AdaptiveAvgPool2d(1)",
            "nn.Linear(1024",
            "nn.Linear(512",
        ),
        ("residual", "nn.Conv2d(32, 64, 1)", "nn.Conv2d(32, 512, 1)", "nn.Linear(64", "nn.Linear(512"),
        ("binary", "nn.Conv2d(16, 32, 3", "nn.Conv2d(16, 512, 3", "nn.Linear(32", "nn.Linear(512"),
        (
            "separable",
            "nn.Conv2d(32, 64,",
            "nn.Conv2d(32, 512,",
            "nn.BatchNorm2d(64)",
            "nn.BatchNorm2d(512)",
            "nn.Linear(64",
            "nn.Linear(512",
        ),
    ],
    "CNN405": [
        ("vgg", "padding=1, bias=False", "padding=1"),
        ("residual", "stride=2, padding=1, bias=False", "stride=2, padding=1"),
        ("signal", "2, 2, bias=False", "2, 2"),
        ("generator", "2, 1, bias=False", "2, 1"),
        ("separable", "groups=16, bias=False", "groups=16"),
        ("separable", "32, 1, bias=False", "32, 1, bias=True"),
    ],
    "CNN406": [
        (
            "vgg",
            "nn.Conv2d(16, 32,",
            "nn.Conv2d(16, 30,",
            "nn.BatchNorm2d(32)",
            "nn.BatchNorm2d(30)",
            "nn.Conv2d(32, 64",
            "nn.Conv2d(30, 64",
        ),
        ("trained", "nn.Conv2d(16, 32,", "nn.Conv2d(16, 33,", "32 * 7 * 7", "33 * 7 * 7"),
        (
            "unet",
            "nn.Conv2d(16, 32, 3",
            "nn.Conv2d(16, 31, 3",
            "nn.ConvTranspose2d(32,",
            "nn.ConvTranspose2d(31,",
        ),
    ],
    "CNN407": [
        ("residual", "groups=32", "groups=16"),
        ("separable", "groups=16", "groups=4"),
        ("vgg", "nn.Conv2d(32, 64, 3, padding=1", "nn.Conv2d(32, 64, 3, padding=1, groups=8"),
    ],
    # -- wiring
    "CNN501": [
        ("inception", "nn.ModuleList([Block(32), Block(32)])", "[Block(32), Block(32)]"),
        (
            "lenet",
            "self.fc2 = nn.Linear(120, 10)",
            "self.fc2 = [nn.Linear(120, 10)]",
            "self.fc2(x)",
            "self.fc2[0](x)",
        ),
        (
            "unet",
            "self.mid = nn.Conv2d(16, 32, 3, padding=1)",
            "self.mid = {1: nn.Conv2d(16, 32, 3, padding=1)}",
            "self.mid(",
            "self.mid[1](",
        ),
        (
            "attention",
            "self.head = nn.Linear(48, 10)",
            "self.head = (nn.Linear(48, 10),)",
            "self.head(",
            "self.head[0](",
        ),
    ],
    "CNN502": [
        ("lenet", "self.fc2(x)", "nn.Linear(120, 10)(x)", "self.fc2 = nn.Linear(120, 10)", "pass"),
        ("unet", "self.out(e)", "nn.Conv2d(8, 2, 1)(e)", "self.out = nn.Conv2d(8, 2, 1)", "pass"),
        (
            "residual",
            "self.norm2(self.conv2",
            "nn.BatchNorm2d(32)(self.conv2",
            "self.norm2 = nn.BatchNorm2d(32)",
            "pass",
        ),
        (
            "signal",
            "return self.fc(x.view(x.size(0), -1))",
            "return nn.Linear(256, 5)(x.view(x.size(0), -1))",
            "self.fc = nn.Linear(256, 5)",
            "pass",
        ),
    ],
    "CNN503": [
        ("lenet", "self.fc2 =", "self.extra = nn.Linear(120, 10)\n        self.fc2 ="),
        ("residual", "self.norm2(self.conv2(", "(self.conv2("),
        ("unet", "torch.cat([self.up1(d), a], 1)", "torch.cat([a, a], 1)"),
        ("attention", "self.norm3(x).mean(1)", "x.mean(1)"),
        ("inception", "x = self.block2(self.block1(x))", "x = torch.cat([self.block1(x)], 1)"),
    ],
    "CNN504": [
        (
            "residual",
            "x = self.act(self.pointwise(self.depthwise(x)))",
            "y = self.depthwise(x)\n        x = self.act(self.pointwise(x))",
        ),
        (
            "lenet",
            "x = F.relu(self.fc1(x))\n        return self.fc2(x)",
            "y = F.relu(self.fc1(x))\n        z = self.fc2(y)\n        return y",
        ),
        ("inception", "torch.cat([one, three, pooled], 1)", "torch.cat([one, three, one], 1)"),
        (
            "unet",
            "e = F.relu(self.dec1(torch.cat([self.up1(d), a], 1)))\n        return self.out(e)",
            "e = F.relu(self.dec1(torch.cat([self.up1(d), a], 1)))\n"
            "        f = self.dec1(e.repeat(1, 2, 1, 1))\n        return self.out(e)",
        ),
    ],
    "CNN513": [
        ("lenet", "def __init__(self):", "def _init_(self):"),
        ("residual", "def forward(self, x):", "def foward(self, x):"),
    ],
    "CNN514": [
        (
            "residual",
            "x = self.act(self.pointwise(self.depthwise(x)))",
            "self.depthwise(x)\n        x = self.act(self.pointwise(x))",
        ),
        ("vgg", "return self.head(self.features(x))", "x.relu()\n        return self.head(self.features(x))"),
    ],
    "CNN515": [
        (
            "attention",
            "self.head = nn.Linear(48, 10)",
            "self.rnn = nn.LSTM(48, 48)\n        self.head = nn.Linear(48, 10)",
            "return self.head(",
            "x, _ = self.rnn(x)\n        return self.head(",
        ),
    ],
    "CNN505": [
        (
            "residual",
            "y = self.norm2(self.conv2(self.act(self.norm1(self.conv1(x)))))\n"
            "        x = self.act(y + self.down(x))",
            "identity = self.stem(x[:, :3]) if x.size(1) == 3 else x\n"
            "        y = F.relu(x, inplace=True)\n"
            "        y = self.norm2(self.conv2(self.norm1(self.conv1(y))))\n"
            "        x = self.act(y + self.down(identity))",
            "import torch.nn as nn",
            "import torch.nn as nn\nimport torch.nn.functional as F",
            "x = self.act(self.stem(x))",
            "x = self.stem(x)",
        ),
        (
            "unet",
            "b = F.relu(self.enc2(F.max_pool2d(a, 2)))",
            "b = F.relu(self.enc2(F.max_pool2d(a.mul_(2), 2)))",
        ),
        (
            "separable",
            "gate = x.mean((2, 3), keepdim=True)",
            "gate = x.clamp_(0, 1).mean((2, 3), keepdim=True)",
        ),
        ("attention", "y = self.norm1(x)", "y = self.norm1(F.relu_(x))"),
    ],
    "CNN506": [
        ("lenet", "x = torch.flatten(x, 1)", "x = torch.flatten(x.detach(), 1)"),
        ("unet", "d = F.relu", "c = c.data\n        d = F.relu"),
        (
            "trained",
            "x = F.max_pool2d(F.relu(self.conv1(x)), 2)",
            "with torch.no_grad():\n            x = F.max_pool2d(F.relu(self.conv1(x)), 2)",
        ),
        ("binary", "self.fc(self.body(x))", "self.fc((self.body(x) > 0).float())"),
        (
            "attention",
            "return self.head(self.norm3(x).mean(1))",
            "return self.head(self.norm3(x).mean(1).round())",
        ),
    ],
    "CNN507": [
        ("lenet", "return self.fc2(x)", "return self.fc2(F.dropout(x))"),
        ("trained", "self.drop(torch.flatten(x, 1))", "F.dropout(torch.flatten(x, 1), 0.25)"),
        ("attention", "F.softmax(scores, dim=-1) @", "F.dropout(F.softmax(scores, dim=-1), 0.1) @"),
        ("inception", "self.drop(x)", "F.dropout(x, p=0.2, training=True)"),
    ],
    "CNN508": [
        (
            "vgg",
            "nn.BatchNorm2d(16),",
            "norm,",
            "super().__init__()",
            "super().__init__()\n        norm = nn.BatchNorm2d(32)",
            "nn.Conv2d(3, 16",
            "nn.Conv2d(3, 32",
            "nn.Conv2d(16, 32",
            "nn.Conv2d(32, 32",
            "nn.BatchNorm2d(32),",
            "norm,",
        ),
        (
            "separable",
            "self.norm1(self.depthwise",
            "self.norm(self.depthwise",
            "self.depthwise(x)",
            "self.depthwise(x[..., ::2])",
            "self.norm1 = nn.BatchNorm2d(16)",
            "pass",
        ),
    ],
    "CNN509": [
        ("residual", "self.down = nn.Conv2d(16, 32", "self.down = nn.Conv2d(16, 1"),
        (
            "binary",
            "return self.fc(self.body(x))",
            "y = self.body(x)\n        return self.fc(y) - self.fc(y).squeeze(1)",
        ),
        (
            "inception",
            "return torch.cat([one, three, pooled], 1)",
            "return torch.cat([one, three, pooled + one.mean(1, keepdim=True)], 1)",
        ),
    ],
    "CNN510": [
        ("vgg", "nn.BatchNorm2d(32),", "nn.Dropout(0.3), nn.BatchNorm2d(32),"),
        ("signal", "nn.BatchNorm1d(8),", "nn.Dropout(0.3), nn.BatchNorm1d(8),"),
        ("vgg", "nn.MaxPool2d(2),", "nn.MaxPool2d(2), nn.Dropout(0.2),"),
        (
            "separable",
            "self.norm3(self.last(x))",
            "self.norm3(nn.functional.dropout(self.last(x), 0.1, self.training))",
        ),
    ],
    "CNN511": [
        ("unet", "self.out = nn.Conv2d(8, 2, 1)", "self.out = nn.Conv2d(8, 2, 1, groups=2)"),
        (
            "unet",
            "return self.out(e)",
            "return self.last(self.out(e))",
            "self.out = nn.Conv2d(8, 2, 1)",
            "self.out = nn.Conv2d(8, 2, 1)\n        self.last = nn.Conv2d(2, 2, 3, padding=1, groups=2)",
        ),
        ("generator", "nn.ConvTranspose2d(16, 3, 4, 2, 1),", "nn.Conv2d(16, 16, 3, padding=1, groups=16),"),
    ],
    "CNN512": [
        ("attention", "F.softmax(scores, dim=-1)", "F.softmax(scores, dim=0)"),
        (
            "separable",
            "torch.sigmoid(self.excite(self.act(self.squeeze(gate))))",
            "torch.softmax(self.excite(self.act(self.squeeze(gate))), 0)",
        ),
        (
            "lenet",
            "return self.fc2(x)",
            "x = torch.softmax(x @ x.t(), dim=-1) @ x\n        return self.fc2(x)",
        ),
    ],
    # -- structure
    "CNN601": [
        (
            "vgg",
            "nn.MaxPool2d(2, 2)",
            "nn.MaxPool2d(4, 4), nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(), "
            "nn.MaxPool2d(2), nn.Conv2d(32, 32, 3, padding=1), nn.ReLU()",
            "nn.Linear(1024",
            "nn.Linear(64",
        ),
        ("separable", "input=3x64x64", "input=3x6x6"),
        ("binary", "nn.MaxPool2d(2)", "nn.MaxPool2d(32)"),
    ],
    "CNN602": [
        (
            "lenet",
            "x = torch.flatten(x, 1)\n        x = F.relu(self.fc1(x))\n        return self.fc2(x)",
            "return x",
        ),
        (
            "generator",
            "# cnnlint: input=16",
            "# cnnlint: input=3x64x64",
            "self.net(self.fc(z))",
            "self.body(z)",
            "self.fc = nn.Linear(16, 512)",
            "self.body = nn.Sequential("
            "nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 3, 3, padding=1))",
        ),
    ],
    "CNN603": [
        (
            "lenet",
            "self.fc2 =",
            "self.deep = nn.Sequential(*(nn.Sequential(nn.Linear(120, 120), nn.ReLU()) for _ in range(20)))"
            "\n        self.fc2 =",
            "self.fc2(x)",
            "self.fc2(self.deep(x))",
        ),
        (
            "binary",
            "nn.AdaptiveAvgPool2d(1),",
            "*(nn.Sequential(nn.Conv2d(32, 32, 3, padding=1), nn.ReLU()) for _ in range(20)),"
            " nn.AdaptiveAvgPool2d(1),",
        ),
    ],
    "CNN604": [
        (
            "inception",
            "F.adaptive_avg_pool2d(x, 1).flatten(1)",
            "x.flatten(1)",
            "nn.Linear(32",
            "nn.Linear(32 * 12 * 12",
        ),
        (
            "separable",
            "self.fc(x.mean((2, 3)))",
            "self.fc(x.flatten(1))",
            "nn.Linear(64",
            "nn.Linear(64 * 16 * 16",
        ),
        ("binary", "nn.AdaptiveAvgPool2d(1),", "", "nn.Linear(32, 1)", "nn.Linear(32 * 16 * 16, 1)"),
    ],
}

ALSO: dict[tuple[str, str], str] = {
    ("CNN105", "unet"): "CNN101 CNN503",  # mid has too many channels for dec2, and up2 is left out
    ("CNN105", "inception"): "CNN301",  # a pooling of stride 1 without padding
    ("CNN207", "signal"): "CNN405",
    ("CNN208", "binary"): "CNN202",
    ("CNN301", "lenet"): "CNN304",
    ("CNN301", "trained"): "CNN302",
    ("CNN301", "vgg"): "CNN401",
    ("CNN303", "vgg"): "CNN601",
    ("CNN304", "trained"): "CNN302 CNN403",
    ("CNN304", "vgg"): "CNN302",
    ("CNN305", "lenet"): "CNN401",
    ("CNN305", "vgg"): "CNN401",
    ("CNN306", "vgg"): "CNN401",
    ("CNN307", "lenet"): "CNN302 CNN304",
    ("CNN307", "vgg"): "CNN601",
    ("CNN310", "unet"): "CNN206",
    ("CNN311", "trained"): "CNN302",  # the odd map that an even kernel leaves
    ("CNN311", "vgg"): "CNN302",
    ("CNN402", "trained"): "CNN503",
    ("CNN402", "vgg"): "CNN503",
    ("CNN503", "unet"): "CNN504",  # what came before the layer that is left out
    ("CNN504", "lenet"): "CNN201",
    ("CNN505", "residual"): "CNN204",
    ("CNN601", "binary"): "CNN303 CNN307",
    ("CNN602", "generator"): "CNN503",
    ("CNN602", "lenet"): "CNN503",
    ("CNN603", "binary"): "CNN601",
}
"""What else is true of the models that a mistake is put into, by its code and the good model."""
