"""cnnlint from Python: in a test, in a notebook.

cnnlint.lint("net.py")                      a file or folder, by its path; a module
cnnlint.lint(Net(10), "3x32x32")            a model, a class, a function that builds one
cnnlint.assert_clean(Net(10), "3x32x32")    in a test
cnnlint.trace(Net(10), "3x32x32")           its table of sizes
"""

from __future__ import annotations

import inspect
import os
import types
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from cnnlint.config import Configuration
from cnnlint.config.models import configured
from cnnlint.config.selection import rules_for
from cnnlint.engine import check
from cnnlint.evidence.directives import parse_inputs
from cnnlint.evidence.facts import InputShape
from cnnlint.job import Job, traced
from cnnlint.judging import judge
from cnnlint.report import shapes
from cnnlint.report.table import shapes_table
from cnnlint.result import Result, TracedFile
from cnnlint.traces import Model
from cnnlint.tracing import trace_paths

Inputs = Any
"""One sample's shape, without the batch: `"3x32x32"`, `"128:int64"` or `(3, 32, 32)`; or a tensor or array
with its batch, of which only shape and dtype count. A list of them for several inputs."""


def lint(
    model: Any,
    input: Inputs = None,
    *,
    select: Sequence[str] = (),
    extend_select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    config: Sequence[str] = (),
) -> Result:
    """Lints a model, or files.

    Args:
        model: the path of a file or folder, a module, an `nn.Module`, or a class or function that gives one
            when it is called without arguments. A model is not changed.
        input: what it takes; by default what is said of it, or what its layers need.
        select, extend_select, ignore: rules, by code, prefix or name, as on the command line.
        config: files and `key=value`, as for `--config`.

    Raises:
        TypeError: `model` is nothing that can be linted, or needs arguments.
        ValueError: `input` is no shape.
        UsageError: the path does not exist, or the configuration says what there is not.
    """
    rules = {"select": select, "extend-select": extend_select, "ignore": ignore}
    configuration = _configuration(input, rules, config)
    path = _path(model)
    if path is not None:
        return check([path], configuration)
    file = _trace(model, configuration)
    settings = configuration.at(file.source.filename)
    judged = judge(file, rules_for(file.source.filename, settings), settings)
    if not os.path.isfile(file.source.filename):  # there is nothing that a fix could be written to
        judged = replace(judged, findings=tuple(item.replace(fix=None) for item in judged.findings))
    return Result((judged,))


def assert_clean(model: Any, input: Inputs = None, **options: Any) -> None:
    """Asserts that a model is judged, and that nothing is found that fails; takes what `lint` takes.

    Raises:
        AssertionError: with the report.
    """
    __tracebackhide__ = True  # pytest shows the caller's line
    result = lint(model, input, **options)
    if result.exit_code() or not result.coverage.traced or result.coverage.unjudged:
        raise AssertionError(f"\n{result}")


def trace(model: Any, input: Inputs = None, *, config: Sequence[str] = ()) -> Shapes:
    """The table of sizes of a model, or of those in files; takes what `lint` takes."""
    configuration = _configuration(input, {}, config)
    path = _path(model)
    if path is not None:
        return Shapes(tuple(trace_paths([path], configuration)))
    return Shapes((_trace(model, configuration),))


@dataclass(frozen=True, repr=False)
class Shapes:
    """What the forward passes of models do to the sizes: printed, and in a notebook, a table each."""

    files: tuple[TracedFile, ...]

    @property
    def models(self) -> tuple[Model, ...]:
        """The models as plain data: layers, operations, tensors."""
        return tuple(model for file in self.files for model in file.trace.models)

    def __str__(self) -> str:
        return "\n".join(shapes.render("table", self.files))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return shapes_table(self.files)


def _configuration(input: Inputs, rules: dict[str, Sequence[str]], config: Sequence[str]) -> Configuration:
    flags = {key: _strings(value) for key, value in rules.items() if value}
    return Configuration(flags, _strings(config), run={"inputs": _inputs(input)})


def _strings(value: Sequence[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _inputs(given: Inputs) -> tuple[InputShape, ...]:
    if given is None:
        return ()
    if isinstance(given, str):
        return tuple(parse_inputs(given))
    if hasattr(given, "shape") and hasattr(given, "dtype"):
        return (InputShape(tuple(map(int, given.shape[1:])), str(given.dtype).rpartition(".")[2]),)
    if isinstance(given, (list, tuple)) and all(isinstance(size, int) for size in given):
        return (InputShape(tuple(given)),)
    if isinstance(given, (list, tuple)):
        return tuple(shape for item in given for shape in _inputs(item))
    raise ValueError(f"{given!r} is no input: write '3x32x32', one sample without the batch")


def _path(model: Any) -> str | None:
    """The path of the file or folder that is to be linted; None for what lives in this process."""
    if isinstance(model, types.ModuleType):
        file = getattr(model, "__file__", None)
        if file is None:
            raise TypeError(f"the module {model.__name__} has no file")
        return os.path.relpath(file)
    return os.fspath(model) if isinstance(model, (str, os.PathLike)) else None


def _trace(model: Any, configuration: Configuration) -> TracedFile:
    """Traces what lives in this process, which has imported torch itself."""
    from cnnlint.runtime import live

    found = live.find(model)
    _require_no_arguments(model, found.name)
    settings = configuration.at(found.source.filename)
    job = Job(
        filename=found.source.filename,
        path=os.path.abspath(found.source.filename),
        text=found.source.text,
        cells=found.source.cells,
        device=settings.device,
        inputs=settings.inputs,
        configured=configured(found.source.filename, settings),
        timeout=settings.timeout,
    )
    return TracedFile(found.source, traced(job, live.trace(found, job)).trace)


def _require_no_arguments(model: Any, name: str) -> None:
    """Refuses a class or function that cannot be called without arguments."""
    if not (inspect.isclass(model) or inspect.isroutine(model)):
        return
    try:
        signature = inspect.signature(model)
    except (TypeError, ValueError):
        return
    try:
        signature.bind()
    except TypeError as error:
        raise TypeError(
            f"{name} cannot be built without arguments ({error}): give a model, or `lambda: {name}(…)`"
        ) from None
