"""The record that other tools read."""

import json

from handmade import FLATTEN, MNIST, at, result

from cnnlint.config import Settings
from cnnlint.diagnostic import Applicability, Edit, Fix, Span
from cnnlint.report import render
from cnnlint.report.style import Style


def records(*findings, **changes):  # type: ignore[no-untyped-def]
    return json.loads("\n".join(render("json", result(*findings, **changes), Settings(), Style())))


def test_no_finding_is_an_empty_list() -> None:
    assert records() == []


def test_every_field() -> None:
    place = at(MNIST, "1568")
    fix = Fix(Applicability.SAFE, "write nn.Linear(3136, 10)", (Edit(place, "3136"),))
    assert records(FLATTEN.replace(fix=fix)) == [
        {
            "code": "CNN102",
            "name": "flatten-mismatch",
            "severity": "error",
            "message": "Linear expects 1568 features, but the flattened input has 3136",
            "filename": "mnist.py",
            "location": {"row": 11, "column": 29},
            "end_location": {"row": 11, "column": 33},
            "cell": None,
            "model": "Net",
            "layer": "fc",
            "shapes": {"input": ["[B, 3136]"], "output": ["[B, 10]"]},
            "related": [
                {
                    "message": "28 → 14 → 7 here",
                    "filename": "mnist.py",
                    "location": {"row": 15, "column": 13},
                    "end_location": {"row": 15, "column": 22},
                }
            ],
            "help": "write nn.Linear(3136, 10)",
            "fix": {
                "applicability": "safe",
                "message": "write nn.Linear(3136, 10)",
                "edits": [
                    {
                        "content": "3136",
                        "location": {"row": 11, "column": 29},
                        "end_location": {"row": 11, "column": 33},
                    }
                ],
            },
            "url": None,
        }
    ]


def test_further_layers_are_related() -> None:
    (record,) = records(FLATTEN.replace(layers=("a.0", "a.3"), related=()))
    assert record["layer"] == "a.0"
    assert record["related"] == [
        {
            "message": "the same in a.3",
            "filename": "mnist.py",
            "location": record["location"],
            "end_location": record["end_location"],
        }
    ]


def test_cells_of_a_notebook() -> None:
    in_cell = Span("n.ipynb", 3, 1, 3, 2, cell=4)
    (record,) = records(FLATTEN.replace(span=in_cell, layers=("a", "b"), related=()))
    assert (record["cell"], record["location"]) == (4, {"row": 3, "column": 1})
    assert record["related"][0]["cell"] == 4
