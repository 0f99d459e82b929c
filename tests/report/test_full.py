"""The frames, sign by sign."""

from handmade import ADVICE, FLATTEN, MNIST, NET, at, file_result, finding, result

from cnnlint.config import Settings
from cnnlint.diagnostic import Diagnostic, Related, Severity, Span
from cnnlint.report import render
from cnnlint.report.style import Style
from cnnlint.result import Result
from cnnlint.traces import Model

QUIET = Settings(quiet=True)
PLAIN = Style()


def full(what: Result, settings: Settings = QUIET, style: Style = PLAIN) -> str:
    return "\n".join(line.rstrip() for line in render("full", what, settings, style))


def show(text: str, *findings: Diagnostic, style: Style = PLAIN) -> str:
    """The report without its header line, of findings in a file without models."""
    return full(result(*findings, text=text, models=()), style=style).partition("\n")[2].rstrip("\n")


def test_frame_with_related_place_help_and_input() -> None:
    assert (
        full(result(FLATTEN, ADVICE), Settings())
        == """\
mnist.py:11:29: error CNN102 flatten-mismatch: Linear expects 1568 features, but the flattened input has 3136
   |
11 |         self.fc = nn.Linear(1568, 10)
   |                             ^^^^ conv2 gives [B, 64, 7, 7]: 64 × 7 × 7 = 3136
...
15 |         x = self.pool(F.relu(self.conv2(x)))
   |             --------- 28 → 14 → 7 here
   = help: write nn.Linear(3136, 10)
   = input: 1×28×28 per sample (datasets.MNIST in line 112)

mnist.py:11:19: advice CNN401 parameter-hotspot: fc holds 98 % of the parameters

Found 1 error, 1 piece of advice in 1 model."""
    )


def test_the_input_is_said_at_the_first_finding_of_a_model() -> None:
    second = FLATTEN.replace(span=at(MNIST, "10)"))
    assert full(result(FLATTEN, second)).count("= input:") == 1


def test_a_model_that_could_not_be_judged_is_told_with_what_would_help() -> None:
    item = ADVICE.replace(code="CNN010", name="missing-arguments", message="Net needs width", help="add it")
    line = "mnist.py:11:19: advice CNN010 missing-arguments: Net needs width; add it"
    assert full(result(item)).splitlines() == [line]


def test_notes_of_the_model_and_further_layers() -> None:
    model = Model("Net", "Net()", NET.span, notes=("run on cpu: forward asks for values",))
    report = full(result(FLATTEN.replace(layers=("a.0", "a.3", "a.6")), models=(model,)))
    assert "   = note: the same in a.3, a.6\n   = note: run on cpu: forward asks for values" in report


def test_advice_is_framed_where_it_fails_or_is_asked_for() -> None:
    underline = "   |                   ^^^^^^^^^^^^^^^^^^^"
    assert underline in full(result(ADVICE, fail_level=Severity.ADVICE))
    assert underline in full(result(ADVICE), Settings(verbose=True))
    assert underline not in full(result(ADVICE), Settings())
    assert "advice" not in full(result(ADVICE, advice=False), Settings())


def test_neighbouring_rows_and_a_gap_of_one_row_have_no_dots() -> None:
    text = "a\nb\nc\nd\n"
    assert (
        show(text, finding(text, "a", related=(Related("one", at(text, "b")), Related("two", at(text, "d")))))
        == """\
  |
1 | a
  | ^
2 | b
  | - one
3 | c
4 | d
  | - two"""
    )


def test_two_places_in_one_row() -> None:
    text = "x = f(g(1))\n"
    assert (
        show(text, finding(text, "f(g(1))", label="here", related=(Related("from", at(text, "1")),)))
        == """\
  |
1 | x = f(g(1))
  |     ^^^^^^^ here
  |         - from"""
    )


def test_span_of_a_few_rows_is_underlined_in_each() -> None:
    text = "x = f(\n    1,\n\n    2)  # c\n"
    assert (
        show(text, finding(text, "f(\n    1,\n\n    2)", label="all of it"))
        == """\
  |
1 | x = f(
  |     ^^
2 |     1,
  |     ^^
3 |
4 |     2)  # c
  |     ^^ all of it"""
    )


def test_span_of_many_rows_shows_its_ends() -> None:
    body = "f(\n" + "".join(f"    {n},\n" for n in range(12)) + ")"
    assert (
        show(body, finding(body, body, label="long"))
        == """\
   |
 1 | f(
   | ^^
...
14 | )
   | ^ long"""
    )


def test_tabs_and_wide_characters_are_aligned() -> None:
    text = "\tx = '画像'; y = nn.Conv2d(1, 2)\n"
    assert (
        show(text, finding(text, "nn.Conv2d(1, 2)"))
        == """\
  |
1 |     x = '画像'; y = nn.Conv2d(1, 2)
  |                     ^^^^^^^^^^^^^^^"""
    )


def test_combining_marks_take_no_column() -> None:
    text = "é = 'e\u0301'; y = 1\n"
    assert show(text, finding(text, "y")).splitlines()[-1] == "  |          ^"


def test_control_characters_do_not_reach_the_terminal() -> None:
    text = "x = '\x1b[31m'\n"
    report = show(text, finding(text, "x", help="\x1b[31mred\nnext line"))
    assert "\x1b" not in report
    assert "= help: [31mred next line" in report


def test_long_line_is_cut_around_the_underline() -> None:
    text = "x = [" + "1, " * 100 + "BAD, " + "2, " * 100 + "]\n"
    lines = show(text, finding(text, "BAD", label="this"), style=Style(width=80)).splitlines()
    assert lines[1].startswith("1 | ...") and lines[1].endswith("...")
    assert len(lines[1]) <= 80
    column = lines[2].index("^^^")
    assert lines[1][column : column + 3] == "BAD"
    assert lines[2].endswith("^^^ this")


def test_long_line_keeps_its_start_when_the_underline_is_there() -> None:
    text = "BAD = [" + "1, " * 100 + "]\n"
    lines = show(text, finding(text, "BAD"), style=Style(width=80)).splitlines()
    assert lines[1].startswith("1 | BAD = [1,") and lines[1].endswith("...")


def test_place_behind_the_end_of_the_file_is_no_crash() -> None:
    outside = Span("mnist.py", 99, 1, 99, 5)
    report = show("a\n", finding("a\n", "a").replace(span=outside, help="look"))
    assert report == "   = help: look"


def test_empty_span_gets_one_caret() -> None:
    assert (
        show("ab\n", finding("ab\n", "a").replace(span=Span("mnist.py", 1, 3, 1, 3)))
        == "  |\n1 | ab\n  |   ^"
    )


def test_a_related_place_in_another_file(tmp_path) -> None:  # type: ignore[no-untyped-def]
    other = tmp_path / "blocks.py"
    other.write_text("def block():\n    return nn.Conv2d(3, 8, 3)\n")
    place = Span(str(other), 2, 12, 2, 30)
    report = show(
        "b = block()\n", finding("b = block()\n", "block()", related=(Related("built here", place),))
    )
    assert (
        report
        == f"""\
  |
1 | b = block()
  |     ^^^^^^^
  ::: {other}:2:12
  |
2 |     return nn.Conv2d(3, 8, 3)
  |            ------------------ built here"""
    )


def test_another_file_that_is_gone_is_named_without_its_text() -> None:
    place = Span("gone.py", 7, 1, 7, 4)
    report = show("a\n", finding("a\n", "a", related=(Related("built here", place),)))
    assert report.endswith("  ::: gone.py:7:1")


def test_notebook_cells() -> None:
    text = "import torch\nclass Net: pass\nnet = Net()\nnet(1)\n"
    cells = ((2, 1), (2, 2), (5, 1), (5, 2))
    item = finding(text, "a").replace(
        span=Span("n.ipynb", 1, 7, 1, 12, cell=5),
        related=(
            Related("called here", Span("n.ipynb", 2, 1, 2, 7, cell=5)),
            Related("the class", Span("n.ipynb", 2, 7, 2, 10, cell=2)),
        ),
    )
    what = Result((file_result(item, text=text, filename="n.ipynb", models=(), cells=cells),), ("n.ipynb",))
    assert (
        full(what).rstrip("\n")
        == """\
n.ipynb:cell 5:1:7: error CNN999 example: a message
  |
1 | net = Net()
  |       ^^^^^
2 | net(1)
  | ------ called here
  ::: n.ipynb:cell 2:2:7
  |
2 | class Net: pass
  |       --- the class"""
    )


def test_sentences_and_labels_keep_to_a_terminal() -> None:
    report = full(result(FLATTEN), Settings(), Style(width=60, wraps=True))
    assert (
        report
        == """\
mnist.py:11:29: error CNN102 flatten-mismatch: Linear
    expects 1568 features, but the flattened input has 3136
   |
11 |         self.fc = nn.Linear(1568, 10)
   |                             ^^^^ conv2 gives [B, 64, 7,
   |                          7]: 64 × 7 × 7 = 3136
...
15 |         x = self.pool(F.relu(self.conv2(x)))
   |             --------- 28 → 14 → 7 here
   = help: write nn.Linear(3136, 10)
   = input: 1×28×28 per sample (datasets.MNIST in line 112)

Found 1 error in 1 model."""
    )


def test_of_many_layers_the_first_are_named() -> None:
    report = full(result(FLATTEN.replace(layers=tuple(f"a.{n}" for n in range(970)))))
    assert "= note: the same in a.1, a.2, a.3, a.4, a.5, a.6, a.7 and 962 more" in report


def test_colour() -> None:
    report = full(result(FLATTEN), style=Style(color=True))
    assert "\x1b[1mmnist.py:11:29\x1b[0m: \x1b[1;31merror CNN102\x1b[0m flatten-mismatch" in report
    assert "\x1b[1;31m^^^^ conv2 gives" in report
    assert "\x1b" not in full(result(FLATTEN))
