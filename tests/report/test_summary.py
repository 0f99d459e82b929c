"""The last line claims no more than was judged."""

from dataclasses import replace

import pytest
from handmade import ADVICE, FLATTEN, MNIST, NET, PASS, at, file_result, result

from cnnlint.diagnostic import Severity, Span
from cnnlint.report.style import Style
from cnnlint.report.summary import last_line, model_lines
from cnnlint.result import Coverage, Result
from cnnlint.traces import FileTrace, Input, Model, Problem

PLACE = Span("mnist.py", 1, 1, 1, 1)
OTHER = Model("Other", "Other()", PLACE, passes=(PASS,))
BLIND = Model("Blind", "Blind()", PLACE)


def problem(reason: str, model: str | None = None) -> Problem:
    return Problem(reason, "why", PLACE, model=model)


def summary(what: Result) -> str:
    return last_line(what, Style())


def test_all_passed() -> None:
    assert summary(result(models=(NET, OTHER))) == "All checks passed! (2 models)"


def test_the_input_of_a_single_model_is_told() -> None:
    line = "mnist.py:5:7: note: Net was given 1×28×28 per sample (datasets.MNIST in line 112)"
    assert list(model_lines(result(), verbose=False)) == [line]
    assert list(model_lines(result(), verbose=False, told=[NET])) == []
    assert list(model_lines(result(models=(NET, OTHER)), verbose=False)) == []


def test_advice_passes_and_is_counted() -> None:
    assert summary(result(ADVICE, models=(NET, OTHER))) == "All checks passed! (2 models; 1 piece of advice)"
    assert summary(result(ADVICE, models=(NET, OTHER), advice=False)) == "All checks passed! (2 models)"


def test_findings_are_counted_by_severity_and_model() -> None:
    warning = FLATTEN.replace(severity=Severity.WARNING)
    assert summary(result(FLATTEN, FLATTEN, warning)) == "Found 2 errors, 1 warning in 1 model."
    assert summary(result(FLATTEN, ADVICE)) == "Found 1 error, 1 piece of advice in 1 model."
    assert summary(result(FLATTEN, models=(NET, OTHER))) == "Found 1 error in 1 model (2 models checked)."
    assert summary(result(FLATTEN, FLATTEN.replace(model=None))) == "Found 2 errors in 1 model and 1 file."


@pytest.mark.parametrize(
    ("models", "problems", "expected"),
    [
        (
            (NET, BLIND),
            (problem("input-unknown", "Blind"),),
            "All checks passed in 1 model; 1 model could not be judged.",
        ),
        (
            (NET,),
            (problem("missing-arguments", "Big"),),
            "All checks passed in 1 model; 1 model could not be judged.",
        ),
        (
            (NET,),
            (problem("trace-incomplete", "Net"),),
            "All checks passed in 1 model; 1 model could be followed only in part.",
        ),
        (
            (),
            (problem("missing-arguments", "Big"),),
            "Nothing was checked: 1 model could not be judged.",
        ),
        ((), (problem("import-failed"),), "Nothing was checked: 1 file could not be judged."),
        ((), (problem("trace-incomplete"),), "Nothing was checked: 1 file could not be judged."),
        ((), (problem("no-model"),), "Nothing was checked: no model in 1 file."),
    ],
)
def test_what_was_not_judged_never_looks_like_success(
    models: tuple[Model, ...], problems: tuple[Problem, ...], expected: str
) -> None:
    assert summary(result(models=models, problems=problems)) == expected


def test_what_would_let_more_be_judged_is_said() -> None:
    lacks = [
        Problem("package-missing", "why", PLACE, model=name, package=package)
        for name, package in (("Big", "gym"), ("Wide", "gym"), ("Deep", "._C"))
    ]
    what = result(models=(NET,), problems=tuple(lacks))
    assert (
        summary(what) == "All checks passed in 1 model; 3 models could not be judged: install gym; build ._C."
    )


def test_a_pass_that_broke_off_is_judged_in_part() -> None:
    cut = replace(NET, passes=(replace(PASS, complete=False),))
    assert Coverage.of(FileTrace("f.py", (cut, OTHER))) == Coverage(judged=1, partly=1)


def test_gaps_stand_behind_findings_too() -> None:
    what = result(FLATTEN, models=(NET,), problems=(problem("input-unknown", "Blind"),))
    assert summary(what) == "Found 1 error in 1 model; 1 model could not be judged."


def test_no_file_at_all() -> None:
    assert (
        summary(Result((), ("docs", "img")))
        == "Nothing was checked: no Python file or notebook in docs, img."
    )


TWO_INPUTS = replace(
    OTHER,
    span=at(MNIST, "Net"),
    inputs=(
        Input("x", (3, 8, 8), source="solved", reason="solved"),
        Input("t", (), "int64", source="solved", reason="solved"),
    ),
    notes=("traced on cpu",),
)


def test_inputs_that_nobody_said_and_notes_are_told() -> None:
    what = Result((file_result(models=(NET, TWO_INPUTS, BLIND)),))
    told = [
        "mnist.py:5:7: note: Other was given x 3×8×8, t scalar int64 per sample (solved)",
        "mnist.py:5:7: note: traced on cpu",
    ]
    assert list(model_lines(what, verbose=False)) == told
    assert list(model_lines(what, verbose=False, told=[TWO_INPUTS])) == []
    first = "mnist.py:5:7: note: Net was given 1×28×28 per sample (datasets.MNIST in line 112)"
    known = "mnist.py:5:7: note: how that is known: x: 1 assumed, 28 assumed, 28 assumed"
    two = "mnist.py:5:7: note: how that is known: x: 3 assumed, 8 assumed, 8 assumed; t assumed"
    engines = [f"mnist.py:5:7: note: {model.name} was traced by torch" for model in (NET, TWO_INPUTS)]
    verbose = list(model_lines(what, verbose=True, told=[TWO_INPUTS]))
    assert sorted(verbose) == sorted([first, known, told[0], two, told[1], *engines])


def test_the_engine_and_why_it_was_needed_are_told_to_who_wants_to_know() -> None:
    models = (replace(NET, engine="stand-in"), replace(NET, needed="torch.fft.rfft"))
    result = Result((file_result(models=models),))
    assert [line for line in model_lines(result, verbose=True) if "traced by" in line] == [
        "mnist.py:5:7: note: Net was traced by cnnlint's stand-in for torch",
        "mnist.py:5:7: note: Net was traced by torch, for torch.fft.rfft",
    ]
