"""Files in a project: only what their models need is run, in them and in the modules beside them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tracing import only_model, trace_text

from cnnlint.traces import FileTrace

NET = """
import torch.nn as nn
{imports}

class Net(nn.Module):
    def __init__(self{parameters}):
        super().__init__()
        self.conv = nn.Conv2d(3, {width}, 3)

    def forward(self, x):
        return self.conv(x).mean((2, 3))
"""


def net(imports: str = "", parameters: str = "", width: str = "8") -> str:
    return NET.format(imports=imports, parameters=parameters, width=width)


def traced(folder: Path, text: str, name: str = "model.py", **options: object) -> FileTrace:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return trace_text(text, (3, 16, 16), folder=path.parent, name=path.name, **options)


def width(trace: FileTrace) -> int:
    model = only_model(trace)
    return next(parameter.shape[0] for parameter in model.parameters if parameter.name == "conv.weight")


def test_training_code_is_not_run_here_nor_beside(tmp_path: Path) -> None:
    (tmp_path / "settings.py").write_text("raise_later = 1\nWIDTH = 12\nopen('ran.txt', 'w')\n1 / 0\n")
    text = (
        net("from settings import WIDTH", width="WIDTH")
        + "\nfor epoch in range(10**9):\n    open('ran.txt', 'w')\n"
    )
    assert width(traced(tmp_path, text)) == 12
    assert not (tmp_path / "ran.txt").exists()


def test_relative_imports_of_a_package_in_a_src_layout(tmp_path: Path) -> None:
    package = tmp_path / "src" / "nets"
    package.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'nets'\n")
    (package / "__init__.py").write_text("")
    (package / "sizes.py").write_text("WIDTH = 5\n")
    assert width(traced(package, net("from .sizes import WIDTH", width="WIDTH"))) == 5
    assert width(traced(package, net("from nets import sizes", width="sizes.WIDTH"), "other.py")) == 5


def test_star_imports_of_a_sibling(tmp_path: Path) -> None:
    (tmp_path / "layers.py").write_text("WIDTH = 7\nprint(undefined)\n")
    assert width(traced(tmp_path, net("from layers import *", width="WIDTH"))) == 7


def test_arguments_come_from_a_siblings_call(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(
        "import argparse\nfrom model import Net\n"
        "parser = argparse.ArgumentParser()\nparser.add_argument('--width', type=int, default=11)\n"
        "parser.add_argument('--data', required=True)\n"
        "def main():\n    args = parser.parse_args()\n    model = Net(args.width)\n    train(model)\nmain()\n"
    )
    trace = traced(tmp_path, net(parameters=", n", width="n"))
    assert width(trace) == 11
    (note,) = only_model(trace).notes
    assert note.startswith("Net was built as Net(args.width), as in ") and note.endswith("train.py, line 8")


def test_conventional_arguments_are_said() -> None:
    trace = trace_text(net(parameters=", num_classes", width="num_classes"), (3, 16, 16))
    assert width(trace) == 10
    assert "num_classes=10" in only_model(trace).notes[0]


def test_arguments_that_nothing_supplies_are_asked_for() -> None:
    trace = trace_text(net(parameters=", gizmo", width="gizmo"), (3, 16, 16))
    (problem,) = trace.problems
    assert (problem.reason, trace.models) == ("missing-arguments", ())
    assert "gizmo" in problem.message and "# cnnlint: model=Net(gizmo=…)" in (problem.help or "")


def test_a_missing_package_matters_only_where_the_model_needs_it(tmp_path: Path) -> None:
    assert width(traced(tmp_path, net("import nowhere\nfrom nowhere.deep import thing as other"))) == 8
    trace = traced(tmp_path, net("import nowhere", width="nowhere.width()"))
    (problem,) = trace.problems
    assert (problem.reason, problem.span.row) == ("package-missing", 2)
    assert "'nowhere'" in problem.message


def test_missing_bases_and_decorators_are_seen_through(tmp_path: Path) -> None:
    text = net("import lightning_of_some_kind as pl\nfrom registry_of_some_kind import register").replace(
        "class Net(nn.Module)", "@register('net', version=2)\nclass Net(pl.LightningModule)"
    )
    assert width(traced(tmp_path, text)) == 8


def test_an_import_that_fails_in_a_try_fails(tmp_path: Path) -> None:
    imports = "try:\n    import nowhere\n    WIDTH = 1\nexcept ImportError:\n    WIDTH = 9"
    assert width(traced(tmp_path, net(imports, width="WIDTH"))) == 9


def test_a_constant_that_cannot_be_had_is_named(tmp_path: Path) -> None:
    trace = traced(tmp_path, net("LABELS = open('labels.txt').read().split()", width="len(LABELS)"))
    (problem,) = trace.problems
    assert (problem.reason, problem.span.row) == ("missing-arguments", 2)
    assert "LABELS" in problem.message and "labels.txt" in problem.message


def test_a_package_hands_on_what_its_modules_define(tmp_path: Path) -> None:
    package = tmp_path / "nets"
    package.mkdir()
    (package / "__init__.py").write_text("from . import sizes\nfrom .sizes import WIDTH\n1 / 0\n")
    (package / "sizes.py").write_text("WIDTH = 6\n")
    assert width(traced(tmp_path, net("import nets", width="nets.sizes.WIDTH"))) == 6
    assert width(traced(tmp_path, net("from nets import WIDTH", width="WIDTH"), "other.py")) == 6


def test_what_only_the_program_sets_is_no_fault_of_the_model() -> None:
    main = "if __name__ == '__main__':\n    args = load_settings()\n    print(Net())\n"
    trace = trace_text(net(width="args.width") + main, (3, 16, 16))
    assert [problem.reason for problem in trace.problems] == ["missing-arguments"]


def test_a_model_that_gives_train_another_meaning() -> None:
    method = "\n    def train(self, images, labels):\n        return self(images)\n"
    assert width(trace_text(net() + method, (3, 16, 16))) == 8


def test_a_part_of_a_model_in_another_file_is_left_to_it(tmp_path: Path) -> None:
    block = net(parameters=", gizmo", width="gizmo").replace("class Net", "class Block")
    (tmp_path / "other.py").write_text("class Block:\n    pass\n")
    assert [problem.reason for problem in traced(tmp_path, block, "blocks.py").problems] == [
        "missing-arguments"
    ]
    (tmp_path / "whole.py").write_text(
        "from blocks import Block\n\ndef make(sizes):\n    return Block(*sizes)\n"
    )
    assert traced(tmp_path, block, "blocks.py").problems == ()


def test_a_configuration_is_taken_from_its_class() -> None:
    settings = "from dataclasses import dataclass\n\n@dataclass\nclass Settings:\n    width: int = 21\n"
    annotated = net(settings, ", settings: Settings", "settings.width")
    for text in (net(settings, ", config", "config.width"), annotated):
        trace = trace_text(text, (3, 16, 16))
        assert width(trace) == 21
        assert "=Settings())" in only_model(trace).notes[0]
    assert (
        trace_text(net(settings.replace(" = 21", ""), ", config", "config.width"), (3, 16, 16)).models == ()
    )


def test_a_configuration_is_taken_from_the_variable_of_its_name() -> None:
    text = net("from types import SimpleNamespace", ", config", "config.width")
    assert width(trace_text(text + "\nconfig = SimpleNamespace(width=13)\n", (3, 16, 16))) == 13


def test_annotations_of_a_missing_package(tmp_path: Path) -> None:
    text = net("from jaxtyping_of_some_kind import Float\nimport torch").replace(
        "self, x)", "self, x: Float[torch.Tensor, 'b 3 h w'] | None) -> Float[torch.Tensor, 'b 8']"
    )
    assert width(traced(tmp_path, text)) == 8


def test_the_layers_of_a_class_inside_a_function_stand_in_the_file() -> None:
    text = (
        "import torch.nn as nn\n\ndef main(width=4):\n    if width:\n        print(width)\n"
        "    @decorated\n    class Net(nn.Module):\n        def __init__(self):\n"
        "            super().__init__()\n"
        "            self.conv = nn.Conv2d(3, width, 3)\n\n        def forward(self, x):\n"
        "            return self.conv(x)\n\n    net = Net()\n\ndef decorated(item):\n    return item\n"
    )
    model = only_model(trace_text(text, (3, 16, 16)))
    (conv,) = [layer for layer in model.layers if layer.path == "conv"]
    span = conv.sites[0].span
    assert (span.row, span.column, conv.arguments["out_channels"]) == (10, 25, 4)
    assert model.passes[0].operations[0].calls[0].row == 13


@pytest.mark.parametrize(
    "change",
    [
        "sys.path.append('..')",
        "sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))",
        "sys.path.append(os.path.abspath('..'))",
        "sys.path += [str(Path.cwd().parent)]",
        "ROOT = Path(__file__).resolve().parents[1]\nsys.path.insert(0, str(ROOT))",
        "if '..' not in sys.path:\n    sys.path.append('..')",
    ],
)
def test_what_a_file_adds_to_the_search_path_is_relative_to_its_folder(tmp_path: Path, change: str) -> None:
    (tmp_path / "helpers_of_mine").mkdir()
    (tmp_path / "helpers_of_mine" / "__init__.py").write_text("WIDTH = 5\nopen('ran.txt', 'w')\n1 / 0\n")
    imports = f"import os\nimport sys\nfrom pathlib import Path\n{change}\nimport helpers_of_mine as d2"
    trace = traced(tmp_path / "ch1", net(imports, width="d2.WIDTH"))
    assert width(trace) == 5
