"""The README as data: its set-up commands and the sessions that it shows.

python tests/readme.py command 1       print the first set-up command
python tests/readme.py expect FILE     fail unless FILE holds what the first command is shown to print
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"

Session = tuple[str, str]
"""A command and what the README shows that it prints."""


def blocks(language: str) -> list[str]:
    """The contents of the fenced blocks of a language, in order."""
    return re.findall(
        rf"^```{language}\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )


def setup_commands() -> list[str]:
    """The commands that do all the set-up: the `sh` blocks under the heading "Try it"."""
    section = README.read_text(encoding="utf-8").partition("## Try it")[2].partition("\n## ")[0]
    return [block.strip() for block in re.findall(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL)]


def sessions() -> list[Session]:
    """The `console` blocks: a line `$ command`, then its output."""
    found = []
    for block in blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command.strip(), output.rstrip()))
    return found


def run(command: str) -> str:
    """What a shown command prints, with the cnnlint that is installed beside this Python."""
    program, *arguments = shlex.split(command)
    assert program in ("cnnlint", ".venv/bin/cnnlint"), command
    cnnlint = Path(sys.executable).with_name("cnnlint")
    done = subprocess.run(
        [cnnlint, *arguments], cwd=README.parent, capture_output=True, text=True, encoding="utf-8"
    )
    assert not done.stderr, done.stderr
    return done.stdout.rstrip()


def rule_table() -> str:
    """The built-in rules as a Markdown table."""
    from cnnlint.plugin import all_rules

    rows = ["| code | name | severity | what it finds |", "| --- | --- | --- | --- |"]
    for rule in all_rules():
        if type(rule).__module__.startswith("cnnlint_rules"):
            severity = rule.severity.value + ("" if rule.default else ", off by default")
            summary = rule.summary().replace("|", "\\|")
            rows.append(f"| {rule.code} | {rule.name} | {severity} | {summary} |")
    return "\n".join(rows)


def written_anew() -> str:
    """The README with its sessions run and its rule table made."""
    text = README.read_text(encoding="utf-8")
    for command, output in sessions():
        shown = f"$ {command}\n{output}\n" if output else f"$ {command}\n"
        text = text.replace(f"```console\n{shown}```", f"```console\n$ {command}\n{run(command)}\n```")
    head, begin, rest = text.partition("<!-- rules: begin -->\n")
    _, end, tail = rest.partition("<!-- rules: end -->")
    return f"{head}{begin}{rule_table()}\n{end}{tail}"


def main(arguments: list[str]) -> int:
    if arguments[0] == "command":
        print(setup_commands()[int(arguments[1]) - 1])
        return 0
    if arguments[0] == "update":
        README.write_text(written_anew(), encoding="utf-8")
        return 0
    shown = sessions()[0][1]
    printed = Path(arguments[1]).read_text(encoding="utf-8").rstrip()
    if shown != printed:
        print("the README's first command prints something else than the README shows:", file=sys.stderr)
        print(printed, file=sys.stderr)
        return 1
    print("the README shows what its first command prints")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
