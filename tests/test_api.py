"""cnnlint from Python: in a test, in a notebook, on models that live in the user's own process."""

from __future__ import annotations

import importlib
import linecache
import os
import pickle
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm
from torch.utils.checkpoint import checkpoint

import cnnlint
from cnnlint.config import UsageError

HERE = os.path.relpath(__file__)


class Broken(nn.Module):
    def __init__(self, classes: int = 10):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(16))
        self.blocks = nn.ModuleList([nn.Conv2d(8, 8, 1) for _ in range(2)])
        self.head = nn.Linear(100, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.features(x)
        for block in self.blocks:
            x = torch.relu(block(x))
        return self.head(x.flatten(1))


class Clean(nn.Module):
    def __init__(self, classes: int = 10):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.norm = nn.BatchNorm2d(8)
        self.head = nn.Linear(8, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.norm(self.conv(x)))
        return self.head(x.mean((2, 3)))


def row(text: str) -> int:
    """The first row of this file that holds a text."""
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def found(result: Any) -> list[tuple[str, str, int]]:
    """(code, file, row) of the findings that are no advice."""
    return [
        (item.code, item.span.filename, item.span.row)
        for item in result.findings()
        if item.severity != "advice"
    ]


BROKEN = [
    ("CNN107", HERE, row("nn.BatchNorm2d(16)")),
    ("CNN102", HERE, row("nn.Linear(100, classes)")),
]


# -- models of this process


@pytest.mark.parametrize(
    "model",
    [Broken(), Broken, lambda: Broken(5), nn.DataParallel(Broken())],
    ids=["model", "class", "lambda", "parallel"],
)
def test_findings_stand_where_the_source_of_the_class_is(model: Any) -> None:
    result = cnnlint.lint(model, "3x32x32")
    assert found(result) == BROKEN
    assert "7200" in str(result) and "3×32×32 per sample (as given)" in str(result)
    assert "nn.BatchNorm2d(16)" in str(result)


@pytest.mark.parametrize(
    "given",
    [(3, 32, 32), ["3x32x32"], torch.zeros(2, 3, 32, 32), torch.zeros(2, 3, 32, 32).numpy()],
    ids=type,
)
def test_inputs_are_shapes_or_tensors(given: Any) -> None:
    model = Clean()
    (traced,) = cnnlint.trace(model, given).models
    assert [(item.shape, item.dtype) for item in traced.inputs] == [((3, 32, 32), "float32")]


def test_several_inputs_and_other_types() -> None:
    model = nn.Bilinear(4, 5, 6)
    (traced,) = cnnlint.trace(model, ["4", torch.zeros(7, 5, dtype=torch.float64)]).models
    assert [(item.shape, item.dtype) for item in traced.inputs] == [((4,), "float32"), ((5,), "float64")]


def test_a_layer_that_was_replaced_is_not_said_to_be_the_one_in_the_source() -> None:
    model = Clean()
    model.head = nn.Linear(9, 10)
    (finding,) = [item for item in cnnlint.lint(model, "3x8x8").findings() if item.severity == "error"]
    assert (finding.code, finding.span.row) == ("CNN102", row("return self.head(x.mean"))


def test_a_model_without_source_is_shown_as_it_prints_itself() -> None:
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(72, 10))
    result = cnnlint.lint(model, "3x32x32")
    assert found(result) == [("CNN102", "<Sequential>", 5)]
    assert "model[3] = Linear(in_features=72, out_features=10, bias=True)" in str(result)
    assert "fix" not in str(result)  # there is no file to fix


class Checkpointed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(checkpoint(self.first, x, use_reentrant=True))
        return checkpoint(self.second, x, use_reentrant=False)


LAZY = nn.Sequential(nn.LazyConv2d(8, 3), nn.LazyBatchNorm2d(), nn.ReLU(), nn.Flatten(), nn.LazyLinear(4))
NORMED = nn.Sequential(nn.utils.spectral_norm(nn.Conv2d(3, 8, 3)), nn.ReLU(), weight_norm(nn.Conv2d(8, 8, 3)))


@pytest.mark.parametrize("model", [Checkpointed(), LAZY, NORMED], ids=["checkpointed", "lazy", "normed"])
def test_what_torch_itself_does_to_models_is_no_fault(model: nn.Module) -> None:
    printed = str(model)
    assert found(cnnlint.lint(model, "3x20x20")) == []
    assert str(model) == printed


class Noting(nn.Module):
    """Leaves traces of being run wherever it can."""

    runs = 0

    def __init__(self) -> None:
        super().__init__()
        self.drop = nn.Dropout(0.5)
        self.norm = nn.BatchNorm2d(3)
        self.register_buffer("count", torch.zeros(()))
        self.plain = torch.ones(3, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        Noting.runs += 1
        self.count += 1
        self.seen = x
        print("run", random.random())
        return self.norm(self.drop(x))


def test_nothing_of_the_users_is_changed(capfd: pytest.CaptureFixture[str]) -> None:
    model = Noting().eval()
    model.norm.train()
    calls: list[str] = []
    model.norm.register_forward_hook(lambda *_: calls.append("norm"))
    model.norm.weight.grad = torch.ones(3)

    def state() -> Any:
        values = {
            name: (id(tensor), tensor.clone()) for name, tensor in model.state_dict(keep_vars=True).items()
        }
        modes = {name: module.training for name, module in model.named_modules()}
        tables = [{key: id(value) for key, value in vars(module).items()} for module in model.modules()]
        settings = (torch.is_grad_enabled(), torch.get_num_threads(), torch.get_default_dtype(), os.getcwd())
        return values, modes, tables, settings, model.norm.weight.grad

    before, rng, numbers = state(), torch.get_rng_state(), random.getstate()
    patched = (nn.Module.__call__, nn.Module.__init__, nn.Module.to, nn.init.normal_, torch.load, sys.stdout)
    cnnlint.lint(model, "3x32x32")
    cnnlint.trace(model, "3x32x32")
    cnnlint.lint(Noting, "3x32x32")
    assert str(state()) == str(before)
    assert torch.equal(torch.get_rng_state(), rng) and random.getstate() == numbers
    assert patched == (
        nn.Module.__call__,
        nn.Module.__init__,
        nn.Module.to,
        nn.init.normal_,
        torch.load,
        sys.stdout,
    )
    assert (Noting.runs, calls, capfd.readouterr().out) == (0, [], "")
    assert not hasattr(model, "seen")
    with torch.no_grad():
        assert model(torch.ones(2, 3, 4, 4)).shape == (2, 3, 4, 4)


def test_a_forward_that_asks_for_values_has_the_models_own() -> None:
    class Gate(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.full((1,), 2.0))
            self.low, self.high = nn.Linear(4, 3), nn.Linear(5, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.low(x) if self.weight.item() > 1 else self.high(x)

    model = Gate()
    result = cnnlint.lint(model, "4", ignore=["unused-layer"])
    assert found(result) == []
    assert "depends on values" in str(result)
    model.weight.data.fill_(0.0)
    assert [code for code, _, _ in found(cnnlint.lint(model, "4", ignore=["CNN503"]))] == ["CNN102"]
    assert not model.weight.is_meta


def test_a_model_that_ends_the_process_ends_only_its_own() -> None:
    class Ending(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            os._exit(3)

    result = cnnlint.lint(Ending(), "3x8x8")
    assert "ended itself with status 3" in str(result)
    with pytest.raises(AssertionError, match="ended itself with status 3"):
        cnnlint.assert_clean(Ending(), "3x8x8")


def test_comments_and_configuration_of_the_source_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "written.py").write_text(
        "from torch import nn\n\n\n"
        "class Net(nn.Module):  # cnnlint: input=3x8x8\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.conv = nn.Conv2d(3, 8, 3)\n"
        "        self.fc = nn.Linear(10, 10)  # cnnlint: ignore[CNN102]\n\n"
        "    def forward(self, x):\n"
        "        return self.fc(self.conv(x).relu().flatten(1).sigmoid())\n"
    )
    (tmp_path / "cnnlint.toml").write_text("ignore = ['CNN2']\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("written")
    model = module.Net()
    assert found(cnnlint.lint(model)) == []
    (traced,) = cnnlint.trace(model).models
    assert traced.inputs[0].shape == (3, 8, 8) and "comment" in traced.inputs[0].reason
    # edited since it was imported: what stands there now is not what runs
    (tmp_path / "written.py").write_text("\n" + (tmp_path / "written.py").read_text())
    linecache.checkcache()
    assert found(cnnlint.lint(model, "3x8x8")) == [("CNN102", "<Net>", 3)]


def test_what_is_no_model_is_said(tmp_path: Path) -> None:
    class Needy(nn.Module):
        def __init__(self, width: int):
            super().__init__()

    for wrong, said in (
        (3, "int is no model"),
        (dict, "dict is no nn.Module"),
        (Needy, r"Needy cannot be built without arguments .*width.*lambda: Needy\(…\)"),
        (sys, "the module sys has no file"),
    ):
        with pytest.raises(TypeError, match=said):
            cnnlint.lint(wrong)
    with pytest.raises(ValueError, match="3x32"):
        cnnlint.lint(Clean(), object())
    with pytest.raises(UsageError, match="CNN999"):
        cnnlint.lint(Clean(), "3x8x8", select=["CNN999"])
    with pytest.raises(UsageError, match="no such file"):
        cnnlint.lint(tmp_path / "gone.py")


def test_a_class_whose_constructor_raises_is_told_with_its_line() -> None:
    class Raising(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 8, 3, groups=2)
            self.made = nn.Lineer(3, 4)

    assert ("CNN003", HERE, row("nn.Lineer")) in found(cnnlint.lint(Raising, "3x8x8"))


# -- in a test


def test_assert_clean() -> None:
    cnnlint.assert_clean(Clean(), "3x32x32")
    with pytest.raises(AssertionError) as raised:
        cnnlint.assert_clean(Broken(), "3x32x32")
    assert "error CNN107" in str(raised.value) and "Found 2 errors in 1 model." in str(raised.value)
    cnnlint.assert_clean(Broken(), "3x32x32", ignore=["CNN1"])


def test_what_was_not_judged_is_not_clean(tmp_path: Path) -> None:
    (tmp_path / "plain.py").write_text("ANSWER = 42\n")
    with pytest.raises(AssertionError, match="Nothing was checked"):
        cnnlint.assert_clean(tmp_path / "plain.py")


def test_in_a_users_test_suite(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The one line fails with the report, at the user's own line."""
    path = tmp_path / "test_of_a_user.py"
    path.write_text(
        "import cnnlint\nfrom torch import nn\n\n\n"
        "def test_net():\n"
        "    cnnlint.assert_clean(nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(4, 8, 3)), '3x32x32')\n"
    )
    code = pytest.main(["-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(path)])
    told = capfd.readouterr().out
    assert code == pytest.ExitCode.TESTS_FAILED
    assert "Conv2d expects 4 channels, but 0 gives 8" in told
    assert "test_of_a_user.py:6: AssertionError" in told and "api.py" not in told


# -- files


def test_paths_and_modules_are_linted_as_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "unparsed.py").write_text("class Net(:\n")
    (tmp_path / "empty.py").write_text("")
    monkeypatch.chdir(tmp_path)
    assert found(cnnlint.lint("unparsed.py")) == [("CNN001", "unparsed.py", 1)]
    assert [code for code, _, _ in found(cnnlint.lint(tmp_path))] == ["CNN001"]
    monkeypatch.syspath_prepend(tmp_path)
    result = cnnlint.lint(importlib.import_module("empty"))
    assert [item.code for item in result.findings()] == ["CNN009"]
    assert not (tmp_path / ".cnnlint_cache").exists()


# -- what it costs, and how it is shown


def test_importing_it_is_cheap() -> None:
    script = (
        "import sys; before = set(sys.modules); import cnnlint; cnnlint.__version__\n"
        "print({name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert eval(done.stdout) <= {
        "cnnlint",
        "__future__",
        "typing",
        "collections",
        "functools",
        "operator",
    } | {name for name in eval(done.stdout) if name in sys.stdlib_module_names}
    with pytest.raises(AttributeError):
        cnnlint.nothing  # noqa: B018


def test_trace_is_the_function_and_the_module() -> None:
    from cnnlint.traces import Model

    shapes = cnnlint.trace(Clean(), "3x32x32")
    assert [type(model) for model in shapes.models] == [Model]
    assert "(32 + 2×0 − 3)/1 + 1 = 30" in str(shapes)
    assert "<table>" in shapes._repr_html_() and "[B, 8, 30, 30]" in shapes._repr_html_()
    assert pickle.loads(pickle.dumps(shapes.models[0])) == shapes.models[0]


def test_tables_hold_no_markup_of_the_users() -> None:
    odd = type("<b>Net</b>", (nn.Sequential,), {})
    model = odd(nn.Conv2d(3, 8, 3), nn.Conv2d(4, 8, 3))
    for shown in (
        cnnlint.lint(model, "3x32x32")._repr_html_(),
        cnnlint.trace(model, "3x32x32")._repr_html_(),
    ):
        assert "<b>Net" not in shown and "&lt;b&gt;Net" in shown


@pytest.fixture
def notebook(tmp_path: Path) -> Iterator[Any]:
    nbclient = pytest.importorskip("nbclient")
    cells = [
        "import torch\nfrom torch import nn\nimport cnnlint",
        "class Block(nn.Module):\n"
        "    def __init__(self, channels):\n"
        "        super().__init__()\n"
        "        self.norm = nn.BatchNorm2d(16)\n\n"
        "    def forward(self, x):\n"
        "        return self.norm(x).relu()",
        "class Net(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.conv = nn.Conv2d(3, 8, 3)\n"
        "        self.block = Block(8)\n\n"
        "    def forward(self, x):\n"
        "        return self.block(self.conv(x))",
        "net = Net()\nresult = cnnlint.lint(net, '3x32x32')\nresult",
        "print(result)",
        "cnnlint.trace(net, '3x32x32')",
    ]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    resources = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(book, timeout=300, kernel_name="python3", resources=resources).execute()
    yield book


def test_in_a_notebook_results_are_tables_and_places_are_cells(notebook: Any) -> None:
    findings, printed, shapes = (cell.outputs[0] for cell in notebook.cells[3:])
    assert "<table>" in findings.data["text/html"]
    assert "cell 2:4:36" in findings.data["text/html"]
    assert "<notebook>:cell 2:4:36: error CNN107" in printed.text
    assert "self.norm = nn.BatchNorm2d(16)" in printed.text  # from a cell before that of the model
    assert "called here" in printed.text
    assert "[B, 8, 30, 30]" in shapes.data["text/html"]
