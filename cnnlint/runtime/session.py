"""One file from text to traces: load its slice, build each model, find its input, run its forward."""

from __future__ import annotations

import ast
import itertools
import re
import time
import traceback
from collections.abc import Callable, Container, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from cnnlint import standin
from cnnlint.evidence import configured, reading, solving, variation, weighing
from cnnlint.evidence.facts import Target
from cnnlint.evidence.probing import probed
from cnnlint.evidence.survey import survey
from cnnlint.evidence.unpacking import axis_names
from cnnlint.graph import Trace, in_batches
from cnnlint.job import STAND_IN, TORCH, Job, own_fault
from cnnlint.runtime import construct
from cnnlint.runtime.builder import Builder, Built
from cnnlint.runtime.candidates import NotAModel
from cnnlint.runtime.construct import Construction
from cnnlint.runtime.describe import Describer
from cnnlint.runtime.errors import first_line, is_out_of_memory, said
from cnnlint.runtime.frames import UserFiles
from cnnlint.runtime.functions import DTYPES_BY_NAME
from cnnlint.runtime.guard import Guard
from cnnlint.runtime.loader import Failure
from cnnlint.runtime.tracer import DataDependent, ModelNames, TooManyOperations, Tracer
from cnnlint.source.expressions import Expression
from cnnlint.source.file import SourceFile
from cnnlint.source.redefined import versions
from cnnlint.traces import Cost, Degree, Fault, FileTrace, Input, Model, Operation, Pass, Problem, Variant

BATCH = 103 * 840
"""Samples in a batch on the meta device: a number that no layer has, so that the batch is recognised
wherever it goes, and that models which split the batch can divide (a prime × 840)."""

PROBING = 0.25
"""The part of a model's time in which attempts at other sizes or with other arguments may be made."""

CHANCES = 7
"""Further passes of a forward that draws random numbers, for the layers that it calls by chance."""

SMALL_BATCH = 2
"""Samples in a batch on a real device, and for models that loop over their batch."""


def trace_file(job: Job, scratch: str, progress: Callable[[FileTrace], None]) -> FileTrace:
    """The trace of one file. Raises nothing that the file's own code does.

    Args:
        scratch: the folder that the file's code may write into.
        progress: is given what is there after each model.
    """
    (file, _), *earlier = versions(SourceFile(job.filename, job.text, job.cells))
    whole = Session(replace(job, text=file.text), scratch)
    trace = whole.run(progress)
    for version, rows in earlier:
        if rows:
            session = Session(replace(job, text=version.text), scratch, guard=whole.guard)
            trace = _joined_traces(trace, session.run(lambda _: progress(trace), rows))  # noqa: B023
    return trace


def _joined_traces(one: FileTrace, other: FileTrace) -> FileTrace:
    """What two versions of a file have given (see `cnnlint.source.redefined`)."""
    models = sorted((*one.models, *other.models), key=lambda model: model.span.row)
    problems = dict.fromkeys((*one.problems, *other.problems))
    return replace(one, models=tuple(models), problems=tuple(problems), crash=one.crash or other.crash)


class Session:
    """The state of one file's run."""

    def __init__(self, job: Job, scratch: str, files: UserFiles | None = None, guard: Guard | None = None):
        self.job = job
        self.scratch = scratch
        self.crash: str | None = None
        self.file = SourceFile(job.filename, job.text, job.cells)
        self.files = files or UserFiles()
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self._why_ended = ""
        self._lacking: Failure | None = None  # what the forward of the model asked for, and is not here
        self._mode_matters = True  # as far as the last attempt tells
        self._ran_for_real = False  # for this model, since its forward asks for values
        self._draws = False  # whether its forward draws random numbers
        self._builder = Builder(job, self.file, self.files)
        self._describer = Describer(self.files)
        self.guard = guard
        self._too_large: set[int] = set()  # models that do something for each sample of the batch

    def run(self, progress: Callable[[FileTrace], None], rows: Container[int] | None = None) -> FileTrace:
        """The trace of the file; with `rows` of the models there only."""
        targets = self._targets(rows)
        if not self.job.allow_effects and self.guard is None:
            self.guard = Guard(self.files, self.scratch)
            self.guard.install()
        self._builder.guard = self.guard
        models: list[Model] = []
        engine = STAND_IN if standin.installed() else TORCH
        for target in itertools.chain(targets, self._builder.parts(targets)):
            if self.guard:
                self.guard.model = target.name
            try:
                models.append(replace(self._model(target), engine=engine, needed=self.job.needed))
            except NotAModel:
                pass
            except standin.NeedsTorch as needed:
                if not self.job.alone:
                    raise
                self.problems.append(_needs_torch(target, needed))
            except Exception as error:  # our own fault costs this model only
                self.crash = self.crash or traceback.format_exc()
                self.problems.append(own_fault(said(error), target.span, target.name))
            progress(self._so_far(models))
        self._builder.leave_out_parts(targets, {model.name for model in models})
        return self._so_far(models)

    def _targets(self, rows: Container[int] | None) -> Sequence[Target]:
        """The models of the file, by its text and by the configuration; with `rows` those there."""
        found = survey(self.file, self.job.asked_for())
        self.problems.extend(item for item in found.problems if rows is None or item.span.row in rows)
        targets = [item for item in found.targets if rows is None or item.span.row in rows]
        return configured.complete(targets, self.job.configured)

    def _so_far(self, models: list[Model]) -> FileTrace:
        effects = self.guard.effects if self.guard else []
        return FileTrace(
            self.job.filename, tuple(models), (*self.problems, *self._builder.problems, *effects), self.crash
        )

    def _model(self, target: Target) -> Model:
        began = time.monotonic()
        built = self._builder.build(target)
        if built is None:
            raise NotAModel
        self.notes = list(built.notes)
        self._ran_for_real = self._draws = False
        self._lacking = None
        try:
            found = self._found(target, built)
        except reading.InputUnknown as error:
            self._input_unknown(target, str(error), len(reading.forward_parameters(built.model)))
            return self._describer.describe(target, built, (), (), self.notes)
        self.notes.extend(found.notes)
        for doubt in found.doubts:
            self._input_unknown(target, doubt, len(found.inputs))
        passes = self._passes(target, built, found)
        passes, varied = self._with_other_arguments(target, built, found, passes, time.monotonic() - began)
        passes = self._without_consequences(target, built, found, passes)
        if self._lacking:
            self._builder.lacks(target, self._lacking)
        self._note_ends(target, passes)
        chances = self._other_chances(built, found, passes)
        model = self._describer.describe(target, built, found.inputs, passes, self.notes, chances)
        taken = time.monotonic() - began
        sizes = self._with_other_sizes(built, found, passes) if taken < self.job.timeout * PROBING else ()
        if not sizes:
            model = replace(model, passes=self._without_unproven(target, found, model.passes))
        model = replace(model, variants=(*varied, *sizes))
        return self._probed(model, built) if self.job.sizes else model

    def _found(self, target: Target, built: Built) -> reading.Found:
        """The inputs of a model. Raises InputUnknown."""
        effects = list(self.guard.effects) if self.guard else []
        found = weighing.find(
            target,
            built.model,
            self.job.inputs,
            lambda expression: self._evaluate(built, expression),
            lambda given: self._trial(built, given),
            self._builder.project,
            self._axes(built),
            self.job.timeout * PROBING,
        )
        if self.guard:  # to look for inputs was our idea, and what forward does comes again
            self.guard.effects = effects
        return found

    def _axes(self, built: Built) -> dict[str, tuple[str, ...]]:
        """The axes of the inputs that the text of forward unpacks."""
        code = getattr(getattr(built.model.forward, "__func__", None), "__code__", None)
        if code is None or code.co_filename not in self.files:
            return {}
        row = self.files.position(code, 0)[0]
        for node in ast.walk(self.files.file(code.co_filename).tree):
            if isinstance(node, ast.FunctionDef) and node.name == "forward" and node.lineno == row:
                return axis_names(node)
        return {}

    def _probed(self, model: Model, built: Built) -> Model:
        run = next((run for run in model.passes if run.complete), None)
        if run is None:
            return model

        def attempt(given: Sequence[Input], recovering: bool) -> tuple[Pass, str | None]:
            again, error = self._attempt(built, given, run.mode, run.batch, recovering)
            return again, None if error is None else first_line(error) or type(error).__name__

        return probed(model, attempt, self.job.timeout * PROBING)

    def _note_ends(self, target: Target, passes: Sequence[Pass]) -> None:
        """A problem for a model none of whose passes ran to its end, where no fault tells why."""
        problems = (*self.problems, *self._builder.problems)
        told = any(problem.model == target.name for problem in problems)
        if told or not passes or any(run.complete for run in passes):
            return
        if any(operation.fault for run in passes for operation in run.operations):
            return
        if self.guard and any(effect.model == target.name for effect in self.guard.effects):
            return
        last = passes[0].operations[-1].calls if passes[0].operations else ()
        self.problems.append(
            Problem(
                "trace-incomplete",
                f"the forward of {target.name} could not be followed to its end: {self._why_ended}",
                last[0] if last else target.span,
                help="what was seen up to there is linted",
                model=target.name,
            )
        )

    def _with_other_arguments(
        self, target: Target, built: Built, found: reading.Found, passes: tuple[Pass, ...], taken: float
    ) -> tuple[tuple[Pass, ...], tuple[Variant, ...]]:
        """Passes without the faults that hang on arguments which were made up, and the model with other
        values for these. To find out takes about as long as the passes have `taken`, in seconds."""
        made_up = [item.name for item in built.candidate.arguments() if item.degree is Degree.ASSUMED]
        if not made_up or taken > self.job.timeout * PROBING:
            return passes, ()
        sure = all(item.degree.sure for item in found.inputs)
        variants = []
        for varied in self._builder.varied(built):
            given = found.inputs if sure else self._found(target, varied).inputs
            others = [self._on_meta(varied, given, run.mode, run.batch, recovering=True)[0] for run in passes]
            hanging = [variation.hanging(run, other) for run, other in zip(passes, others, strict=True)]
            for changed in hanging:
                if changed and (fault := changed[0].fault):
                    self._builder.made_up(target, fault.exception or fault.message)
            passes = tuple(
                variation.without_faults(run, {item.index for item in changed})
                for run, changed in zip(passes, hanging, strict=True)
            )
            variants.append(Variant(tuple(made_up), given, tuple(others)))
        comparable = [
            variant
            for variant in variants
            if all(
                variation.wrong(other) <= variation.wrong(run)
                for other, run in zip(variant.passes, passes, strict=True)
            )
        ]
        return passes, tuple(comparable)

    def _with_other_sizes(
        self, built: Built, found: reading.Found, passes: Sequence[Pass]
    ) -> tuple[Variant, ...]:
        """The model with other values for the sizes of its inputs that are only assumed; () where nothing is,
        where it takes no others, or where a pass would have to run for real."""
        if self.job.device != "meta" or self._ran_for_real:
            return ()
        problems, notes, why = list(self.problems), list(self.notes), self._why_ended
        effects = list(self.guard.effects) if self.guard else []

        def retrace(given: Sequence[Input], like: Pass) -> Pass | None:
            faulty = any(operation.fault for operation in like.operations)
            run, error = self._attempt(built, given, like.mode, like.batch, recovering=faulty)
            return run if error is None else None

        variants = tuple(variation.of_sizes(found.inputs, passes, retrace))
        self.problems, self.notes, self._why_ended = problems, notes, why  # to vary them was our idea
        if self.guard:
            self.guard.effects = effects
        return variants

    def _other_chances(self, built: Built, found: reading.Found, passes: Sequence[Pass]) -> list[Pass]:
        """What the forward does with other random numbers, where it draws some."""
        if not self._draws or not passes:
            return []
        first = passes[0]
        seeds = range(1, 1 + CHANCES)
        return [
            self._on_meta(built, found.inputs, first.mode, first.batch, True, seed=seed)[0] for seed in seeds
        ]

    def _without_unproven(
        self, target: Target, found: reading.Found, passes: tuple[Pass, ...]
    ) -> tuple[Pass, ...]:
        """Passes without the faults of a model of which sizes are only assumed, and that was not traced with
        others."""
        assumed = any(
            item.axis(at) is Degree.ASSUMED for item in found.inputs for at in range(len(item.shape))
        )
        kept = []
        for run in passes:
            faulty = next((item for item in run.operations if item.fault), None) if assumed else None
            kept.append(self._cut(target, found, run, faulty) if faulty else run)
        return tuple(kept)

    def _cut(self, target: Target, found: reading.Found, run: Pass, operation: Operation) -> Pass:
        """What of a pass comes before a fault that rests on a guess, which is told."""
        shapes = ", ".join(
            f"{item.name}: {'×'.join(map(str, item.shape)) or 'scalar'}" for item in found.inputs
        )
        fault = operation.fault
        said = (fault.exception or fault.message) if fault else ""
        self._input_unknown(
            target,
            f"nothing says what {target.name} takes, and with {shapes} it raises {said}",
            len(found.inputs),
        )
        return _up_to(run, operation)

    def _without_consequences(
        self, target: Target, built: Built, found: reading.Found, passes: tuple[Pass, ...]
    ) -> tuple[Pass, ...]:
        """Passes without the exceptions that an input which nobody stated may itself have caused. A part of a
        model in another file is left to that."""
        if all(item.degree.sure and item.size_degree.sure for item in found.inputs):
            return passes
        kept = []
        for run in passes:
            trace = Trace(solving.bare_model(run), run)
            raised = [item for item in trace.faults() if _rests_on_a_guess(trace, item, built, found.inputs)]
            if raised and target.kind == "class" and self._is_part(target, built):
                raise NotAModel
            kept.append(self._cut(target, found, run, raised[0]) if raised else run)
        return tuple(kept)

    def _is_part(self, target: Target, built: Built) -> bool:
        """Whether a class is a part of a model in another file; an installed package has them for that."""
        return built.module.installed or self._builder.project.have_part(self.file, target.name)

    def _input_unknown(self, target: Target, message: str, count: int) -> None:
        """Notes that the `count` inputs of a model are not known."""
        each = (
            "the shape of its input"
            if count == 1
            else f"the shapes of its {count} inputs, with commas between"
        )
        problem = Problem(
            "input-unknown",
            message,
            target.span,
            help=f"write {each} into a comment above it, per sample and without the batch "
            "(`# cnnlint: input=3x224x224` for a colour image, `64:int64` for 64 token ids), or give --input",
            model=target.name,
        )
        if problem not in self.problems:
            self.problems.append(problem)

    def _evaluate(self, built: Built, expression: Expression) -> Any:
        return construct.build(lambda: built.module.evaluate(expression), Construction(self.files))

    # -- tracing

    def _trial(self, built: Built, given: Sequence[Input]) -> tuple[Pass, BaseException | None]:
        """A recovering pass on the meta device in training mode, for solving."""
        batch = SMALL_BATCH if id(built.model) in self._too_large else BATCH
        run, tracer = self._on_meta(built, given, "train", batch, recovering=True)
        too_large = isinstance(tracer.error, TooManyOperations) or is_out_of_memory(tracer.error)
        if too_large and batch == BATCH:
            self._too_large.add(id(built.model))
            return self._trial(built, given)
        if isinstance(tracer.error, (DataDependent, TooManyOperations)):
            return run, None
        return run, tracer.error

    def _passes(self, target: Target, built: Built, found: reading.Found) -> tuple[Pass, ...]:
        runs: list[Pass] = []
        for mode in ("train", "eval"):
            run = self._pass(target, built, found, mode)
            if run is not None and not any(_alike(run, other) for other in runs):
                runs.append(run)
            if run is not None and run.complete and not (self._mode_matters or _switches(built.model)):
                break  # a pass in the other mode would be alike
        if built.broken:
            return tuple(_without_exceptions(run) for run in runs)
        return tuple(self._without_demands(target, run, runs) for run in runs)

    def _without_demands(self, target: Target, run: Pass, runs: Sequence[Pass]) -> Pass:
        """A training pass without the exception by which a model asks for more than its input (targets,
        for a detector), where it runs in evaluation."""
        last = run.operations[-1] if run.operations else None
        if run.complete or last is None or last.kind != "raise" or last.layer is not None:
            return run
        if not any(other.complete for other in runs):
            return run
        said = last.fault.exception if last.fault else ""
        mode = {"train": "training", "eval": "evaluation"}[run.mode]
        self.notes.append(f"the forward of {target.name} was not followed in {mode} mode: it raises {said}")
        return replace(run, operations=run.operations[:-1])

    def _pass(self, target: Target, built: Built, found: reading.Found, mode: str) -> Pass | None:
        device = self.job.device
        if device != "meta":
            return self._real_pass(target, built, found, mode, device)
        whole = SMALL_BATCH if id(built.model) in self._too_large else BATCH
        run, error = self._attempt(built, found.inputs, mode, whole)
        too_large = isinstance(error, TooManyOperations) or is_out_of_memory(error)
        if too_large or (error is not None and found.batch and not _data_dependent(error)):
            again = found.batch or SMALL_BATCH
            second, second_error = self._attempt(built, found.inputs, mode, again)
            if second_error is None or too_large:
                run, error = second, second_error
        if _data_dependent(error):
            return self._real_pass(target, built, found, mode, "cpu", run, error)
        if error is not None:
            run, _ = self._attempt(built, found.inputs, mode, run.batch, recovering=True)
        return run

    def _attempt(
        self, built: Built, given: Sequence[Input], mode: str, batch: int, recovering: bool = False
    ) -> tuple[Pass, BaseException | None]:
        run, tracer = self._on_meta(built, given, mode, batch, recovering, self.job.verify)
        self._note_mismatches(tracer)
        self._lacking = self._lacking or tracer.lacking
        self._why_ended = in_batches(_why(tracer.error), batch)
        if tracer.no_gpu is not None:
            self._why_ended = f"there is no GPU here ({said(tracer.no_gpu)})"
        self._mode_matters = tracer.mode_matters
        self._draws |= tracer.draws
        return run, tracer.error

    def _on_meta(
        self,
        built: Built,
        given: Sequence[Input],
        mode: str,
        batch: int,
        recovering: bool,
        verify: bool = False,
        seed: int = 0,
    ) -> tuple[Pass, Tracer]:
        """A pass that sizes only, and what made it."""
        names = construct.names_of(built.model)
        tracer = Tracer(self.files, names, recovering=recovering, verify=verify)
        _set_mode(built.model, mode == "train")
        inputs = [item.name for item in given]
        keywords = reading.keyword_only(built.model)
        run = tracer.run(built.model, _tensors(given, batch, "meta"), inputs, mode, keywords, seed)
        return run, tracer

    def _real_pass(
        self,
        target: Target,
        built: Built,
        found: reading.Found,
        mode: str,
        device: str,
        partial: Pass | None = None,
        reason: BaseException | None = None,
    ) -> Pass | None:
        """A pass with real, small tensors: on the device that was asked for, or on cpu for a forward
        that depends on the values of its tensors."""
        if standin.installed():
            raise standin.NeedsTorch(f"the values of its tensors ({reason})")
        try:
            model = built.candidate.make(self._builder.load_again())
            model._apply(lambda tensor: tensor.to(device))
        except Exception:
            if partial is not None:
                return partial
            note = f"{target.name} cannot be built on {device} as it is, so only its sizes were computed"
            self._note(note)
            return self._attempt(built, found.inputs, mode, BATCH, recovering=True)[0]
        _set_mode(model, mode == "train")
        self._why_ended = _why(reason)
        self._mode_matters = self._ran_for_real = True
        names = construct.names_of(model)
        batch = found.batch or SMALL_BATCH
        run = None
        for recovering in (False, True):
            tracer = Tracer(self.files, names, device, recovering=recovering)
            given = _tensors(found.inputs, batch, device)
            with torch.no_grad():
                run = tracer.run(
                    model, given, [item.name for item in found.inputs], mode, reading.keyword_only(model)
                )
            if tracer.error is None:
                break
            self._why_ended = in_batches(_why(tracer.error), batch)
        if reason is not None:
            note = f"the forward of {target.name} depends on values ({reason}), so it was traced on cpu"
            self._note(note)
        elif run is not None and run.complete:
            run = self._measured(run, model, names, given, [item.name for item in found.inputs], device)
        return run

    def _measured(
        self,
        run: Pass,
        model: nn.Module,
        names: ModelNames,
        given: Sequence[torch.Tensor],
        input_names: Sequence[str],
        device: str,
    ) -> Pass:
        """The pass with what each operator takes. The pass itself has warmed everything up."""
        from cnnlint.runtime.meter import Meter

        operations = run.operations
        for memory in (False, True) if device == "cpu" else (False,):
            with torch.no_grad(), Meter(device, memory) as meter:
                again = Tracer(self.files, names, device, meter=meter).run(
                    model, given, input_names, run.mode, reading.keyword_only(model)
                )
            if [item.name for item in again.operations] != [item.name for item in operations]:
                return run  # it does not do the same each time
            operations = tuple(
                replace(item, cost=_joined(item.cost, meter.cost(item.index))) for item in operations
            )
        return replace(run, operations=operations)

    def _note(self, note: str) -> None:
        """Remark something of the model in the report, once."""
        if note not in self.notes:
            self.notes.append(note)

    def _note_mismatches(self, tracer: Tracer) -> None:
        for mismatch in tracer.mismatches:
            self._note(f"verify: {mismatch}")


def _needs_torch(target: Target, needed: BaseException) -> Problem:
    """A model that only torch can trace, where it is not installed."""
    return Problem(
        "trace-incomplete",
        f"{target.name} needs torch, which is not installed: {needed}",
        target.span,
        help="install torch in the environment that cnnlint runs in",
        model=target.name,
    )


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


def _set_mode(model: nn.Module, training: bool) -> None:
    """`model.train(training)`, also for a model that gives its own `train` another meaning."""
    try:
        model.train(training)
    except Exception:
        for module in construct.all_modules(model):
            module.training = training


def _switches(model: nn.Module) -> bool:
    """Whether a module may do more than to note its mode when it is told it."""
    return any(
        type(module).train is not nn.Module.train or hasattr(type(module), "training")
        for module in construct.all_modules(model)
    )


def _up_to(run: Pass, operation: Operation) -> Pass:
    """What of a pass comes before one of its operations."""
    return replace(run, operations=run.operations[: operation.index], outputs=(), complete=False)


def _without_exceptions(run: Pass) -> Pass:
    """A pass without the exceptions of the model's own code, which a half-built model causes."""
    kept = tuple(operation for operation in run.operations if operation.kind != "raise")
    return run if len(kept) == len(run.operations) else replace(run, operations=kept, complete=False)


def _why(error: BaseException | None) -> str:
    """Why a forward ended, in words."""
    if isinstance(error, DataDependent):
        return f"{error} asks for the values of a tensor"
    if isinstance(error, TooManyOperations):
        return "it applies too many operators"
    return "" if error is None else said(error)


def _rests_on_a_guess(trace: Trace, operation: Operation, built: Built, given: Sequence[Input]) -> bool:
    """Whether a fault may be there for the input's sake only, which nobody stated."""
    if _doubtful(given):
        return not _independent(trace, operation)
    fault = operation.fault
    return fault is not None and fault.reason == "failed" and not _is_of_names(fault, built)


def _is_of_names(fault: Fault, built: Built) -> bool:
    """Whether an exception speaks of names of the model's own code, whatever comes in."""
    said = fault.exception or ""
    if said.startswith(("NameError", "UnboundLocalError", "NotImplementedError")):
        return True
    owners = {type(module).__name__ for module in construct.all_modules(built.model)}
    named = re.match(r"(?:AttributeError: '(\w+)' object|TypeError: (\w+)\.forward\(\))", said)
    return named is not None and bool(owners.intersection(named.groups()))


def _doubtful(given: Sequence[Input]) -> bool:
    """Whether inputs rest on nothing; of several, guesses at one are guesses at how they go together."""
    return any(item.reason == solving.ASSUMED for item in given) or (
        len(given) > 1 and any(item.source in ("assumed", "solved") for item in given)
    )


def _independent(trace: Trace, operation: Operation) -> bool:
    """Whether a fault is one whatever the input is: a layer with weights made what it refuses, and of
    several inputs nothing else was joined with it."""
    refused = trace.main_input(operation)
    layer = trace.weighted_source(refused)
    if layer is None or operation.fault is None:
        return False
    if any(trace.tensor(id).origin == "input" for id in operation.inputs()):
        return False  # an index, a mask
    if len(trace.run.inputs) > 1:
        between = itertools.takewhile(lambda step: step is not layer, trace.upstream(refused))
        if any(step.kind not in ("activation", "dropout", "norm") for step in between):
            return False
    return operation.fault.reason not in ("collapse", "failed", "merge", "rank", "reshape")


def _joined(known: Cost | None, further: Cost) -> Cost:
    if known is None:
        return further
    return Cost(
        known.seconds if further.seconds is None else further.seconds,
        known.peak_bytes if further.peak_bytes is None else further.peak_bytes,
    )


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
    torch.distributions.Distribution.set_default_validate_args(
        False
    )  # the numbers of a dummy input say nothing
    construct.layer_classes()
