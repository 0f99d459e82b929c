"""A built model as plain data: its layers with the places of their construction, its parameters."""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import torch
from torch import nn

from cnnlint.evidence.facts import Target
from cnnlint.evidence.mentions import Mentions
from cnnlint.operators import layers as layer_arguments
from cnnlint.operators.base import is_plain
from cnnlint.runtime import construct
from cnnlint.runtime.builder import Built
from cnnlint.runtime.frames import Place, UserFiles
from cnnlint.runtime.functions import DTYPES
from cnnlint.source.locate import Calls
from cnnlint.traces import CallSite, Fault, Input, Layer, Mention, Model, Parameter, Pass


class Describer:
    """Describes the models of one file."""

    def __init__(self, files: UserFiles):
        self.files = files
        self._sites: dict[tuple[Place, ...], tuple[CallSite, ...]] = {}
        self._calls: dict[str, Calls] = {}
        self._mentions: dict[str, Mentions] = {}

    def describe(
        self,
        target: Target,
        built: Built,
        given: tuple[Input, ...],
        passes: tuple[Pass, ...],
        notes: Sequence[str],
        chances: Sequence[Pass] = (),
    ) -> Model:
        """The model with its `passes`; `chances` are further ones that only tell which layers are called."""
        names = construct.names_of(built.model)
        called: dict[str | None, int] = {}
        for run in (*passes, *chances):
            for operation in run.operations:
                path = operation.layer
                while path is not None:
                    called[path] = called.get(path, 0) + 1
                    path = path.rpartition(".")[0] or None
        layers = []
        parameters = []
        holders: dict[str, nn.Module] = {}
        for path, module, registered in construct.named_modules(built.model):
            holders[path] = module
            layer = self._layer(path, module, built, called.get(path or None, 0))
            layers.append(layer if layer.called else replace(layer, mention=self._mention(path, holders)))
            for table, origin in construct.TENSOR_TABLES.items():
                for name, tensor in construct.tensors_of(module, table):
                    full = f"{path}.{name}" if path else name
                    if names.tensors[id(tensor)][1] != full:
                        continue
                    parameters.append(
                        Parameter(
                            full,
                            () if construct.uninitialised(tensor) else tuple(tensor.shape),
                            DTYPES[tensor.dtype],
                            tensor.requires_grad,
                            origin == "buffer",
                            registered,
                        )
                    )
        return Model(
            name=target.name,
            construction=built.candidate.text,
            span=target.span,
            layers=tuple(layers),
            parameters=tuple(parameters),
            inputs=given,
            passes=passes,
            evidence=target.evidence,
            notes=tuple(notes),
            arguments=built.candidate.arguments(),
        )

    def _layer(self, path: str, module: nn.Module, built: Built, called: int) -> Layer:
        kind = _torch_type(module)
        arguments = {}
        for name in layer_arguments.INTERFACE.get(kind, ()):
            value = getattr(module, name, None)
            if isinstance(value, torch.Tensor):
                value = True
            if value is not None and not isinstance(value, list) and is_plain(value):
                arguments[name] = value
        fault = built.construction.faults.get(id(module))
        if fault is None and kind in layer_arguments.INTERFACE:
            refusals = layer_arguments.check(kind, arguments)
            if refusals:
                first = refusals[0]
                fault = Fault(first.reason, first.message, first.argument, first.expected, first.actual)
        return Layer(
            path=path,
            type=kind,
            class_name=type(module).__name__,
            arguments=arguments,
            sites=built.written.get(id(module)) or self._call_sites(built.construction.sites(module), module),
            parameters=tuple(f"{path}.{name}" if path else str(name) for name in module._parameters or ()),
            fault=fault,
            called=called,
        )

    def _mention(self, path: str, holders: Mapping[str, nn.Module]) -> Mention | None:
        """Where the text uses a layer by its name. One in a container has no name of its own: the container's
        stands for it where forward may choose between its layers, by their keys or by inputs that it was not
        given."""
        above, _, name = path.rpartition(".")
        holder = holders.get(above)
        chooses = isinstance(holder, nn.ModuleDict)
        while isinstance(holder, (nn.ModuleList, nn.ModuleDict, nn.Sequential)) and above:
            above, _, name = above.rpartition(".")
            holder = holders.get(above)
        in_container = name != path.rpartition(".")[2]
        if in_container and not chooses and not _has_optional_inputs(holder):
            return None
        for base in type(holder).__mro__:
            file = _file_of(base)
            if file not in self.files:
                break
            if file not in self._mentions:
                self._mentions[file] = Mentions(self.files.file(file))
            if mention := self._mentions[file].of(base.__name__).get(name):
                return mention
        return None

    def _call_sites(self, places: list[Place], module: nn.Module) -> tuple[CallSite, ...]:
        key = tuple(places)
        if key not in self._sites:
            self._sites[key] = tuple(self._walk_sites(places, module))
        return self._sites[key]

    def _walk_sites(self, places: list[Place], module: nn.Module) -> Iterator[CallSite]:
        called: types.CodeType | None = None
        for code, instruction in places:
            span = self.files.span(code, instruction)
            if span is None:
                continue
            calls = self._calls_of(code.co_filename)
            call = calls.at(*self.files.position(code, instruction))
            if call is None:
                yield CallSite(span, "", code.co_name)
            else:
                signature = _parameters_of(called) if called else constructor_parameters(type(module))
                yield calls.site(call, code.co_name, signature)
            called = code

    def _calls_of(self, path: str) -> Calls:
        if path not in self._calls:
            self._calls[path] = Calls(self.files.file(path))
        return self._calls[path]


def constructor_parameters(layer_class: type) -> list[str]:
    """The names of the parameters of a class's constructor, in order."""
    try:
        return list(inspect.signature(layer_class).parameters)
    except (TypeError, ValueError):
        return []


def _file_of(layer_class: type) -> str:
    """The file that a class's methods were compiled from; "" where it has none."""
    methods = (getattr(item, "__code__", None) for item in vars(layer_class).values())
    return next((code.co_filename for code in methods if code is not None), "")


def _has_optional_inputs(module: nn.Module | None) -> bool:
    """Whether forward may be given inputs that it can do without."""
    try:
        parameters = list(inspect.signature(type(module).forward).parameters.values())  # type: ignore[union-attr]
    except (AttributeError, TypeError, ValueError):
        return False
    return any(item.default is None for item in parameters)


def _parameters_of(code: types.CodeType) -> list[str]:
    names = list(code.co_varnames[: code.co_argcount])
    return names[1:] if names and names[0] in ("self", "cls") else names


def _torch_type(module: nn.Module) -> str:
    """The torch.nn class that a module is or descends from, else its own class's name."""
    for base in type(module).__mro__:
        if base.__module__.startswith("torch.nn.modules") and base is not nn.Module:
            return base.__name__
    return type(module).__name__
