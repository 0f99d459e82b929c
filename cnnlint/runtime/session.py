"""One file from text to traces: load its slice, build each model, find its input, run its forward."""

from __future__ import annotations

import ast
import contextlib
import inspect
import os
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import nn

from cnnlint.job import Job
from cnnlint.operators import layers as layer_arguments
from cnnlint.runtime import construct, inputs
from cnnlint.runtime.construct import Construction
from cnnlint.runtime.frames import Place, UserFiles
from cnnlint.runtime.functions import DTYPES, DTYPES_BY_NAME
from cnnlint.runtime.guard import Guard
from cnnlint.runtime.loader import ArgumentsMissing, SlicedModule, Unavailable, load
from cnnlint.runtime.recovery import FAILED, stand_in
from cnnlint.runtime.tracer import DataDependent, TooManyOperations, Tracer
from cnnlint.source.facts import Expression, Target
from cnnlint.source.file import SourceFile
from cnnlint.source.locate import Calls
from cnnlint.source.survey import survey
from cnnlint.trace import (
    CallSite,
    FileTrace,
    Input,
    Layer,
    Model,
    Parameter,
    Pass,
    Problem,
)

BATCH = 103 * 840
"""Samples in a batch on the meta device: a number that no layer has, so that the batch is recognised
wherever it goes, and that models which split the batch can divide (a prime × 840)."""

SMALL_BATCH = 2
"""Samples in a batch on a real device, and for models that loop over their batch."""

CONVENTIONAL_ARGUMENTS: dict[str, Any] = {
    **dict.fromkeys(
        "num_classes n_classes num_class nclass nclasses classes n_class class_num num_labels n_labels "
        "nb_classes output_size output_dim num_outputs out_dim".split(),
        10,
    ),
    **dict.fromkeys(
        "in_channels in_chans in_ch n_channels num_channels input_channels channels img_channels "
        "image_channels channels_img nc in_channel input_channel input_nc output_nc out_channels out_ch n_colors".split(),
        3,
    ),
    **dict.fromkeys("upscale_factor scale_factor upscale scale".split(), 2),
    **dict.fromkeys("latent_dim z_dim zdim nz noise_dim channels_noise".split(), 100),
    **dict.fromkeys(
        "ndf ngf features_d features_g hidden_dim hidden_size embed_dim embedding_dim d_model dim".split(), 64
    ),
    **dict.fromkeys("dropout dropout_rate drop_rate p".split(), 0.5),
    **dict.fromkeys("img_size image_size input_size".split(), 224),
    **dict.fromkeys("num_actions n_actions action_dim".split(), 4),
    "ngpu": 1,
    "bias": True,
    "pretrained": False,
    "vocab_size": 1000,
    "growth_rate": 32,
}
"""What a constructor's argument of this name is taken to be where nothing supplies it."""


class NotAModel(Exception):
    """What was built is no module."""


@dataclass
class Candidate:
    """A way to build a target: `make` runs it in a loaded module. A `guessed` one may be wrong, so that
    a call which cannot be evaluated says nothing about the model."""

    text: str
    make: Callable[[SlicedModule], Any]
    guessed: bool = False


@dataclass
class Built:
    """A model that was built, with what is needed to describe it."""

    model: nn.Module
    candidate: Candidate
    construction: Construction
    module: SlicedModule
    problems: list[Problem] = field(default_factory=list)


def trace_file(job: Job, progress: Callable[[FileTrace], None] = lambda trace: None) -> FileTrace:
    """The trace of one file; `progress` is given what is there after each model. Raises nothing that
    the file's own code does."""
    return Session(job).run(progress)


class Session:
    """The state of one file's run."""

    def __init__(self, job: Job):
        self.job = job
        self.file = SourceFile(job.filename, job.text, job.cells)
        self.files = UserFiles()
        self.problems: list[Problem] = []
        self._construction = Construction(self.files)
        self._module: SlicedModule | None = None
        self._sites: dict[tuple[Place, ...], tuple[CallSite, ...]] = {}
        self._calls: dict[str, Calls] = {}
        self.notes: list[str] = []
        self._guard: Guard | None = None

    def run(self, progress: Callable[[FileTrace], None]) -> FileTrace:
        found = survey(self.file)
        self.problems.extend(found.problems)
        if not self.job.allow_effects:
            self._guard = Guard(self.files)
            self._guard.install()
        models: list[Model] = []
        for target in found.targets:
            with contextlib.suppress(NotAModel):
                models.append(self._model(target))
            progress(self._so_far(models))
        if self._guard:
            self._guard.remove_scratch()
        return self._so_far(models)

    def _so_far(self, models: list[Model]) -> FileTrace:
        effects = self._guard.effects if self._guard else []
        return FileTrace(self.job.filename, tuple(models), (*self.problems, *effects))

    # -- building

    def _load(self, recovering: bool = False) -> SlicedModule:
        if self._module is not None and not recovering:
            return self._module
        module = load(self.file, self.job.path, self.files, self._display, recovering)
        if not recovering:
            self._module = module
        return module

    def _display(self, path: str) -> str:
        """How a project file beside the linted one is shown: relative to the working directory."""
        relative = os.path.relpath(path)
        return path if relative.startswith("..") else relative

    def _model(self, target: Target) -> Model:
        self.notes = []
        built = self._build(target)
        if built is None:
            raise NotAModel
        try:
            found = inputs.find(
                target,
                built.model,
                self.job.inputs,
                lambda expression: self._evaluate(built, expression),
                lambda given: self._trial(built, given),
            )
        except inputs.InputUnknown as error:
            self._input_unknown(target, str(error))
            return self._describe(target, built, (), ())
        passes = self._passes(target, built, found)
        if any(item.reason == inputs.ASSUMED for item in found.inputs):
            passes = self._without_consequences(target, built, found, passes)
        return self._describe(target, built, found.inputs, passes)

    def _without_consequences(
        self, target: Target, built: Built, found: inputs.Found, passes: tuple[Pass, ...]
    ) -> tuple[Pass, ...]:
        """Passes without the exceptions that an input which rests on nothing may itself have caused."""
        kept = []
        for run in passes:
            raised = [
                operation
                for operation in run.operations
                if operation.fault is not None
                and operation.fault.reason in ("failed", "rank", "merge", "dtype")
            ]
            if raised:
                shapes = ", ".join(
                    f"{item.name}: {'×'.join(map(str, item.shape)) or 'scalar'}" for item in found.inputs
                )
                fault = raised[0].fault
                said = (fault.exception or fault.message) if fault else ""
                self._input_unknown(
                    target, f"nothing says what {target.name} takes, and with {shapes} it raises {said}"
                )
                first = raised[0].index
                run = replace(run, operations=run.operations[:first], outputs=(), complete=False)
            kept.append(run)
        return tuple(kept)

    def _input_unknown(self, target: Target, message: str) -> None:
        problem = Problem(
            "input-unknown",
            message,
            target.span,
            help="add the comment `# cnnlint: input=3x32x32` above it (per sample, without the batch), "
            "or give --input 3x32x32",
            model=target.name,
        )
        if problem not in self.problems:
            self.problems.append(problem)

    def _evaluate(self, built: Built, expression: Expression) -> Any:
        return construct.build(lambda: built.module.evaluate(expression), Construction(self.files))

    def _build(self, target: Target) -> Built | None:
        """The model of a target, or None with the problem noted."""
        candidates = list(self._candidates(target))
        unavailable: Unavailable | None = None
        for candidate in candidates:
            construction = self._construction
            try:
                module = self._load()
                model = construct.build(lambda c=candidate, m=module: c.make(m), construction)  # type: ignore[misc]
            except Unavailable as error:
                unavailable = unavailable or error
                continue
            except NotAModel:
                raise
            except ArgumentsMissing:
                continue
            except BaseException as error:  # the file may raise anything
                if candidate.guessed and not self._inside_user_code(error):
                    continue
                return self._rebuild(target, candidate)
            return self._finish(target, candidate, construction, module, model)
        if unavailable is not None:
            self._unavailable(target, unavailable)
        else:
            self._missing_arguments(target)
        return None

    def _candidates(self, target: Target) -> Iterator[Candidate]:
        last = target.name.rpartition(".")[2]
        for text in self.job.models:
            if text.partition("(")[0].strip() == target.name:
                expression = Expression(text, "", _names_in(text), target.span)
                yield Candidate(text, _evaluation(expression))
        for item in target.constructions:
            guessed = item.source != "comment" and target.kind != "variable"
            yield Candidate(item.expression.text, _evaluation(item.expression), guessed)
        if target.kind == "variable":
            return
        yield Candidate(f"{last}()", lambda m: self._with_defaults(m, target))
        yield Candidate(f"{last}(…)", lambda m: self._with_conventions(m, target), guessed=True)

    def _with_defaults(self, module: SlicedModule, target: Target) -> Any:
        value = self._definition(module, target)
        if _required(value):
            raise ArgumentsMissing
        return value()

    def _with_conventions(self, module: SlicedModule, target: Target) -> Any:
        value = self._definition(module, target)
        given = {}
        for name in _required(value):
            if name not in CONVENTIONAL_ARGUMENTS:
                raise ArgumentsMissing
            given[name] = CONVENTIONAL_ARGUMENTS[name]
        if target.evidence.class_counts:
            counts = target.evidence.class_counts[0].count
            given = {name: counts if "class" in name else item for name, item in given.items()}
        written = ", ".join(f"{name}={item!r}" for name, item in given.items())
        built = f"{target.name}({written})"
        note = f"{target.name} was built as {built}: conventional values, since nothing supplies them"
        if note not in self.notes:
            self.notes.append(note)
        return value(**given)

    def _definition(self, module: SlicedModule, target: Target) -> Any:
        value = module.get(target.name)
        if isinstance(value, type) and not issubclass(value, nn.Module):
            raise NotAModel
        if not callable(value):
            raise NotAModel
        return value

    def _finish(
        self,
        target: Target,
        candidate: Candidate,
        construction: Construction,
        module: SlicedModule,
        model: Any,
    ) -> Built:
        if not isinstance(model, nn.Module):
            raise NotAModel
        construct.move_to_meta(model)
        return Built(model, candidate, construction, module)

    def _rebuild(self, target: Target, candidate: Candidate) -> Built | None:
        """A second try for a constructor that raised: layers that refuse are repaired, statements that
        raise are skipped, and each is noted."""
        construction = Construction(self.files, recovering=True)
        failures: list[Problem] = []

        def failed(reason: BaseException, module: Any, names: tuple[str, ...]) -> None:
            failures.append(self._not_built(target, reason))
            stand_in(module, names)

        try:
            module = self._load(recovering=True)
            module.namespace[FAILED] = failed
            model = construct.build(lambda: candidate.make(module), construction)
        except Unavailable as missing:
            self._unavailable(target, missing)
            return None
        except BaseException as again:
            self.problems.extend(failures or [self._not_built(target, again)])
            return None
        self.problems.extend(failures)
        return self._finish(target, candidate, construction, module, model)

    def _inside_user_code(self, error: BaseException) -> bool:
        """Whether an exception came from inside the user's constructor or factory, and not from
        evaluating its call."""
        traceback = error.__traceback__
        while traceback is not None:
            code = traceback.tb_frame.f_code
            if code.co_filename in self.files and code.co_name != "<module>":
                return True
            traceback = traceback.tb_next
        return False

    # -- problems

    def _problem(
        self, reason: str, message: str, target: Target, built: Built | None = None, **more: Any
    ) -> None:
        self.problems.append(Problem(reason, message, target.span, model=target.name, **more))

    def _not_built(self, target: Target, error: BaseException) -> Problem:
        calls = self.files.traceback_calls(error.__traceback__)
        words = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
        related = tuple(("called from here", span) for span in calls[1:])
        return Problem(
            "model-not-built",
            f"the constructor of {target.name} raises {words}",
            calls[0] if calls else target.span,
            model=target.name,
            related=related,
        )

    def _unavailable(self, target: Target, error: Unavailable) -> None:
        failure = error.failure
        names = ", ".join(failure.names)
        cause = f"{type(failure.error).__name__}: {str(failure.error).partition(chr(10))[0]}"
        if failure.missing is not None:
            problem = Problem(
                "import-failed",
                f"{target.name} needs the package {failure.missing!r}, which cannot be imported ({cause})",
                failure.span,
                help=f"install {failure.missing} in the environment that cnnlint runs in",
                model=target.name,
            )
        else:
            problem = Problem(
                "import-failed",
                f"{target.name} needs {names}, whose definition raises {cause}",
                failure.span,
                model=target.name,
            )
        if problem not in self.problems:
            self.problems.append(problem)

    def _missing_arguments(self, target: Target) -> None:
        try:
            required = _required(self._definition(self._load(), target))
        except Unavailable as error:
            self._unavailable(target, error)
            return
        except AttributeError:
            required = []
        names = ", ".join(required)
        call = f"{target.name}({', '.join(f'{name}=…' for name in required)})"
        self._problem(
            "missing-arguments",
            f"{target.name} needs {names or 'arguments'}, and nothing in the file supplies "
            f"{'them' if len(required) != 1 else 'it'}",
            target,
            help=f"add the comment `# cnnlint: model={call}` above it, or give --model '{call}'",
        )

    # -- tracing

    def _trial(self, built: Built, given: Sequence[Input]) -> tuple[Pass, BaseException | None]:
        """A recovering pass on the meta device in training mode, for solving."""
        tracer = Tracer(self.files, construct.names_of(built.model), recovering=True)
        built.model.train()
        run = tracer.run(built.model, _tensors(given, BATCH, "meta"), [item.name for item in given], "train")
        if isinstance(tracer.error, (DataDependent, TooManyOperations)):
            return run, None
        return run, tracer.error

    def _passes(self, target: Target, built: Built, found: inputs.Found) -> tuple[Pass, ...]:
        runs: list[Pass] = []
        for mode in ("train", "eval"):
            run = self._pass(target, built, found, mode)
            if run is not None and not any(_alike(run, other) for other in runs):
                runs.append(run)
        return tuple(runs)

    def _pass(self, target: Target, built: Built, found: inputs.Found, mode: str) -> Pass | None:
        device = self.job.device
        if device != "meta":
            return self._real_pass(target, built, found, mode, device)
        run, error = self._attempt(built, found.inputs, mode, BATCH)
        if isinstance(error, TooManyOperations) or (
            error is not None and found.batch and not _data_dependent(error)
        ):
            again = found.batch or SMALL_BATCH
            second, second_error = self._attempt(built, found.inputs, mode, again)
            if second_error is None or isinstance(error, TooManyOperations):
                run, error = second, second_error
        if _data_dependent(error):
            return self._real_pass(target, built, found, mode, "cpu", run, error)
        if error is not None:
            run, _ = self._attempt(built, found.inputs, mode, run.batch, recovering=True)
        return run

    def _attempt(
        self, built: Built, given: Sequence[Input], mode: str, batch: int, recovering: bool = False
    ) -> tuple[Pass, BaseException | None]:
        tracer = self._tracer(built, "meta", recovering)
        built.model.train(mode == "train")
        run = tracer.run(built.model, _tensors(given, batch, "meta"), [item.name for item in given], mode)
        self._after(built, tracer)
        return run, tracer.error

    def _real_pass(
        self,
        target: Target,
        built: Built,
        found: inputs.Found,
        mode: str,
        device: str,
        partial: Pass | None = None,
        reason: BaseException | None = None,
    ) -> Pass | None:
        """A pass with real, small tensors: on the device that was asked for, or on cpu for a forward
        that depends on the values of its tensors."""
        try:
            model = built.candidate.make(self._load())
            model.to(device)
        except Exception:
            return partial
        model.train(mode == "train")
        names = construct.names_of(model)
        batch = found.batch or SMALL_BATCH
        run = None
        for recovering in (False, True):
            tracer = Tracer(self.files, names, device, recovering=recovering)
            given = _tensors(found.inputs, batch, device)
            with torch.no_grad():
                run = tracer.run(model, given, [item.name for item in found.inputs], mode)
            if tracer.error is None:
                break
        if reason is not None:
            note = f"the forward of {target.name} depends on values ({reason}), so it was traced on cpu"
            if note not in self.notes:
                self.notes.append(note)
        return run

    def _tracer(self, built: Built, device: str, recovering: bool) -> Tracer:
        return Tracer(self.files, construct.names_of(built.model), device, recovering, self.job.verify)

    def _after(self, built: Built, tracer: Tracer) -> None:
        for mismatch in tracer.mismatches:
            note = f"verify: {mismatch}"
            if note not in self.notes:
                self.notes.append(note)

    # -- describing

    def _describe(
        self, target: Target, built: Built, given: tuple[Input, ...], passes: tuple[Pass, ...]
    ) -> Model:
        names = construct.names_of(built.model)
        called: dict[str | None, int] = {}
        for run in passes:
            for operation in run.operations:
                path = operation.layer
                while path is not None:
                    called[path] = called.get(path, 0) + 1
                    path = path.rpartition(".")[0] or None
        layers = []
        parameters = []
        for path, module, registered in construct.named_modules(built.model):
            layers.append(self._layer(path, module, built, called.get(path or None, 0)))
            for table, buffer in ((module._parameters, False), (module._buffers, True)):
                for name, tensor in table.items():
                    if tensor is None or names.tensors[id(tensor)][1] != (f"{path}.{name}" if path else name):
                        continue
                    parameters.append(
                        Parameter(
                            f"{path}.{name}" if path else name,
                            () if construct._uninitialised(tensor) else tuple(tensor.shape),
                            DTYPES[tensor.dtype],
                            tensor.requires_grad,
                            buffer,
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
            notes=tuple(self.notes),
        )

    def _layer(self, path: str, module: nn.Module, built: Built, called: int) -> Layer:
        kind = _torch_type(module)
        arguments = {}
        for name in layer_arguments.INTERFACE.get(kind, ()):
            value = getattr(module, name, None)
            if isinstance(value, torch.Tensor):
                value = True
            if isinstance(value, (bool, int, float, str, tuple)):
                arguments[name] = value
        fault = built.construction.faults.get(id(module))
        if fault is None and kind in layer_arguments.INTERFACE:
            refusals = layer_arguments.check(kind, arguments)
            if refusals:
                first = refusals[0]
                fault = construct.Fault(
                    first.reason, first.message, first.argument, first.expected, first.actual
                )
        return Layer(
            path=path,
            type=kind,
            class_name=type(module).__name__,
            arguments=arguments,
            sites=self._call_sites(built.construction.sites(module), module),
            parameters=tuple(f"{path}.{name}" if path else name for name in module._parameters),
            fault=fault,
            called=called,
        )

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
                signature = _parameters_of(called) if called else _constructor_parameters(type(module))
                yield calls.site(call, code.co_name, signature)
            called = code

    def _calls_of(self, path: str) -> Calls:
        if path not in self._calls:
            self._calls[path] = Calls(self.files.file(path))
        return self._calls[path]


def _evaluation(expression: Expression) -> Callable[[SlicedModule], Any]:
    return lambda module: module.evaluate(expression)


def _constructor_parameters(layer_class: type) -> list[str]:
    try:
        return list(inspect.signature(layer_class).parameters)
    except (TypeError, ValueError):
        return []


def _parameters_of(code: types.CodeType) -> list[str]:
    names = list(code.co_varnames[: code.co_argcount])
    return names[1:] if names and names[0] in ("self", "cls") else names


def _torch_type(module: nn.Module) -> str:
    """The torch.nn class that a module is or descends from, else its own class's name."""
    for base in type(module).__mro__:
        if base.__module__.startswith("torch.nn.modules") and base is not nn.Module:
            return base.__name__
    return type(module).__name__


def _required(value: Any) -> list[str]:
    """The parameters that a call of a class or function must give."""
    try:
        parameters = inspect.signature(value).parameters.values()
    except (TypeError, ValueError):
        return []
    return [
        parameter.name
        for parameter in parameters
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]


def _names_in(text: str) -> frozenset[str]:
    return frozenset(node.id for node in ast.walk(ast.parse(text, mode="eval")) if isinstance(node, ast.Name))


def _tensors(given: Sequence[Input], batch: int, device: str) -> list[torch.Tensor]:
    """A dummy batch: no memory on meta, small real numbers elsewhere."""
    made = []
    for item in given:
        shape = (batch, *item.shape)
        dtype = DTYPES_BY_NAME[item.dtype]
        if device == "meta":
            made.append(torch.empty(shape, dtype=dtype, device="meta"))
        elif dtype.is_floating_point:
            made.append(torch.rand(shape, device=device).to(dtype))
        else:
            made.append(torch.zeros(shape, dtype=dtype, device=device))
    return made


def _data_dependent(error: BaseException | None) -> bool:
    return isinstance(error, DataDependent)


def _alike(run: Pass, other: Pass) -> bool:
    """Whether two passes applied the same operators to the same shapes, but for the training flag."""
    if len(run.operations) != len(other.operations) or len(run.tensors) != len(other.tensors):
        return False
    for one, two in zip(run.operations, other.operations, strict=True):
        if (one.kind, one.name, one.layer, one.outputs, one.operands) != (
            two.kind,
            two.name,
            two.layer,
            two.outputs,
            two.operands,
        ):
            return False
        if one.kind == "dropout" and one.attributes.get("training") == two.attributes.get("training"):
            return False
    return all(one.shape == two.shape for one, two in zip(run.tensors, other.tensors, strict=True))


def prepare() -> None:
    """Compute once, before forking, what every session needs."""
    construct._layer_classes()
