"""How other files of a project use a model."""

from __future__ import annotations

import pytest
from texts import file_of

from cnnlint.evidence.users import Home, User


def user(text: str, *home: str) -> User:
    return User(file_of(text), Home("project", *home))


@pytest.mark.parametrize(
    "text",
    [
        "from model import Net\nNet(3)",
        "from .model import Net\nNet(3)",
        "from . import Net\nNet(3)",
        "from project.nets.model import Net as N\nN(3)",
        "from nets import Net\nNet(3)",
        "import model\nmodel.Net(3)",
        "from project.nets import model as m\nm.Net(3)",
        "from model import *\nNet(3)",
        "def main():\n    from nets.model import Net\n    Net(3)",
    ],
)
def test_finds_calls_of_an_imported_class(text):
    found = user(text, "nets", "model")
    (construction,) = found.constructions("Net")
    assert construction.expression.text.endswith("(3)")
    assert construction.reason == f"as in line {text.count(chr(10)) + 1}"
    assert found.uses("Net")


@pytest.mark.parametrize(
    "text",
    [
        "from other import Net\nNet(3)",
        "import torch\ntorch.Net(3)",
        "class Net:\n    pass\nNet(3)",
        "from torchvision import nets\nnets.Net(3)",
        "from torchvision.nets.model import Net\nNet(3)",
        "from model import *\nclass Net:\n    pass\nNet(3)",
    ],
)
def test_other_classes_of_the_name_are_none(text):
    assert user(text, "nets", "model").constructions("Net") == ()


def test_the_expression_is_of_the_other_file():
    text = """
    import argparse
    from model import Net

    def train(args):
        Net(args.width)
        Net(width=4)

    if __name__ == "__main__":
        parser = argparse.ArgumentParser()
        parser.add_argument("--width", default=8)
        train(parser.parse_args())
    """
    literal, computed = user(text, "model").constructions("Net")
    assert literal.expression.text == "Net(width=4)"
    assert computed.expression.prelude.split("\n") == [
        "parser = argparse.ArgumentParser()",
        "parser.add_argument('--width', default=8)",
        "args = parser.parse_args()",
    ]
    assert computed.expression.names == {"Net", "argparse"}


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("net = Net(3)", True),
        ("def main():\n    net = Net(3)", True),
        ("def build():\n    return Net(3)\nnet = build()", True),
        ("def build():\n    return Net(3)", False),
        ("class Big(nn.Module):\n    def __init__(self):\n        self.net = Net(3)", False),
    ],
)
def test_calls_that_build_it_to_use_it_as_it_is(text, whole):
    found = user(f"import torch.nn as nn\nfrom model import Net\n{text}", "model")
    assert len(found.constructions("Net")) == 1
    assert len(found.constructions("Net", whole=True)) == whole


@pytest.mark.parametrize(
    ("text", "used"),
    [
        ("from model import helper", True),
        ("import nets.model", True),
        ("from nets import *", True),
        ("from nets import other", False),
        ("import nets\nnets.__dict__[name]()", True),
        ("import nets\ngetattr(nets, name)()", True),
        ("import nets\nnets.data.load()", False),
        ("import torchvision.models as nets\nnets.__dict__[name]()", False),
    ],
)
def test_files_that_use_the_module(text, used):
    assert user(text, "nets", "model").uses("Net") is used


def test_tensors_for_models_of_the_other_file_itself_are_left_out():
    text = "import torch\nimport torch.nn as nn\nfrom model import Net\n\nclass Wrap(nn.Module):\n"
    text += "    def forward(self, x):\n        return x\n\nnet = Wrap(Net())\nnet(torch.randn(2, 4))\n"
    assert user(text, "model").handed_over == []


@pytest.mark.parametrize(
    "text",
    [
        "from model import Net\nNet()(torch.randn(2, 4))",
        "import model\nnet = model.Net().cuda()\nout = net(torch.randn(2, 4))",
        "from model import Net\nfrom torchsummary import summary\nsummary(Net(), (4,))",
    ],
)
def test_tensors_that_are_handed_to_it(text):
    ((_, evidence),) = user(f"import torch\n{text}", "model").handed_over
    (expression,) = evidence.expressions or evidence.sizes
    assert expression.text in ("torch.randn(2, 4)", "(4,)")
