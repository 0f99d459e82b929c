"""Building the targets of one file: candidate by candidate, and again with repairs where one raises."""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import importlib.util
import itertools
import os
import re
import sys
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch
from torch import nn

from cnnlint.diagnostic import Span
from cnnlint.evidence.facts import Target
from cnnlint.evidence.project import Project
from cnnlint.evidence.settings import Setting, chosen, sources
from cnnlint.job import Job
from cnnlint.runtime import construct, conventional, samples
from cnnlint.runtime.candidates import Candidate, NotAModel, candidates, definition, partly, required
from cnnlint.runtime.construct import Construction
from cnnlint.runtime.elsewhere import OtherModules
from cnnlint.runtime.errors import (
    hand_over,
    is_ours,
    is_refusal,
    lacks_gpu,
    raised_in,
    require_torch,
    said,
    words,
)
from cnnlint.runtime.frames import UserFiles
from cnnlint.runtime.guard import Guard
from cnnlint.runtime.lacking import leaves_open
from cnnlint.runtime.loader import (
    ArgumentsMissing,
    Failure,
    NotDefined,
    Placeholder,
    ProjectFinder,
    SlicedModule,
    Unavailable,
    Unusable,
    load,
)
from cnnlint.runtime.recovery import FAILED, stand_in
from cnnlint.source.casts import cast
from cnnlint.source.file import SourceFile
from cnnlint.source.names import Imports
from cnnlint.traces import CallSite, Problem


@dataclass
class Built:
    """A model that was built, with what is needed to describe it. A `broken` one lacks what statements
    of its constructor that raised would have made. `written` are the calls that construct its layers, by
    their identity, as far as only the text tells them."""

    model: nn.Module
    candidate: Candidate
    construction: Construction
    module: SlicedModule
    notes: tuple[str, ...] = ()
    broken: bool = False
    written: Mapping[int, tuple[CallSite, ...]] = field(default_factory=dict)


class Builder:
    """Builds the targets of one file; what kept one from being built is in `problems`.

    Attributes:
        guard: what refuses effects, if anything does.
    """

    def __init__(self, job: Job, file: SourceFile, files: UserFiles):
        self.job = job
        self.file = file
        self.files = files
        self.problems: list[Problem] = []
        self.guard: Guard | None = None
        self._construction = Construction(files)
        self._module: SlicedModule | None = None
        self._built: list[Built] = []
        self._parts: dict[str, Built] = {}
        self._made_up: set[str] = set()  # models that were built, and of which some faults are not told
        self.project = Project(job.path, _display, OtherModules(_display, files).evaluate)

    def load(self) -> SlicedModule:
        """The linted file's module, whose statements run as they are asked for."""
        if self._module is None:
            self._module = self.load_again()
        return self._module

    def load_again(self, recovering: bool = False) -> SlicedModule:
        """The module afresh: with guarded constructors, or for a model with real weights."""
        return load(self.file, self.job.path, self.files, _display, recovering)

    def build(self, target: Target) -> Built | None:
        """The model of a target, or None with the problem noted."""
        if target.name in self._parts:
            return self._parts.pop(target.name)
        unavailable: Unavailable | None = None
        effects = self._effects()
        ways = candidates(
            target, self.job.models, self.files, lambda: self._elsewhere(target), self._settings
        )
        for candidate in itertools.chain(ways, self._configured(target)):
            self._forget_effects(effects)  # to try what came before was our idea
            construction = self._construction
            try:
                module = self.load()
                model = construct.build(lambda c=candidate, m=module: c.make(m), construction)  # type: ignore[misc]
                Placeholder.require(model)
            except Unavailable as error:
                if target.name in error.failure.names and error.failure.missing is None:
                    return self._rebuild(target, candidate)
                unavailable = unavailable or error
                continue
            except NotAModel:
                raise
            except (ArgumentsMissing, NotDefined):
                continue
            except BaseException as error:  # the file may raise anything
                if _is_ours(error):
                    raise
                if (missing := Placeholder.handed_to(error)) is not None:
                    unavailable = unavailable or missing
                    continue
                if candidate.tentative or self._lacks_argument(error):
                    continue
                if candidate.guessed and not self._inside_constructor(target, error):
                    continue
                if candidate.guessed and leaves_open(error, self.files):
                    continue
                if isinstance(error, (RecursionError, MemoryError)):
                    self._not_built(target, [error])
                    return None
                if _is_environment(error, self.files) or self._half_imported():
                    self._not_here(target, error)
                    return None
                return self._rebuild(target, candidate)
            self._tell_failures(target, module)
            built = self._finish(candidate, construction, module, model)
            if (method := cast(self.file.tree, target.name)) is not None:
                getattr(nn.Module, method)(built.model)
            return built
        self._forget_effects(effects)  # what the model lacks for them is told
        if unavailable is not None:
            self._unavailable(target, unavailable)
        elif target.kind != "class" or not self.project.have_part(self.file, target.name):
            self._missing_arguments(target)
        return None

    def varied(self, built: Built) -> Iterator[Built]:
        """The model with other numbers for the arguments that were made up, as far as it can be built so."""
        make = built.candidate.varied
        if make is None or built.broken:
            return
        for change in conventional.CHANGES:
            construction = Construction(self.files)
            try:
                model = construct.build(partial(make, change, built.module), construction)
            except BaseException as error:  # the user's code may raise anything
                if _is_ours(error):
                    raise
                continue
            construct.move_to_meta(model)
            yield replace(built, model=model, construction=construction)

    def made_up(self, target: Target, message: str) -> None:
        """Notes that a fault hangs on arguments that nothing supplies."""
        said = f"nothing supplies all arguments of {target.name}, and with values that are made up {message}"
        self._ask_for_call(target, said, f"{target.name}(…)")
        self._made_up.add(target.name)

    def _ask_for_call(self, target: Target, message: str, call: str) -> None:
        """Notes once what is not known for want of a call such as this one."""
        problem = Problem(
            "missing-arguments",
            message,
            target.span,
            help=f"add the comment `# cnnlint: model={call}` above it, or give --model '{call}'",
            model=target.name,
        )
        if problem not in self.problems:
            self.problems.append(problem)

    def parts(self, targets: Sequence[Target]) -> Iterator[Target]:
        """The targets that lacked arguments, and that a built model holds: they are judged as they are in it
        (the discriminator that a Lightning module builds for its training step)."""
        lacking = {problem.model for problem in self.problems if problem.reason == "missing-arguments"}
        lacking -= self._made_up
        for target in targets:
            if target.kind == "class" and target.name in lacking:
                part = next(filter(None, (_part(target, built) for built in self._built)), None)
                if part is not None:
                    self._parts[target.name] = part
                    self.problems = [item for item in self.problems if item.model != target.name]
                    yield target

    def leave_out_parts(self, targets: Sequence[Target], built: Container[str]) -> None:
        """Take back that classes, or what functions define, lack arguments where the file's factories were
        `built` and something in the file mentions them: these factories are what the file offers, and a class
        that none of them needs is a part for others, or a helper. What nothing mentions is no part."""
        if any(target.kind == "factory" and target.name in built for target in targets):
            classes = {
                target.name
                for target in targets
                if target.definition or (target.kind == "class" and self._is_mentioned(target.name))
            }
            classes -= self._made_up
            self.problems = [
                problem
                for problem in self.problems
                if problem.reason != "missing-arguments" or problem.model not in classes
            ]

    def _is_mentioned(self, name: str) -> bool:
        """Whether the file uses a class of its own anywhere outside of it. An installed package has classes
        for others."""
        return "site-packages" in self.job.path or any(
            isinstance(node, ast.Name) and node.id == name
            for statement in self.file.tree.body
            if getattr(statement, "name", None) != name
            for node in ast.walk(statement)
        )

    def _effects(self) -> list[Problem]:
        return list(self.guard.effects) if self.guard else []

    def _forget_effects(self, kept: list[Problem]) -> None:
        """Take back the effects that came after those that are `kept`."""
        if self.guard:
            self.guard.effects = list(kept)

    def _tell_failures(self, target: Target, module: SlicedModule) -> None:
        """One finding for what a statement of the module could not have: of a model that a variable holds,
        which then lacks what that was for. A class that is built lacks nothing."""
        for failure in itertools.chain(module.failures, *(beside.failures for beside in self._beside())):
            places = self.files.traceback_calls(failure.error.__traceback__)
            told = [item for item in self._effects() if item.span in places]
            if told and is_refusal(failure.error):
                self._forget_effects([item for item in self._effects() if item not in told])
                if target.kind == "variable" and failure in module.failures:
                    self._unavailable(target, Unavailable(failure))

    def _elsewhere(self, target: Target) -> Iterator[Candidate]:
        """How the project's other files construct a target. Where it can be built without arguments, their
        calls are only a better guess."""
        with contextlib.suppress(Unavailable, NotAModel, AttributeError):
            optional = not required(definition(self.load(), target))
            if optional and target.constructions:
                return
            calls = list(self.project.constructions(target.name, whole=optional))
            for construction, evaluate in calls:
                if optional and construction.expression.text.endswith("()"):
                    continue
                note = f"{target.name} was built as {construction.expression.text}, {construction.reason}"
                yield Candidate(
                    construction.expression.text,
                    lambda module, evaluate=evaluate, call=construction.expression: evaluate(call),  # type: ignore[misc]
                    guessed=True,
                    tentative=optional,
                    note=lambda module, note=note: note,  # type: ignore[misc]
                )
            if not optional:
                for construction, evaluate in (*calls, *self.project.unresolved(target.name)):
                    yield partly(target, construction, self._settings, evaluate)

    def _configured(self, target: Target) -> Iterator[Candidate]:
        """A target that takes a configuration as a whole, with those that the project has."""
        if target.kind == "variable" or "site-packages" in self.job.path:
            return
        with contextlib.suppress(Unavailable, NotAModel, AttributeError, ArgumentsMissing):
            function = definition(self.load(), target)
            names = required(function)
            wanted = [name for name in names if name in conventional.CONFIGURATIONS]
            if len(wanted) != 1:
                return
            others = conventional.by_name([name for name in names if name not in wanted], self._settings)
            named = {name: item.value for name, item in others.items()}
            for given in self.project.configurations():
                note = f"{target.name} was built with the project's configuration: {given.where}"
                yield Candidate(
                    f"{target.name}({wanted[0]})",
                    lambda module, value=given.value: hand_over(  # type: ignore[misc]
                        definition(module, target), **{wanted[0]: copy.deepcopy(value)}, **named
                    ),
                    guessed=True,
                    tentative=True,
                    note=lambda module, note=note: note,  # type: ignore[misc]
                )

    def _settings(self, names: list[str]) -> dict[str, Setting]:
        """What the file and the project say of names; an installed package says nothing."""
        if "site-packages" in self.job.path:
            return {}
        return chosen(names, [*sources(self.file), *self.project.settings(names)])

    def _finish(
        self,
        candidate: Candidate,
        construction: Construction,
        module: SlicedModule,
        model: Any,
    ) -> Built:
        if not isinstance(model, nn.Module) or not hasattr(model, "_parameters"):
            raise NotAModel
        construct.move_to_meta(model)
        notes = (*([candidate.note(module)] if candidate.note else ()), *samples.made_up)
        samples.made_up.clear()
        built = Built(model, candidate, construction, module, notes)
        self._built.append(built)
        return built

    def _rebuild(self, target: Target, candidate: Candidate) -> Built | None:
        """A second try for a constructor that raised: layers that refuse are repaired, statements that
        raise are skipped, and each is noted."""
        construction = Construction(self.files, recovering=True)
        skipped: list[BaseException] = []

        def failed(reason: BaseException, module: Any, names: tuple[str, ...]) -> None:
            if (lacked := Placeholder.handed_to(reason)) is not None:
                raise lacked
            lacking = isinstance(reason, (AttributeError, NameError)) or "StandIn" in words(reason)
            if not (skipped and lacking):  # else it is a consequence of what failed before
                skipped.append(reason)
                stand_in(module, names)

        try:
            module = self.load_again(recovering=True)
            module.namespace[FAILED] = failed
            model = construct.build(lambda: candidate.make(module), construction)
            Placeholder.require(model)
        except Unavailable as missing:
            self._unavailable(target, missing)
            return None
        except (NotAModel, ArgumentsMissing):
            return None
        except BaseException as again:
            if _is_ours(again):
                raise
            if (lacked := Placeholder.handed_to(again)) is not None:
                self._unavailable(target, lacked)
                return None
            self._not_built(target, skipped or [again])
            return None
        self._not_built(target, skipped)
        built = self._finish(candidate, construction, module, model)
        return replace(built, broken=bool(skipped))

    def _lacks_argument(self, error: BaseException) -> bool:
        """Whether a constructor needs what only the running program sets: an option that it adds to its
        command line, a global of `if __name__ == "__main__"`."""
        if isinstance(error, AttributeError):
            return isinstance(error.obj, argparse.Namespace)
        if not isinstance(error, NameError):
            return False
        return any(
            isinstance(node, ast.Name) and node.id == error.name and isinstance(node.ctx, ast.Store)
            for node in ast.walk(self.file.tree)
        )

    def _inside_constructor(self, target: Target, error: BaseException) -> bool:
        """Whether an exception came from inside a module's constructor or the target's own function, and
        not from evaluating the arguments of the call."""
        traceback = error.__traceback__
        while traceback is not None:
            code = traceback.tb_frame.f_code
            if code.co_filename in self.files:
                own = traceback.tb_frame.f_locals.get(code.co_varnames[0]) if code.co_argcount else None
                if isinstance(own, nn.Module) or code.co_name == target.name:
                    return True
            traceback = traceback.tb_next
        return False

    def _half_imported(self) -> bool:
        """Whether a statement failed in a module of the project beside the file, so that what the model
        is built from may lack something."""
        return any(module.failures for module in self._beside())

    def _beside(self) -> Iterator[SlicedModule]:
        """The modules of the project that the file has imported."""
        for finder in sys.meta_path:
            if isinstance(finder, ProjectFinder):
                yield from finder.modules

    def _not_here(self, target: Target, error: BaseException) -> None:
        calls = self.files.traceback_calls(error.__traceback__)
        self.problems.append(
            Problem(
                "trace-incomplete",
                f"{target.name} cannot be built here: {said(error)}",
                calls[0] if calls else target.span,
                model=target.name,
            )
        )

    def _not_built(self, target: Target, errors: Iterable[BaseException]) -> None:
        """Note what a constructor raised; a refused effect has been noted already."""
        for error in errors:
            calls = self.files.traceback_calls(error.__traceback__)
            if isinstance(error, NameError) and (package := self._given_up(error.name or "")):
                needed = f"{error.name} of the package {package!r}, which cannot be imported"
                place = calls[0] if calls else target.span
                self.problems.append(_package_missing(target, needed, package, place))
            elif not is_refusal(error):
                self.problems.append(
                    Problem(
                        "model-not-built",
                        f"the constructor of {target.name} raises {said(error)}",
                        calls[0] if calls else target.span,
                        model=target.name,
                        related=tuple(("called from here", span) for span in calls[1:]),
                    )
                )

    def _given_up(self, name: str) -> str | None:
        """The package that the file imports a name from, where it is not here and the file goes on without
        it (`try: … except ImportError:`)."""
        package = Imports(self.file.tree).table.get(name, "").partition(".")[0]
        if not package or package in sys.modules or importlib.util.find_spec(package):
            return None
        return package

    def lacks(self, target: Target, failure: Failure) -> None:
        """Notes that the forward of a model asked for what is not here."""
        self._unavailable(target, Unavailable(failure))

    def _unavailable(self, target: Target, error: Unavailable) -> None:
        failure = error.failure
        names = ", ".join(failure.names)
        cause = said(failure.error)
        if failure.missing is not None:
            kind = "module" if failure.missing.startswith(".") else "package"
            needed = f"the {kind} {failure.missing!r}, which cannot be imported ({cause})"
            problem = _package_missing(target, needed, failure.missing, failure.span)
        elif target.name in failure.names:
            problem = Problem(
                "model-not-built",
                f"building {target.name} raises {cause}",
                failure.span,
                model=target.name,
            )
        elif isinstance(failure.error, OSError):
            problem = Problem(
                "missing-arguments",
                f"{target.name} needs {names}, which cannot be had while linting: {cause}",
                failure.span,
                help=f"give a value that needs no file, or the call: `# cnnlint: model={target.name}(…)`",
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
            names_needed = required(definition(self.load(), target))
        except Unavailable as error:
            self._unavailable(target, error)
            return
        except AttributeError:
            names_needed = []
        names = ", ".join(names_needed)
        call = f"{target.name}({', '.join(f'{name}=…' for name in names_needed)})"
        them = "them" if len(names_needed) != 1 else "it"
        said = f"{target.name} needs {names or 'arguments'}, and nothing in the file supplies {them}"
        self._ask_for_call(target, said, call)


def _package_missing(target: Target, needed: str, package: str, place: Span) -> Problem:
    """That a model needs what a package has which is not here."""
    if package.startswith("."):
        help = f"build {package} where it stands (python setup.py build_ext --inplace)"
    else:
        help = f"install {package} in the environment that cnnlint runs in"
    return Problem(
        "package-missing",
        f"{target.name} needs {needed}",
        place,
        help=help,
        model=target.name,
        package=package,
    )


def _part(target: Target, whole: Built) -> Built | None:
    """What a model holds of a class of its own module."""
    for path, part in whole.model.named_modules():
        kind = type(part)
        if path and (kind.__name__, kind.__module__) == (target.name, whole.module.module.__name__):
            text = f"{whole.candidate.text}.{path}"
            varied = whole.candidate.varied and partial(_varied_in, whole.candidate.varied, path)
            candidate = Candidate(text, partial(_made_in, whole.candidate.make, path), varied=varied)
            notes = (f"{target.name} was taken from the model that holds it: {text}",)
            return replace(whole, model=part, candidate=candidate, notes=notes)
    return None


def _varied_in(
    make: Callable[[conventional.Change, SlicedModule], Any],
    path: str,
    change: conventional.Change,
    module: SlicedModule,
) -> Any:
    return make(change, module).get_submodule(path)


def _made_in(make: Callable[[SlicedModule], Any], path: str, module: SlicedModule) -> Any:
    return make(module).get_submodule(path)


def _is_ours(error: BaseException) -> bool:
    """Whether an exception is a fault of cnnlint's own, and not of arguments that were not given."""
    require_torch(error)
    frame = raised_in(error)
    unusable = frame is not None and isinstance(frame.f_locals.get("self"), Unusable)
    return is_ours(error) and not unusable and not isinstance(error, ArgumentsMissing)


_NOT_THERE = re.compile(
    r"(file|path|folder|directory|checkpoint|weights)\b.* (not exist|not found|not there)", re.I
)


def _is_environment(error: BaseException, files: UserFiles) -> bool:
    """Whether an exception speaks of the machine and not of the model: files, the network, a GPU, processes
    that work together, and a constructor's own use of weights that have no memory here."""
    if lacks_gpu(error, files):
        return True
    if "meta tensor" in words(error) or any(isinstance(item, torch.device) for item in error.args):
        return True
    if _NOT_THERE.search(words(error)):
        return True
    frame = raised_in(error)
    where = frame.f_code.co_filename if frame else ""
    return not is_refusal(error) and (
        isinstance(error, OSError) or os.path.join("torch", "distributed") in where
    )


def _display(path: str) -> str:
    """How a project file beside the linted one is shown: relative to the working directory."""
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative
