"""What follows from what: a cause is told once, and not again in the words of each rule that meets it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cnnlint.diagnostic import Diagnostic, Severity

FOLLOWS: dict[str, frozenset[str]] = {
    # a map that is smaller than the kernel: its norms see single values, and its layers see everything
    "CNN303": frozenset({"CNN112", "CNN307", "CNN601"}),
}
"""By the code of a cause, what is no news beside it in the same model."""


def without_consequences(findings: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """The findings without the advice that follows from another one; that one says so."""
    told = list(findings)
    causes = {(item.model, code) for item in told for code in FOLLOWS.get(item.code, ())}
    dropped = [
        item for item in told if (item.model, item.code) in causes and item.severity is Severity.ADVICE
    ]
    for item in told:
        if item in dropped:
            continue
        mine = sorted(
            {f"{other.name} ({other.code})" for other in dropped if other.model == item.model}
            if item.code in FOLLOWS
            else ()
        )
        yield item.replace(help=f"{item.help}; it also mends {', '.join(mine)}") if mine else item
