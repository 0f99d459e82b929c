"""Models that live in the user's own process: an object, a class, a function that builds one.

They are traced in a fork of the process, which has them with all that they hold. What is done to them there,
a model's weights taken from it, its mode changed, its hooks and random numbers run, ends with the fork, so
that nothing of the user's is moved or changed.
"""

from __future__ import annotations

import ast
import contextlib
import os
import signal
import sys
import tempfile
import time
import types
import warnings
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, Pipe
from typing import Any, NoReturn

import torch
from torch import nn

from cnnlint.diagnostic import Span
from cnnlint.evidence import configured
from cnnlint.evidence.facts import Target
from cnnlint.evidence.survey import survey
from cnnlint.job import Job, Outcome, WorkersUnavailable, how_it_ended
from cnnlint.runtime import child, construct
from cnnlint.runtime.builder import Builder, Built
from cnnlint.runtime.candidates import Candidate
from cnnlint.runtime.construct import Construction
from cnnlint.runtime.describe import constructor_parameters
from cnnlint.runtime.errors import hand_over
from cnnlint.runtime.guard import lend_caches
from cnnlint.runtime.loader import SlicedModule
from cnnlint.runtime.session import Session
from cnnlint.runtime.texts import LiveFiles, Printed, printed
from cnnlint.source.attributes import Attributes, part
from cnnlint.source.file import SourceFile
from cnnlint.source.locate import Calls
from cnnlint.traces import CallSite, FileTrace, Input, Model, Pass

REPLICAS = (nn.DataParallel, nn.parallel.DistributedDataParallel)


@dataclass(frozen=True)
class LiveModel:
    """What is to be traced.

    Attributes:
        subject: an nn.Module, or a class or function that gives one when it is called.
        name: of its class or function.
        source: the text in which findings are shown.
        module: that in which the text runs.
        printed: the text, where the source is not there and it was made of the model itself.
    """

    subject: Any
    name: str
    source: SourceFile
    module: types.ModuleType
    printed: Printed | None = None


def find(subject: Any) -> LiveModel:
    """What there is to know of an object, a class or a function before it is traced.

    Raises:
        TypeError: it is no model, and gives none when it is called.
    """
    if not (isinstance(subject, nn.Module) or callable(subject)):
        raise TypeError(f"{type(subject).__name__} is no model: give an nn.Module, a class or a path")
    if isinstance(subject, type) and not issubclass(subject, nn.Module):
        raise TypeError(f"{subject.__name__} is no nn.Module")
    subject = _bare(subject)
    owner = type(subject) if isinstance(subject, nn.Module) else subject
    name = getattr(owner, "__name__", type(owner).__name__)
    module = sys.modules.get(getattr(owner, "__module__", None) or "") or types.ModuleType("model")
    source = LiveFiles().of(owner)
    if source is not None:
        return LiveModel(subject, name, source, module)
    if isinstance(subject, nn.Module):
        text = printed(name, [(path, item) for path, item, _ in construct.named_modules(subject)])
        return LiveModel(subject, name, text.file, module, text)
    return LiveModel(subject, name, SourceFile(f"<{name}>", ""), module)


def _bare(subject: Any) -> Any:
    """The model that a compiled or replicated one holds."""
    if isinstance(subject, torch.jit.ScriptModule):
        raise TypeError("a scripted model hides its layers: give the one that it was made from")
    if isinstance(subject, REPLICAS):
        return _bare(subject.module)
    inner = getattr(subject, "_orig_mod", None)  # torch.compile
    return _bare(inner) if isinstance(inner, nn.Module) else subject


def trace(model: LiveModel, job: Job) -> Outcome:
    """What becomes of tracing a model in a fork of this process.

    Raises:
        WorkersUnavailable: the system knows no fork.
    """
    if not hasattr(os, "fork"):
        raise WorkersUnavailable("this system has no fork, so that only files can be linted")
    reader, writer = Pipe(duplex=False)
    with tempfile.TemporaryDirectory(prefix="cnnlint-", ignore_cleanup_errors=True) as scratch:
        with warnings.catch_warnings():  # of the process's threads: none of their code runs in the fork
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            _trace(model, job, os.path.join(scratch, "own"), writer)
        writer.close()
        ended = False
        try:
            outcome = _received(reader, job)
            if outcome is None:
                ended = True
                _, status = os.waitpid(pid, 0)
                return Outcome(died=how_it_ended(os.waitstatus_to_exitcode(status)))
            return outcome
        finally:
            reader.close()
            if not ended:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


def _received(reader: Connection, job: Job) -> Outcome | None:
    """The outcome; with the trace so far where the time is over, None where the process has ended."""
    deadline = time.monotonic() + job.timeout
    partial: FileTrace | None = None
    while reader.poll(max(0.0, deadline - time.monotonic())):
        try:
            message = reader.recv()
        except EOFError:
            return None
        if isinstance(message, Outcome):
            return message if message.trace else replace(message, trace=partial)
        partial = message
    return Outcome(partial, timed_out=True)


# -- in the fork


def _trace(model: LiveModel, job: Job, scratch: str, writer: Connection) -> NoReturn:
    end = os._exit
    try:
        sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
        child.prepare()
        lend_caches(scratch)
        child.trace(job, scratch, writer, lambda job, scratch, send: _Session(model, job, scratch).run(send))
    finally:
        end(1)


class _Session(Session):
    """The run of one model."""

    def __init__(self, model: LiveModel, job: Job, scratch: str):
        files = LiveFiles()
        files.entry = Session.run.__code__
        super().__init__(job, scratch, files)
        self._live = model
        self._builder = _Builder(model, job, self.file, files)

    def _attempt(
        self, built: Built, given: Sequence[Input], mode: str, batch: int, recovering: bool = False
    ) -> tuple[Pass, BaseException | None]:
        construct.move_to_meta(built.model)  # an earlier pass may have needed its values
        return super()._attempt(built, given, mode, batch, recovering)

    def _model(self, target: Target) -> Model:
        model = super()._model(target)
        inputs = (
            replace(item, reason="as given") if item.source == "option" else item for item in model.inputs
        )
        return replace(model, inputs=tuple(inputs))

    def _targets(self, rows: Container[int] | None = None) -> Sequence[Target]:
        """The model, with what the text around it says of its input and its training."""
        name = self._live.name
        found = () if self._live.printed else survey(self.file, frozenset({name})).targets
        target = next((item for item in found if item.name == name), None)
        target = target or Target(name, "class", _definition(self.file, name))
        return configured.complete([replace(target, constructions=())], self.job.configured)


class _Builder(Builder):
    """Gives the model as it is, or calls what builds it."""

    def __init__(self, model: LiveModel, job: Job, file: SourceFile, files: LiveFiles):
        super().__init__(job, file, files)
        self._live = model
        self._files = files
        self._real: list[tuple[dict[str, Any], str, torch.Tensor]] = []
        self._module = SlicedModule(file, job.path, model.module.__name__, files, installed=model.module)

    def load_again(self, recovering: bool = False) -> SlicedModule:
        return self.load()

    def build(self, target: Target) -> Built | None:
        if isinstance(self._live.subject, nn.Module):
            return self._as_it_is(self._live.subject)
        candidate = Candidate(f"{target.name}()", lambda module: hand_over(self._live.subject))
        for recovering in (False, True):
            construction = Construction(self.files, recovering)
            try:
                model = construct.build(lambda: candidate.make(self.load()), construction)
            except BaseException as error:  # the user's code may raise anything
                if recovering:
                    self._not_built(target, [error])
            else:
                return self._finish(candidate, construction, self.load(), model)
        return None

    def _as_it_is(self, model: nn.Module) -> Built:
        written = _Written(self._files, self._live.printed).sites(model)
        self._real = list(_tensors(model))
        construct.move_to_meta(model)
        _move_the_rest_to_meta(model)
        candidate = Candidate(type(model).__name__, lambda module: self._with_values(model))
        return Built(model, candidate, Construction(self.files), self.load(), written=written)

    def _with_values(self, model: nn.Module) -> nn.Module:
        """The model with its own weights, for a forward that asks for values."""
        for table, name, tensor in self._real:
            table[name] = tensor
        return model


def _definition(file: SourceFile, name: str) -> Span:
    """The name in `class Net` or `def make`; the first character where it is not there."""
    with contextlib.suppress(SyntaxError):
        for node in ast.walk(file.tree):
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.name == name:
                column = file.lines[node.lineno - 1].index(name, node.col_offset) + 1
                return Span(file.filename, node.lineno, column, node.lineno, column + len(name))
    return Span(file.filename, 1, 1, 1, 1)


def _tensors(model: nn.Module) -> Iterator[tuple[dict[str, Any], str, torch.Tensor]]:
    """The model's parameters and buffers, with the tables that hold them."""
    for module in construct.all_modules(model):
        for table in construct.TENSOR_TABLES:
            for name, tensor in construct.tensors_of(module, table):
                yield vars(module)[table], name, tensor


def _move_the_rest_to_meta(model: nn.Module) -> None:
    """The weights that lazy layers have not made yet, and tensors in plain attributes that are on a GPU;
    those on the CPU stay, since they do not follow the model from there."""
    for table, name, tensor in _tensors(model):
        if construct.uninitialised(tensor):
            kind: Any = type(tensor)
            table[name] = kind(requires_grad=tensor.requires_grad, device="meta", dtype=tensor.dtype)
    for module in construct.all_modules(model):
        for name, value in vars(module).items():
            if isinstance(value, torch.Tensor) and value.device.type not in ("cpu", "meta"):
                vars(module)[name] = torch.empty_strided(
                    value.shape, value.stride(), dtype=value.dtype, device="meta"
                )


class _Written:
    """The calls in the text that construct the layers of a model which exists already."""

    def __init__(self, files: LiveFiles, text: Printed | None):
        self._files = files
        self._printed = text
        self._attributes: dict[str, Attributes] = {}
        self._calls: dict[str, Calls] = {}
        self._found: dict[int, tuple[CallSite, ...]] = {}

    def sites(self, model: nn.Module) -> dict[int, tuple[CallSite, ...]]:
        """By the identity of the layers; without those whose call is not plain to see."""
        self._walk(model, None)
        if self._printed is not None:
            for path, module, _ in construct.named_modules(model):
                if path and path in self._printed.rows:
                    call = self._printed.call(path)
                    self._found.setdefault(id(module), (self._site(self._printed.file, call, module),))
        return self._found

    def _walk(self, module: nn.Module, built_by: tuple[SourceFile, ast.Call] | None) -> None:
        for name, layer in module._modules.items():
            if layer is None or id(layer) in self._found:
                continue
            written = self._part(built_by, name) or self._attribute(module, name)
            if written is not None:
                site = self._site(*written, layer)
                if _agrees(site, layer):
                    self._found[id(layer)] = (site,)
                else:
                    written = None
            self._walk(layer, written)

    def _part(
        self, built_by: tuple[SourceFile, ast.Call] | None, name: str
    ) -> tuple[SourceFile, ast.Call] | None:
        if built_by is None:
            return None
        value = part(built_by[1], name)
        return (built_by[0], value) if isinstance(value, ast.Call) else None

    def _attribute(self, module: nn.Module, name: str) -> tuple[SourceFile, ast.Call] | None:
        for owner in type(module).__mro__:
            file = self._files.of(owner) if owner is not nn.Module else None
            if file is not None:
                attributes = self._attributes.setdefault(file.filename, Attributes(file))
                value = attributes.value(owner.__name__, name)
                if isinstance(value, ast.Call):
                    return file, value
        return None

    def _site(self, file: SourceFile, call: ast.Call, module: nn.Module) -> CallSite:
        if file.filename not in self._calls:
            self._calls[file.filename] = Calls(file)
        return self._calls[file.filename].site(call, "__init__", constructor_parameters(type(module)))


def _agrees(site: CallSite, module: nn.Module) -> bool:
    """Whether a layer can be what the call built: it may have been replaced since."""
    if site.callee.rpartition(".")[2] != type(module).__name__:
        return False
    for argument in site.arguments:
        actual = getattr(module, argument.name, None)
        if argument.literal and isinstance(actual, (int, str, float, tuple)):
            written = ast.literal_eval(argument.text)
            spread = (written,) * len(actual) if isinstance(actual, tuple) else written
            if actual not in (written, spread):
                return False
    return True
