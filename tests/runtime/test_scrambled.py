"""Scrambled files through the whole of cnnlint: workers, rules and reports. None gives a traceback of ours,
and every finding in the file lies within its text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scrambled import examples, notebook, scrambled, snippets, torchvision_sources

from cnnlint import engine, report
from cnnlint.config import Settings
from cnnlint.config.settings import Selection
from cnnlint.report.style import Style
from cnnlint.workers import Workers

SETTINGS = Settings(selections=(Selection(select=("ALL",)),), timeout=10)
SOURCES = [*snippets(), *examples(), *(text for text in torchvision_sources() if len(text) < 10_000)]


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    """One fork server for all runs, since it takes seconds to start."""
    with Workers(1) as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scrambled")


@settings(max_examples=settings().max_examples // 2)
@given(scrambled(SOURCES), st.booleans())
def test_a_scrambled_file_is_linted_or_refused(
    workers: Workers, folder: Path, text: str, in_cells: bool
) -> None:
    path = folder / ("net.ipynb" if in_cells else "net.py")
    path.write_bytes((notebook(text) if in_cells else text).encode())
    result = engine.check([str(path)], SETTINGS, workers=workers)
    assert not list(result.crashes())
    for output_format in ("full", "concise", "json"):
        assert "cnnlint itself failed" not in "\n".join(
            report.render(output_format, result, SETTINGS, Style())
        )
    lines = text.split("\n")
    for file in result.files:
        for finding in file.findings:
            span = finding.span
            assert finding.code != "CNN008"
            if span.filename == str(path) and not in_cells:
                assert 1 <= span.row <= span.end_row <= len(lines)
                assert 1 <= span.column <= len(lines[span.row - 1]) + 1
