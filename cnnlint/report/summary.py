"""The last line of a report: what was found, and how much was judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from cnnlint.config import Settings
from cnnlint.diagnostic import Applicability, Severity
from cnnlint.report.style import Style
from cnnlint.report.text import count, degrees_line, input_line, location, one_line
from cnnlint.result import Coverage, Result
from cnnlint.traces import Model
from cnnlint.wording import listing

MOST_PACKAGES = 5
"""Missing packages that the last line names one by one."""


def last_line(result: Result, style: Style) -> str:
    """One line that claims no more than was judged."""
    severities = Counter(item.severity for item in (*result.shown(), *result.fixed))
    if result.fixed or severities[Severity.ERROR] or severities[Severity.WARNING]:
        return _found(result, severities)
    return _passed(result, severities[Severity.ADVICE], style)


def fixable_lines(result: Result, settings: Settings) -> Iterator[str]:
    """How many of the findings have a fix, and how it is applied; nothing where none has."""
    fixes = [item.fix.applicability for item in result.shown() if item.fix is not None]
    unsafe = 0 if settings.unsafe_fixes else fixes.count(Applicability.UNSAFE)
    safe = len(fixes) - unsafe
    more = f"{count(unsafe, 'unsafe fix', 'unsafe fixes')} available with --fix --unsafe-fixes"
    if safe:
        yield f"[*] {safe} fixable with the --fix option{f' ({more})' if unsafe else ''}."
    elif unsafe:
        yield f"{more}."


def model_lines(result: Result, verbose: bool, told: Collection[Model] = ()) -> Iterator[str]:
    """What the reader should know of the models that no finding has `told`: notes on how they were
    built or traced, and an input that only seems to fit. The input of a single model is always said,
    those of all if `verbose`."""
    alone = result.coverage.traced == 1
    for file in result.files:
        for model in file.trace.models:
            if not model.passes or (model in told and not verbose):
                continue
            place = location(file.source.place(model.span))
            unsaid = any(item.source in ("assumed", "solved") for item in model.inputs)
            if verbose or unsaid or alone:
                yield f"{place}: note: {model.name} was given {input_line(model) or 'no input'}"
            if verbose and (known := degrees_line(model)):
                yield f"{place}: note: how that is known: {known}"
            for note in model.notes:
                yield f"{place}: note: {one_line(note)}"


def _found(result: Result, severities: Counter[Severity]) -> str:
    """`Found 3 errors, 1 warning in 2 models (5 models checked); 1 model could not be judged.`, with
    ` (2 fixed, 2 remaining)` behind the numbers where fixes were applied."""
    kinds = [
        count(severities[severity], severity)
        for severity in (Severity.ERROR, Severity.WARNING)
        if severities[severity]
    ]
    if severities[Severity.ADVICE]:
        kinds.append(_advice(severities[Severity.ADVICE]))
    models: set[tuple[str, str]] = set()
    files: set[str] = set()
    for item in (*result.shown(), *result.fixed):
        if item.model:
            models.add((item.span.filename, item.model))
        else:
            files.add(item.span.filename)
    places = [count(len(found), noun) for found, noun in ((models, "model"), (files, "file")) if found]
    fixed = f" ({len(result.fixed)} fixed, {len(result.shown())} remaining)" if result.fixed else ""
    text = f"Found {', '.join(kinds)}{fixed} in {' and '.join(places)}"
    if result.coverage.traced > len(models):
        text += f" ({count(result.coverage.traced, 'model')} checked)"
    return f"{text}{_gaps(result.coverage)}."


def _passed(result: Result, advice: int, style: Style) -> str:
    coverage = result.coverage
    if not coverage.traced:
        return _nothing(result)
    if not coverage.whole:
        more = f" ({_advice(advice)})" if advice else ""
        return f"All checks passed in {count(coverage.traced, 'model')}{more}{_gaps(coverage)}."
    remarks = [count(coverage.traced, "model")]
    if advice:
        remarks.append(_advice(advice))
    return f"{style.bold('All checks passed!')} ({'; '.join(remarks)})"


def _nothing(result: Result) -> str:
    coverage = result.coverage
    lost = [
        count(number, noun)
        for number, noun in ((coverage.unjudged, "model"), (coverage.lost_files, "file"))
        if number
    ]
    if lost:
        return f"Nothing was checked: {' and '.join(lost)} could not be judged{_remedy(coverage)}."
    if result.files:
        return f"Nothing was checked: no model in {count(len(result.files), 'file')}."
    if result.partial:
        return "Nothing was checked: no file is in this shard."
    if not result.paths:
        return "Nothing was checked: what was given is excluded."
    return f"Nothing was checked: no Python file or notebook in {', '.join(result.paths)}."


def _gaps(coverage: Coverage) -> str:
    """What was not judged, as the end of a sentence; "" where all was."""
    parts = []
    if coverage.partly:
        parts.append(f"{count(coverage.partly, 'model')} could be followed only in part")
    lost = [
        count(number, noun)
        for number, noun in ((coverage.unjudged, "model"), (coverage.lost_files, "file"))
        if number
    ]
    if lost:
        parts.append(f"{' and '.join(lost)} could not be judged")
    return "".join(f"; {part}" for part in parts) + _remedy(coverage)


def _remedy(coverage: Coverage) -> str:
    """`: install gym and wandb`, where that would let more be judged."""
    parts = []
    for verb, wanted in (("install", _is_package), ("build", _is_own)):
        names = sorted(filter(wanted, coverage.packages))
        if len(names) > MOST_PACKAGES + 1:
            names = [*names[:MOST_PACKAGES], f"{len(names) - MOST_PACKAGES} more packages"]
        if names:
            parts.append(f"{verb} {listing(names)}")
    return f": {'; '.join(parts)}" if parts else ""


def _is_own(module: str) -> bool:
    return module.startswith(".")


def _is_package(module: str) -> bool:
    return not _is_own(module)


def _advice(number: int) -> str:
    return "1 piece of advice" if number == 1 else f"{number} pieces of advice"
