"""How other files of a project build a model."""

from __future__ import annotations

import pytest
from texts import file_of

from cnnlint.source.constructions import constructions_elsewhere


@pytest.mark.parametrize(
    "text",
    [
        "from model import Net\nNet(3)",
        "from .model import Net\nNet(3)",
        "from project.nets.model import Net as N\nN(3)",
        "from nets import Net\nNet(3)",
        "import model\nmodel.Net(3)",
        "from project.nets import model as m\nm.Net(3)",
        "from model import *\nNet(3)",
        "def main():\n    from nets.model import Net\n    Net(3)",
    ],
)
def test_finds_calls_of_an_imported_class(text):
    (construction,) = constructions_elsewhere(file_of(text), "nets.model", "Net")
    assert construction.expression.text.endswith("(3)")
    assert construction.reason == f"as in net.py, line {text.count(chr(10)) + 1}"


@pytest.mark.parametrize(
    "text",
    [
        "from other import Net\nNet(3)",
        "import torch\ntorch.Net(3)",
        "class Net:\n    pass\nNet(3)",
        "from model import Big\nBig(3)",
    ],
)
def test_other_classes_of_the_name_are_none(text):
    assert constructions_elsewhere(file_of(text), "nets.model", "Net") == ()


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
    literal, computed = constructions_elsewhere(file_of(text), "model", "Net")
    assert literal.expression.text == "Net(width=4)"
    assert computed.expression.prelude.split("\n") == [
        "parser = argparse.ArgumentParser()",
        "parser.add_argument('--width', default=8)",
        "args = parser.parse_args()",
    ]
    assert computed.expression.names == {"Net", "argparse"}
