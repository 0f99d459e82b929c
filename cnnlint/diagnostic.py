"""What a finding is: severity, place, message, help and edits, as plain data."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace


class Severity(enum.StrEnum):
    """How sure and how bad: an error cannot run or is surely wrong, a warning is very likely a
    mistake, advice is a design opinion backed by a number."""

    ERROR = "error"
    WARNING = "warning"
    ADVICE = "advice"

    @property
    def rank(self) -> int:
        """0 for advice, 1 for a warning, 2 for an error."""
        return ("advice", "warning", "error").index(self.value)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of source text: rows and columns from 1, columns in characters, the end exclusive.

    In a notebook `cell` is the number of the cell (from 1) and the rows count within it. Inside a
    trace, spans of a notebook are rows of the joined text and `cell` is None: see
    `cnnlint.source.file.SourceFile.place`.
    """

    filename: str
    row: int
    column: int
    end_row: int
    end_column: int
    cell: int | None = None

    def contains(self, other: Span) -> bool:
        """Whether `other` lies wholly inside this span, in the same file."""
        return (
            self.filename == other.filename
            and (self.row, self.column) <= (other.row, other.column)
            and (other.end_row, other.end_column) <= (self.end_row, self.end_column)
        )


class Applicability(enum.StrEnum):
    """Whether a fix keeps the meaning (safe) or has to be looked at (unsafe)."""

    SAFE = "safe"
    UNSAFE = "unsafe"


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the text at `span` by `content`."""

    span: Span
    content: str


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits that belong together; `message` says what they do (`write nn.Linear(3136, 10)`)."""

    applicability: Applicability
    message: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Related:
    """A further place that the reader should see: where the tensor came from, the call in forward."""

    message: str
    span: Span


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding.

    Attributes:
        span: where one would edit.
        label: a short text under the primary underline (`conv2 gives [B, 64, 7, 7]: 64 × 7 × 7 = 3136`).
        model: the model's name, or None for findings about a file.
        layers: dotted paths of the layers that the finding is about, first one first.
        input_shapes, output_shapes: the shapes that went in and came out, as they are shown
            (`[B, 64, 7, 7]`).
        help: what to write instead.
        rests_on: the facts that nobody stated and with which its numbers change (`height and width of x`);
            that there is a fault holds whatever they are.
    """

    code: str
    name: str
    severity: Severity
    message: str
    span: Span
    label: str = ""
    model: str | None = None
    layers: tuple[str, ...] = ()
    input_shapes: tuple[str, ...] = ()
    output_shapes: tuple[str, ...] = ()
    related: tuple[Related, ...] = ()
    help: str | None = None
    fix: Fix | None = None
    rests_on: tuple[str, ...] = ()

    def replace(self, **changes: object) -> Diagnostic:
        """A copy with some fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]
