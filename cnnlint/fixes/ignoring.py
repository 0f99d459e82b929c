"""`--add-ignores`: comments into old code, so that only new mistakes are told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from cnnlint.config import Configuration, Settings, UsageError
from cnnlint.config.selection import known_rules
from cnnlint.diagnostic import Diagnostic, Edit, Span
from cnnlint.engine import check
from cnnlint.files import STANDARD_INPUT
from cnnlint.fixes.editing import apply_to_file
from cnnlint.fixes.suppression import Ignore, Ignores
from cnnlint.replacing import replace_file
from cnnlint.source.file import SourceFile
from cnnlint.source.reading import read_bytes

NOT_IGNORED = frozenset({"CNN001", "CNN007", "CNN008"})
"""A file that does not parse, a comment that silences nothing, a rule that crashed."""


def add_ignores(paths: Sequence[str], configuration: Settings | Configuration) -> int:
    """Writes `# cnnlint: ignore[…]` for all findings that make the run fail, and says how many findings
    that silences. What stands in a module that was not given is left.

    Raises:
        UsageError: as `check` does, or a file cannot be written.
        PluginError, WorkersUnavailable: as `check` does.
    """
    if STANDARD_INPUT in paths:
        raise UsageError("--add-ignores needs files, not standard input")
    result = check(paths, configuration)
    silenced = 0
    for file in result.files:
        source = file.source
        found = [item for item in result.findings() if item.severity.rank >= file.settings.fail_level.rank]
        edits, count = ignoring(source, found, file.settings)
        if edits:
            _write(source, edits)
        silenced += count
    return silenced


def ignoring(
    source: SourceFile, findings: Iterable[Diagnostic], settings: Settings
) -> tuple[list[Edit], int]:
    """The edits, at places as they are shown, that write comments for those of the findings which stand in
    this file and can be ignored, and how many these are."""
    codes: dict[int, list[str]] = {}
    for finding in findings:
        if finding.span.filename == source.filename and finding.code not in NOT_IGNORED:
            row = _row(finding, source)
            if row is not None:
                codes.setdefault(row, []).append(finding.code)
    edits = _edits(source, codes, settings) if codes else ()
    return [Edit(source.place(edit.span), edit.content) for edit in edits], sum(map(len, codes.values()))


def _row(finding: Diagnostic, source: SourceFile) -> int | None:
    """The row of the text that takes the comment: that of the finding, or the last one of its statement
    where a string goes on; None where it stands in no statement."""
    span = finding.span
    row = span.row
    if source.cells:
        places = {place: at for at, place in enumerate(source.cells, start=1)}
        row = places.get((span.cell or 0, span.row), 0)
    statement = source.tokens.statement(row)
    if statement is None:
        return None
    return row if source.tokens.takes_comment(row) else statement.last


def _edits(source: SourceFile, codes: dict[int, list[str]], settings: Settings) -> Iterator[Edit]:
    """One edit for each row: a list of codes made longer, or a comment behind what stands there."""
    own: dict[int, Ignore] = {
        ignore.comment.row: ignore
        for ignore in Ignores(source, known_rules(settings)).found
        if ignore.items and not ignore.elsewhere and ignore.items[0].span != ignore.span
    }
    for row, new in codes.items():
        new = sorted(set(new))
        if row in own:
            last = own[row].items[-1].span
            yield Edit(Span(last.filename, row, last.end_column, row, last.end_column), f", {', '.join(new)}")
        else:
            line = source.lines[row - 1]
            end = len(line.rstrip()) + 1
            yield Edit(
                Span(source.filename, row, end, row, len(line) + 1), f"  # cnnlint: ignore[{', '.join(new)}]"
            )


def _write(source: SourceFile, edits: Iterable[Edit]) -> None:
    name = source.filename
    try:
        with open(name, "rb") as file:
            before = file.read()
        if read_bytes(before, name).file != source:
            raise OSError(0, "it was changed meanwhile")
        replace_file(name, before, apply_to_file(before, name, edits))
    except (OSError, ValueError) as error:
        raise UsageError(f"{name} was left as it is: {getattr(error, 'strerror', None) or error}") from error
