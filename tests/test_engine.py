"""From traces to findings: merging, places, crashing rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from cnnlint.config import Settings
from cnnlint.diagnostic import Applicability, Diagnostic, Edit, Fix, Related, Severity, Span
from cnnlint.graph import Trace
from cnnlint.judging import judge, merge, without_repeats
from cnnlint.plugin import Rule
from cnnlint.result import Result, TracedFile
from cnnlint.source.file import SourceFile
from cnnlint.traces import FileTrace, Model, Pass

HERE, BELOW = Span("net.py", 3, 5, 3, 9), Span("net.py", 7, 1, 7, 2)


def a_pass(mode: str = "train") -> Pass:
    return Pass(mode, 86520, (), (), (), ())


def a_file(*models: Model, cells: tuple[tuple[int, int], ...] = ()) -> TracedFile:
    source = SourceFile("net.py", "\n" * 9, cells)
    return TracedFile(source, FileTrace("net.py", models))


NET = Model("Net", "Net()", HERE, passes=(a_pass("train"), a_pass("eval")))


class Everywhere(Rule):
    """Finds something in each pass."""

    code = "ABC100"
    name = "everywhere"
    severity = Severity.WARNING

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        yield self.report(BELOW, "found", trace=trace, layers=[trace.mode])


class InFile(Rule):
    """Finds something in the file."""

    code = "ABC101"
    name = "in-file"
    severity = Severity.ERROR

    def check_file(self, file: FileTrace) -> Iterator[Diagnostic]:
        yield self.report(HERE, "found")


class Crashing(Rule):
    """Finds something, and then falls over."""

    code = "ABC102"
    name = "crashing"
    severity = Severity.ERROR

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        yield self.report(BELOW, "before the crash", trace=trace)
        raise IndexError("tuple index out of range")


class Confused(Rule):
    """Yields what is no finding."""

    code = "ABC103"
    name = "confused"
    severity = Severity.ERROR

    def check_file(self, file: FileTrace) -> Iterator[Diagnostic]:
        yield "a finding"  # type: ignore[misc]


def test_findings_of_all_passes_are_merged_and_ordered_by_place() -> None:
    findings = judge(a_file(NET), [Everywhere(), InFile()]).findings
    assert [(item.code, item.span, item.layers) for item in findings] == [
        ("ABC101", HERE, ()),
        ("ABC100", BELOW, ("train", "eval")),
    ]


def test_merging_keeps_the_first_words_and_the_highest_severity() -> None:
    advice = Diagnostic("ABC1", "x", Severity.ADVICE, "first", HERE, layers=("a", "b"))
    error = advice.replace(severity=Severity.ERROR, message="second", layers=("b", "c"))
    elsewhere, other = advice.replace(span=BELOW), advice.replace(code="ABC2")
    assert merge([advice, error, elsewhere, other]) == [
        advice.replace(severity=Severity.ERROR, layers=("a", "b", "c")),
        elsewhere,
        other,
    ]


def test_a_finding_in_a_module_that_two_files_import_is_told_once() -> None:
    first = judge(a_file(NET), [Everywhere(), InFile()])
    second = judge(a_file(NET), [Everywhere()])
    assert [file.findings for file in without_repeats([first, second])] == [first.findings, ()]


def test_a_crashing_rule_is_a_finding_and_the_others_go_on() -> None:
    result = judge(a_file(NET), [Crashing(), Confused(), Everywhere()])
    assert [item.code for item in result.findings] == ["CNN008", "CNN008", "ABC100"]
    confused, crash = result.findings[:2]
    assert (
        crash.message == "the rule ABC102 (crashing) crashed and judged nothing more here: "
        "IndexError: tuple index out of range"
    )
    assert crash.span == HERE  # the model that was being judged
    assert "ABC103 (confused)" in confused.message and "not str" in confused.message
    assert [trace.splitlines()[-1] for trace in result.crashes] == [
        "IndexError: tuple index out of range",
        "TypeError: a rule must yield Diagnostic, not str",
    ]
    assert Result((result,)).exit_code() == 2


def test_a_fault_of_ours_in_one_file_leaves_the_others_their_exit_code() -> None:
    crashed = judge(a_file(), [InFile()])
    crashed = replace(
        crashed, trace=replace(crashed.trace, crash="Traceback"), crashes=("Traceback",), findings=()
    )
    assert Result((crashed, judge(a_file(NET), []))).exit_code() == 0
    assert Result((crashed, judge(a_file(NET), [InFile()]))).exit_code() == 1
    assert Result((crashed,)).exit_code() == 2


@pytest.mark.parametrize(
    ("rule", "level", "code"),
    [
        (InFile(), Severity.ERROR, 1),
        (Everywhere(), Severity.ERROR, 0),
        (Everywhere(), Severity.WARNING, 1),
        (Everywhere(), Severity.ADVICE, 1),
    ],
)
def test_exit_code_by_fail_level(rule: Rule, level: Severity, code: int) -> None:
    result = replace(judge(a_file(NET), [rule]), settings=Settings(fail_level=level))
    assert Result((result,)).exit_code() == code


def test_hidden_advice_does_not_fail() -> None:
    result = replace(judge(a_file(NET), [Everywhere()]), settings=Settings(fail_level=Severity.ADVICE))
    advice = tuple(item.replace(severity=Severity.ADVICE) for item in result.findings)
    result = replace(result, findings=advice)
    assert Result((result,)).exit_code() == 1
    assert Result((result,), advice=False).exit_code() == 0


class InNotebook(Rule):
    """Has a place of every kind."""

    code = "ABC104"
    name = "in-notebook"
    severity = Severity.ERROR

    def check_file(self, file: FileTrace) -> Iterator[Diagnostic]:
        fix = Fix(Applicability.SAFE, "write", (Edit(BELOW, "1"),))
        yield self.report(HERE, "found", related=[Related("from", BELOW)], fix=fix)


def test_places_in_a_notebook_are_by_cell() -> None:
    cells = tuple((2 + row // 5, row % 5 + 1) for row in range(9))
    (finding,) = judge(a_file(cells=cells), [InNotebook()]).findings
    below = Span("net.py", 2, 1, 2, 2, cell=3)
    assert finding.span == Span("net.py", 3, 5, 3, 9, cell=2)
    assert finding.related[0].span == below
    assert finding.fix is not None and finding.fix.edits[0].span == below
