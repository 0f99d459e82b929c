"""SARIF as Microsoft's validator judges it, with its own rules and those of GitHub."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import jsonschema
import pytest
from handmade import ADVICE, FLATTEN, MNIST, at, file_result, result

from cnnlint.config import Settings
from cnnlint.diagnostic import Applicability, Edit, Fix
from cnnlint.report import render
from cnnlint.report.style import Style
from cnnlint.result import Result

PACKAGE = "@microsoft/sarif-multitool@5.7.0"

KNOWN = {"SARIF2005"}
"""Warnings that stand: no address of the project is published that `informationUri` could name."""


@pytest.fixture(scope="session")
def multitool(request: pytest.FixtureRequest) -> Path:
    """The folder of the platform's own npm package, installed once into pytest's cache."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("Microsoft's SARIF validator is an npm package, and there is no npm")
    folder = request.config.cache.mkdir("sarif-multitool")  # type: ignore[union-attr]
    pattern = "node_modules/@microsoft/sarif-multitool-*/sarif-2.1.0.json"
    if not any(folder.glob(pattern)):
        command = [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), PACKAGE]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=300)
        except (subprocess.SubprocessError, OSError) as error:
            pytest.skip(f"npm could not install {PACKAGE}: {error}")
    (schema,) = folder.glob(pattern)
    return schema.parent


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log with all that we write: rules, related places, fixes, names that need escapes."""
    monkeypatch.chdir(tmp_path)
    place = at(MNIST, "1568")
    fix = Fix(Applicability.SAFE, "write nn.Linear(3136, 10)", (Edit(place, "3136"),))
    what = Result(
        (
            file_result(FLATTEN.replace(fix=fix), ADVICE),
            file_result(FLATTEN.replace(span=at(MNIST, "1568", filename="a b/ü%.py"), related=())),
            file_result(FLATTEN.replace(span=at(MNIST, "1568", filename="gone.ipynb", cell=2), related=())),
        )
    )
    path = tmp_path / "log.sarif"
    path.write_text("".join(render("sarif", what, Settings(), Style())), encoding="utf-8")
    return path


def test_the_validator_finds_no_error_and_no_new_warning(multitool: Path, log: Path) -> None:
    outcome = log.with_name("outcome.sarif")
    # The binary itself: npm's wrapper hands its arguments to a shell, which cuts them at semicolons.
    command = [str(multitool / "Sarif.Multitool"), "validate", str(log), "--output", str(outcome)]
    options = ["--rule-kind", "Sarif;Gh;Ghas", "--level", "Error;Warning"]
    run = subprocess.run([*command, *options], capture_output=True, text=True, timeout=120)
    assert outcome.exists(), run.stdout + run.stderr
    (judged,) = json.loads(outcome.read_text(encoding="utf-8-sig"))["runs"]
    found = judged.get("results", [])
    assert {item["ruleId"] for item in found if item.get("level") == "error"} == set()
    assert {item["ruleId"] for item in found} <= KNOWN
    assert not judged["invocations"][0].get("toolExecutionNotifications")


def test_the_log_fits_the_schema(multitool: Path, log: Path) -> None:
    schema = json.loads((multitool / "sarif-2.1.0.json").read_text(encoding="utf-8-sig"))
    jsonschema.validate(json.loads(log.read_text()), schema)
    empty = json.loads("".join(render("sarif", result(), Settings(), Style())))
    jsonschema.validate(empty, schema)
