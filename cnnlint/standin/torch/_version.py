"""The release that the stand-in goes by: that of the installed torch, else the one it was written for."""

from __future__ import annotations

import os
import re
import sys

WRITTEN_FOR = "2.9.0"


def _installed() -> str | None:
    for folder in sys.path:
        path = os.path.join(folder, "torch", "version.py")
        if os.path.isfile(path):
            with open(path, encoding="utf-8") as text:
                found = re.search(r"__version__ = '([^']+)'", text.read())
            return found[1] if found else None
    return None


class TorchVersion(str):
    """A release that compares by its numbers."""

    @staticmethod
    def _numbers(text: object) -> tuple[int, ...]:
        if isinstance(text, tuple):
            return text
        return tuple(int(part) for part in re.findall(r"\d+", str(text).partition("+")[0])[:3])

    def __lt__(self, other: object) -> bool:
        return self._numbers(self) < self._numbers(other)

    def __le__(self, other: object) -> bool:
        return self._numbers(self) <= self._numbers(other)

    def __gt__(self, other: object) -> bool:
        return self._numbers(self) > self._numbers(other)

    def __ge__(self, other: object) -> bool:
        return self._numbers(self) >= self._numbers(other)


__version__ = TorchVersion(_installed() or WRITTEN_FOR)
