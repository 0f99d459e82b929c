"""Applying fixes: made on the text, linted again, and kept only where that shows that they help.

Each file is repaired by itself. All its fixes that can be made at once are tried together; where the
result is not better for each of them, they are tried one by one. A comment that silences nothing is
removed without such a trial: the syntax tree has to stay the same.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from cnnlint.config import Configuration, Settings, UsageError
from cnnlint.config.selection import known_rules, rules_for
from cnnlint.diagnostic import Applicability, Diagnostic, Fix, Severity
from cnnlint.engine import check
from cnnlint.files import STANDARD_INPUT
from cnnlint.fixes.editing import apply_to_file, compatible
from cnnlint.judging import judge
from cnnlint.replacing import replace_file
from cnnlint.result import FileResult, Result, TracedFile
from cnnlint.source.reading import read_bytes
from cnnlint.tracing import Tracer, standard_input, trace_texts
from cnnlint.workers import Workers

MOST_ROUNDS = 100
"""Trials for a file, and linting runs over all, after which whatever is left stays."""

UNUSED = "unused-suppression"
"""The rule whose findings concern comments only, and the whole run."""


@dataclass(frozen=True, slots=True)
class Change:
    """What fixes made of a file."""

    filename: str
    before: bytes
    after: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is left after fixing (`result.fixed` is what is not), and the files that changed; `piped` is
    what became of standard input, where that was given."""

    result: Result
    changes: tuple[Change, ...]
    piped: bytes | None = None


def fix(paths: Sequence[str], configuration: Settings | Configuration, *, write: bool) -> Outcome:
    """Lints files and folders and applies the fixes of what is found: the safe ones, and the unsafe ones
    where they are wanted. Files are written only if `write`; standard input never is.

    Raises:
        UsageError: as `check` does, or a file cannot be written.
        PluginError, WorkersUnavailable: as `check` does.
    """
    run, unsafe = configuration.run, configuration.run.unsafe_fixes
    originals: dict[str, bytes] = {}
    texts: dict[str, bytes] = {}
    if STANDARD_INPUT in paths:
        texts[run.stdin_filename] = originals[run.stdin_filename] = standard_input()
    fixed: list[Diagnostic] = []
    with Workers(run.jobs) as workers:
        for _ in range(MOST_ROUNDS):
            result = check(paths, configuration, texts, workers)
            repairs = [
                _Repair(file, texts.get(file.source.filename), unsafe)
                for file in result.files
                if any(_allowed(item, file, unsafe) for item in file.findings)
            ]
            _repair([item for item in repairs if item.readable], configuration, workers.trace)
            changed = [item for item in repairs if item.fixed]
            for item in changed:
                fixed += item.fixed
                originals.setdefault(item.name, item.before)
                if write and not (STANDARD_INPUT in paths and item.name == run.stdin_filename):
                    _write(item.name, item.before, item.data)
                texts[item.name] = item.data
            if not changed:
                break
    changes = [Change(name, originals[name], texts[name]) for name in texts if originals[name] != texts[name]]
    piped = texts[run.stdin_filename] if STANDARD_INPUT in paths else None
    return Outcome(replace(result, fixed=tuple(fixed)), tuple(changes), piped)


def repaired(file: FileResult, data: bytes, configuration: Settings | Configuration, trace: Tracer) -> bytes:
    """The bytes of a judged file with its safe fixes."""
    item = _Repair(file, data, unsafe=False)
    if item.readable:
        _repair([item], configuration, trace)
    return item.data


def _write(name: str, before: bytes, after: bytes) -> None:
    try:
        replace_file(name, before, after)
    except OSError as error:
        raise UsageError(f"{name} is not fixed: {error.strerror or error}") from error


def _allowed(finding: Diagnostic, file: FileResult, unsafe: bool) -> bool:
    """Whether a finding has a fix that may be applied, in this file itself."""
    fix = finding.fix
    if fix is None or (fix.applicability is not Applicability.SAFE and not unsafe):
        return False
    return all(edit.span.filename == file.source.filename for edit in fix.edits)


@dataclass
class _Repair:
    """A file while fixes are tried on it.

    Attributes:
        data: its text with the fixes that have proved themselves.
        judged: what all rules that matter say of that: those of the run, and all that find errors.
        fixed: the findings that are gone.
        one_by_one: whether the fixes have to be tried singly, because together they failed.
        rejected: fixes that did not help, as `_key` names them.
        trial: what is being tried: the findings to be fixed, and the text with their fixes.
    """

    start: FileResult
    given: bytes | None
    unsafe: bool
    fixed: list[Diagnostic] = field(default_factory=list)
    one_by_one: bool = False
    rejected: set[object] = field(default_factory=set)
    trial: tuple[list[Diagnostic], bytes] | None = None

    def __post_init__(self) -> None:
        self.name = self.start.source.filename
        self.before = self.given if self.given is not None else _bytes(self.name)
        self.readable = read_bytes(self.before, self.name).file == self.start.source
        self.data = self.before
        settings = self.start.settings
        rules = rules_for(self.name, settings)
        self._selected = {rule.code for rule in rules}
        others = [rule for rule in known_rules(settings) if rule.code not in self._selected]
        self._judges = [*rules, *(rule for rule in others if rule.severity is Severity.ERROR)]
        self.judged = self.judge(self.start)

    def propose(self) -> None:
        """Sets the next trial, or None where nothing is left to try."""
        self.trial = None
        while self.trial is None:
            open_ = [
                item
                for item in self.judged.findings
                if _allowed(item, self.judged, self.unsafe)
                and item.code in self._selected
                and _key(item) not in self.rejected
            ]
            if not open_:
                return
            of_fix = {id(item.fix): item for item in reversed(open_)}
            fixes = compatible(item.fix for item in open_ if item.fix)
            wanted = [of_fix[id(fix)] for fix in (fixes[:1] if self.one_by_one else fixes)]
            made = _applied(self.data, self.name, [item.fix for item in wanted if item.fix])
            if made is not None:
                self.trial = (wanted, made)
            else:
                self._reject(wanted)

    def accept(self, judged: FileResult) -> None:
        """Keeps the trial where linting it again speaks for it."""
        assert self.trial is not None
        wanted, made = self.trial
        if _is_better(self.judged, judged, wanted):
            self.fixed += wanted
            self.data, self.judged = made, judged
        else:
            self._reject(wanted)

    def judge(self, file: TracedFile) -> FileResult:
        return judge(file, self._judges, self.start.settings)

    def _reject(self, wanted: list[Diagnostic]) -> None:
        if len(wanted) == 1:
            self.rejected.add(_key(wanted[0]))
        self.one_by_one = True

    def remove_comments(self) -> None:
        """Applies the fixes of comments that silence nothing, where nothing else has changed."""
        idle = [item for item in self.start.findings if item.name == UNUSED and item.fix is not None]
        if self.fixed or not idle:
            return
        made = _applied(self.data, self.name, [item.fix for item in idle if item.fix])
        if made is not None and _same_code(made, self.data, self.name):
            self.data = made
            self.fixed += idle


def _repair(files: Sequence[_Repair], configuration: Settings | Configuration, trace: Tracer) -> None:
    """Repairs files side by side, a trial of each in a round."""
    for _ in range(MOST_ROUNDS):
        for file in files:
            file.propose()
        tried = [file for file in files if file.trial is not None]
        if not tried:
            break
        texts = {file.name: file.trial[1] for file in tried if file.trial}
        for file, traced in zip(tried, trace_texts(texts, configuration, trace), strict=True):
            file.accept(file.judge(traced))
    for file in files:
        file.remove_comments()


def _is_better(before: FileResult, after: FileResult, wanted: Sequence[Diagnostic]) -> bool:
    """Whether the findings that were to be fixed are gone, as much is judged as before, and no new finding
    is as bad as they were. (That something lighter comes to light where an error has hidden it, is no
    reason to keep the error.)"""
    if after.coverage.judged < before.coverage.judged or after.coverage.traced < before.coverage.traced:
        return False
    had = Counter(item.code for item in before.findings)
    has = Counter(item.code for item in after.findings)
    gone = Counter(item.code for item in wanted)
    level = min(item.severity.rank for item in wanted)
    grave = {item.code for item in after.findings if item.severity.rank >= level}
    return all(has[code] <= had[code] - gone[code] for code in grave | set(gone))


def _applied(data: bytes, name: str, fixes: Iterable[Fix]) -> bytes | None:
    """The file with fixes made; None where they cannot be."""
    try:
        return apply_to_file(data, name, [edit for fix in fixes for edit in fix.edits])
    except (ValueError, SyntaxError):
        return None


def _same_code(one: bytes, other: bytes, name: str) -> bool:
    readings = [read_bytes(data, name) for data in (one, other)]
    if any(reading.problem for reading in readings):
        return False
    first, second = (ast.dump(reading.file.tree) for reading in readings)
    return first == second


def _key(finding: Diagnostic) -> object:
    """A finding's fix, by what survives that other edits move it."""
    assert finding.fix is not None
    contents = tuple(edit.content for edit in finding.fix.edits)
    return (finding.code, finding.model, finding.layers, finding.fix.message, contents)


def _bytes(name: str) -> bytes:
    try:
        with open(name, "rb") as file:
            return file.read()
    except OSError:
        return b""
