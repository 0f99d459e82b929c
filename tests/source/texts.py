"""Short ways from a text to what the source package says of it."""

from __future__ import annotations

import ast
import textwrap

from cnnlint.evidence.facts import Target
from cnnlint.evidence.survey import survey
from cnnlint.source.file import SourceFile
from cnnlint.source.slice import ModuleSlice

NET = """
import torch
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        self.fc = nn.Linear(4, classes)

    def forward(self, x):
        return self.fc(x)

"""
"""A model for texts in which only what stands below it matters."""


def file_of(text: str) -> SourceFile:
    return SourceFile("net.py", textwrap.dedent(text))


def targets(text: str) -> dict[str, Target]:
    """The targets by name, which must be different."""
    found = survey(file_of(text)).targets
    assert len({target.name for target in found}) == len(found)
    return {target.name: target for target in found}


def net(below: str) -> Target:
    """The survey of `NET` with some text below it."""
    found = targets(NET + textwrap.dedent(below))
    assert list(found) == ["Net"]
    return found["Net"]


def sliced(text: str, *names: str) -> str:
    """The slice of a text as source, one statement after the other."""
    statements = ModuleSlice(file_of(text)).closure(names)
    return "\n".join(ast.unparse(statement) for statement in statements)
