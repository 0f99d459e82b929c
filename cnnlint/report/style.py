"""How a terminal is written to: colours, width, and signs that its encoding may lack."""

from __future__ import annotations

import codecs
import os
import re
import shutil
import unicodedata
from dataclasses import dataclass
from typing import TextIO

from cnnlint.diagnostic import Severity

RED, YELLOW, BLUE, CYAN = 31, 33, 34, 36
SEVERITY_COLORS = {Severity.ERROR: RED, Severity.WARNING: YELLOW, Severity.ADVICE: CYAN}

SIGNS = {"×": "x", "−": "-", "→": "->", "…": "...", "≥": ">=", "≤": "<=", "≠": "!=", "·": "*", "–": "-"}
"""What is written for the signs of our messages where the encoding cannot carry them."""

PLAIN_WIDTH = 120
NARROWEST = 60

_ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class Style:
    """Colours on or off, and the columns that a line of source may take; `wraps` says whether sentences
    keep to them too, as on a terminal (elsewhere a finding's first line stays one line, for grep)."""

    color: bool = False
    width: int = PLAIN_WIDTH
    wraps: bool = False

    @classmethod
    def of(cls, stream: TextIO, color: str = "auto") -> Style:
        """The style for a stream; `color` is "always", "never" or "auto": colours on a terminal, where
        neither NO_COLOR nor FORCE_COLOR says otherwise."""
        terminal = stream.isatty()
        width = max(shutil.get_terminal_size().columns, NARROWEST) if terminal else PLAIN_WIDTH
        return cls(color == "always" or (color == "auto" and _wants_color(terminal)), width, terminal)

    def folded(self, line: str, indent: str) -> str:
        """The line broken at spaces to keep to the width, if the style wraps; what follows the first break
        stands behind `indent`. Escape codes take no column."""
        if not self.wraps or _columns(line) <= self.width:
            return line
        body = line.lstrip(" ")
        words = body.split(" ")
        lines = [line[: len(line) - len(body)] + words[0]]
        for word in words[1:]:
            if _columns(lines[-1]) + 1 + _columns(word) <= self.width:
                lines[-1] += f" {word}"
            else:
                lines.append(indent + word)
        return "\n".join(lines)

    def bold(self, text: str) -> str:
        return self._paint(text, "1")

    def severity(self, text: str, severity: Severity) -> str:
        return self._paint(text, f"1;{SEVERITY_COLORS[severity]}")

    def gutter(self, text: str) -> str:
        return self._paint(text, f"1;{BLUE}")

    def _paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.color and text else text


def _wants_color(terminal: bool) -> bool:
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    if os.environ.get("NO_COLOR"):
        return False
    return terminal and os.environ.get("TERM") != "dumb"


def _columns(text: str) -> int:
    """The columns that a text with escape codes takes."""
    return sum(map(char_width, _ESCAPE.sub("", text)))


def char_width(char: str) -> int:
    """The columns that a character takes on a terminal: 0, 1 or 2."""
    if char.isascii():
        return 1
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def carry_signs(stream: TextIO) -> None:
    """Lets a stream write any text: what its encoding cannot carry is written as ASCII, in as many
    columns."""
    codecs.register_error("cnnlint.signs", _ascii)
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="cnnlint.signs")


def _ascii(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end]
    return "".join(SIGNS.get(char, "?" * char_width(char)) for char in lost), error.end
