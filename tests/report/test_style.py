"""Colours and encodings."""

import io

import pytest

from cnnlint.report.style import Style, carry_signs


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "variables", "colored"),
    [
        (Terminal, {}, True),
        (io.StringIO, {}, False),
        (Terminal, {"NO_COLOR": "1"}, False),
        (Terminal, {"TERM": "dumb"}, False),
        (io.StringIO, {"FORCE_COLOR": "1"}, True),
        (io.StringIO, {"FORCE_COLOR": "0"}, False),
    ],
)
def test_colours(
    stream: type[io.StringIO], variables: dict[str, str], colored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert Style.of(stream()).color is colored


@pytest.mark.parametrize(
    ("encoding", "text", "written"),
    [
        ("ascii", "64 × 7 → 28 − 1 … ≥ 画", "64 x 7 -> 28 - 1 ... >= ??"),
        ("latin-1", "64 × 7 → 28", "64 × 7 -> 28"),
        ("utf-8", "64 × 7 → 28", "64 × 7 → 28"),
        ("utf-8", "bad\udcff.py", "bad?.py"),
    ],
)
def test_signs_fall_back_to_ascii(encoding: str, text: str, written: str) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    carry_signs(stream)
    stream.write(text)
    stream.flush()
    assert raw.getvalue().decode(encoding) == written


@pytest.mark.parametrize(("choice", "colored"), [("auto", False), ("always", True), ("never", False)])
def test_a_choice_of_colours_beats_the_environment(
    choice: str, colored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert Style.of(Terminal(), choice).color is colored
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert Style.of(io.StringIO(), choice).color is (choice != "never")


def test_lines_are_folded_on_a_terminal_only() -> None:
    line = "  one two \x1b[1mthree\x1b[0m four 画画"
    assert Style(width=20).folded(line, "") == line
    assert Style(width=16, wraps=True).folded(line, "> ") == "  one two \x1b[1mthree\x1b[0m\n> four 画画"
    assert Style(width=4, wraps=True).folded("  longest word", "> ") == "  longest\n> word"


def test_width_is_the_terminal_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "72")
    assert Style.of(Terminal()) == Style(color=Style.of(Terminal()).color, width=72, wraps=True)
    assert Style.of(io.StringIO()).width == Style().width
