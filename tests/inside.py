"""The command run within the test's own process, which saves starting Python and loading the rules."""

from __future__ import annotations

import contextlib
import io
import subprocess
from pathlib import Path

from cnnlint.cli import main


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """What `cnnlint ARGUMENTS` does in a folder."""
    out, err = io.StringIO(), io.StringIO()
    code: object = None
    with contextlib.chdir(cwd), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(arguments)
        except SystemExit as end:
            code = end.code
    assert isinstance(code, int)
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())
