"""The input that a model is traced with, by the evidence of its file, of itself and of its project."""

from __future__ import annotations

from pathlib import Path

import pytest
from tracing import only_model, trace_text

from cnnlint.traces import FileTrace, Input

IMPORTS = "import torch\nimport torch.nn as nn\nimport torchvision\n"

NET = """
class Net(nn.Module):
    def __init__(self, channels=3, features=8):
        super().__init__()
        {attribute}
        self.conv = nn.Conv2d(channels, 8, 3)
        self.fc = nn.Linear(features, 10)

    def forward(self, x):{comment}
        return self.fc(self.conv(x).{reduced})

"""


def net(below: str = "", attribute: str = "", comment: str = "", reduced: str = "mean((2, 3))") -> str:
    return IMPORTS + NET.format(attribute=attribute, comment=comment, reduced=reduced) + below


FLAT = {"reduced": "flatten(1)"}
"""Of a model that takes one size only: with 8 × 30 × 30 = 7200 features one of 32 × 32."""


def sole_input(trace: FileTrace) -> Input:
    (item,) = only_model(trace).inputs
    return item


@pytest.mark.parametrize(
    "attribute",
    [
        "self.size = 50; self.example_input_array = torch.zeros(1, 3, self.size, self.size)",
        "self.example_input_array = dict(x=torch.zeros(1, 3, 50, 50))",
        "self.default_cfg = {'input_size': (3, 50, 50)}",
        "self.pretrained_cfg = type('Cfg', (), {'input_size': (3, 50, 50)})()",
        "self.input_shape = [3, 50, 50]",
        "self.img_size = 50",
    ],
)
def test_what_the_built_model_declares(attribute):
    found = sole_input(trace_text(net(attribute=attribute)))
    assert (found.shape, found.source) == ((3, 50, 50), "evidence")
    assert found.reason.endswith("of the model")


def test_a_declared_size_that_does_not_run_is_not_believed():
    trace = trace_text(net("net = Net(features=7200)", attribute="self.img_size = 50", **FLAT))
    assert sole_input(trace).shape == (3, 32, 32)


# -- other files


def project(folder: Path, text: str, name: str = "model.py", **others: str) -> FileTrace:
    (folder / "pyproject.toml").write_text("")
    for stem, content in others.items():
        path = folder / f"{stem.replace('__', '/')}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text("import torch, torchvision\n" + content)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    return trace_text(text, folder=(folder / name).parent, name=Path(name).name)


@pytest.mark.parametrize(
    "train",
    [
        "from model import Net\nnet = Net()\nprint(net(torch.randn(1, 3, 40, 40)).shape)",
        "import model\nSIZE = 40\ndef main():\n    net = model.Net()\n    net(torch.zeros(2, 3, SIZE, SIZE))",
        "from model import Net\nnet = Net()\nfrom torchvision import transforms as T\n"
        "data = torchvision.datasets.CIFAR10('x', transform=T.Compose([T.Resize(40), T.ToTensor()]))",
        "from torchinfo import summary\nfrom model import Net\nsummary(Net(), input_size=(1, 3, 40, 40))",
    ],
)
def test_what_another_file_gives_to_the_model(tmp_path, train):
    found = sole_input(project(tmp_path, net(), train=train))
    assert (found.shape, found.source) == ((3, 40, 40), "evidence")
    assert "train.py, line " in found.reason


def test_data_that_the_training_file_imports(tmp_path):
    trace = project(
        tmp_path,
        net(),
        train="from model import Net\nfrom data import load\nfit(Net(), load())",
        data="def load():\n    return torchvision.datasets.CIFAR10('x')",
        other="torchvision.datasets.STL10('x')",
    )
    found = sole_input(trace)
    assert (found.shape, "data.py, line 3" in found.reason) == ((3, 32, 32), True)


def test_files_that_do_not_use_the_model_say_nothing_of_it(tmp_path):
    other = "from other import Net\nnet = Net()\nnet(torch.randn(1, 3, 40, 40))\n"
    other += "torchvision.datasets.CIFAR10('x')"
    assert sole_input(project(tmp_path, net(), train=other)).source == "assumed"


def test_the_model_is_built_as_where_its_data_are(tmp_path):
    train = "from model import Net\nnet = Net(channels=1)\ntorchvision.datasets.MNIST('x')"
    trace = project(tmp_path, net(), train=train)
    assert sole_input(trace).shape == (1, 28, 28)
    assert only_model(trace).construction == "Net(channels=1)"


def test_a_part_is_not_built_as_in_the_whole(tmp_path):
    whole = "import torch.nn as nn\nfrom model import Net\nclass Big(nn.Module):\n    def __init__(self):\n"
    whole += (
        "        super().__init__()\n        self.net = Net(1)\n    def forward(self, x):\n        return x\n"
    )
    assert only_model(project(tmp_path, net(), whole=whole)).construction == "Net()"


def test_a_mistake_that_only_the_training_file_shows(tmp_path):
    train = "from model import Net\nnet = Net()\nfor x, y in torch.utils.data.DataLoader("
    train += "torchvision.datasets.CIFAR10('x', transform=torchvision.transforms.ToTensor())):\n    net(x)"
    text = net(**FLAT).replace("features=8", "features=6272")  # 8 × 28 × 28, of 30 × 30
    trace = project(tmp_path, text, train=train)
    faults = [item.fault for item in only_model(trace).passes[0].operations if item.fault]
    assert sole_input(trace).shape == (3, 32, 32) and [fault.actual for fault in faults] == [7200]


def test_a_test_file_is_believed_where_it_runs(tmp_path):
    test = "from model import Net\ndef test():\n    Net(2)(torch.zeros(1, 2, 9, 9))\n"
    test += "    Net()(torch.zeros(1, 3, 9, 9))"
    assert sole_input(project(tmp_path, net(), tests__test_model=test)).shape == (3, 9, 9)


# -- evidence that disagrees


def test_evidence_that_disagrees_where_the_model_takes_both():
    trace = trace_text(net("Net()(torch.zeros(1, 3, 50, 50))\nNet()(torch.zeros(1, 3, 32, 32))"))
    assert sole_input(trace).shape == (3, 50, 50)
    assert only_model(trace).notes == ("Net also takes 3×32×32 (torch.zeros(1, 3, 32, 32) in line 16)",)


def test_data_that_nothing_hands_to_the_model_is_not_told():
    trace = trace_text(net("Net()(torch.zeros(1, 3, 50, 50))\ndata = torchvision.datasets.CIFAR10('x')"))
    assert sole_input(trace).shape == (3, 50, 50)
    assert only_model(trace).notes == trace.problems == ()


def test_data_that_nothing_hands_to_the_model_only_chooses_among_what_it_takes():
    (grey,) = trace_text(net("data = torchvision.datasets.MNIST('x')")).models
    (colour,) = trace_text(net("data = torchvision.datasets.CIFAR10('x')")).models
    assert grey.inputs[0].shape == (3, 224, 224) and not grey.inputs[0].size_degree.sure
    assert colour.inputs[0].shape == (3, 32, 32) and not colour.inputs[0].degree.sure


def test_a_comment_that_is_out_of_date():
    trace = trace_text(net("data = torchvision.datasets.CIFAR10('x')", comment="  # (N, 1, 28, 28)"))
    (problem,) = trace.problems
    (model,) = trace.models
    assert model.inputs[0].shape == (3, 32, 32)
    assert problem.reason == "input-unknown"
    assert problem.message == (
        "what is said of the input of Net disagrees: it runs with 3×32×32 (torchvision.datasets.CIFAR10 in "
        "line 15), and not with 1×28×28 ((N, 1, 28, 28) in line 12)"
    )


def test_what_is_handed_to_the_model_is_stronger_than_a_comment():
    text = net("Net(features=7200)(torch.zeros(1, 3, 50, 50))", comment="  # (N, 3, 32, 32)", **FLAT)
    trace = trace_text(text)
    assert trace.models[0].inputs[0].shape == (3, 50, 50)
    assert (
        "it runs with 3×32×32 ((N, 3, 32, 32) in line 12), and not with 3×50×50" in trace.problems[0].message
    )


def test_data_of_another_file_that_does_not_fit(tmp_path):
    text = net("net = Net(features=7200)", **FLAT)
    trace = project(tmp_path, text, train="from model import net\nsource = torchvision.datasets.STL10('x')")
    assert trace.models[0].inputs[0].shape == (3, 32, 32)
    assert trace.problems == ()
