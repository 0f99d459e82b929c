"""A file, a model and findings made by hand, for the reports to show."""

from __future__ import annotations

from cnnlint.config import Settings
from cnnlint.diagnostic import Diagnostic, Related, Severity, Span
from cnnlint.result import FileResult, Result
from cnnlint.source.file import SourceFile
from cnnlint.traces import FileTrace, Input, Model, Pass, Problem

MNIST = """\
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, padding=1)
        self.conv2 = nn.Conv2d(32, 64, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.fc = nn.Linear(1568, 10)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        return self.fc(x.flatten(1))
"""


def at(text: str, word: str, filename: str = "mnist.py", nth: int = 1, cell: int | None = None) -> Span:
    """The span of the n-th place where a word stands in a text."""
    offset = -1
    for _ in range(nth):
        offset = text.index(word, offset + 1)
    before = text[:offset]
    row, column = before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1
    end = text[: offset + len(word)]
    return Span(filename, row, column, end.count("\n") + 1, len(end) - (end.rfind("\n") + 1) + 1, cell)


def finding(text: str, word: str, **changes: object) -> Diagnostic:
    """An error at a word of a text."""
    plain = Diagnostic("CNN999", "example", Severity.ERROR, "a message", at(text, word))
    return plain.replace(**changes)


FLATTEN = Diagnostic(
    code="CNN102",
    name="flatten-mismatch",
    severity=Severity.ERROR,
    message="Linear expects 1568 features, but the flattened input has 3136",
    span=at(MNIST, "1568"),
    label="conv2 gives [B, 64, 7, 7]: 64 × 7 × 7 = 3136",
    model="Net",
    layers=("fc",),
    input_shapes=("[B, 3136]",),
    output_shapes=("[B, 10]",),
    related=(Related("28 → 14 → 7 here", at(MNIST, "self.pool", nth=3)),),
    help="write nn.Linear(3136, 10)",
)
ADVICE = Diagnostic(
    code="CNN401",
    name="parameter-hotspot",
    severity=Severity.ADVICE,
    message="fc holds 98 % of the parameters",
    span=at(MNIST, "nn.Linear(1568, 10)"),
    model="Net",
    layers=("fc",),
)

PASS = Pass("train", 86520, (), (), (), ())
NET = Model(
    name="Net",
    construction="Net()",
    span=at(MNIST, "Net"),
    inputs=(Input("x", (1, 28, 28), source="evidence", reason="datasets.MNIST in line 112"),),
    passes=(PASS,),
)


def file_result(
    *findings: Diagnostic,
    text: str = MNIST,
    filename: str = "mnist.py",
    models: tuple[Model, ...] = (NET,),
    problems: tuple[Problem, ...] = (),
    cells: tuple[tuple[int, int], ...] = (),
    fail_level: Severity = Severity.WARNING,
) -> FileResult:
    source, trace = SourceFile(filename, text, cells), FileTrace(filename, models, problems)
    return FileResult(source, trace, findings, settings=Settings(fail_level=fail_level))


def result(*findings: Diagnostic, advice: bool = True, **changes: object) -> Result:
    return Result((file_result(*findings, **changes),), ("mnist.py",), advice)  # type: ignore[arg-type]
