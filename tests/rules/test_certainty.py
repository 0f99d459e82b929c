"""What nobody stated may be anything: an error is only what holds whatever it is. torch is the judge."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pipeline import Snippets
from seeded import Seeded, good_models, seeded_faults

from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.plugin import all_rules

SIZES = ((24, 24), (28, 28), (32, 32), (33, 47), (40, 56), (64, 64), (96, 128), (224, 224))
LENGTHS = ((32,), (50,), (64,), (100,), (1024,))

COMMENT = re.compile(r"# cnnlint: input=(\d+)x([\dx]+)")

SILENT = {"CNN104", "CNN110", "CNN111", "CNN112"}
"""Errors that torch runs."""


def channels_and_rank(case: Seeded) -> tuple[int, int] | None:
    said = COMMENT.search(case.text)
    return (int(said[1]), said[2].count("x") + 1) if said else None


def unstated(case: Seeded) -> Seeded:
    return replace(case, text=COMMENT.sub("", case.text))


CASES = [case for case in (*good_models(), *seeded_faults()) if channels_and_rank(case)]


def severe(snippets: Snippets, text: str) -> list[Diagnostic]:
    found = snippets.findings(text, *all_rules())
    return [item for item in found if item.severity is not Severity.ADVICE]


@pytest.fixture(scope="module")
def traced(snippets: Snippets) -> Snippets:
    snippets.add(unstated(case).text for case in CASES)
    return snippets


def sizes_that_run(case: Seeded) -> list[tuple[int, ...]]:
    known = channels_and_rank(case)
    assert known is not None
    channels, rank = known
    namespace: dict[str, Any] = {}
    try:
        exec(compile(case.text, "seeded.py", "exec"), namespace)
        model = namespace["Net"]()
    except Exception:
        return []
    running = []
    for size in SIZES if rank == 2 else LENGTHS:
        try:
            model(torch.zeros(2, channels, *size))
        except Exception:
            continue
        running.append(size)
    return running


def test_an_error_at_an_unknown_size_is_one_at_every_size(traced: Snippets) -> None:
    invented = []
    told = 0
    for case in CASES:
        errors = [item for item in severe(traced, unstated(case).text) if item.code.startswith("CNN1")]
        errors = [item for item in errors if item.severity is Severity.ERROR and item.code not in SILENT]
        told += bool(errors)
        if errors and (running := sizes_that_run(case)):
            invented.append((case.name, running, [item.message for item in errors]))
    assert not invented
    assert told > len(CASES) / 4  # the mistakes that no size mends are told


@settings(max_examples=40)
@given(st.sampled_from(CASES), st.integers(1, 12), st.integers(1, 12), st.integers(0, 3))
def test_findings_stay_whatever_the_size_is(
    traced: Snippets, case: Seeded, high: int, wide: int, odd: int
) -> None:
    """Errors and warnings that are told of an unknown size are told at each that the model accepts."""
    known = channels_and_rank(case)
    assert known is not None
    channels, rank = known
    found = severe(traced, unstated(case).text)
    size = "x".join(str(32 * side + odd) for side in (high, wide)[:rank])
    stated = severe(traced, COMMENT.sub(f"# cnnlint: input={channels}x{size}", case.text))
    refused = [item for item in stated if item.code.startswith("CNN1")]
    if len(refused) <= len([item for item in found if item.code.startswith("CNN1")]):
        assert {(item.code, item.span.row) for item in found} <= {
            (item.code, item.span.row) for item in stated
        }


ARGUMENTS = """
import torch
import torch.nn as nn

{comment}
class Net(nn.Module):
    def __init__(self, in_channels, hidden_dim, num_classes):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, hidden_dim, 3, padding=1)
        self.norm = nn.BatchNorm2d({norm})
        self.conv2 = nn.Conv2d(hidden_dim, {middle}, 3, padding=1)
        self.conv3 = nn.Conv2d({before}, 8, 3, padding=1)
        self.fc = nn.Linear({features}, num_classes)

    def forward(self, x):
        x = torch.relu(self.norm(self.conv1(x)))
        x = torch.relu(self.conv3(torch.relu(self.conv2(x))))
        return self.fc(x.mean((2, 3)))
"""


@settings(max_examples=30)
@given(
    st.sampled_from(["hidden_dim", "64", "9"]),
    st.sampled_from(["hidden_dim", "2 * hidden_dim", "16"]),
    st.sampled_from(["hidden_dim", "2 * hidden_dim", "16", "24"]),
    st.sampled_from(["8", "hidden_dim", "10"]),
    st.tuples(st.integers(1, 4), st.integers(2, 80), st.integers(2, 12)),
)
def test_errors_stay_whatever_the_arguments_are(
    snippets: Snippets, norm: str, middle: str, before: str, features: str, given: tuple[int, int, int]
) -> None:
    """Errors that are told of a model whose arguments are made up are there with each other ones."""
    text = ARGUMENTS.format(comment="", norm=norm, middle=middle, before=before, features=features)
    told = {(item.code, item.span.row) for item in severe(snippets, text) if item.severity is Severity.ERROR}
    comment = f"# cnnlint: model=Net{given}"
    stated = ARGUMENTS.format(comment=comment, norm=norm, middle=middle, before=before, features=features)
    assert told <= {(item.code, item.span.row) for item in severe(snippets, stated)}
