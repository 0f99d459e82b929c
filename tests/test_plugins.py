"""A rule package of somebody else's, installed by pip and found through its entry point."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from test_check import MNIST
from test_cli import run

PYPROJECT = """\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "house-rules"
version = "1.0"

[project.entry-points."cnnlint.rules"]
house = "house_rules"

[tool.setuptools]
py-modules = ["house_rules"]
"""

RULES = '''
from cnnlint.diagnostic import Severity
from cnnlint.plugin import Rule


class SmallHead(Rule):
    """A head of fewer than a hundred classes, which this house does not build."""

    code = "HSE001"
    name = "small-head"
    severity = Severity.WARNING

    def check(self, trace):
        for linear in trace.operations("linear"):
            if trace.is_output(linear) and trace.tensor(linear.outputs[0]).shape[-1] < 100:
                yield self.report(linear.calls[0], "the head is small", trace=trace, layers=[linear.layer])


class Crashing(Rule):
    """A rule with a bug in it."""

    code = "HSE002"
    name = "crashing"
    severity = Severity.ERROR
    default = False

    def check(self, trace):
        yield self.report(trace.model.span, f"{1 // 0}")
'''


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the package is installed in, and a model to lint beside it."""
    folder = tmp_path_factory.mktemp("house")
    source = folder / "source"
    source.mkdir()
    (source / "pyproject.toml").write_text(PYPROJECT)
    (source / "house_rules.py").write_text(RULES)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    options = ["--no-index", "--no-deps", "--no-build-isolation", "--target", str(folder / "installed")]
    subprocess.run([*pip, *options, str(source)], check=True, capture_output=True)
    (folder / "net.py").write_text(MNIST)
    return folder


def test_its_rules_run_beside_ours(house: Path) -> None:
    done = run("net.py", cwd=house, PYTHONPATH=str(house / "installed"))
    assert done.returncode == 1
    assert done.stdout.startswith("net.py:18:16: warning HSE001 small-head: the head is small\n")
    assert done.stdout.splitlines()[-1] == "Found 1 warning in 1 model."
    assert run("net.py", cwd=house).returncode == 0


def test_they_are_selected_explained_and_listed_like_ours(house: Path) -> None:
    path = {"PYTHONPATH": str(house / "installed")}
    assert run("--ignore", "HSE", "net.py", cwd=house, **path).returncode == 0
    assert run("rule", "small-head", cwd=house, **path).stdout.startswith("# small-head (HSE001)\n")
    assert "HSE002" in run("rule", "--all", cwd=house, **path).stdout


def test_one_that_crashes_is_a_finding_and_exit_2(house: Path) -> None:
    arguments = ("--extend-select", "HSE002", "--output-format", "concise", "net.py")
    done = run(*arguments, cwd=house, PYTHONPATH=str(house / "installed"))
    assert (done.returncode, done.stderr) == (2, "")
    assert "error CNN008 rule-crashed: the rule HSE002 (crashing) crashed" in done.stdout
    assert "warning HSE001 small-head" in done.stdout
    done = run(*arguments, "-v", cwd=house, PYTHONPATH=str(house / "installed"))
    assert done.stderr.startswith("Traceback") and "house_rules.py" in done.stderr


def test_a_package_that_does_not_load_is_one_line_and_exit_2(house: Path, tmp_path: Path) -> None:
    (tmp_path / "house_rules.py").write_text("import a_module_that_is_not_there\n")
    path = f"{tmp_path}:{house / 'installed'}"
    done = run("net.py", cwd=house, PYTHONPATH=path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "'house_rules'" in done.stderr and "a_module_that_is_not_there" in done.stderr
