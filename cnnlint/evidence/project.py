"""The other files of the project: how they construct a model, and what they hand to it."""

from __future__ import annotations

import ast
import contextlib
import itertools
import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from cnnlint.evidence.configurations import Given, configurations
from cnnlint.evidence.facts import Construction, InputEvidence
from cnnlint.evidence.settings import Source, sources
from cnnlint.evidence.users import Home, User
from cnnlint.source.expressions import Expression
from cnnlint.source.fences import blocks
from cnnlint.source.file import SourceFile
from cnnlint.source.folders import project_root
from cnnlint.source.reading import read_path

MOST_FILES = 300
"""Files of the project that are looked through."""

MOST_USERS = 24
"""Files that are read for how they use one module."""

MOST_BLOCKS = 100
"""Blocks of code that are read in READMEs."""

LARGEST = 1 << 20
"""Bytes up to which a file is looked through."""

BESIDE = ("tests", "test", "examples", "scripts")
"""Folders of a project's root in which its models are used."""

_CONFIGURES = re.compile(rb"add_argument|CfgNode|\bCN\(|[Cc]onfig|\bcfg\b|hparams|\bopts?\b")
"""What a file has that gives a configuration."""

Evaluate = Callable[[Expression], Any]


@dataclass(frozen=True)
class Elsewhere:
    """What another file says of a model's input. `evaluate` is for its expressions. It is `trusted` where
    that file builds this very model to use it; what a test builds may be built otherwise."""

    evidence: InputEvidence
    evaluate: Evaluate
    trusted: bool


class Project:
    """The files of the project around one file.

    Args:
        path: of the linted file, absolute.
        display: how the path of a file is shown.
        evaluate: gives the value of an expression of another file, whose module is loaded for it; a block
            of a README comes with its text.
    """

    def __init__(
        self,
        path: str,
        display: Callable[[str], str],
        evaluate: Callable[[Path, SourceFile | None, Expression], Any],
    ):
        self._path = path
        self._display = display
        self._evaluate_in = evaluate
        self._blocks: dict[Path, SourceFile] = {}

    def constructions(self, name: str, whole: bool) -> Iterator[tuple[Construction, Evaluate]]:
        """The calls of `name`, which the file defines, each with what evaluates expressions there; with
        `whole` those that build it to use it as it is, and no test."""
        for path, user in self._users:
            if whole and _is_test(path):
                continue
            for construction in user.constructions(name, whole):
                yield construction, partial(self._evaluate, path)

    def unresolved(self, name: str) -> Iterator[tuple[Construction, Evaluate]]:
        """The calls of `name` of which some arguments cannot be evaluated."""
        for path, user in self._users:
            for construction in user.unresolved(name):
                yield construction, partial(self._evaluate, path)

    def inputs(self, name: str) -> list[Elsewhere]:
        """What the files that use `name` hand to it, and then the data sets that they read or import."""
        handed: list[Elsewhere] = []
        data: list[Elsewhere] = []
        for path, user in self._users:
            if not user.uses(name):
                continue
            is_test = _is_test(path)
            trusted = not is_test and bool(user.constructions(name, whole=True))
            for origin, evidence in user.handed_over:
                own = origin == name
                evidence = replace(evidence, general=not own)
                handed.append(Elsewhere(evidence, partial(self._evaluate, path), own and trusted))
            readers = {} if is_test else {path: user} if user.data() else self._imported_by(user)
            data += [
                Elsewhere(evidence, partial(self._evaluate, other), trusted)
                for other, reader in readers.items()
                for evidence in reader.data()
            ]
        return sorted([*handed, *data], key=lambda item: not item.trusted)

    def have_part(self, file: SourceFile, name: str) -> bool:
        """Whether a model of another file holds what `file`, the linted one, calls `name`: itself, or by
        a class or function of the file that mentions it."""
        word = re.compile(rf"\b{re.escape(name)}\b")
        names = {name} | {
            node.name
            for node in file.tree.body
            if isinstance(node, (ast.ClassDef, ast.FunctionDef))
            and word.search("\n".join(file.lines[node.lineno - 1 : node.end_lineno]))
        }
        return any(user.holds(names) for _, user in self._users)

    def settings(self, names: Sequence[str]) -> Iterator[Source]:
        """What the files of the project say of names, those of the nearest files first."""
        spelt = "|".join(re.escape(name).replace("_", "[-_]") for name in names)
        word = re.compile(rf"({spelt})\b".encode(errors="surrogateescape"), re.IGNORECASE)
        read = 0
        for path in self._files:
            with contextlib.suppress(OSError, SyntaxError):
                if read < MOST_USERS and word.search(path.read_bytes()):
                    read += 1
                    yield from sources(replace(read_path(path, self._display(str(path))), beside=True))

    def configurations(self) -> Iterator[Given]:
        """The configurations of the project (see `configurations`)."""
        files = []
        for path in self._files:
            with contextlib.suppress(OSError, SyntaxError):
                if _CONFIGURES.search(path.read_bytes()):
                    files.append((path, replace(read_path(path, self._display(str(path))), beside=True)))
            if len(files) == MOST_USERS:
                break
        yield from configurations(files, Path(project_root(self._path)), self._evaluate, self._display)

    # -- files

    @cached_property
    def _files(self) -> list[Path]:
        """Python files and notebooks near the file, nearest first."""
        own = Path(self._path)
        if "site-packages" in own.parts:
            return []
        root = Path(project_root(self._path))
        folders = [own.parent, own.parent.parent, root, *(root / name for name in BESIDE)]
        found: dict[Path, None] = {}
        for folder in dict.fromkeys(folders):
            if not folder.is_relative_to(root):
                continue
            for name in _sources(folder):
                if len(found) == MOST_FILES:
                    return list(found)
                candidate = folder / name
                with contextlib.suppress(OSError):
                    status = candidate.stat()
                    if stat.S_ISREG(status.st_mode) and status.st_size <= LARGEST and candidate != own:
                        found[candidate] = None
        return list(found)

    @cached_property
    def _users(self) -> list[tuple[Path, User]]:
        """The files whose imports name the module, or a package that it is in."""
        names = "|".join(map(re.escape, self._home.parts))
        imports = re.compile(
            rf'(?:^|")[ \t]*(?:from|import)\b[^\n]*\b(?:{names})\b'.encode(errors="surrogateescape"),
            re.MULTILINE,
        )
        relative = re.compile(rb"^[ \t]*from[ \t]+\.+[ \t]+import\b", re.MULTILINE)
        found: list[tuple[Path, User]] = []
        for sibling in self._files:
            with contextlib.suppress(OSError):
                text = sibling.read_bytes()
                if imports.search(text) or relative.search(text):
                    user = self._user(sibling)
                    if user is not None:
                        found.append((sibling, user))
            if len(found) == MOST_USERS:
                break
        return [*found, *self._readme()]

    def _readme(self) -> Iterator[tuple[Path, User]]:
        """The blocks of code in the READMEs of the file's folder and of the project: each is a file of its
        own, and its path is no real one."""
        if "site-packages" in Path(self._path).parts:
            return
        root = Path(project_root(self._path))
        for folder in dict.fromkeys((Path(self._path).parent, root)):
            path = folder / "README.md"
            with contextlib.suppress(OSError):
                if not path.is_file() or path.stat().st_size > LARGEST:
                    continue
                text = path.read_bytes().decode(errors="replace")
                for file in itertools.islice(blocks(self._display(str(path)), text), MOST_BLOCKS):
                    block = path / f"block{len(self._blocks)}"
                    self._blocks[block] = file
                    yield block, User(replace(file, beside=True), self._home)

    @cached_property
    def _home(self) -> Home:
        path = Path(self._path).with_suffix("")
        if path.name == "__init__":
            path = path.parent
        root = Path(project_root(self._path))
        return Home(*path.relative_to(root.parent).parts)

    def _user(self, path: Path) -> User | None:
        try:
            file = read_path(path, self._display(str(path)))
        except (OSError, SyntaxError):
            return None
        return User(replace(file, beside=True), self._home)

    def _imported_by(self, user: User) -> dict[Path, User]:
        """The files of the project that a file imports."""
        names = user.imported()
        found = {path: self._user(path) for path in self._files if path.stem in names}
        return {path: reader for path, reader in found.items() if reader is not None}

    def _evaluate(self, path: Path, expression: Expression) -> Any:
        return self._evaluate_in(path, self._blocks.get(path), expression)


def _sources(folder: Path) -> list[str]:
    """The names of the Python files of a folder and then of its notebooks, each in order."""
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    return [name for suffix in (".py", ".ipynb") for name in names if name.endswith(suffix)]


def _is_test(path: Path) -> bool:
    return (
        path.name.startswith("test") or path.stem.endswith("_test") or path.parent.name in ("test", "tests")
    )
