"""How a terminal is written to: colours, width, and signs that its encoding may lack."""

from __future__ import annotations

import codecs
import os
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


@dataclass(frozen=True, slots=True)
class Style:
    """Colours on or off, and the columns that a line of source may take."""

    color: bool = False
    width: int = PLAIN_WIDTH

    @classmethod
    def of(cls, stream: TextIO) -> Style:
        """The style for a stream: colours on a terminal, where neither NO_COLOR nor FORCE_COLOR says
        otherwise."""
        terminal = stream.isatty()
        width = max(shutil.get_terminal_size().columns, 60) if terminal else PLAIN_WIDTH
        return cls(_wants_color(terminal), width)

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
