"""Losses and class counts, tied to the models that they are applied to."""

from __future__ import annotations

import pytest
from texts import NET, file_of, net, targets

from cnnlint.evidence.survey import survey


def losses(below: str) -> list[tuple[str, str | None]]:
    return [(item.name, item.activation) for item in net(below).evidence.losses]


def counts(below: str) -> list[int]:
    return [item.count for item in net(below).evidence.class_counts]


@pytest.mark.parametrize(
    "below",
    [
        "criterion = nn.CrossEntropyLoss()",
        "nn.CrossEntropyLoss()(Net()(x), y)",
        "model = Net()\ncriterion = nn.CrossEntropyLoss().cuda()\n"
        "out = model(x)\nloss = criterion(out.squeeze(), y)",
        "model = Net()\nF.cross_entropy(model(x), y)",
        "model = Net()\nF.cross_entropy(input=model(x), target=y)",
        "loss_fn = F.cross_entropy\nloss_fn(Net()(x), y)",
        "def train(model, loss_fn):\n    for x, y in loader:\n"
        "        pred = model(x)\n        loss_fn(pred, y)\n"
        "train(Net(), nn.CrossEntropyLoss())",
        "def objective(pred, y):\n    return F.cross_entropy(pred, y) + 1\nobjective(Net()(x), y)",
        "class T:\n    def __init__(self, net):\n        self.net = net\n"
        "        self.loss = nn.CrossEntropyLoss()\n"
        "    def step(self, x, y):\n        return self.loss(self.net(x), y)\nT(Net())",
        "out, aux = Net()(x)\nF.cross_entropy(out, y)",
    ],
)
def test_a_loss_on_the_models_output(below):
    assert losses(below) == [("CrossEntropyLoss", None)]


@pytest.mark.parametrize(
    ("below", "activation"),
    [
        ("F.nll_loss(F.log_softmax(Net()(x), dim=1), y)", "log_softmax"),
        ("F.nll_loss(Net()(x).log_softmax(1), y)", "log_softmax"),
        ("out = torch.sigmoid(Net()(x))\nF.nll_loss(out.view(-1), y)", "sigmoid"),
        ("soft = nn.Softmax(dim=1)\nF.nll_loss(soft(Net()(x)), y)", "softmax"),
    ],
)
def test_the_activation_between_model_and_loss(below, activation):
    assert losses(below) == [("NLLLoss", activation)]


def test_the_span_is_where_the_loss_is_written():
    file = file_of(NET + "crit = nn.CrossEntropyLoss()\ncrit(Net()(x), y)\nF.nll_loss(Net()(x), y)\n")
    (target,) = survey(file).targets
    assert [file.segment(item.span) for item in target.evidence.losses] == [
        "nn.CrossEntropyLoss()",
        "F.nll_loss(Net()(x), y)",
    ]


@pytest.mark.parametrize(
    "below",
    [
        "a = nn.CrossEntropyLoss()\nb = nn.MSELoss()",
        "crit = nn.MSELoss() if a else nn.CrossEntropyLoss()\ncrit(Net()(x), y)",
        "F.cross_entropy(other(x), y)",
        "linear = nn.Linear(3, 2)\ncriterion = nn.MSELoss()\npred = linear(x)\ncriterion(pred, y)",
    ],
)
def test_what_is_ambiguous_stays_silent(below):
    assert losses(below) == []


def test_models_are_kept_apart():
    text = """
    import torch
    from torch import nn
    import torch.nn.functional as F
    class G(nn.Module):
        def forward(self, z): return z
    class D(nn.Module):
        def forward(self, x): return x
    class C(nn.Module):
        def forward(self, x): return x
    g, d = G(), D()
    bce = nn.BCELoss()
    for real in loader:
        fake = g(torch.randn(4, 8))
        bce(d(real), 1)
        bce(d(fake.detach()), 0)
        F.l1_loss(fake, real)
    """
    found = targets(text)
    assert [item.name for item in found["G"].evidence.losses] == ["L1Loss"]
    assert [item.name for item in found["D"].evidence.losses] == ["BCELoss"]
    assert found["C"].evidence.losses == ()


def test_lightning_steps():
    text = """
    import pytorch_lightning as pl
    import torch.nn.functional as F
    from torch import nn
    class Net(nn.Module):
        def forward(self, x): return x
    class Lit(pl.LightningModule):
        def __init__(self):
            super().__init__()
            self.net = Net()
            self.loss = nn.BCELoss()
        def forward(self, x):
            return self.net(x)
        def training_step(self, batch, index):
            x, y = batch
            return F.cross_entropy(self(x), y)
        def validation_step(self, batch, index):
            x, y = batch
            return self.loss(self.net(x), y)
    """
    found = targets(text)
    assert list(found) == ["Lit"]
    assert [item.name for item in found["Lit"].evidence.losses] == ["BCELoss", "CrossEntropyLoss"]


@pytest.mark.parametrize(
    ("below", "count"),
    [
        ("F.cross_entropy(Net()(x), torch.randint(0, 7, (16,)))", 7),
        ("F.cross_entropy(Net()(x), torch.randint(7, (16,)))", 7),
        ("N = 7\ny = torch.randint(0, N, (4,))\nF.nll_loss(Net()(x), y.to(device))", 7),
        ("nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 2.0]).cuda())(Net()(x), y)", 3),
        ("num_classes = 5\ncriterion = nn.CrossEntropyLoss()", 5),
        ("classes = ('cat', 'dog')\ncriterion = nn.CrossEntropyLoss()", 2),
        (
            "from torchvision import datasets\nfor x, y in datasets.CIFAR100('d'):\n"
            "    F.cross_entropy(Net()(x), y)",
            100,
        ),
    ],
)
def test_class_counts(below, count):
    assert counts(below) == [count]


@pytest.mark.parametrize(
    "below",
    [
        "num_classes = 5",
        "from torchvision import datasets\ndatasets.CIFAR100('d')\ncriterion = nn.CrossEntropyLoss()",
        "num_classes = 5\ncriterion = nn.MSELoss()",
        "from torchvision import datasets\ndatasets.MNIST('d')\nF.binary_cross_entropy(Net()(x), y)",
        "from torchvision import datasets\n"
        "a = datasets.MNIST('d'), datasets.CIFAR100('d')\ncriterion = nn.NLLLoss()",
        "F.cross_entropy(Net()(x), torch.randint(1, 7, (16,)))",
        "F.mse_loss(Net()(x), torch.randint(0, 7, (16,)))",
    ],
)
def test_no_class_count_without_a_classifier(below):
    assert counts(below) == []
