"""Comments that silence findings: where they are accepted, what they name, and those that silence nothing."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cnnlint.config import Settings
from cnnlint.config.selection import rules_for
from cnnlint.config.settings import Selection
from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.engine import check
from cnnlint.fixes.suppression import skips
from cnnlint.judging import judge, with_unused_comments
from cnnlint.result import TracedFile
from cnnlint.source.file import SourceFile
from cnnlint.source.tokens import Rows
from cnnlint.tracing import trace_paths

NET = textwrap.dedent(
    """\
    import torch.nn as nn


    # cnnlint: input=1x8x8
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 4, 3)
            self.fc = nn.Linear(
                100,
                10,
            )

        def forward(self, x):
            x = self.conv(x).flatten(1)
            return (
                self.fc(x)
            )
    """
)
CLASS, CONV, LAYER, CALL = 5, 8, range(9, 13), range(16, 19)


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], TracedFile]:
    """Traces a text once: comments behind its statements change nothing of its trace."""
    kept: dict[str, TracedFile] = {}

    def trace(text: str) -> TracedFile:
        if text not in kept:
            path = tmp_path_factory.mktemp("net") / "net.py"
            path.write_text(text, encoding="utf-8")
            (kept[text],) = trace_paths([str(path)], Settings())
        return kept[text]

    return trace


class Linter:
    """Lints a text whose trace is known."""

    def __init__(self, traced: Callable[[str], TracedFile]):
        self.traced = traced

    def lint(self, text: str, plain: str = NET, **selection: tuple[str, ...]) -> list[Diagnostic]:
        file = self.traced(plain)
        file = replace(file, source=SourceFile(file.source.filename, text))
        settings = Settings(selections=(Selection(**selection),))  # type: ignore[arg-type]
        rules = rules_for(file.source.filename, settings)
        (result,) = with_unused_comments([judge(file, rules, settings)])
        return list(result.findings)

    def codes(self, text: str, plain: str = NET, **selection: tuple[str, ...]) -> list[str]:
        return [item.code for item in self.lint(text, plain, **selection)]


@pytest.fixture(scope="module")
def linter(traced: Callable[[str], TracedFile]) -> Linter:
    return Linter(traced)


def commented(comment: str, *rows: int, text: str = NET) -> str:
    lines = text.splitlines()
    for row in rows:
        lines[row - 1] += f"  # {comment}"
    return "\n".join(lines) + "\n"


def test_the_net_has_one_finding(linter: Linter) -> None:
    assert linter.codes(NET) == ["CNN102"]


@pytest.mark.parametrize("row", [CLASS, *LAYER, *CALL])
def test_places(linter: Linter, row: int) -> None:
    assert linter.codes(commented("cnnlint: ignore[CNN102]", row)) == []


@pytest.mark.parametrize("row", [6, 7])
def test_no_place(linter: Linter, row: int) -> None:
    assert linter.codes(commented("cnnlint: ignore[CNN102]", row)) == ["CNN007", "CNN102"]


@pytest.mark.parametrize(
    "comment",
    [
        "cnnlint: ignore[flatten-mismatch] -- the checkpoint has it",
        "cnnlint: ignore[CNN1]",
        "cnnlint: ignore[ALL]",
        "cnnlint:ignore[cnn102]",
        "cnnlint: ignore",
        "noqa: CNN102",
        "NOQA:E501,CNN102 E731",
        "noqa",
        "type: ignore  # cnnlint: ignore[CNN102]",
        "noqa: E501  # cnnlint: ignore[CNN102] -- see issue #12  # fmt: skip",
    ],
)
def test_forms(linter: Linter, comment: str) -> None:
    assert linter.codes(commented(comment, LAYER[0])) == []


@pytest.mark.parametrize("comment", ["ruff: noqa", "noqa: E501", "cnnlint: ignorance", "#: cnnlint"])
def test_forms_of_others(linter: Linter, comment: str) -> None:
    assert "CNN102" in linter.codes(commented(comment, LAYER[0]))


def test_a_blanket_noqa_silences_its_own_statement_only(linter: Linter) -> None:
    assert linter.codes(commented("noqa", CLASS)) == ["CNN102"]
    assert linter.codes(commented("noqa", CALL[1])) == ["CNN102"]


def test_above_a_statement(linter: Linter) -> None:
    plain = NET.replace("        self.fc = ", "        # why\n        # how\n        self.fc = ")
    above = plain.replace("# why", "# cnnlint: ignore[CNN102]")
    assert linter.codes(above, plain) == []
    assert linter.codes(above.replace("# how", ""), plain) == ["CNN007", "CNN102"]


LONG = textwrap.dedent(
    """\
    import torch.nn as nn
    # cnnlint: input=3x8x8
    net = nn.Sequential(
        nn.Conv2d(3, 8, 1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 8, 1),
        nn.BatchNorm2d(8),
    )
    """
)


def test_a_comment_in_a_long_call_goes_to_the_layer_in_its_line(linter: Linter) -> None:
    (finding,) = linter.lint(commented("cnnlint: ignore[CNN405]", 4, text=LONG), LONG)
    assert (finding.code, finding.span.row) == ("CNN405", 7)


def test_a_comment_elsewhere_in_a_long_call_is_for_all_of_it(linter: Linter) -> None:
    for row in (3, 6, 9):
        assert linter.codes(commented("noqa: CNN405", row, text=LONG), LONG) == []


HELPER = textwrap.dedent(
    """\
    import torch.nn as nn

    def conv(channels):
        return nn.Conv2d(3, channels, 1)

    # cnnlint: input=3x8x8
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Sequential(conv(3), nn.BatchNorm2d(3))
            self.b = nn.Sequential(conv(3), nn.BatchNorm2d(3))

        def forward(self, x):
            return self.b(self.a(x))
    """
)


def test_one_layer_of_a_helper(linter: Linter) -> None:
    text = commented("cnnlint: ignore[CNN405]", 10, text=HELPER)
    (finding,) = linter.lint(text, HELPER, select=("CNN405",))
    assert finding.layers == ("b.0",)


def test_an_imported_module_is_silenced_where_the_finding_stands(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    block = """\
        import torch.nn as nn

        class Block(nn.Module):
            def __init__(self, width):
                super().__init__()
                self.conv = nn.Conv2d(3, width, 1)  # cnnlint: ignore[CNN405]
                self.norm = nn.BatchNorm2d(width)

            def forward(self, x):
                return self.norm(self.conv(x))
        """
    (tmp_path / "block.py").write_text(textwrap.dedent(block))
    net = """\
        import torch.nn as nn
        from block import Block
        # cnnlint: input=3x8x8
        net = nn.Sequential(Block(8))
        """
    (tmp_path / "net.py").write_text(textwrap.dedent(net))
    (tmp_path / "skipped.py").write_text(
        "# cnnlint: skip-file\nimport torch.nn as nn\nnet = nn.Conv2d(0, 1,\n"
    )
    result = check([str(tmp_path)], Settings())
    assert [item.code for item in result.findings() if item.severity is not Severity.ADVICE] == []


# -- comments that silence nothing


def test_unused_comments(linter: Linter) -> None:
    text = commented("cnnlint: ignore[CNN102, CNN405]", LAYER[0])
    (finding,) = linter.lint(text)
    assert (finding.code, finding.message) == ("CNN007", "CNN405 silences nothing here")
    assert finding.fix is not None
    assert [edit.content for edit in finding.fix.edits] == ["CNN102"]


def test_a_rule_that_did_not_run_is_not_called_unused(linter: Linter) -> None:
    text = commented("cnnlint: ignore[CNN405]", CONV)
    assert linter.codes(text) == ["CNN007", "CNN102"]
    assert linter.codes(text, select=("CNN102",)) == ["CNN102"]
    assert linter.codes(text, ignore=("CNN4",)) == ["CNN102"]
    assert linter.codes(commented("cnnlint: ignore[CNN4]", CONV), select=("CNN405",)) == []


def test_rules_that_are_off_by_default(linter: Linter) -> None:
    assert linter.codes(commented("cnnlint: ignore[CNN311]", CONV)) == ["CNN102"]


def test_noqa_of_others_is_theirs(linter: Linter) -> None:
    assert linter.codes(commented("noqa: E501, ABC101", CONV)) == ["CNN102"]
    assert linter.codes(commented("noqa", CONV)) == ["CNN102"]
    assert linter.codes(commented("noqa: E501, CNN405", CONV)) == ["CNN007", "CNN102"]


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        ("cnnlint: ignore[CNN142]", "no rule has the code"),
        ("cnnlint: ignore[flaten-mismatch]", "did you mean flatten-mismatch"),
        ("cnnlint: ignore[]", "write ignore[CNN102]"),
        ("cnnlint: ignore CNN102", "write ignore[CNN102]"),
        ("cnnlint: ignore=CNN102", "write ignore[CNN102]"),
    ],
)
def test_comments_that_name_no_rule(linter: Linter, comment: str, said: str) -> None:
    unused, mismatch = linter.lint(commented(comment, LAYER[0]))
    assert (unused.code, mismatch.code) == ("CNN007", "CNN102") or mismatch.code == "CNN007"
    assert said in unused.message + mismatch.message


def test_nothing_is_called_unused_in_a_file_that_was_not_judged_whole(linter: Linter) -> None:
    plain = NET.replace("__init__(self):", "__init__(self, blueprint):")
    assert linter.codes(commented("cnnlint: ignore[CNN405]", CONV, text=plain), plain) == ["CNN010"]


def test_an_unused_comment_can_be_kept(linter: Linter) -> None:
    assert linter.codes(commented("cnnlint: ignore[CNN405, CNN007]", CONV)) == ["CNN102"]


def test_a_skipped_file_is_no_failure(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    path.write_text("# cnnlint: skip-file\nimport torch.nn as nn\nnet = nn.Conv2d(0, 1,\n")
    result = check([str(path)], Settings(fail_level=Severity.ADVICE))
    assert (list(result.findings()), result.exit_code()) == ([], 0)
    assert not skips(SourceFile("net.py", "text = '# cnnlint: skip-file'\n"))


# -- the statements


def test_statements() -> None:
    text = 'a = (\n  1,\n\n)\nif a:\n    b = """\n  """; c = 1 + \\\n 2\n# d\n'
    tokens = SourceFile("net.py", text).tokens
    assert [tokens.statement(row) for row in range(1, 10)] == [
        *[Rows(1, 4)] * 4,
        Rows(5, 5),
        *[Rows(6, 8)] * 3,
        None,
    ]
    assert [row for row in range(1, 9) if not tokens.takes_comment(row)] == [6, 7]
