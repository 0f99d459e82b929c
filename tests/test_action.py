"""What hosters run: the action of GitHub and the README's job for GitLab, their scripts as a runner's shell
runs them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from readme import blocks

import cnnlint
from cnnlint import cache

ROOT = Path(__file__).parent.parent
ACTION = ROOT / "action.yml"
BROKEN = "class Net(:\n"


@pytest.fixture(scope="module")
def action() -> dict[str, Any]:
    return yaml.safe_load(ACTION.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def job() -> dict[str, Any]:
    """The README's GitLab job."""
    jobs = [document["cnnlint"] for document in map(yaml.safe_load, blocks("yaml")) if "cnnlint" in document]
    if not jobs:
        pytest.skip("the README shows no job for GitLab")
    return jobs[0]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    (folder / "nets").mkdir(parents=True)
    (folder / "nets" / "net.py").write_text(BROKEN)
    (folder / "clean.py").write_text("ANSWER = 42\n")
    return folder


def is_valid(path: Path, schema: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(path)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def shell(script: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """A script as GitHub's runner runs it, with this Python's own programs first."""
    (folder.parent / "script.sh").write_text(script)
    programs = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(folder.parent / "script.sh")],
        cwd=folder,
        env={"PATH": programs, "HOME": str(folder.parent), **variables},
        capture_output=True,
        text=True,
    )


def step(action: dict[str, Any], name: str, folder: Path, **given: str) -> subprocess.CompletedProcess[str]:
    """A step of the action with inputs; `output` beside the folder is what it tells the next ones."""
    (found,) = [item for item in action["runs"]["steps"] if item["name"] == name]
    inputs = {key: str(item["default"]) for key, item in action["inputs"].items()} | given
    variables = {
        key: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda match: inputs[match[1]], value)
        for key, value in found.get("env", {}).items()
    }
    assert not any("${{" in value for value in variables.values())
    return shell(
        found["run"],
        folder,
        GITHUB_OUTPUT=str(folder.parent / "output"),
        GITHUB_WORKSPACE=str(folder),
        RUNNER_TEMP=str(folder.parent),
        **variables,
    )


# -- GitHub


def test_the_action_is_valid_and_writes_no_input_into_a_script(action: dict[str, Any]) -> None:
    is_valid(ACTION, "vendor.github-actions")
    scripts = [item["run"] for item in action["runs"]["steps"] if "run" in item]
    assert len(scripts) == 2 and not any("${{" in script for script in scripts)
    named = set(re.findall(r"inputs\.([\w-]+)", ACTION.read_text(encoding="utf-8")))
    assert named == action["inputs"].keys()


def test_findings_become_annotations_and_fail_the_job(action: dict[str, Any], checkout: Path) -> None:
    done = step(action, "Run cnnlint", checkout)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("::error title=CNN001 syntax-error,file=nets/net.py,line=1,")
    done = step(action, "Run cnnlint", checkout, args="--ignore\nCNN001")
    assert (done.returncode, done.stdout) == (0, "")
    done = step(action, "Run cnnlint", checkout, paths="clean.py nets/gone.py")
    assert (done.returncode, done.stderr) == (2, "error: nets/gone.py: no such file or folder\n")


def test_inputs_are_arguments_and_never_run(action: dict[str, Any], checkout: Path) -> None:
    done = step(action, "Run cnnlint", checkout, paths="clean.py; touch ran $(touch ran)", args="`touch ran`")
    assert done.returncode == 2
    assert not (checkout / "ran").exists()


def test_sarif_is_handed_to_the_upload(action: dict[str, Any], checkout: Path) -> None:
    done = step(action, "Run cnnlint", checkout, format="sarif", shard="1/1")
    assert (done.returncode, done.stdout) == (1, "")
    told = dict(line.split("=", 1) for line in (checkout.parent / "output").read_text().splitlines())
    assert told["category"] == "cnnlint-1-of-1"
    (run,) = json.loads(Path(told["sarif"]).read_text())["runs"]
    assert [item["ruleId"] for item in run["results"]] == ["CNN001"]
    upload = action["runs"]["steps"][-1]
    assert set(re.findall(r"outputs\.(\w+)", str(upload))) == told.keys()
    (checkout.parent / "output").unlink()
    Path(told["sarif"]).unlink()
    assert step(action, "Run cnnlint", checkout, format="sarif", args="--select CNN999").returncode == 2
    assert "sarif=" not in (checkout.parent / "output").read_text()  # there is nothing to upload


@pytest.mark.parametrize("torch", [True, False], ids=["with torch", "without torch"])
def test_torch_is_installed_where_there_is_none(action: dict[str, Any], checkout: Path, torch: bool) -> None:
    (checkout.parent / "bin").mkdir()
    python = checkout.parent / "bin" / "python"
    python.write_text(f'#!/bin/sh\necho "$@"\n[ "$1" != -c ] || exit {0 if torch else 1}\n')
    python.chmod(0o755)
    (install,) = [item for item in action["runs"]["steps"] if item["name"] == "Install cnnlint"]
    script = f"PATH={python.parent}:$PATH\n{install['run']}"
    done = shell(script, checkout, GITHUB_ACTION_PATH="/actions/cnn lint")
    assert (done.returncode, done.stderr) == (0, "")
    commands = [line for line in done.stdout.splitlines() if "pip" in line]
    assert commands[-1] == "-m pip install --quiet /actions/cnn lint"
    assert ("install --quiet torch" in commands[0]) is not torch


def test_the_cache_is_kept_where_the_command_keeps_it(action: dict[str, Any], job: dict[str, Any]) -> None:
    from cnnlint.flags import CACHE_FOLDER

    (cache,) = [item for item in action["runs"]["steps"] if "actions/cache" in item.get("uses", "")]
    assert cache["with"]["path"] == CACHE_FOLDER
    assert job["cache"]["paths"] == [CACHE_FOLDER]


# -- GitLab


def test_the_gitlab_job_is_valid_and_makes_its_report(
    job: dict[str, Any], checkout: Path, tmp_path: Path
) -> None:
    pipeline = tmp_path / ".gitlab-ci.yml"
    pipeline.write_text(yaml.safe_dump({"cnnlint": job}))
    is_valid(pipeline, "vendor.gitlab-ci")
    script = "\n".join(line for line in job["script"] if "pip install" not in line)
    done = shell(script, checkout, CI_PROJECT_DIR=str(checkout), CI_NODE_TOTAL="1")
    assert (done.returncode, done.stderr) == (1, "")
    report = json.loads((checkout / job["artifacts"]["reports"]["codequality"]).read_text())
    assert [(item["location"]["path"], item["check_name"]) for item in report] == [
        ("nets/net.py", "CNN001 syntax-error")
    ]
    assert job["artifacts"]["when"] == "always"


# -- the cache between jobs


def test_a_new_installation_of_the_same_version_keeps_the_traces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each job installs cnnlint anew, with new times of its files."""
    package = tmp_path / "cnnlint"
    package.mkdir()
    (package / "cache.py").write_text("ANSWER = 42\n")
    monkeypatch.setattr(cache, "__file__", str(package / "cache.py"))
    developed = cache._own_state()
    os.utime(package / "cache.py", (1, 1))
    assert cache._own_state() != developed
    record = tmp_path / f"cnnlint-{cnnlint.__version__}.dist-info" / "RECORD"
    record.parent.mkdir()
    record.write_text("cnnlint/cache.py,sha256=abc,12\n")
    installed = cache._own_state()
    os.utime(package / "cache.py", (2, 2))
    assert cache._own_state() == installed
    record.write_text("cnnlint/cache.py,sha256=def,12\n")
    assert cache._own_state() != installed
