"""`--output-format junit`: a suite of tests a file, in the form that Jenkins and GitLab read.

A finding at or above the fail level is a failed test, one below it a passed test with its text as
output; a model without findings is a passed test, one that could not be judged a skipped test.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from cnnlint.config import UNJUDGED_FAMILY, Settings
from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.report.checkout import from_checkout
from cnnlint.report.full import framed
from cnnlint.report.style import Style
from cnnlint.report.text import one_line
from cnnlint.result import FileResult, Result

FAILURE, SKIPPED, OUTPUT = "failure", "skipped", "system-out"


def render(result: Result, settings: Settings, style: Style) -> Iterator[str]:
    """The report in one piece."""
    root = Element("testsuites", name="cnnlint")
    for file in result.files:
        findings = [item for item in file.findings if result.advice or item.severity != Severity.ADVICE]
        if findings or file.trace.models:
            root.append(_suite(file, findings))
    for key in ("tests", "failures", "errors"):
        root.set(key, str(sum(int(suite.get(key, 0)) for suite in root)))
    indent(root)
    yield tostring(root, encoding="us-ascii", xml_declaration=True).decode()


def _suite(file: FileResult, findings: list[Diagnostic]) -> Element:
    path = one_line(from_checkout(file.source.filename))
    suite = Element("testsuite", name=path, file=path)
    told = {finding.model for finding in findings}
    names: Counter[str] = Counter()
    for model in file.trace.models:
        if model.passes and model.name not in told:
            SubElement(suite, "testcase", classname=path, name=_unique(one_line(model.name), names))
    outcomes: Counter[str] = Counter()
    for finding in findings:
        case = SubElement(suite, "testcase", classname=path, name=_unique(_name(finding), names))
        outcome = _outcome(finding, file)
        outcomes[outcome] += 1
        told_as = SubElement(case, outcome)
        if outcome != OUTPUT:
            told_as.set("type", f"{finding.code} {finding.name}")
            told_as.set("message", one_line(finding.message))
        told_as.text = "\n".join(_printable(line).rstrip() for line in framed(finding, file))
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(outcomes[FAILURE]))
    suite.set("errors", "0")
    suite.set("skipped", str(outcomes[SKIPPED]))
    return suite


def _outcome(finding: Diagnostic, file: FileResult) -> str:
    if finding.severity.rank >= file.settings.fail_level.rank:
        return FAILURE
    return SKIPPED if finding.code.startswith(UNJUDGED_FAMILY) else OUTPUT


def _name(finding: Diagnostic) -> str:
    """`Net: CNN102 flatten-mismatch (fc)`, without a line, so that it is the same test in the next commit."""
    model = f"{finding.model}: " if finding.model else ""
    layer = f" ({finding.layers[0]})" if finding.layers else ""
    return one_line(f"{model}{finding.code} {finding.name}{layer}")


def _printable(text: str) -> str:
    """The text without characters that XML does not allow."""
    return "".join(char for char in text if char.isprintable())


def _unique(name: str, seen: Counter[str]) -> str:
    seen[name] += 1
    return name if seen[name] == 1 else f"{name} #{seen[name]}"
