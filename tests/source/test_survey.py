"""Which models a file has, and how it builds them."""

from __future__ import annotations

import ast

import pytest
from texts import NET, file_of, net, targets

from cnnlint.evidence.survey import survey

FORWARD = "\n    def forward(self, x):\n        return x\n"


def names(text: str) -> dict[str, str]:
    return {name: target.kind for name, target in targets(text).items()}


def built(target) -> list[str]:
    return [item.expression.text for item in target.constructions]


@pytest.mark.parametrize(
    "header",
    [
        "import torch\nclass A(torch.nn.Module):",
        "import torch as t\nclass A(t.nn.Module):",
        "import torch.nn as nn\nclass A(nn.Module):",
        "from torch import nn as layers\nclass A(layers.Module):",
        "from torch.nn import Module\nclass A(Module):",
        "from torch.nn import *\nclass A(Module):",
        "from torch.nn.modules.module import Module as M\nclass A(M):",
        "import torch.nn as nn\nBase = nn.Module\nclass A(Base):",
        "import pytorch_lightning as pl\nclass A(pl.LightningModule):",
        "from lightning.pytorch import LightningModule\nclass A(LightningModule):",
        "from torch import nn\nclass A(nn.Sequential):",
        "from torchvision.models import ResNet\nclass A(ResNet):",
        "from fastai.vision.all import *\nclass A(nn.Module):",
    ],
)
def test_finds_models_by_their_bases(header):
    found = targets(header + FORWARD)
    assert list(found) == ["A"]
    assert found["A"].certain


@pytest.mark.parametrize(
    "header",
    [
        "class A:",
        "class A(object):",
        "from abc import ABC\nclass A(ABC):",
        "from torch.utils.data import Dataset\nclass A(Dataset):",
        "import torch\nclass A(torch.autograd.Function):",
        "from torch.nn.modules.loss import _Loss\nclass A(_Loss):",
        "from torch import nn\nclass A(nn.CrossEntropyLoss):",
        "import pytorch_lightning as pl\nclass A(pl.LightningDataModule):",
        "from enum import Enum\nclass A(Enum):",
        "from torch import optim\nclass A(optim.Optimizer):",
        "from torch import nn\nclass FocalLoss(nn.Module):",
    ],
)
def test_other_classes_are_none(header):
    assert names("import torch\n" + header + FORWARD) == {}


def test_a_base_from_elsewhere_is_left_to_the_runtime():
    found = targets("from .base import Base\nclass A(Base):" + FORWARD)
    assert not found["A"].certain
    assert names("from django.db import models\nclass A(models.Model):\n    x = 1\n") == {}


def test_bases_are_followed_through_the_file():
    text = "from torch import nn\nclass Base(nn.Module):\n    pass\nclass A(Base):" + FORWARD
    assert names(text) == {"A": "class"}


def test_losses_and_abstract_classes_are_skipped():
    text = """
    import abc
    from torch import nn
    class Compare(nn.Module):
        def forward(self, pred, target):
            return (pred - target).abs().mean()
    class Shape(nn.Module):
        @abc.abstractmethod
        def head(self, x): ...
        def forward(self, x):
            return self.head(x)
    class Empty(nn.Module):
        def forward(self, x):
            raise NotImplementedError
    class Without(nn.Module):
        def __init__(self):
            super().__init__()
    class Net(Shape):
        def head(self, x):
            return x
    class Seq2Seq(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.LSTM(3, 4)
        def forward(self, input, target):
            return self.rnn(input)
    """
    assert list(names(text)) == ["Net", "Seq2Seq"]


def test_parts_are_not_listed():
    text = """
    from torch import nn
    class Block(nn.Module):
        def forward(self, x): return x
    class Extra(nn.Module):
        def forward(self, x): return x
    def make(n):
        return [Block() for _ in range(n)]
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.blocks = nn.Sequential(*make(3))
        def forward(self, x):
            return self.blocks(x)
    """
    assert list(names(text)) == ["Extra", "Net"]


def test_what_is_given_to_a_constructor_is_a_part():
    text = """
    from torch import nn
    class Block(nn.Module):
        def forward(self, x): return x
    class Net(nn.Module):
        def __init__(self, block): super().__init__()
        def forward(self, x): return x
    net = Net(Block)
    """
    assert list(names(text)) == ["Net"]


def test_a_type_test_or_annotation_makes_no_part():
    text = """
    from torch import nn
    class A(nn.Module):
        def forward(self, x): return x
    class B(nn.Module):
        def forward(self, x: A):
            return isinstance(x, A)
    """
    assert list(names(text)) == ["A", "B"]


def test_a_discriminator_beside_the_generator_is_its_own():
    text = """
    import pytorch_lightning as pl
    from torch import nn
    class G(nn.Module):
        def forward(self, x): return x
    class D(nn.Module):
        def forward(self, x): return x
    class GAN(pl.LightningModule):
        def __init__(self):
            super().__init__()
            self.g = G()
            self.d = D()
        def forward(self, z):
            return self.g(z)
        def training_step(self, batch, index):
            return self.d(self(batch))
    """
    assert list(names(text)) == ["D", "GAN"]


def test_factories():
    text = """
    import torch
    from torch import nn
    from torchvision import models
    class Net(nn.Module):
        def __init__(self, depth): super().__init__()
        def forward(self, x): return x
    def net18(): return Net(18)
    def net34(pretrained=False):
        model = Net(34)
        if pretrained:
            model.load_state_dict(torch.load("a.pth"))
        return model.to("cpu")
    def head(): return nn.Sequential(nn.Linear(1, 2))
    def other() -> nn.Module: return BUILDERS["a"]()
    def resnet():
        m = models.resnet18()
        m.fc = nn.Linear(512, 2)
        return m
    def width(): return 3
    def helper(n): return nn.Sequential(nn.Linear(n, n))
    def train():
        model = Net(3)
        model(torch.zeros(1)).backward()
        return model
    def main():
        model = Net(5)
        return 0
    """
    assert names(text) == dict.fromkeys(["net18", "net34", "head", "other", "resnet"], "factory")


def test_a_factory_gets_its_arguments_from_its_call():
    found = targets(NET + "def build(n):\n    return Net(n)\nmodel = build(7)\n")
    assert list(found) == ["build"]
    assert built(found["build"]) == ["build(7)"]


def test_without_arguments_for_the_factory_its_class_is_listed():
    found = targets(NET + "def build(n):\n    return Net(n)\n")
    assert list(found) == ["Net"]


def test_helpers_of_factories_are_followed_to_their_classes():
    text = NET + "def _make(n):\n    return Net(n)\n\ndef small():\n    return _make(2)\n"
    assert names(text) == {"small": "factory"}


def test_a_helper_that_nobody_calls_still_shows_how_to_build():
    text = NET + "def build(depth, **options):\n    if depth == 2:\n        return Net(5, **options)\n"
    found = targets(text)
    assert list(found) == ["Net"]
    expression = found["Net"].constructions[0].expression
    assert (expression.text, expression.prelude) == ("Net(5, **options)", "options = {}")


def test_variables():
    text = """
    import torchvision
    from torch import nn
    from torchvision import transforms
    block = nn.Sequential(nn.Linear(1, 1))
    net = nn.Sequential(block, nn.ReLU()).cuda()
    tf = nn.Sequential(transforms.CenterCrop(10), transforms.Normalize((0,), (1,)))
    model = torchvision.models.resnet18()
    model.fc = nn.Linear(512, 10)
    width = nn.Linear(1, 1)
    """
    found = targets(text)
    assert {name: target.kind for name, target in found.items()} == {"net": "variable", "model": "variable"}
    construction = found["model"].constructions[0]
    assert (construction.expression.text, construction.expression.names) == ("model", frozenset({"model"}))
    span = found["net"].span
    assert (span.row, span.column, span.end_column) == (6, 1, 4)


def test_a_local_variable_brings_what_its_function_does_to_it():
    text = """
    from torch import nn
    from torchvision import models
    def main():
        classes = 5
        print("start")
        model = models.resnet18()
        model.fc = nn.Linear(512, classes)
        model.eval()
        run(model)
    """
    expression = targets(text)["model"].constructions[0].expression
    assert expression.text == "model"
    assert expression.prelude.split("\n") == [
        "classes = 5",
        "model = models.resnet18()",
        "model.fc = nn.Linear(512, classes)",
    ]
    assert expression.names == {"models", "nn"}


def test_constructions_come_best_first_and_once():
    target = net(
        """
        def test():
            return Net(3)

        class Trainer:
            def __init__(self):
                self.net = Net(4)

        def main():
            n = 5
            a = Net(n)
            b = Net(6)

        def again():
            Net(3)
        """
    )
    assert built(target) == ["Net(6)", "Net(n)", "Net(3)", "Net(4)"]
    assert target.constructions[1].expression.prelude == "n = 5"
    assert target.constructions[1].reason == "as in line 25"


def test_arguments_from_argparse():
    target = net(
        """
        import argparse

        def parse():
            parser = argparse.ArgumentParser()
            parser.add_argument("--classes", type=int, default=4)
            return parser.parse_args()

        def run(args, epochs):
            for epoch in range(epochs):
                model = Net(args.classes)
                print(model)

        if __name__ == "__main__":
            args = parse()
            print(args)
            run(args, 3)
        """
    )
    expression = target.constructions[0].expression
    assert expression.text == "Net(args.classes)"
    assert expression.prelude == "args = parse()\nargs = args"
    assert expression.names == {"Net", "parse"}


def test_parameters_are_set_at_once():
    target = net("def run(a, b):\n    Net(a - b)\n\ndef main():\n    a, b = 1, 5\n    run(b, a)\n")
    expression = target.constructions[0].expression
    scope = {"Net": int}
    exec(expression.prelude, scope)
    assert eval(expression.text, scope) == 4


def test_loops_and_branches_on_the_way_are_entered_once():
    target = net(
        "def run():\n    for n in (3, 5):\n        if n > 4:\n            k = n * 2\n            Net(k)\n"
    )
    expression = target.constructions[0].expression
    assert expression.prelude == "n = next(iter((3, 5)))\nk = n * 2"


def test_what_the_text_does_not_say_gives_no_construction():
    assert built(net("def run(n):\n    Net(n)\n")) == []
    assert built(net("class A:\n    def run(self):\n        Net(self.n)\n")) == []
    assert built(net("if __name__ == '__main__':\n    _ = Net(None)\n")) == []


def test_constructions_inside_models_are_parts():
    target = net("def copy(net=None):\n    return net or Net(3)\n")
    assert built(target) == ["Net(3)"]
    text = NET + "class Twice(Net):\n    def __init__(self):\n        self.net = Net(3)\n"
    assert list(targets(text)) == ["Twice"]


def test_spans_are_those_of_the_names():
    file = file_of(
        "from torch import nn\n@nn.foo\nclass  Né(nn.Module):\n    def forward(self, x): return x\n"
    )
    span = survey(file).targets[0].span
    assert file.segment(span) == "Né"


def test_notebook_variables_of_one_name_are_models_each():
    text = (
        "from torch import nn\nnet = nn.Sequential(nn.Linear(1, 2))\nnet = nn.Sequential(nn.Linear(3, 4))\n"
    )
    found = survey(file_of(text)).targets
    assert [built(target) for target in found] == [
        ["nn.Sequential(nn.Linear(1, 2))"],
        ["nn.Sequential(nn.Linear(3, 4))"],
    ]


def test_a_file_without_models_is_not_parsed():
    class Unparsed:
        text = "print('hello')"

        @property
        def tree(self) -> ast.Module:
            raise AssertionError

    assert survey(Unparsed()).targets == ()  # type: ignore[arg-type]


def test_deep_nesting_is_a_problem_and_no_traceback():
    text = NET + "x = " + "-" * 900 + "1\n"
    found = survey(file_of(text))
    assert found.problems or found.targets


LOCAL = """
import torch.nn as nn

def main(width=8):
    class Net(nn.Module):
        def __init__(self, kernel=3):
            super().__init__()
            self.conv = nn.Conv2d(3, width, kernel)

        def forward(self, x):
            return self.conv(x)

    {use}
"""


def test_a_class_inside_a_function_is_had_by_what_runs_in_it():
    net = targets(LOCAL.format(use="net = Net(5)"))["Net"]
    assert built(net) == ["Net(5)"]
    assert net.definition is not None and net.definition.prelude.startswith("width = 8\nclass Net")
    places = [place.row if place else None for place in net.definition.places]
    assert places == [None, 5]


def test_a_class_inside_a_class_is_had_by_its_dotted_name():
    text = "import torch.nn as nn\nclass Holder:\n    class Net(nn.Module):"
    (net,) = targets(text + FORWARD.replace("    ", "        ").replace("\n", "\n    ")).values()
    assert net.definition is not None
    assert (net.definition.text, net.definition.names) == ("Holder.Net", {"Holder"})


def test_what_a_factory_or_a_model_defines_inside_is_a_part_of_it():
    assert names(LOCAL.replace("main", "make").format(use="return Net(5)")) == {"make": "factory"}
    method = (
        "class Big(nn.Module):\n    def __init__(self):\n        class Part(nn.Module):\n            pass\n"
    )
    assert names("import torch.nn as nn\n" + method + FORWARD) == {"Big": "class"}


def test_a_function_inside_a_function_makes_a_model():
    text = "import torch.nn as nn\ndef main():\n    def make(width):\n"
    text += "        return nn.Sequential(nn.Linear(3, width))"
    (made,) = targets(f"{text}\n    net = make(8)").values()
    assert (made.name, made.kind, built(made)) == ("make", "factory", ["make(8)"])


def test_a_class_inside_a_function_that_nothing_calls_is_a_problem():
    found = survey(file_of(LOCAL.replace("width=8", "width").format(use="train(Net())")))
    assert found.targets == ()
    (problem,) = found.problems
    assert (problem.reason, problem.span.row) == ("missing-arguments", 5)
    assert problem.message == "Net: defined inside main, which nothing in the file calls"


def test_a_factory_that_asks_for_classes_is_no_helper():
    text = "import torch.nn as nn\ndef make({}):\n    return nn.Sequential(nn.Linear(3, 4))\n"
    assert names(text.format("num_classes")) == {"make": "factory"}
    assert names(text.format("in_channels, out_channels")) == {}
