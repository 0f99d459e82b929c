"""The pipeline for tests of rules: text in, findings of one rule out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

from cnnlint.config import Settings
from cnnlint.diagnostic import Diagnostic
from cnnlint.judging import judge
from cnnlint.plugin import Rule
from cnnlint.result import TracedFile
from cnnlint.traces import FileTrace
from cnnlint.tracing import trace_paths

Findings = Callable[..., list[Diagnostic]]


class Snippets:
    """Files that are traced once, in real workers, and judged as often as rules ask."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._traced: dict[str, TracedFile] = {}

    def add(self, texts: Iterable[str]) -> None:
        """Traces files, all in one run of the engine."""
        paths = {}
        for text in dict.fromkeys(texts):
            if text not in self._traced:
                project = self.folder / hashlib.sha1(text.encode()).hexdigest()
                project.mkdir()
                (project / "pyproject.toml").touch()  # so that no other snippet counts as its sibling
                path = project / "snippet.py"
                path.write_text(text, encoding="utf-8")
                paths[str(path)] = text
        for path, traced in zip(paths, trace_paths(list(paths), Settings()), strict=True):
            self._traced[paths[path]] = traced

    def trace(self, text: str) -> FileTrace:
        self.add([text])
        return self._traced[text].trace

    def findings(self, text: str, *rules: Rule) -> list[Diagnostic]:
        """What rules say of a file, merged and in order as in the report."""
        self.add([text])
        return list(judge(self._traced[text], rules).findings)
