"""Configurations of a project that stand beside its models: read for a constructor that takes one as a whole.

Only definitions are run, and options of a command line are read off the text. What a project keeps in YAML is
read where pyyaml is installed.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cnnlint.source.expressions import Expression
from cnnlint.source.file import SourceFile

GIVES_DEFAULTS = re.compile(
    r"(get|load|make|create|default)?_?(default)?_?(cfg|config|configs|opts?|options|hparams|params)(_defaults)?",
    re.IGNORECASE,
)
"""Names of a configuration, of its class, and of functions that give one."""

INNER = ("model", "net", "network", "arch", "MODEL", "Model")
"""The part of a configuration that is for the model."""

MOST = 30
"""Configurations that are tried for one model."""

FOLDERS = ("config", "configs", "conf", "cfg", "cfgs", "experiments", "options")
"""Folders of a project that hold YAML files."""

LARGEST = 1 << 18
"""Bytes up to which a YAML file is read."""


class Nested(dict[str, Any]):
    """Settings as items and as attributes, nested ones too; stands for the classes of packages that give such
    (`yacs.config.CfgNode`, `EasyDict`)."""

    def __init__(self, given: Any = (), *rest: Any, **more: Any):
        super().__init__()
        for name, value in {**dict(given or ()), **more}.items():
            self[name] = value

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, Nested(value) if type(value) is dict else value)

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def clone(self) -> Nested:
        """A copy of its own."""
        return copy.deepcopy(self)

    def freeze(self, *given: Any) -> None:
        """Nothing: what is read is changed by nobody."""

    defrost = merge_from_file = merge_from_list = set_new_allowed = freeze


STAND_INS = {
    "yacs.config.CfgNode": Nested,
    "easydict.EasyDict": Nested,
    "addict.Dict": Nested,
    "ml_collections.ConfigDict": Nested,
    "ml_collections.config_dict.ConfigDict": Nested,
    "mmcv.ConfigDict": Nested,
    "fvcore.common.config.CfgNode": Nested,
}
"""Classes of packages that need not be installed for what projects keep in them."""


class Given(NamedTuple):
    """A configuration, and where it stands."""

    value: Any
    where: str


Evaluate = Callable[[Path, Expression], Any]


def configurations(
    files: Sequence[tuple[Path, SourceFile]], root: Path, evaluate: Evaluate, display: Callable[[str], str]
) -> Iterator[Given]:
    """The configurations of a project, those that its code gives first, each also by its part for a model."""
    found = itertools.chain(
        _in_code(files, evaluate), _on_command_lines(files), _in_yaml(root, files, display)
    )
    for given in itertools.islice(found, MOST):
        yield given
        for name in INNER:
            inner = (
                given.value.get(name) if isinstance(given.value, dict) else getattr(given.value, name, None)
            )
            if isinstance(inner, dict) or hasattr(inner, "__dict__"):
                yield Given(inner, f"{name} of {given.where}")


def _in_code(files: Sequence[tuple[Path, SourceFile]], evaluate: Evaluate) -> Iterator[Given]:
    """What variables hold, functions without parameters give, and classes without arguments are."""
    for path, file in files:
        for statement in file.tree.body:
            for text in _texts(statement):
                names = frozenset({text.partition("(")[0]})
                with contextlib.suppress(BaseException):  # the file may raise anything
                    value = evaluate(path, Expression(text, "", names, file.span(statement)))
                    if isinstance(value, argparse.ArgumentParser):
                        value = value.parse_args([])
                    if isinstance(value, dict) or (hasattr(value, "__dict__") and not callable(value)):
                        yield Given(value, f"{text} of {file.line(statement.lineno)}")


def _texts(statement: ast.stmt) -> Iterator[str]:
    """Expressions for the configurations that a statement defines."""
    if isinstance(statement, ast.FunctionDef):
        required = len(statement.args.args) - len(statement.args.defaults)
        if GIVES_DEFAULTS.fullmatch(statement.name) and required == 0:
            yield f"{statement.name}()"
    elif isinstance(statement, ast.ClassDef):
        if statement.name.lower().endswith(("config", "cfg", "args", "options", "opts", "hparams", "params")):
            yield f"{statement.name}()"
    elif isinstance(statement, ast.Assign):
        for target in statement.targets:
            known = isinstance(target, ast.Name) and target.id in ("_C", "__C", "C", "args")
            if isinstance(target, ast.Name) and (known or GIVES_DEFAULTS.fullmatch(target.id)):
                yield target.id


def _on_command_lines(files: Sequence[tuple[Path, SourceFile]]) -> Iterator[Given]:
    """The defaults of the options of each file."""
    for _, file in files:
        options: dict[str, Any] = {}
        for node in ast.walk(file.tree):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "add_argument":
                options |= _option(node)
        if options:
            yield Given(argparse.Namespace(**options), f"the options of {file.filename}")


def _option(call: ast.Call) -> dict[str, Any]:
    """`{"sample_size": 112}` for `parser.add_argument("--sample-size", default=112)`."""
    said: dict[str, Any] = {}
    for item in call.keywords:
        with contextlib.suppress(ValueError):
            said[item.arg or ""] = ast.literal_eval(item.value)
    flags = [item.value for item in call.args if isinstance(item, ast.Constant) and type(item.value) is str]
    name = said.get("dest") or max(flags, key=len, default="").lstrip("-").replace("-", "_")
    absent = {"store_true": False, "store_false": True}.get(said.get("action", ""))
    return {name: said.get("default", absent)} if name else {}


def _in_yaml(
    root: Path, files: Sequence[tuple[Path, SourceFile]], display: Callable[[str], str]
) -> Iterator[Given]:
    try:
        import yaml
    except ImportError:
        return
    beside = dict.fromkeys(path.parent for path, _ in files)
    folders = dict.fromkeys([*beside, root, *(root / name for name in FOLDERS)])
    for folder in folders:
        for pattern in (
            ("*.yaml", "*.yml", "*/*.yaml", "*/*.yml") if folder.name in FOLDERS else ("*.yaml", "*.yml")
        ):
            for path in itertools.islice(sorted(folder.glob(pattern)), MOST):
                with contextlib.suppress(OSError, ValueError, yaml.YAMLError):
                    if path.stat().st_size <= LARGEST:
                        value = yaml.safe_load(path.read_text(encoding="utf-8"))
                        if isinstance(value, dict):
                            yield Given(Nested(value), display(str(path)))
