"""The names that torch has, so that what it has not raises as it does there, and what only the stand-in has
not asks for it."""

from __future__ import annotations

import os
from functools import cache

LISTED = os.path.join(os.path.dirname(__file__), "names.txt")
"""A line for each module or class: its name, a colon, and its public names."""


@cache
def _names() -> dict[str, frozenset[str]]:
    with open(LISTED, encoding="utf-8") as lines:
        pairs = (line.split(":") for line in lines)
        return {owner: frozenset(names.split()) for owner, names in pairs}


def is_known(owner: str, name: str) -> bool:
    """Whether a module or class of torch has an attribute; where the owner is not listed, it may."""
    listed = _names().get(owner)
    return listed is None or name in listed


def lacks(owner: str, name: str) -> bool:
    """Whether a class of torch's is listed with an attribute that the stand-in's has not."""
    return name in _names().get(owner, ())


def is_module(name: str) -> bool:
    """Whether torch has a module of this name, or may have it."""
    return "._" in name or name in _names()["modules"]
