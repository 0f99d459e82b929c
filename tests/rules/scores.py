"""How often each rule tells the mistake that it is for, and how often what it tells is right.

    python tests/rules/scores.py            the table
    python tests/rules/scores.py -v         and what was missed or said beside the mistake

Recall: of the mistakes of `mistakes.py` that a rule is for, those that it tells. Precision: of all that
a rule says on these files, what is true: the mistake itself, or what is listed as true beside it.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from mistakes import ALSO, Mistake, good, mistakes
from pipeline import Snippets

from cnnlint.diagnostic import Diagnostic
from cnnlint.plugin import Rule, all_rules


@dataclass
class Score:
    """Of one rule.

    Attributes:
        missed: mistakes that it does not tell.
        wrong: (mistake, finding) that it says of files whose mistake is another one.
    """

    mistakes: int = 0
    told: int = 0
    right: int = 0
    missed: list[Mistake] = field(default_factory=list)
    wrong: list[tuple[Mistake, Diagnostic]] = field(default_factory=list)


def scores(snippets: Snippets, chosen: Iterable[Mistake]) -> dict[str, Score]:
    """By code. A rule that is off by default is asked only about its own mistakes."""
    listed = list(chosen)
    snippets.add([good(each.base) for each in listed] + [each.text for each in listed])
    table: dict[str, Score] = {}
    for mistake in listed:
        rules = [rule for rule in all_rules() if rule.default or rule.code == mistake.code]
        own = table.setdefault(mistake.code, Score())
        own.mistakes += 1
        new = new_findings(snippets, mistake, rules)
        if any(finding.code == mistake.code for finding in new):
            own.told += 1
        else:
            own.missed.append(mistake)
        for finding in new:
            score = table.setdefault(finding.code, Score())
            if (
                finding.code == mistake.code
                or finding.code in ALSO.get((mistake.code, mistake.base), "").split()
            ):
                score.right += 1
            else:
                score.wrong.append((mistake, finding))
    return table


def new_findings(snippets: Snippets, mistake: Mistake, rules: Iterable[Rule]) -> list[Diagnostic]:
    """What is said of a model with a mistake, but not of the good one."""
    rules = list(rules)
    before = Counter(finding.code for finding in snippets.findings(good(mistake.base), *rules))
    found = []
    for finding in snippets.findings(mistake.text, *rules):
        before[finding.code] -= 1
        if before[finding.code] < 0:
            found.append(finding)
    return found


def main(options: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        table = scores(Snippets(Path(folder)), mistakes())
    print("| rule | mistakes | told | recall | findings | right | precision |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for code, score in sorted(table.items()):
        findings = score.right + len(score.wrong)
        recall = f"{score.told / score.mistakes:.0%}" if score.mistakes else ""
        precision = f"{score.right / findings:.0%}" if findings else ""
        cells = [code, score.mistakes, score.told, recall, findings, score.right, precision]
        print(f"| {' | '.join(map(str, cells))} |")
    if "-v" in options:
        for code, score in sorted(table.items()):
            for mistake in score.missed:
                print(f"missed: {mistake.name}")
            for mistake, finding in score.wrong:
                print(
                    f"beside: {code} {finding.severity} in {finding.span.row}: {finding.message[:150]}\n"
                    f"        of {mistake.name}"
                )


if __name__ == "__main__":
    main(sys.argv[1:])
