"""What installed packages register, read from the files that installing them left.

`importlib.metadata` reads the same, and takes 20 to 30 ms to import, for it needs the package `email`:
an eighth of the time in which an unchanged file is linted again.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter

METADATA = (".dist-info", ".egg-info")
"""The ends of the names of the folders that say what is installed; the version stands before them."""


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """A line such as `house = house_rules.heads:SmallHead` of an `entry_points.txt`
    (https://packaging.python.org/en/latest/specifications/entry-points/)."""

    name: str
    value: str

    def load(self) -> object:
        """The module that is named, or what is named in it."""
        module, _, path = self.value.partition("[")[0].partition(":")
        found = importlib.import_module(module.strip())
        return attrgetter(path.strip())(found) if path.strip() else found


def entry_points(group: str) -> Iterator[EntryPoint]:
    """The entry points of a group, in the order of the folders in which Python finds modules; of a package
    that is installed twice, those of the first."""
    read = set()
    for folder in sys.path:
        for metadata in _metadata(folder or os.curdir):
            package = os.path.splitext(os.path.basename(metadata))[0].partition("-")[0].lower()
            if package not in read:
                read.add(package)
                yield from _group(os.path.join(metadata, "entry_points.txt"), group)


def _metadata(folder: str) -> list[str]:
    try:
        return sorted(os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(METADATA))
    except OSError:  # No folder: a zip, or one that is not there.
        return []


def _group(file: str, group: str) -> Iterator[EntryPoint]:
    try:
        with open(file, encoding="utf-8", errors="replace") as lines:
            text = lines.read()
    except OSError:  # A package without entry points.
        return
    section = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            section = line.strip("[]")
        elif section == group and "=" in line and not line.startswith(("#", ";")):
            name, _, value = line.partition("=")
            yield EntryPoint(name.strip(), value.strip())
