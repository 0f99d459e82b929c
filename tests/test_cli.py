"""The installed command, as far as it needs no torch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

CNNLINT = str(Path(sys.executable).with_name("cnnlint"))


def run(
    *arguments: str, cwd: Path, stdin: str | bytes = b"", **variables: str
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [CNNLINT, *arguments],
        cwd=cwd,
        input=stdin.encode() if isinstance(stdin, str) else stdin,
        capture_output=True,
        env={**os.environ, "PYTHONUTF8": "1", **variables},
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def imported(arguments: Sequence[str], cwd: Path) -> set[str]:
    """The modules that a run of the command imported."""
    script = (
        "import sys\n"
        "from cnnlint.cli import main\n"
        "try:\n    main(sys.argv[1:])\n"
        "finally:\n    print('\\nMODULES', *sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], cwd=cwd, capture_output=True, text=True, input=""
    )
    return set(done.stdout.rpartition("MODULES ")[2].split())


# -- what it says


def test_version(tmp_path: Path) -> None:
    assert run("--version", cwd=tmp_path).stdout == "cnnlint 0.1.0\n"


def test_help_names_the_commands(tmp_path: Path) -> None:
    done = run("--help", cwd=tmp_path)
    assert done.returncode == 0
    assert all(word in done.stdout for word in ("check", "shapes", "rule"))


def test_python_m(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cnnlint", "--version"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stdout == "cnnlint 0.1.0\n"


def test_no_path_at_all_is_fine_for_a_hook(tmp_path: Path) -> None:
    for arguments in ((), ("check",), ("--no-advice",)):
        done = run(*arguments, cwd=tmp_path)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (0, "", 1)
        assert "nothing to check" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["gone.py"], "error: gone.py: no such file or folder"),
        (["shapes", "gone.py"], "error: gone.py: no such file or folder"),
        (["shapes"], "error: Missing argument 'PATHS...'."),
        (["shaeps", "a.py"], "error: shaeps: no such file, folder or command, did you mean shapes?"),
        (["--select", "CNN1O2", "."], "error: --select: no rule has the code, prefix or name 'CNN1O2'"),
        (["--ignore", "flaten-mismatch", "."], "did you mean flatten-mismatch?"),
        (["--device", "tpu", "."], "'tpu' is not one of 'meta', 'cpu', 'cuda'"),
        (["--output-format", "xml", "."], "'xml' is not one of 'full', 'concise', 'json'"),
        (["--timeout", "0", "."], "'--timeout'"),
        (["--input", "3x0x32", "."], "'--input'"),
        (["--input", "picture", "."], "'--input'"),
        (["--model", "Net", "."], "'Net' is not a call such as 'Net(num_classes=10)'"),
        (["--model", "Net(10)", "."], "--model Net(10): no model Net in ."),
        (["--inptu", "3x32x32", "."], "--inptu"),
        (["--no-advice", "--fail-level", "advice", "."], "contradict each other"),
        (["rule", "CNN1O2"], "no rule has the code, prefix or name 'CNN1O2'"),
        (["rule"], "give one rule's code or name, or --all"),
        (["rule", "CNN102", "--all"], "give one rule's code or name, or --all"),
    ],
)
def test_bad_usage_is_one_line_and_exit_2(arguments: list[str], said: str, tmp_path: Path) -> None:
    done = run(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("error: ")
    assert said in done.stderr


# -- files without a model


def test_a_named_file_without_a_model_is_advice(tmp_path: Path) -> None:
    (tmp_path / "utils.py").write_text("def double(x):\n    return 2 * x\n")
    done = run("utils.py", cwd=tmp_path)
    assert done.returncode == 0
    assert "utils.py:1:1: advice CNN009 no-model: " in done.stdout
    assert done.stdout.endswith("\nNothing was checked: no model in 1 file.\n")
    (record,) = json.loads(run("--output-format", "json", "utils.py", cwd=tmp_path).stdout)
    assert (record["code"], record["severity"], record["model"]) == ("CNN009", "advice", None)
    assert run("--no-advice", "-q", "utils.py", cwd=tmp_path).stdout == ""
    assert run("--fail-level", "advice", "utils.py", cwd=tmp_path).returncode == 1


def test_folders_without_models_say_that_nothing_was_checked(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "a.py").write_text("a = 1\n")
    (tmp_path / "code" / "b.py").write_text("b = 1\n")
    done = run("empty", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (
        2,
        "Nothing was checked: no Python file or notebook in empty.\n",
    )
    done = run("code", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "Nothing was checked: no model in 2 files.\n")
    assert json.loads(run("--output-format", "json", "code", cwd=tmp_path).stdout) == []


def test_a_file_that_is_not_python_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Dear diary, hello\n")
    (tmp_path / "picture.py").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\xff")
    (tmp_path / "book.ipynb").write_text("{}")
    done = run("notes.txt", "picture.py", "book.ipynb", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout.count("error CNN001 syntax-error") == 3
    assert done.stdout.endswith("Found 3 errors in 3 files; 3 files could not be judged.\n")
    assert done.stderr == ""


def test_a_syntax_error_is_shown_at_its_place(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("import torch\nclass Net(:\n    pass\n")
    assert (
        run("net.py", cwd=tmp_path).stdout
        == """\
net.py:2:11: error CNN001 syntax-error: invalid syntax
  |
2 | class Net(:
  |           ^

Found 1 error in 1 file; 1 file could not be judged.
"""
    )


def test_select_does_not_hide_that_a_file_could_not_be_judged(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("class Net(:\n")
    assert run("--select", "CNN102", "net.py", cwd=tmp_path).returncode == 1
    done = run("--ignore", "CNN001", "net.py", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "Nothing was checked: 1 file could not be judged.\n")


def test_standard_input(tmp_path: Path) -> None:
    done = run("-", cwd=tmp_path, stdin="class Net(:\n")
    assert done.stdout.startswith("<stdin>:1:11: error CNN001")
    done = run("-", "--stdin-filename", "nets/net.py", cwd=tmp_path, stdin="class Net(:\n")
    assert done.stdout.startswith("nets/net.py:1:11: error CNN001")
    done = run("-", cwd=tmp_path, stdin=b"x = '\xff'\n")
    assert done.stdout.startswith("<stdin>:1:6: error CNN001")


def test_warnings_of_the_parser_stay_away(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("x = '\\d'\ny = 1 is 1\n")
    assert run("net.py", cwd=tmp_path, PYTHONWARNINGS="always").stderr == ""


# -- rules


def test_rule_explains_by_code_and_name(tmp_path: Path) -> None:
    by_code, by_name = (run("rule", word, cwd=tmp_path) for word in ("CNN102", "flatten-mismatch"))
    assert by_code.returncode == 0
    assert by_code.stdout == by_name.stdout
    assert by_code.stdout.startswith("# flatten-mismatch (CNN102)\n\nSeverity: error; on by default.\n")
    assert "## Why" in by_code.stdout


def test_rule_lists_all(tmp_path: Path) -> None:
    listing = run("rule", "--all", cwd=tmp_path).stdout
    codes = [line.split()[0] for line in listing.splitlines() if line.startswith("CNN")]
    assert codes == sorted(codes)
    assert {"CNN001", "CNN102"} <= set(codes)


# -- manners


def test_an_ascii_terminal_gets_ascii(tmp_path: Path) -> None:
    done = run("rule", "CNN102", cwd=tmp_path, PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert "64 x 7 x 7" in done.stdout


def test_a_broken_pipe_is_quiet(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        done = subprocess.run(
            [CNNLINT, "rule", "--all"], cwd=tmp_path, stdout=pipe, stderr=subprocess.PIPE, text=True
        )
    assert done.stderr == ""
    assert done.returncode == 141


def test_closed_streams_are_no_crash(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("class Net(:\n")
    for redirected, code, said in (("- <&-", 2, "error: standard input is closed\n"), ("net.py >&-", 1, "")):
        done = subprocess.run(
            f"{CNNLINT} {redirected}", shell=True, cwd=tmp_path, stderr=subprocess.PIPE, text=True
        )
        assert (done.returncode, done.stderr) == (code, said)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["check", "--help"],
        [],
        ["rule", "CNN102"],
        ["rule", "--all"],
        ["--select", "CNN1O2", "net.py"],
        ["gone.py"],
        ["code.py"],
        ["."],
    ],
)
def test_torch_is_not_imported(arguments: list[str], tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text("import torch\n\ndef double(x):\n    return torch.add(x, x)\n")
    modules = imported(arguments, tmp_path)
    assert "click" in modules
    assert not modules & {"torch", "numpy", "nbformat"}


def test_help_needs_click_only(tmp_path: Path) -> None:
    ours = {name for name in imported(["--help"], tmp_path) if name.startswith("cnnlint")}
    assert ours == {"cnnlint", "cnnlint.cli", "cnnlint.flags", "cnnlint.report"}
