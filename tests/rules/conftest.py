"""Fixtures for tests of rules."""

from __future__ import annotations

import pytest
from pipeline import Findings, Snippets


@pytest.fixture(scope="session")
def snippets(tmp_path_factory: pytest.TempPathFactory) -> Snippets:
    return Snippets(tmp_path_factory.mktemp("snippets"))


@pytest.fixture
def findings(snippets: Snippets) -> Findings:
    return snippets.findings
