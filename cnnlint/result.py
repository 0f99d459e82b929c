"""What a run found: findings by file, and how much of what it met was judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from cnnlint.config import Settings
from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.fixes.suppression import Use
from cnnlint.job import Reads
from cnnlint.source.file import SourceFile
from cnnlint.traces import FileTrace, Model


@dataclass(frozen=True)
class TracedFile:
    """A file that was read and traced, before any rule has seen it.

    Attributes:
        source: its text, for excerpts.
        trace: what was seen of it; spans of a notebook are still rows of the joined text.
        skipped: a comment in it says that it is not to be linted.
        reads: what of the user's the trace rests on besides, as far as that is known.
    """

    source: SourceFile
    trace: FileTrace
    skipped: bool = field(default=False, kw_only=True)
    reads: Reads = field(default_factory=Reads, kw_only=True)


@dataclass(frozen=True)
class FileResult(TracedFile):
    """A file that rules have judged.

    Attributes:
        findings: in the order of their places, with spans as they are shown.
        crashes: the tracebacks of rules that raised.
        used: the comments that silenced findings, in this file and in those that it imports.
        settings: those that apply to the file.
    """

    findings: tuple[Diagnostic, ...] = ()
    crashes: tuple[str, ...] = ()
    used: frozenset[Use] = frozenset()
    settings: Settings = field(default_factory=Settings)

    @cached_property
    def coverage(self) -> Coverage:
        return Coverage.of(self.trace)

    def model(self, name: str | None) -> Model | None:
        """The model with this name, if the trace has it."""
        return next((model for model in self.trace.models if model.name == name), None)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many models were judged. A model is judged where at least one pass of it was traced.

    Attributes:
        judged: models with a complete pass in each mode that was traced.
        partly: models whose forward could be followed only up to some operation.
        unjudged: models that could not be built or had no input.
        lost_files: files that failed before any model of theirs was seen.
        packages: what this machine lacks for some of them (see `Problem.package`).
    """

    judged: int = 0
    partly: int = 0
    unjudged: int = 0
    lost_files: int = 0
    packages: frozenset[str] = frozenset()

    @classmethod
    def of(cls, file: FileTrace) -> Coverage:
        partly = {problem.model for problem in file.problems if problem.reason in _CUT_SHORT}
        counts: Counter[str] = Counter()
        for model in file.models:
            if not model.passes:
                counts["unjudged"] += 1
            elif model.name in partly or not all(run.complete for run in model.passes):
                counts["partly"] += 1
            else:
                counts["judged"] += 1
        traced = {model.name for model in file.models}
        blocking = [problem for problem in file.problems if problem.reason in _CUT_SHORT | _PREVENTED]
        counts["unjudged"] += len({problem.model for problem in blocking if problem.model} - traced)
        if not counts.total() and blocking:
            counts["lost_files"] = 1
        return cls(**counts, packages=frozenset(item.package for item in file.problems if item.package))

    def __add__(self, other: Coverage) -> Coverage:
        return Coverage(
            self.judged + other.judged,
            self.partly + other.partly,
            self.unjudged + other.unjudged,
            self.lost_files + other.lost_files,
            self.packages | other.packages,
        )

    @property
    def traced(self) -> int:
        """Models that rules were run on."""
        return self.judged + self.partly

    @property
    def whole(self) -> bool:
        """Whether all that was met was judged whole."""
        return not (self.partly or self.unjudged or self.lost_files)


_CUT_SHORT = frozenset({"trace-incomplete"})
_PREVENTED = frozenset(
    {
        "syntax-error",
        "import-failed",
        "model-not-built",
        "input-unknown",
        "missing-arguments",
        "package-missing",
    }
)


@dataclass(frozen=True, repr=False)
class Result:
    """One run. Printed it is the report, in a notebook a table.

    Attributes:
        paths: those given.
        advice: False where advice is not to be shown.
        fixed: findings that are no more, because their fixes were applied.
        partial: whether the paths hold files that other runs look at.
    """

    files: tuple[FileResult, ...]
    paths: Sequence[str] = ()
    advice: bool = True
    fixed: tuple[Diagnostic, ...] = ()
    partial: bool = False

    @cached_property
    def coverage(self) -> Coverage:
        return sum((file.coverage for file in self.files), Coverage())

    def findings(self) -> Iterator[Diagnostic]:
        """All findings in the order of files and places."""
        for file in self.files:
            yield from file.findings

    def shown(self) -> list[Diagnostic]:
        """The findings that a report to a reader shows."""
        return [item for item in self.findings() if self.advice or item.severity != Severity.ADVICE]

    def crashes(self) -> Iterator[str]:
        """The tracebacks of cnnlint's own faults: of rules that raised, and of what traces."""
        for file in self.files:
            yield from file.crashes

    def __str__(self) -> str:
        from cnnlint.report import render
        from cnnlint.report.style import Style

        return "\n".join(render("full", self, Settings(), Style()))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from cnnlint.report.table import findings_table

        return findings_table(self)

    def exit_code(self) -> int:
        """2 where a rule crashed, where cnnlint itself failed and judged nothing, or where folders were given
        and hold no model; 1 with a finding that is shown and fails its file; else 0. A fault of ours in one
        file is told there, and the others are linted."""
        rule_crashed = any(len(file.crashes) > bool(file.trace.crash) for file in self.files)
        failed = any(file.trace.crash for file in self.files) and not self.coverage.traced
        if rule_crashed or failed or self._nothing_found():
            return 2
        least = Severity.ADVICE if self.advice else Severity.WARNING
        return int(
            any(
                item.severity.rank >= max(file.settings.fail_level.rank, least.rank)
                for file in self.files
                for item in file.findings
            )
        )

    def _nothing_found(self) -> bool:
        """Whether nothing that was given holds a model: likely a wrong path. A file that the user names
        has at least the remark that it holds none."""
        return (
            bool(self.paths)
            and not self.partial
            and not any(file.trace.models or file.trace.problems or file.skipped for file in self.files)
        )
