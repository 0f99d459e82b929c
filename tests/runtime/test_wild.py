"""What projects in the wild do: each a small file that stands for many."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from test_project import net, traced, width
from tracing import only_model, trace_text

from cnnlint.graph import Trace
from cnnlint.traces import FileTrace

HEADER = "import torch\nfrom torch import nn\n"


def faults(trace: FileTrace) -> list[str]:
    """The messages of all faults, of which there should be none."""
    found = [Trace(model, run) for model in trace.models for run in model.passes]
    return [operation.fault.message for run in found for operation in run.faults() if operation.fault]


def module(name: str, init: str, forward: str, base: str = "nn.Module", arguments: str = "") -> str:
    return (
        f"class {name}({base}):\n"
        f"    def __init__(self{arguments}):\n        super().__init__()\n        {init}\n"
        f"    def forward(self, {forward.partition(':')[0]}):\n        return {forward.partition(':')[2]}\n"
    )


def test_a_relative_import_needs_no_init_file(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "sizes.py").write_text("WIDTH = 6\n")
    assert width(traced(folder, net("from .sizes import WIDTH", width="WIDTH"))) == 6


def test_a_module_of_a_package_does_not_hide_the_package(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    folder = tmp_path / "nets"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "nets.py").write_text("")
    (folder / "sizes.py").write_text("WIDTH = 9\n")
    assert width(traced(folder, net("from nets.sizes import WIDTH", width="WIDTH"))) == 9


def test_arguments_by_their_names_in_the_project(tmp_path: Path) -> None:
    (tmp_path / "options.py").write_text(
        "import argparse\nparser = argparse.ArgumentParser()\n"
        "parser.add_argument('--gizmo-width', default=13, type=int)\n"
    )
    trace = traced(tmp_path, net(parameters=", gizmo_width", width="gizmo_width"))
    assert width(trace) == 13
    assert "gizmo_width as in " in only_model(trace).notes[0]
    assert "options.py, line 3" in only_model(trace).notes[0]


def test_a_factory_hands_on_what_its_model_lacks() -> None:
    text = (
        net(parameters=", num_classes", width="num_classes")
        + "\ndef net10(**kwargs):\n    return Net(**kwargs)\n"
    )
    assert width(trace_text(text, (3, 16, 16))) == 10


def test_a_model_that_only_a_script_imports_is_no_part(tmp_path: Path) -> None:
    text = net(parameters=", gizmo", width="gizmo")
    (tmp_path / "train.py").write_text("from model import Net\nmodel = eval('Net')\n")
    assert [problem.reason for problem in traced(tmp_path, text).problems] == ["missing-arguments"]
    (tmp_path / "train.py").write_text(
        "from torch import nn\nfrom model import Net\n"
        + module("Whole", "self.net = Net(read_it())", "x: self.net(x)")
    )
    assert not traced(tmp_path, text).problems


def test_lightning_is_not_needed_to_build_its_modules() -> None:
    text = (
        "import lightning_that_is_missing as pl\n"
        + HEADER
        + module(
            "Lit",
            "self.save_hyperparameters(); self.fc = nn.Linear(8, self.hparams.width)",
            "x: self.fc(x)",
            "pl.LightningModule",
            ", width=4",
        )
    )
    trace = trace_text(text, (8,))
    assert not trace.problems
    assert only_model(trace).passes[0].complete


def test_a_package_that_is_tried_for_may_be_missing() -> None:
    missing = "    import package_that_is_missing as pl\n"
    tried = f"try:\n{missing}except ImportError:\n{missing}"
    text = tried + HEADER + module("Lit", "self.fc = nn.Linear(8, 4)", "x: self.fc(x)", "pl.LightningModule")
    assert only_model(trace_text(text, (8,))).passes[0].complete


def test_a_size_out_of_a_missing_package_is_the_packages_matter() -> None:
    text = (
        "import package_that_is_missing as pd\n"
        + HEADER
        + "\n\ndef make():\n    return nn.Sequential(nn.Linear(pd.width, 1))\n"
    )
    assert [problem.reason for problem in trace_text(text).problems] == ["package-missing"]


def test_what_is_made_of_a_missing_package_blames_the_package() -> None:
    text = "import package_that_is_missing as pd\n" + HEADER
    text += "table = pd.read()\ndata = torch.tensor(table[1:].values)\n"
    text += module("Net", "self.fc = nn.Linear(data.shape[1], 1)", "x: self.fc(x)")
    (problem,) = trace_text(text, (8,)).problems
    assert "package_that_is_missing" in problem.message


@pytest.mark.parametrize(
    ("width", "reason"), [("Width(4)", "package-missing"), ("Wdith(4)", "model-not-built")]
)
def test_a_name_that_an_import_gave_up_blames_the_package(width: str, reason: str) -> None:
    text = "try:\n    from package_that_is_missing import Width\nexcept ImportError:\n    print('none')\n"
    text += HEADER + module("Net", f"self.fc = nn.Linear(8, {width})", "x: self.fc(x)")
    assert [problem.reason for problem in trace_text(text, (8,)).problems] == [reason]


def test_a_tensor_type_chosen_by_cuda_follows_the_model() -> None:
    text = HEADER + "Tensor = torch.cuda.FloatTensor if torch.cuda.is_available() else torch.FloatTensor\n"
    text += module("Noisy", "self.fc = nn.Linear(8, 4)", "x: self.fc(x) + Tensor(x.size(0), 4)")
    (run,) = only_model(trace_text(text, (8,))).passes
    assert all(tensor.device == "model" for tensor in run.tensors)


def test_lazy_layers() -> None:
    text = HEADER + "net = nn.Sequential(nn.Flatten(), nn.LazyLinear(10), nn.ReLU(), nn.Linear(10, 5))\n"
    trace = trace_text(text, (1, 8, 8))
    assert not faults(trace)
    assert only_model(trace).passes[0].complete


@pytest.mark.parametrize(
    ("init", "forward", "shapes"),
    [
        (
            "self.fc = nn.Linear(192, 192)",
            "x: x * self.fc(x.mean((2, 3)).view(x.shape[0], x.shape[1])).view(x.shape[0], x.shape[1], 1, 1)",
            [(192, 8, 8)],
        ),
        ("self.fc = nn.Linear(40, 10)", "a, b: self.fc(torch.cat((a, b), 1))", [(20,), (20,)]),
        ("self.conv = nn.Conv2d(1, 4, 3)", "x: self.conv(x.view(-1, 1, 96, 96))", [(1, 96, 96)]),
        ("self.fc = nn.Linear(41, 10)", "a, labels: self.fc(torch.cat((a, labels), 1))", [(20,), (21,)]),
        (
            "self.conv = nn.Conv2d(8, 4, 3)",
            "x, c: self.conv(torch.cat((x, c.view(*c.shape, 1, 1).expand(-1, -1, *x.shape[2:])), 1))",
            [(3, 224, 224), (5,)],
        ),
        (
            "self.down = nn.Conv2d(3, 5, 4, 4); self.conv = nn.Conv2d(8, 8, 16, 16)",
            "x, small: self.conv(torch.cat((self.down(x), small), 1)).view(-1, 8, 4, 4)",
            [(3, 256, 256), (3, 64, 64)],
        ),
        ("self.fc = nn.Linear(9, 9)", "x, y: self.fc(x + y)", [(9,), (9,)]),
    ],
    ids=["pooled", "joined", "reshaped", "labels", "condition", "smaller", "alike"],
)
def test_inputs_that_layers_behind_other_operators_need(
    init: str, forward: str, shapes: list[tuple[int, ...]]
) -> None:
    trace = trace_text(HEADER + module("Net", init, forward))
    assert not faults(trace)
    assert [item.shape for item in only_model(trace).inputs] == shapes


def test_inputs_that_are_guessed_together_are_no_mistake() -> None:
    text = HEADER + module(
        "Net", "self.fc = nn.Linear(40, 10)", "noise, labels: self.fc(noise) + labels[..., 0, 0, 0, 0, 0]"
    )
    trace = trace_text(text)
    assert not faults(trace)
    assert [problem.reason for problem in trace.problems] == ["input-unknown"]


def test_a_size_among_several_that_fit_is_assumed() -> None:
    text = HEADER + module(
        "Net",
        "self.conv = nn.Conv2d(3, 3, 3, padding=1)",
        "x: self.conv(x) + nn.functional.interpolate(self.conv(x)[..., ::32, ::32], scale_factor=32)",
    )
    assert only_model(trace_text(text)).inputs[0].source == "assumed"


def test_a_call_keeps_its_arguments_where_one_cannot_be_had() -> None:
    text = HEADER + module(
        "Net", "self.conv = nn.Conv2d(channels, n, 3)", "x: self.conv(x)", arguments=", channels, n"
    )
    text += "import os\nclasses = os.listdir(os.environ['DATA_OF_MINE'])\n"
    trace = trace_text(text + "model = Net(5, n=len(classes))\nmodel(torch.zeros(1, 5, 8, 8))\n")
    model = only_model(trace)
    assert model.parameters[0].shape == (10, 5, 3, 3)
    assert "with 10 for len(classes), which cannot be had while linting" in model.notes[0]


def test_no_effect_is_told_of_data_that_the_model_can_do_without() -> None:
    text = "import torchvision_of_mine\nimport os\n" + HEADER
    text += "def load():\n    os.mkdir('data')\n    return [1, 2]\n\n\ndata = load()\n"
    text += module("Net", "self.fc = nn.Linear(8, n)", "x: self.fc(x)", arguments=", n=3")
    trace = trace_text(text + "model = Net(len(data))\n", (8,))
    assert only_model(trace).passes[0].complete


def test_a_refused_download_is_told_once() -> None:
    text = "import os\n" + HEADER + "os.mkdir('data')\nWIDTH = os.mkdir('data')\n"
    text += module("Net", "self.fc = nn.Linear(8, WIDTH)", "x: self.fc(x)")
    assert [problem.reason for problem in trace_text(text, (8,)).problems] == ["missing-arguments"]


def test_a_list_of_images_is_one_input() -> None:
    text = HEADER + module("Net", "self.conv = nn.Conv2d(3, 4, 3)", "images: self.conv(images[0])")
    trace = trace_text(text + "Net()([torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 9, 9)])\n")
    assert not faults(trace)


def test_data_are_not_every_input_of_several() -> None:
    text = HEADER + module(
        "Net", "self.fc = nn.Linear(784, 30)", "x, t: (self.fc(x.flatten(1)).view(-1, 3, 10) / t).sum(1)"
    )
    text += "from torchvision import datasets\ndata = datasets.MNIST('data', download=True)\n"
    assert not faults(trace_text(text))


def test_modules_of_other_frameworks_are_no_models() -> None:
    text = "import torch\nfrom flax_of_some_kind import linen as nn\n" + module(
        "Net", "pass", "x: x"
    ).replace("forward", "__call__")
    trace = trace_text(text)
    assert (trace.models, trace.problems) == ((), ())


DATA = "from torchvision import datasets, transforms\n" + HEADER
DATA += "data = datasets.{name}('data', download=True, transform=transforms.ToTensor())\n"


@pytest.mark.parametrize(("name", "classes"), [("MNIST", 10), ("CIFAR100", 100)])
def test_data_sets_of_known_shape_are_not_read(name: str, classes: int) -> None:
    text = DATA.format(name=name) + "COUNT = len(data.classes)\n"
    text += "loader = torch.utils.data.DataLoader(data, 4, num_workers=2)\nfirst = next(iter(loader))[0]\n"
    text += module("Net", "self.fc = nn.Linear(first[0].numel(), COUNT)", "x: self.fc(x.flatten(1))")
    model = only_model(trace_text(text + "Net()(first)\n"))
    assert model.parameters[0].shape[0] == classes
    assert f"{name} was not read" in model.notes[0]


def test_a_folder_of_images_stays_unknown() -> None:
    text = "from torchvision import datasets\n" + HEADER + "COUNT = len(datasets.ImageFolder('d').classes)\n"
    trace = trace_text(text + module("Net", "self.fc = nn.Linear(8, COUNT)", "x: self.fc(x)"), (8,))
    assert [problem.reason for problem in trace.problems] == ["missing-arguments"]


def test_a_part_of_a_project_is_imported_from_its_own_folder(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    folder = tmp_path / "translation" / "src"
    folder.mkdir(parents=True)
    (folder / "sizes.py").write_text("WIDTH = 6\n")
    assert width(traced(folder / "nets", net("from src.sizes import WIDTH", width="WIDTH"))) == 6


def test_a_readme_shows_how_a_model_is_built_and_fed(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    package = tmp_path / "nets"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (tmp_path / "README.md").write_text(
        "# Nets\n\n```bash\npip install nets\n```\n\n"
        "```python\nfrom nets.wide import Net\nnet = Net(...\n```\n"
        "```python\nimport torch\nfrom nets.wide import Net\n\nnet = Net(gizmo=17)\n"
        "net(torch.zeros(1, 3, 48, 48))\n```\n"
    )
    path = package / "wide.py"
    path.write_text(net(parameters=", gizmo", width="gizmo"))
    trace = trace_text(path.read_text(), folder=package, name="wide.py")
    assert width(trace) == 17
    model = only_model(trace)
    assert model.notes[0].endswith("README.md, line 15")
    assert model.inputs[0].shape == (3, 48, 48)


def test_a_part_beside_forward_is_judged_as_its_model_builds_it() -> None:
    text = HEADER + module("Critic", "self.fc = nn.Linear(*gizmos)", "x: self.fc(x)", arguments=", gizmos")
    text += module("Gan", "self.net = nn.Linear(4, 9); self.critic = Critic([9, 1])", "z: self.net(z)")
    text += "    def training_step(self, z):\n        return self.critic(self(z))\n"
    trace = trace_text(text)
    assert not trace.problems
    assert [model.name for model in trace.models] == ["Gan", "Critic"]
    assert [item.shape for item in trace.models[1].inputs] == [(9,)]


def test_a_call_in_another_file_keeps_its_arguments_too(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(
        "import os\nfrom model import Net\nclasses = os.listdir('none')\n"
        "net = Net(channels=5, n=len(classes))\n"
    )
    (tmp_path / "other.py").write_text("from nets import Other\nnet = Other(channels=1, n=3)\n")
    init = "self.conv = nn.Conv2d(channels, n, 3)"
    text = HEADER + module("Net", init, "x: self.conv(x)", arguments=", channels, n")
    model = only_model(trace_text(text, folder=tmp_path, name="model.py"))
    assert model.parameters[0].shape == (10, 5, 3, 3)


def test_a_variable_that_lacks_data_is_told_once() -> None:
    text = "import os\n" + HEADER + "os.mkdir('a')\nnames = [os.mkdir('data')]\n"
    text += "net = nn.Sequential(nn.Linear(8, 9), nn.ReLU())\nnet[0] = nn.Linear(8, len(names))\n"
    assert [problem.reason for problem in trace_text(text, (8,)).problems] == ["missing-arguments"]


def test_a_forward_that_makes_real_numbers_gets_a_small_batch() -> None:
    text = "import numpy as np\n" + HEADER
    noise = "torch.from_numpy(np.random.normal(0, 1, x.shape)).float().to(x.device)"
    text += module("Noisy", "self.conv = nn.Conv2d(3, 8, 3)", f"x: self.conv(x + {noise})")
    (run,) = only_model(trace_text(text, (3, 256, 256))).passes
    assert run.complete and run.batch == 2


def test_a_model_that_wraps_the_variable_it_is_assigned_to() -> None:
    text = HEADER + module(
        "Wrapper", "self.net = nn.Sequential(*net.net)", "x: self.net(x)", arguments=", net"
    )
    text += module("Net", "self.net = [nn.Linear(8, 4)]", "x: self.net[0](x)")
    trace = trace_text(text + "v = Net()\nv = Wrapper(v)\n", (8,))
    model = next(model for model in trace.models if model.name == "Wrapper")
    assert not faults(trace)
    assert [layer.type for layer in model.layers] == ["Wrapper", "Sequential", "Linear"]


def test_a_constructor_that_needs_numbers_is_not_to_blame() -> None:
    text = HEADER + module("Net", "self.fc = nn.Linear(8, 4); self.n = self.fc.weight.sum().item()", "x: x")
    assert [problem.reason for problem in trace_text(text, (8,)).problems] == ["trace-incomplete"]


def test_images_that_are_joined_with_their_labels() -> None:
    init = "self.embed = nn.Embedding(10, 10); self.fc = nn.Linear(1034, 1)"
    joined = "img, labels: self.fc(torch.cat((img.view(img.size(0), -1), self.embed(labels)), -1))"
    trace = trace_text(HEADER + module("Net", init, joined))
    assert not faults(trace)
    assert [item.shape for item in only_model(trace).inputs] == [(1, 32, 32), ()]


def test_a_factory_whose_name_holds_its_model_later() -> None:
    text = HEADER + "def block():\n    return nn.Sequential(nn.Linear(8, 4))\n\n\nblock = block()\n"
    assert not trace_text(text, (8,)).problems


def test_what_a_package_does_when_it_is_imported_is_its_own_matter(tmp_path: Path) -> None:
    site = tmp_path / "site-packages"
    site.mkdir()
    (site / "curious_of_mine.py").write_text(
        "import socket\ntry:\n    socket.socket().bind(('127.0.0.1', 0))\n"
        "except OSError:\n    pass\nWIDTH = 5\n"
    )
    text = f"import sys\nsys.path.append({str(site)!r})\nimport curious_of_mine\n" + HEADER
    text += module("Net", "self.fc = nn.Linear(8, curious_of_mine.WIDTH)", "x: self.fc(x)")
    assert only_model(trace_text(text, (8,))).passes[0].complete


def test_a_part_whose_inputs_nothing_says_is_left_to_its_model(tmp_path: Path) -> None:
    text = HEADER + module("Up", "self.fc = nn.Linear(9, 4)", "a, b: self.fc(torch.cat((a, b.tail), 1))")
    assert [problem.reason for problem in traced_alone(tmp_path, text).problems] == ["input-unknown"]
    (tmp_path / "whole.py").write_text(
        "from torch import nn\nfrom parts import Up\n" + module("Whole", "self.up = Up()", "x: self.up(x, x)")
    )
    trace = traced_alone(tmp_path, text)
    assert (trace.models, trace.problems) == ((), ())


def test_a_factory_stands_for_the_class_of_another_file(tmp_path: Path) -> None:
    """A project builds its models from options, in functions that are given them."""
    (tmp_path / "pyproject.toml").write_text("")
    nets = tmp_path / "nets"
    nets.mkdir()
    init = "self.block = block(width, 4); self.stem = nn.Conv2d(3, width, 3)"
    whole = module("Whole", init, "x: self.block(self.stem(x))", arguments=", block, width")
    (nets / "whole.py").write_text(HEADER + whole)
    (tmp_path / "options.py").write_text(
        "import argparse\nparser = argparse.ArgumentParser()\n"
        "parser.add_argument('--gizmo_width', default=13, type=int)\n"
    )
    (tmp_path / "build.py").write_text(
        "from nets import wide\ndef build(opt):\n    return wide.make(gizmo=opt.gizmo_width)\n"
    )
    text = HEADER + "from .whole import Whole\n"
    text += module("Block", "self.conv = nn.Conv2d(n, m, 1)", "x: self.conv(x)", arguments=", n, m")
    text += "def make(gizmo):\n    return Whole(Block, gizmo)\n"
    (nets / "wide.py").write_text(text)
    model = only_model(trace_text(text, name=str(nets / "wide.py")))
    assert (model.name, model.parameters[0].shape) == ("make", (4, 13, 1, 1))
    assert "build.py, line 3, with 13 for opt.gizmo_width" in model.notes[0]


def test_a_class_that_runs_a_given_model_is_none() -> None:
    text = HEADER + "class Replicas(nn.DataParallel):\n    def replicate(self, module, devices):\n"
    assert not trace_text(text + "        return [module for _ in devices]\n").problems


def test_a_fault_of_arguments_that_are_made_up_is_none() -> None:
    init = "self.fc = nn.Linear(9, hidden_size); self.norm = nn.BatchNorm1d(32); self.head = nn.Linear(5, 2)"
    text = HEADER + module("Net", init, "x: self.head(self.norm(self.fc(x)))", arguments=", hidden_size")
    trace = trace_text(text, (9,))
    (problem,) = trace.problems
    assert (problem.reason, "expects 32 channels, but the input has 64" in problem.message) == (
        "missing-arguments",
        True,
    )
    assert not faults(trace)
    trace = trace_text(text.replace("5, 2", "hidden_size, 2").replace("(9,", "(8,").replace("32", "64"), (9,))
    assert faults(trace) == ["Linear expects 8 features, but the input has 9"]


def test_a_fault_whatever_the_made_up_arguments_are_stays() -> None:
    init = "self.a = nn.Linear(9, hidden_dim); self.b = nn.Linear(2 * hidden_dim, 3)"
    text = HEADER + module("Net", init, "x: self.b(self.a(x))", arguments=", hidden_dim")
    assert faults(trace_text(text, (9,))) == ["Linear expects 128 features, but the input has 64"]


@pytest.mark.parametrize(
    "call", ["unfold(2, 2, 2)", "narrow(2, 0, 2)", "masked_fill_(torch.tensor(True), 0.0)", "diagonal()"]
)
def test_parts_of_the_whole_batch_are_no_loop(call: str) -> None:
    text = HEADER + module("Net", "self.conv = nn.Conv2d(3, 4, 3)", f"x: self.conv(x).{call}")
    assert only_model(trace_text(text, (3, 8, 8))).passes[0].complete


def test_packages_keep_their_caches_where_they_may_write(tmp_path: Path) -> None:
    text = "import os\nfrom pathlib import Path\nfrom torch import nn\n"
    text += "folder = Path(os.environ['NUMBA_CACHE_DIR'])\nfolder.mkdir(exist_ok=True)\n"
    text += "WIDTH = (folder / 'kept').write_text('abc')\nnet = nn.Sequential(nn.Linear(4, WIDTH))\n"
    assert only_model(trace_text(text, (4,))).parameters[0].shape == (3, 4)


def test_a_forward_that_loops_over_its_samples_gets_a_small_batch() -> None:
    text = HEADER + "class Net(nn.Module):\n    def forward(self, x):\n"
    text += "        for n in range(x.shape[0]):\n            x[n][:2] = 0\n        return x.relu()\n"
    run = only_model(trace_text(text, (4,))).passes[0]
    assert run.complete and len(run.operations) < 20


def test_a_waveform_that_no_layer_reads_as_it_is() -> None:
    text = HEADER + module(
        "Net",
        "self.conv = nn.Conv1d(1, 8, 400, 160); self.head = nn.Conv2d(1, 4, 3)",
        "x: self.head(self.conv(nn.functional.pad(x[:, None], (9, 9), mode='reflect'))[:, None])",
    )
    trace = trace_text(text)
    assert [item.shape for item in only_model(trace).inputs] in ([(784,)], [(32000,)])


def traced_alone(folder: Path, text: str) -> FileTrace:
    (folder / "parts.py").write_text(text)
    return trace_text(text, folder=folder, name="parts.py")


@pytest.mark.parametrize(
    ("more", "reasons"),
    [("", ["missing-arguments"]), ("def head(gizmo):\n    return Head(gizmo)\n", [])],
    ids=["nothing", "a function"],
)
def test_a_class_beside_a_factory_is_a_part_only_where_something_builds_it(
    more: str, reasons: list[str]
) -> None:
    text = HEADER + "def make(c=8):\n    return nn.Sequential(nn.Conv2d(3, c, 3), nn.ReLU())\n"
    text += module("Head", "self.fc = nn.Linear(8, gizmo)", "x: self.fc(x)", arguments=", gizmo")
    assert [problem.reason for problem in trace_text(text + more, (3, 8, 8)).problems] == reasons


def test_each_definition_of_a_class_is_a_model_with_its_own_calls() -> None:
    text = HEADER + module("Net", "self.conv = nn.Conv2d(1, 4, 3)", "x: self.conv(x)")
    text += "net = Net()\nnet(torch.zeros(2, 1, 32, 32))\n"
    text += module("Net", "self.conv = nn.Conv2d(3, 4, 3)", "x: self.conv(x)")
    text += "net = Net()\nnet(torch.zeros(2, 3, 16, 16))\n"
    text += module("Net", "self.conv = nn.Conv2d(3, 4, 3)", "x: self.conv(x)")
    text += "net = Net()\nnet(torch.zeros(2, 2, 16, 16))\n"
    trace = trace_text(text)
    assert [model.inputs[0].shape for model in trace.models] == [(1, 32, 32), (3, 16, 16), (2, 16, 16)]
    assert [model.span.row for model in trace.models] == [3, 11, 19]
    assert len(faults(trace)) == len(faults(replace(trace, models=trace.models[2:]))) > 0


def test_the_branch_for_a_tensor_on_a_gpu_is_taken() -> None:
    trace = trace_text(
        """
        import numpy as np
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(8, 9)

            def forward(self, x):
                eye = torch.autograd.Variable(torch.from_numpy(np.eye(3, dtype="float32"))).view(1, 9)
                eye = eye.repeat(x.size(0), 1)
                if x.is_cuda:
                    eye = eye.cuda()
                return self.fc(x) + eye
        """
    )
    (run,) = trace.models[0].passes
    assert not any(operation.fault for operation in run.operations)
    assert {tensor.device for tensor in run.tensors if tensor.id in run.operations[-1].inputs()} == {"model"}


def test_a_residual_block_is_tried_with_as_many_channels_in_as_out() -> None:
    text = HEADER + module(
        "Block",
        "self.conv = nn.Conv2d(in_channels, n_filters, 3, padding=1)",
        "x: x + self.conv(x)",
    ).replace("def __init__(self)", "def __init__(self, in_channels, n_filters)")
    trace = trace_text(text)
    assert [problem.reason for problem in trace.problems] == ["missing-arguments"]
    assert not any(operation.fault for run in trace.models[0].passes for operation in run.operations)
