"""Configuration files, `--config` and `--isolated`, as the user of the command meets them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from inside import run

NET = """\
import torch.nn as nn


class Net(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.fc = nn.Linear(8 * 14 * 14, 7)

    def forward(self, x):
        x = self.conv(x).relu()
        return self.fc(x.flatten(1)).softmax(1)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("net.py", "nets/a.py", "nets/deep/b.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x = 1\n")
    return tmp_path


def settings(*arguments: str, cwd: Path) -> dict[str, Any]:
    """The effective settings of a file, as `--show-settings` writes them."""
    done = run("--show-settings", *arguments, cwd=cwd)
    assert (done.returncode, done.stderr) == (0, "")
    return {"from": done.stdout.splitlines()[1].removeprefix("# from "), **tomllib.loads(done.stdout)}


def said(*arguments: str, cwd: Path) -> str:
    """The one line of a refused run."""
    done = run(*arguments, cwd=cwd)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    return done.stderr.removeprefix("error: ").rstrip("\n")


# -- which file counts


def test_the_closest_file_wins_and_nothing_above_it_counts(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.cnnlint]\ntimeout = 5\ndevice = 'cpu'\n")
    (project / "nets" / "cnnlint.toml").write_text("timeout = 7\n")
    (project / "nets" / "deep" / "pyproject.toml").write_text("[project]\nname = 'not-about-cnnlint'\n")
    above, below = settings("net.py", cwd=project), settings("nets/deep/b.py", cwd=project)
    assert (above["timeout"], above["device"], above["from"]) == (5, "cpu", "pyproject.toml")
    assert (below["timeout"], below["device"], below["from"]) == (7, "meta", "nets/cnnlint.toml")
    assert settings("b.py", cwd=project / "nets" / "deep")["timeout"] == 7


def test_of_the_files_in_a_folder_the_hidden_one_wins(project: Path) -> None:
    for number, name in enumerate(("pyproject.toml", "cnnlint.toml", ".cnnlint.toml"), 1):
        header = "[tool.cnnlint]\n" if name == "pyproject.toml" else ""
        (project / name).write_text(f"{header}timeout = {number}\n")
        assert settings("net.py", cwd=project)["timeout"] == number


def test_standard_input_has_the_settings_of_its_name(project: Path) -> None:
    (project / "nets" / "cnnlint.toml").write_text("timeout = 7\n")
    assert settings("-", "--stdin-filename", "nets/new.py", cwd=project)["timeout"] == 7
    assert settings("-", cwd=project)["timeout"] == 30


def test_extend_takes_over_another_file(project: Path) -> None:
    (project / "base.toml").write_text(
        "timeout = 5\ndevice = 'cpu'\nselect = ['CNN1']\nextend-exclude = ['old']\n"
        "[per-file-ignores]\n'a.py' = ['CNN101']\n[rules.channel-jump]\ngrowth = 8\nshare = 0.5\n"
    )
    (project / "nets" / "cnnlint.toml").write_text(
        "extend = '../base.toml'\ntimeout = 7\nextend-select = ['channel-jump']\nextend-exclude = ['new']\n"
        "[per-file-ignores]\n'b.py' = ['CNN102']\n[rules.CNN404]\nshare = 0.1\n"
    )
    have = settings("nets/a.py", cwd=project)
    assert have["from"] == "base.toml, nets/cnnlint.toml"
    assert (have["timeout"], have["device"]) == (7, "cpu")
    assert have["exclude"][-2:] == ["old", "new"]
    assert {"CNN102", "CNN404"} <= set(have["select"]) and not {"CNN101", "CNN201"} & set(have["select"])
    assert have["per-file-ignores"] == {"a.py": ["CNN101"], "b.py": ["CNN102"]}
    assert have["rules"] == {"channel-jump": {"growth": 8.0, "share": 0.1}}


def test_flags_win_over_assignments_and_those_over_files(project: Path) -> None:
    (project / "cnnlint.toml").write_text("timeout = 5\ndevice = 'cpu'\nfail-level = 'error'\n")
    arguments = ("--config", "timeout=6", "--config", "device=cuda", "--device", "meta", "net.py")
    have = settings(*arguments, cwd=project)
    assert (have["timeout"], have["device"], have["fail-level"]) == (6, "meta", "error")


def test_a_named_file_counts_everywhere_and_isolated_runs_have_none(project: Path) -> None:
    (project / "nets" / "cnnlint.toml").write_text("timeout = 7\n")
    (project / "strict.toml").write_text("timeout = 3\nextend-exclude = ['nets/a.py']\n")
    assert settings("--config", "strict.toml", "nets/a.py", cwd=project)["timeout"] == 3
    assert settings("--isolated", "nets/a.py", cwd=project)["timeout"] == 30
    assert settings("--isolated", "--config", "timeout=2", "nets/a.py", cwd=project)["timeout"] == 2
    listed = run("--config", "strict.toml", "--show-files", ".", cwd=project).stdout
    assert listed == "net.py\nnets/deep/b.py\n"
    assert "contradict" in said("--isolated", "--config", "strict.toml", "net.py", cwd=project)
    assert "more than one file" in said("--config", "strict.toml", "--config", "a.toml", ".", cwd=project)


# -- what is said of mistakes


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("selct = ['CNN1']", "no such key 'selct', did you mean select?"),
        ("select = 3", "select must be a list of strings, not 3"),
        ("select = ['CNN1O2']", "select: no rule has the code, prefix or name 'CNN1O2'"),
        ("ignore = ['flaten-mismatch']", "ignore: no rule has the code, prefix or name 'flaten-mismatch', "
         "did you mean flatten-mismatch?"),
        ("fail-level = 'eror'", 'must be error, warning or advice, not "eror", did you mean error?'),
        ("device = true", "device must be meta, cpu or cuda, not true"),
        ("timeout = '9'", 'timeout must be a number of at most 86400, not "9"'),
        ("timeout = 0", "timeout must be a number above 0, not 0"),
        ("num-classes = 0", "num-classes must be an integer of at least 1, not 0"),
        ("loss = 'CrossEntropy'", 'loss "CrossEntropy" is no loss of torch, did you mean CrossEntropyLoss?'),
        ("plugins = ['gone_rules']", "plugins: 'gone_rules' cannot be loaded: ModuleNotFoundError: "
         "No module named 'gone_rules'"),
        ("inputs = '3x32x32'", 'inputs must be a table, not "3x32x32"'),
        ("[inputs]\n'net.py' = '3xAx32'", "inputs of 'net.py': '3xAx32' is no shape: 'A' is not a number"),
        ("[models]\n'net.py' = 'Net'", "models of 'net.py': 'Net' is not a call such as"),
        ("[per-file-ignores]\n'net.py' = ['CNN9']", "per-file-ignores: no rule has the code"),
        ("[rules.chanel-jump]\ngrowth = 5", "rules.chanel-jump: no rule has the code, prefix or name "
         "'chanel-jump', did you mean channel-jump?"),
        ("[rules.CNN404]\ngrowht = 5", "rules.CNN404: no option 'growht', did you mean growth?"),
        ("[rules.CNN404]\ngrowth = 0", "rules.CNN404: growth must be a number of at least 1, not 0"),
        ("[rules.CNN101]\ngrowth = 5", "rules.CNN101: no option 'growth' (it has none)"),
        ("extend = 'gone.toml'", "extend: gone.toml: no such file"),
        ("extend = 'cnnlint.toml'", "extend goes round in a circle: cnnlint.toml"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_with_file_and_key(text: str, message: str, project: Path) -> None:
    (project / "cnnlint.toml").write_text(f"{text}\n")
    line = said("net.py", cwd=project)
    assert line.startswith("cnnlint.toml: ")
    assert message in line


def test_a_mistake_is_told_whatever_the_files_hold(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.cnnlint]\nselect = ['CNN1O2']\n")
    (project / "empty").mkdir()
    assert said("empty", cwd=project).startswith("pyproject.toml: select: ")
    (project / "pyproject.toml").write_text("[tool.cnnlint\n")
    assert said("net.py", cwd=project).startswith("pyproject.toml is not valid TOML: ")
    (project / "pyproject.toml").write_text("[tool.other\n")  # not ours to judge
    assert run("net.py", cwd=project).returncode == 0


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("gone.toml", "gone.toml cannot be read: No such file or directory"),
        ("selct=CNN1", "--config 'selct=CNN1': no such key 'selct', did you mean select?"),
        (
            "rules.CNN404.growth=many",
            "--config 'rules.CNN404.growth=many': rules.CNN404: growth must be a number",
        ),
        ("extend=base.toml", "extend can be set in a file only"),
        ("=3", "--config '=3' is neither a file nor key=value"),
    ],
)
def test_mistakes_in_an_assignment(argument: str, message: str, project: Path) -> None:
    assert message in said("--config", argument, "net.py", cwd=project)


# -- rules by file


def test_rules_are_ignored_by_file(project: Path) -> None:
    (project / "cnnlint.toml").write_text(
        "select = ['CNN1']\n[per-file-ignores]\n"
        "'nets/*.py' = ['CNN101', 'flatten-mismatch']\n'!nets' = 'ALL'\n"
    )
    selected = {
        name: settings(name, cwd=project)["select"] for name in ("net.py", "nets/a.py", "nets/deep/b.py")
    }
    assert selected["net.py"] == []
    assert not {"CNN101", "CNN102"} & set(selected["nets/a.py"]) and "CNN103" in selected["nets/a.py"]
    assert {"CNN101", "CNN102"} <= set(selected["nets/deep/b.py"])
    flag = ("--per-file-ignores", "nets:CNN103,deep:CNN104")
    assert not {"CNN103", "CNN104"} & set(settings(*flag, "nets/deep/b.py", cwd=project)["select"])
    assert "'CNN103' is not PATTERN:RULE" in said("--per-file-ignores", "CNN103", "net.py", cwd=project)


def test_a_plugin_beside_the_configuration_is_found(project: Path) -> None:
    (project / "house.py").write_text(
        "from cnnlint.diagnostic import Severity\nfrom cnnlint.plugin import Option, Rule\n\n"
        'class Small(Rule):\n    """Too small for this house."""\n\n    code = "HSE001"\n    name = "small"\n'
        '    severity = Severity.WARNING\n    least = Option(100, "the least number of outputs", least=1)\n'
    )
    (project / "cnnlint.toml").write_text("plugins = ['house']\nselect = ['HSE']\n[rules.small]\nleast = 7\n")
    have = settings("deep/b.py", cwd=project / "nets")
    assert "HSE001" in have["select"] and have["rules"] == {"small": {"least": 7}}
    assert "`least = 100` (an integer of at least 1)" in run("rule", "HSE001", cwd=project / "nets").stdout
    assert "HSE001" in run("rule", "--all", cwd=project).stdout
    assert "HSE001" not in run("rule", "--all", "--isolated", cwd=project).stdout


# -- what is said of models


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    (folder / "nets").mkdir()
    (folder / "nets" / "a.py").write_text(NET)
    (folder / "pyproject.toml").write_text(
        "[tool.cnnlint]\nnum-classes = 10\nloss = 'cross_entropy'\n\n"
        "[tool.cnnlint.inputs]\n'nets/*.py' = '1x9x9'\n'nets/a.py::Net' = ['3x16x16']\n\n"
        "[tool.cnnlint.models]\n'nets/a.py' = ['Net(classes=5)']\n"
    )
    return folder


def test_inputs_models_classes_and_loss_come_from_the_configuration(models: Path) -> None:
    shown = run("nets", cwd=models).stdout
    assert "= input: 3×16×16 per sample (inputs in pyproject.toml)" in shown
    assert "wrong-class-count: fc gives 7 outputs, but there are 10 classes" in shown
    assert "2 | num-classes = 10\n   | ---------------- 10 classes: num-classes in pyproject.toml" in shown
    assert "loss-activation-mismatch: softmax before CrossEntropyLoss" in shown
    assert "3 | loss = 'cross_entropy'" in shown


def test_flags_and_comments_are_closer(models: Path) -> None:
    by_flag = run("shapes", "--input", "3x20x20", "nets/a.py", cwd=models).stdout
    assert "nets/a.py:4:7: Net(classes=5)" in by_flag and "[B, 3, 20, 20]" in by_flag
    commented = models / "nets" / "commented.py"
    commented.write_text(f"# cnnlint: input=3x18x18\n# cnnlint: model=Net(3)\n{NET}")
    assignment = ("--config", 'models."commented.py"="Net(4)"')
    shown = run("shapes", *assignment, "nets/commented.py", cwd=models).stdout
    commented.unlink()
    assert "Net(3)" in shown and "[B, 3, 18, 18]" in shown


def test_what_the_file_says_of_classes_and_loss_counts_before(models: Path) -> None:
    trained = models / "nets" / "trained.py"
    trained.write_text(
        f"{NET}\n\nnum_classes = 7\nmodel = Net(num_classes)\n"
        "loss = nn.NLLLoss()\n\n\ndef step(x, y):\n    return loss(model(x).log(), y)\n"
    )
    shown = run("--output-format", "concise", "nets/trained.py", cwd=models).stdout
    trained.unlink()
    assert "CNN208" not in shown and "CrossEntropyLoss" not in shown


def test_too_few_inputs_are_told(models: Path) -> None:
    pair = models / "nets" / "pair.py"
    pair.write_text(f"{NET.replace('(self, x)', '(self, x, y)')}\n")
    shown = run("--output-format", "concise", "nets/pair.py", cwd=models).stdout
    pair.unlink()
    assert "forward of Net takes 2 inputs (x, y), and inputs in pyproject.toml gives 1" in shown


def test_a_model_that_the_file_does_not_have_is_refused(models: Path) -> None:
    line = said("--config", 'models."nets/a.py"="Nat(4)"', "nets/a.py", cwd=models)
    assert line.endswith("models: no model Nat in nets/a.py")
    line = said("--config", 'inputs."nets/a.py::Nat"="3x4x4"', "nets/a.py", cwd=models)
    assert line.endswith("inputs: no model Nat in nets/a.py")


def test_the_fail_level_and_thresholds_are_those_of_the_file(models: Path) -> None:
    lenient = models / "lenient"
    lenient.mkdir(exist_ok=True)
    (lenient / "b.py").write_text(f"# cnnlint: input=3x16x16\n# cnnlint: model=Net(7)\n{NET}")
    (lenient / "cnnlint.toml").write_text("select = ['CNN305', 'CNN401']\nfail-level = 'error'\n")
    assert run("lenient", cwd=models).returncode == 0
    (lenient / "cnnlint.toml").write_text(
        "select = ['CNN401']\nfail-level = 'advice'\nrules.CNN401.parameters = 1000\n"
    )
    done = run("--fail-level", "error", "lenient", cwd=models)
    assert done.returncode == 0 and "CNN401" in done.stdout
    assert run("lenient", cwd=models).returncode == 1
