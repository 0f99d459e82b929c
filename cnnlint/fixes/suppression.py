"""Comments that silence findings: `# cnnlint: ignore[CNN102] -- why`, `# noqa: CNN102`, and
`# cnnlint: skip-file`.

A comment belongs to its whole statement. It silences a finding that stands there, or whose layer is
constructed or called there; in the line of a class, all findings of the model or in the class; and a
finding that only shows the place. Where findings of one rule compete for a comment, it goes to those
that stand closest: in a call over many lines each layer can have its own.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from cnnlint.config import UsageError
from cnnlint.config.selection import covers, resolve
from cnnlint.diagnostic import Applicability, Diagnostic, Edit, Fix, Span
from cnnlint.graph import Trace
from cnnlint.placing import own_layer
from cnnlint.plugin import Rule
from cnnlint.source.file import SourceFile
from cnnlint.source.tokens import Comment, Rows

EVERYTHING = "ALL"

_IGNORE = re.compile(
    r"#\s*cnnlint:\s*ignore(?![\w-])\s*(?:\[(?P<items>[^\]#]*)\])?(?P<rest>(?:(?!#\s|#noqa|#cnnlint).)*)",
    re.IGNORECASE,
)
_NOQA = re.compile(
    r"#\s*noqa(?![\w-])(?:\s*:\s*(?P<items>[A-Z]+[0-9]+(?:[\s,]+[A-Z]+[0-9]+)*))?", re.IGNORECASE
)
_SKIP = re.compile(r"#\s*cnnlint:\s*skip-file(?![\w-])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Item:
    """A rule as a comment names it: `selector` is its code, a prefix or ALL, None where no rule is called
    so; then `fault` says why."""

    span: Span
    selector: str | None
    fault: str = ""

    def names(self, code: str) -> bool:
        """Whether a rule's code is meant."""
        return self.selector is not None and (self.selector == EVERYTHING or covers(self.selector, code))


@dataclass(frozen=True, slots=True)
class Ignore:
    """A comment that silences findings.

    Attributes:
        span: the part of the comment that speaks to cnnlint.
        items: what it names; empty in a comment of a wrong form, which `fault` explains.
        rows: the statement that it belongs to.
        elsewhere: whether it speaks to other tools first (`# noqa`), so that nothing is said of what it
            names for them.
        blanket: `# noqa` without codes. It names nothing, so it silences only what stands in its own
            statement, as in ruff, and is never called unused.
    """

    comment: Comment
    span: Span
    items: tuple[Item, ...]
    rows: Rows
    elsewhere: bool = False
    blanket: bool = False
    fault: str = ""


Use = tuple[Span, Span]
"""A comment, by the span of its directive, and the item of it that silenced something."""


class Ignores:
    """The suppressing comments of a file."""

    def __init__(self, file: SourceFile, rules: Sequence[Rule]):
        self.file = file
        self.found: list[Ignore] = []
        self.rules = rules
        if not re.search("cnnlint:|noqa", file.text, re.IGNORECASE):
            return
        for comment in self.file.tokens.comments:
            self.found += self._in(comment)

    def _in(self, comment: Comment) -> Iterator[Ignore]:
        own = Rows(comment.row, comment.row)
        statement = self.file.tokens.statement(comment.row) or own
        for match in _IGNORE.finditer(comment.text):
            span = self._span(comment, match.start(), match.start() + len(match[0].rstrip()))
            rows = statement
            if comment.alone and statement == own:
                rows = self.file.tokens.below(comment) or own
            rest = match["rest"].strip()
            if match["items"] is not None:
                items = tuple(self._items(comment, match))
                fault = "" if items else "names no rule: write ignore[CNN102]"
                yield Ignore(comment, span, items, rows, fault=fault)
            elif rest and not rest.startswith("--"):
                named = rest.lstrip("=: ")
                fault = f"names rules without brackets: write ignore[{named}]"
                yield Ignore(comment, span, (), rows, fault=fault)
            else:
                yield Ignore(comment, span, (Item(span, EVERYTHING),), rows)
        for match in _NOQA.finditer(comment.text):
            span = self._span(comment, match.start(), match.end())
            blanket = match["items"] is None
            items = (Item(span, EVERYTHING),) if blanket else tuple(self._items(comment, match))
            yield Ignore(comment, span, items, statement, True, blanket)

    def _items(self, comment: Comment, match: re.Match[str]) -> Iterator[Item]:
        for word in re.finditer(r"[^\s,]+", match["items"]):
            start = match.start("items") + word.start()
            span = self._span(comment, start, start + len(word[0]))
            try:
                yield Item(span, resolve(word[0], self.rules))
            except UsageError as error:
                yield Item(span, None, str(error))

    def _span(self, comment: Comment, start: int, end: int) -> Span:
        column = comment.column
        return Span(self.file.filename, comment.row, column + start, comment.row, column + end)

    @cached_property
    def classes(self) -> list[tuple[Rows, Rows]]:
        """The header of each class, from its first decorator on, and its rows with the header."""
        try:
            nodes = [node for node in ast.walk(self.file.tree) if isinstance(node, ast.ClassDef)]
        except SyntaxError:
            return []
        found = []
        for node in nodes:
            first = min([node.lineno, *(item.lineno for item in node.decorator_list)])
            header = self.file.tokens.statement(node.lineno) or Rows(node.lineno, node.lineno)
            found.append((Rows(first, header.last), Rows(first, node.end_lineno or node.lineno)))
        return found


def skips(file: SourceFile) -> bool:
    """Whether a comment says that the file is not to be linted."""
    if "skip-file" not in file.text.lower():
        return False
    return any(_SKIP.search(comment.text) for comment in file.tokens.comments)


@dataclass(frozen=True, slots=True)
class Places:
    """Where a comment can silence a finding: `own` are its span, and where its layers are constructed and
    called; `model` is the model's definition; `shown` are the further places that the report shows."""

    finding: Diagnostic
    own: tuple[Span, ...]
    model: Span | None
    shown: tuple[Span, ...]


def places(finding: Diagnostic, trace: Trace | None = None) -> Places:
    """The places of a finding, with those that only its trace knows."""
    own = [finding.span]
    if trace is not None and finding.layers:
        layers = set(finding.layers)
        own += [site.span for layer in trace.model.layers if layer.path in layers for site in layer.sites]
        for step in trace.operations():
            if step.layer in layers and own_layer(trace, step) is not None:
                own += step.calls
    return Places(
        finding,
        tuple(dict.fromkeys(own)),
        trace.model.span if trace is not None else None,
        tuple(item.span for item in finding.related),
    )


def silence(
    found: Sequence[Places], ignores: Callable[[str], Ignores]
) -> tuple[list[Diagnostic], frozenset[Use]]:
    """The findings that no comment silences, and which comments silenced the others. `ignores` gives the
    comments of a file by its name."""
    filenames = dict.fromkeys(
        span.filename
        for item in found
        for span in (*item.own, *item.shown, *((item.model,) if item.model else ()))
    )
    silenced: set[int] = set()
    used: set[Use] = set()
    for filename in filenames:
        file = ignores(filename)
        for ignore in file.found:
            for at, item in _closest(ignore, file, found):
                silenced.add(at)
                used.add((ignore.span, item.span))
    kept = [item.finding for at, item in enumerate(found) if at not in silenced]
    return kept, frozenset(used)


def _closest(ignore: Ignore, file: Ignores, found: Sequence[Places]) -> Iterator[tuple[int, Item]]:
    """The findings, by their index, that a comment silences, with the item that names them."""
    for item in ignore.items:
        ranks: dict[str, dict[int, int]] = {}
        for at, places in enumerate(found):
            rank = _rank(ignore, file, places) if item.names(places.finding.code) else None
            if rank is not None:
                ranks.setdefault(places.finding.code, {})[at] = rank
        for of_code in ranks.values():
            best = min((rank for rank in of_code.values() if rank != _IN_CLASS), default=_IN_CLASS)
            for at, rank in of_code.items():
                if rank in (best, _IN_CLASS):
                    yield at, item


_IN_LINE, _IN_STATEMENT, _IN_CLASS, _SHOWN = range(4)


def _rank(ignore: Ignore, file: Ignores, places: Places) -> int | None:
    """How close a finding stands to a comment; None where the comment has nothing to do with it."""
    name, row = file.file.filename, Rows(ignore.comment.row, ignore.comment.row)
    own = places.own[:1] if ignore.blanket else places.own
    stretches = [_rows(span) for span in own if span.filename == name]
    if any(row.meet(rows) for rows in stretches):
        return _IN_LINE
    if any(ignore.rows.meet(rows) for rows in stretches):
        return _IN_STATEMENT
    if ignore.blanket:
        return None
    if places.model is not None and places.model.filename == name:
        model = _rows(places.model)
        if ignore.rows.meet(model) or any(
            ignore.rows.meet(header) and header.meet(model) for header, _ in file.classes
        ):
            return _IN_CLASS
    for header, body in file.classes:
        if ignore.rows.meet(header) and any(body.meet(rows) for rows in stretches):
            return _IN_CLASS
    if any(ignore.rows.meet(_rows(span)) for span in places.shown if span.filename == name):
        return _SHOWN
    return None


def _rows(span: Span) -> Rows:
    return Rows(span.row, span.end_row)


# -- comments that silence nothing


def unused(ignores: Ignores, used: Iterable[Use], ran: Iterable[Rule], rule: Rule) -> Iterator[Diagnostic]:
    """A finding of `rule` for each comment of a file of which an item silenced nothing in the whole run,
    although the rules that it names ran; and for what names no rule."""
    used = frozenset(used)
    codes = {item.code for item in ran}
    default = {item.code for item in ignores.rules if item.default}
    for ignore in ignores.found:
        if ignore.blanket or any(item.selector == rule.code for item in ignore.items):
            continue
        if ignore.fault:
            yield rule.report(ignore.span, f"the comment {ignore.fault}")
            continue
        idle = [
            item
            for item in ignore.items
            if (ignore.span, item.span) not in used and _was_judged(ignore, item, codes, default)
        ]
        for item in idle:
            if item.fault:
                yield rule.report(item.span, item.fault)
        idle = [item for item in idle if not item.fault]
        if idle and len(idle) == len(ignore.items):
            message = "the comment silences nothing here"
            yield rule.report(
                ignore.span, message, help="remove it", fix=_fix(_removed(ignores.file, ignore))
            )
        elif idle:
            names = ", ".join(ignores.file.segment(item.span) for item in idle)
            yield rule.report(
                idle[0].span,
                f"{names} silences nothing here",
                help=f"remove {names}",
                fix=_fix(_shortened(ignores.file, ignore, idle)),
            )


def _fix(edit: Edit) -> Fix:
    return Fix(Applicability.SAFE, "remove what silences nothing", (edit,))


def _was_judged(ignore: Ignore, item: Item, ran: set[str], default: set[str]) -> bool:
    """Whether it is known that an item has nothing to silence. A prefix needs only the default rules
    behind it. Codes of other tools are theirs to judge."""
    if item.selector is None:
        return not ignore.elsewhere
    if ignore.elsewhere and item.selector == EVERYTHING:
        return False
    if item.selector in ran:
        return True
    named = {code for code in default if item.names(code)}
    return bool(named) and named <= ran


def _removed(file: SourceFile, ignore: Ignore) -> Edit:
    """Without the comment, or without our part of it; a line that holds nothing else goes too."""
    comment, span = ignore.comment, ignore.span
    line = file.lines[comment.row - 1]
    before, behind = line[: span.column - 1], line[span.end_column - 1 :]
    start, end = span.column, span.end_column
    if behind.strip():  # another tool's comment follows
        end += len(behind) - len(behind.lstrip())
    elif before.strip():
        start, end = len(before.rstrip()) + 1, len(line) + 1
    elif comment.row < len(file.lines):
        return Edit(Span(span.filename, comment.row, 1, comment.row + 1, 1), "")
    return Edit(Span(span.filename, span.row, start, span.row, end), "")


def _shortened(file: SourceFile, ignore: Ignore, idle: Sequence[Item]) -> Edit:
    """Without some items of the list."""
    kept = ", ".join(file.segment(item.span) for item in ignore.items if item not in idle)
    first, last = ignore.items[0].span, ignore.items[-1].span
    return Edit(Span(first.filename, first.row, first.column, last.end_row, last.end_column), kept)
