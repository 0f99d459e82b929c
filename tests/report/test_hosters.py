"""The formats of GitHub, GitLab, Jenkins and code scanning, read as their readers read them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import nbformat
import pytest
from handmade import ADVICE, FLATTEN, MNIST, NET, at, file_result, finding, result
from junitparser import JUnitXml

from cnnlint.config import Settings
from cnnlint.diagnostic import Applicability, Diagnostic, Edit, Fix, Related, Severity
from cnnlint.report import render
from cnnlint.report.style import Style
from cnnlint.result import Result
from cnnlint.source.reading import read

HOSTILE = "a%0A::stop-commands::x\n::error::y, z: <b>&\"'\x1b[31m\ud800]]>"


def report(name: str, *findings: Diagnostic, **changes: Any) -> str:
    return "\n".join(render(name, result(*findings, **changes), Settings(), Style()))


def loaded(name: str, *findings: Diagnostic, **changes: Any) -> Any:
    return json.loads(report(name, *findings, **changes))


@pytest.fixture(autouse=True)
def no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests run in CI jobs too, whose checkout is elsewhere."""
    for variable in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
        monkeypatch.delenv(variable, raising=False)


def test_github_command() -> None:
    assert report("github", FLATTEN) == (
        "::error title=CNN102 flatten-mismatch,file=mnist.py,line=11,endLine=11,col=29,endColumn=33::"
        "mnist.py:11:29: Linear expects 1568 features, but the flattened input has 3136"
        "%0Aconv2 gives [B, 64, 7, 7]: 64 × 7 × 7 = 3136.%0AHelp: write nn.Linear(3136, 10)."
    )


def test_github_levels_and_spans_of_several_rows() -> None:
    rows = finding(MNIST, "nn.functional as F\n\n\nclass Net")
    commands = report("github", rows, rows.replace(severity=Severity.WARNING), ADVICE).splitlines()
    assert [command.partition(" ")[0] for command in commands] == ["::error", "::warning", "::notice"]
    assert ",line=2,endLine=5::" in commands[0]


def test_github_reads_back_whatever_is_written() -> None:
    item = FLATTEN.replace(message=HOSTILE, label=HOSTILE, span=at(MNIST, "1568", filename="a,b:c%.py"))
    (command,) = report("github", item).splitlines()
    match = re.fullmatch(r"::error ([^:]*)::([^\r\n]*)", command)
    assert match
    file = dict(entry.split("=", 1) for entry in match[1].split(","))["file"]
    assert file.replace("%2C", ",").replace("%3A", ":").replace("%25", "%") == "a,b:c%.py"
    assert not re.search("%(?!25|0A)", match[2])


def test_gitlab_record() -> None:
    (record,) = loaded("gitlab", FLATTEN)
    fingerprint = record.pop("fingerprint")
    assert re.fullmatch("[0-9a-f]{32}", fingerprint)
    assert record == {
        "description": "Linear expects 1568 features, but the flattened input has 3136. "
        "conv2 gives [B, 64, 7, 7]: 64 × 7 × 7 = 3136. Help: write nn.Linear(3136, 10).",
        "check_name": "CNN102 flatten-mismatch",
        "severity": "critical",
        "location": {
            "path": "mnist.py",
            "positions": {"begin": {"line": 11, "column": 29}, "end": {"line": 11, "column": 33}},
        },
    }


def test_no_finding_is_a_valid_report() -> None:
    assert loaded("gitlab") == []
    assert loaded("sarif")["runs"][0]["results"] == []
    assert report("github") == ""


def test_paths_start_at_the_top_of_the_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "nets").mkdir()
    monkeypatch.chdir(tmp_path / "nets")
    monkeypatch.setenv("CI_PROJECT_DIR", str(tmp_path))
    assert loaded("gitlab", FLATTEN)[0]["location"]["path"] == "nets/mnist.py"
    outside = FLATTEN.replace(span=at(MNIST, "1568", filename="../../other.py"))
    assert loaded("gitlab", outside)[0]["location"]["path"] == str(tmp_path.parent / "other.py")


def fingerprints(*findings: Diagnostic, **changes: Any) -> list[str]:
    prints = [item["fingerprint"] for item in loaded("gitlab", *findings, **changes)]
    results = loaded("sarif", *findings, **changes)["runs"][0]["results"]
    assert prints == [item["partialFingerprints"]["cnnlint/v1"] for item in results]
    return prints


def test_fingerprints_survive_moved_lines_and_tell_findings_apart() -> None:
    moved = "# a new line\n\n" + MNIST.replace("        self.fc =", "        if True:\n            self.fc =")
    later = FLATTEN.replace(span=at(moved, "1568"), related=())
    assert fingerprints(FLATTEN) == fingerprints(later, text=moved)
    other_layer = FLATTEN.replace(layers=("fc2",))
    other_rule = FLATTEN.replace(code="CNN101")
    prints = fingerprints(FLATTEN, FLATTEN, other_layer, other_rule)
    assert len(set(prints)) == 4
    assert prints[0] == fingerprints(FLATTEN)[0]


def test_sarif_names_rules_places_and_fixes() -> None:
    place = at(MNIST, "1568")
    fix = Fix(Applicability.UNSAFE, "write nn.Linear(3136, 10)", (Edit(place, "3136"),))
    log = loaded("sarif", FLATTEN.replace(fix=fix), ADVICE)
    (run,) = log["runs"]
    assert (log["version"], run["columnKind"]) == ("2.1.0", "unicodeCodePoints")
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["CNN102", "CNN401"]
    assert rules[0]["shortDescription"]["text"].startswith("A Linear whose")
    assert "## Why" in rules[0]["help"]["markdown"] and "```python" in rules[0]["help"]["markdown"]
    first, second = run["results"]
    assert (first["level"], second["level"]) == ("error", "note")
    assert [rules[item["ruleIndex"]]["id"] for item in run["results"]] == ["CNN102", "CNN401"]
    region = {"startLine": 11, "startColumn": 29, "endLine": 11, "endColumn": 33}
    (location,) = first["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "mnist.py", "uriBaseId": "SRCROOT"},
        "region": region,
    }
    assert location["logicalLocations"][0]["fullyQualifiedName"] == "Net.fc"
    assert first["relatedLocations"][0]["message"]["text"] == "28 → 14 → 7 here"
    assert first["fixes"] == [
        {
            "description": {"text": "write nn.Linear(3136, 10) (unsafe: look at it first)."},
            "artifactChanges": [
                {
                    "artifactLocation": {"uri": "mnist.py", "uriBaseId": "SRCROOT"},
                    "replacements": [{"deletedRegion": region, "insertedContent": {"text": "3136"}}],
                }
            ],
        }
    ]


def test_sarif_addresses_are_escaped() -> None:
    item = FLATTEN.replace(span=at(MNIST, "1568", filename="mein netz/50%#.py"), related=())
    (place,) = loaded("sarif", item)["runs"][0]["results"][0]["locations"]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "mein%20netz/50%25%23.py"


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    cells = [
        nbformat.v4.new_markdown_cell("# Title"),
        nbformat.v4.new_code_cell('name = "é\\t画"; net = nn.Linear(1568, 10)\n\nnet(x)'),
    ]
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "n.ipynb"
    path.write_text(nbformat.writes(nbformat.v4.new_notebook(cells=cells)), encoding="utf-8")
    return path


def test_notebooks_are_placed_in_their_json(notebook: Path) -> None:
    """Hosters show the file's own lines; a fix there leaves a notebook that holds the fixed code."""
    source = read("n.ipynb").file
    span = source.place(at(source.text, "1568", filename="n.ipynb"))
    last = source.place(at(source.text, "net(x)", filename="n.ipynb"))
    assert (span.cell, span.row) == (2, 1)
    fix = Fix(Applicability.SAFE, "write 3136", (Edit(span, '"\n3136'),))
    item = FLATTEN.replace(span=span, related=(Related("called", last),), fix=fix)
    what = Result((file_result(item, text=source.text, filename="n.ipynb", cells=source.cells, models=()),))
    (record,) = json.loads("".join(render("sarif", what, Settings(), Style())))["runs"][0]["results"]
    text = notebook.read_text(encoding="utf-8")

    def stored(region: dict[str, int]) -> tuple[int, int]:
        lines = text.splitlines(keepends=True)
        start = sum(map(len, lines[: region["startLine"] - 1])) + region["startColumn"] - 1
        end = sum(map(len, lines[: region["endLine"] - 1])) + region["endColumn"] - 1
        return start, end

    place = record["locations"][0]
    start, end = stored(place["physicalLocation"]["region"])
    assert text[start:end] == "1568"
    assert place["message"]["text"] == "Cell 2, line 1."
    related = slice(*stored(record["relatedLocations"][0]["physicalLocation"]["region"]))
    assert text[related] == "net(x)"
    (replacement,) = record["fixes"][0]["artifactChanges"][0]["replacements"]
    start, end = stored(replacement["deletedRegion"])
    fixed = nbformat.reads(text[:start] + replacement["insertedContent"]["text"] + text[end:], as_version=4)
    assert fixed.cells[1].source == 'name = "é\\t画"; net = nn.Linear("\n3136, 10)\n\nnet(x)'
    (command,) = render("github", what, Settings(), Style())
    assert f",line={text[:start].count(chr(10)) + 1}," in command and "n.ipynb:cell 2:1:" in command


def test_a_notebook_that_is_gone_is_named_at_its_start() -> None:
    item = FLATTEN.replace(span=at(MNIST, "1568", filename="gone.ipynb", cell=3), related=())
    (record,) = loaded("gitlab", item)
    assert record["location"]["positions"]["begin"] == {"line": 1, "column": 1}


def test_junit_suites() -> None:
    unjudged = ADVICE.replace(code="CNN010", name="missing-arguments", model="Other")
    clean = NET.__class__("Clean", "Clean()", NET.span, passes=NET.passes)
    text = report("junit", FLATTEN, FLATTEN, ADVICE, unjudged, models=(NET, clean))
    (suite,) = JUnitXml.fromstring(text.encode())
    assert (suite.name, suite.tests, suite.failures, suite.skipped, suite.errors) == ("mnist.py", 5, 2, 1, 0)
    outcomes = {case.name: [type(item).__name__ for item in case.result] for case in suite}
    assert outcomes == {
        "Clean": [],
        "Net: CNN102 flatten-mismatch (fc)": ["Failure"],
        "Net: CNN102 flatten-mismatch (fc) #2": ["Failure"],
        "Net: CNN401 parameter-hotspot (fc)": [],
        "Other: CNN010 missing-arguments (fc)": ["Skipped"],
    }
    failure = list(suite)[1].result[0]
    assert failure.message == "Linear expects 1568 features, but the flattened input has 3136"
    assert "11 |         self.fc = nn.Linear(1568, 10)\n   |                             ^^^^" in failure.text


def test_junit_fails_from_the_fail_level_on() -> None:
    text = report("junit", ADVICE, fail_level=Severity.ADVICE)
    assert ElementTree.fromstring(text).get("failures") == "1"


@pytest.mark.parametrize("name", ["github", "gitlab", "sarif", "junit"])
def test_hidden_advice_is_in_no_report(name: str) -> None:
    assert "CNN401" in report(name, ADVICE) and "CNN401" not in report(name, ADVICE, advice=False)


@pytest.mark.parametrize("name", ["github", "gitlab", "sarif", "junit"])
def test_hostile_text_breaks_no_reader(name: str) -> None:
    item = FLATTEN.replace(
        message=HOSTILE, label=HOSTILE, help=HOSTILE, layers=(HOSTILE,), model=HOSTILE, related=()
    )
    text = report(name, item, text=HOSTILE + MNIST, filename=HOSTILE)
    assert "\x1b" not in text
    if name == "junit":
        assert "&lt;b&gt;" in text and len(ElementTree.fromstring(text)) == 1
    elif name != "github":
        assert json.loads(text)
