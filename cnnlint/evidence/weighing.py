"""Which input a model is traced with: what is said of it is weighed, and what disagrees is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from cnnlint.evidence import declared
from cnnlint.evidence.facts import InputEvidence, Target
from cnnlint.evidence.project import Evaluate, Project
from cnnlint.evidence.reading import (
    EvidenceReader,
    Found,
    InputUnknown,
    forward_parameters,
    from_option,
    most_inputs,
)
from cnnlint.evidence.solving import Solver, Trial
from cnnlint.traces import Input

MOST_RIVALS = 3
"""Further inputs that are said of a model and tried."""

WRITTEN, DATA, HANDED = 0, 1, 2
"""How strong evidence is: a text may be out of date, data sets may be of another model, and a tensor that
is handed to the model is what it must take."""


@dataclass(frozen=True)
class _Said:
    """Inputs as one piece of evidence gives them."""

    found: Found
    strength: int

    @property
    def inputs(self) -> tuple[Input, ...]:
        return self.found.inputs

    def agrees(self, other: _Said) -> bool:
        return [(item.shape, item.dtype) for item in self.inputs] == [
            (item.shape, item.dtype) for item in other.inputs
        ]


def find(
    target: Target,
    model: Any,
    option: Sequence[Any],
    evaluate: Evaluate,
    trial: Trial,
    project: Project,
    axes: Mapping[str, Sequence[str]],
    seconds: float,
) -> Found:
    """The inputs for a model: the option, comments, what the file hands to it, what it declares itself,
    data of the file that fits, what other files of the project say, else solved from the layers, of which
    `axes` are those that forward unpacks, and `seconds` is how long may be searched.

    What is stated of a model, or flows to it, counts whether it fits or not. What is only about (`general`
    evidence) chooses among the inputs that the layers accept, and never contradicts them.

    Raises:
        InputUnknown: the option gives fewer inputs than forward needs.
    """
    names = [parameter.name for parameter in forward_parameters(model)]
    if option:
        if len(option) < len(names):
            wanted = f"{len(names)} inputs ({', '.join(names)})"
            raise InputUnknown(f"forward of {target.name} takes {wanted}, and --input gives {len(option)}")
        return Found(from_option(option, names))
    found = _Weighing(target, model, names, evaluate, Solver(names, trial, axes, seconds)).found(project)
    return replace(found, doubts=(*_too_few(target, names), *found.doubts))


def _too_few(target: Target, names: Sequence[str]) -> Iterator[str]:
    """What the user has written for this model, and what does not do, so that it is passed over."""
    for evidence in target.inputs:
        if evidence.source in ("comment", "configuration") and len(evidence.shapes) < len(names):
            wanted = f"{len(names)} inputs ({', '.join(names)})"
            given = f"{evidence.reason} gives {len(evidence.shapes)}"
            yield f"forward of {target.name} takes {wanted}, and {given}"
            return


class _Weighing:
    """The evidence for the input of one model."""

    def __init__(self, target: Target, model: Any, names: list[str], evaluate: Evaluate, solver: Solver):
        self.target = target
        self.model = model
        self.names = names
        self.most = most_inputs(model)
        self.reader = EvidenceReader(evaluate, names, self.most)
        self.solver = solver

    def found(self, project: Project) -> Found:
        """The best inputs, with what is to be told of those that disagree."""
        said = [*self._tied(), *self._declared()]
        if said and said[0].inputs[0].source in ("comment", "configuration"):
            return said[0].found
        if all(item.strength == WRITTEN for item in said):
            said += self._data()
        if said:
            return self._settled(said)
        sized = self._sized()
        return self._with_channels(self.solver.solve(sized) if sized is not None else self._from(project))

    @cached_property
    def _solved(self) -> Found:
        """What the layers alone say."""
        return self.solver.solve(None)

    def _fits(self, inputs: Sequence[Input]) -> bool:
        """Whether the layers take inputs at least as well as those that they were solved to need."""
        badness = self.solver.badness(inputs)
        return not badness or badness <= self.solver.badness(self._solved.inputs)

    # -- the file itself

    def _tied(self) -> Iterator[_Said]:
        """What the text says of this very model."""
        for evidence in self.target.inputs:
            if evidence.general or _is_partial(evidence):
                continue
            found = self.reader.read(evidence)
            if found:
                yield _Said(found, WRITTEN if evidence.shapes else HANDED)

    def _declared(self) -> Iterator[_Said]:
        """What the built model says of itself."""
        if (given := declared.example(self.model, self.names)) is not None:
            yield _Said(Found(*given), HANDED)
        own = declared.configured(self.model, self.names)
        if own is not None and not self.solver.badness(own):
            yield _Said(Found(own), WRITTEN)

    def _data(self) -> Iterator[_Said]:
        """What the file says of no model, as far as this one takes it."""
        for evidence in self.target.inputs:
            if evidence.general:
                found = self.reader.read(evidence)
                if found and self.solver.takes(found.inputs) and self._fits(found.inputs):
                    yield _Said(found, DATA)

    def _sized(self) -> tuple[InputEvidence, tuple[int, ...]] | None:
        """Evidence that gives the height and width alone."""
        for evidence in self.target.inputs:
            size = self.reader.size(evidence)
            if size and not (evidence.general and self._refuses(evidence, size)):
                return evidence, size
        size, attribute = declared.size(self.model)
        if not size:
            return None
        evidence = InputEvidence("evidence", f"{attribute} of the model", None, size_only=size)
        return None if self._refuses(evidence, size) else (evidence, size)

    def _refuses(self, evidence: InputEvidence, size: tuple[int, ...]) -> bool:
        """Whether the layers do not take a size as well as another one."""
        return not self._fits(self.solver.solve((evidence, size)).inputs)

    def _with_channels(self, found: Found) -> Found:
        """With the channels that an annotation says (`Float[Tensor, "b 1 h w"]`), right or wrong."""
        for evidence in self.target.inputs:
            if evidence.channels_only is not None and not evidence.general and len(found.inputs) == 1:
                (item,) = found.inputs
                if len(item.shape) < 2 or item.shape[0] == evidence.channels_only:
                    break
                shape = (evidence.channels_only, *item.shape[1:])
                reason = f"{evidence.reason}; the size is assumed"
                known = replace(
                    item,
                    shape=shape,
                    reason=reason,
                    span=evidence.span,
                    axes=(evidence.degree, *(item.axis(axis) for axis in range(1, len(shape)))),
                )
                return replace(found, inputs=(known,))
        return found

    # -- other files

    def _from(self, project: Project) -> Found:
        """The inputs by what other files of the project say. What does not run counts only where such a
        file hands it to this very model."""
        usable: list[_Said] = []
        sized: tuple[InputEvidence, tuple[int, ...]] | None = None
        for item in project.inputs(self.target.name):
            reader = EvidenceReader(item.evaluate, self.names, self.most)
            found = reader.read(item.evidence)
            general = item.evidence.general
            if found is None:
                size = reader.size(item.evidence)
                if size and item.trusted and not (general and self._refuses(item.evidence, size)):
                    sized = sized or (item.evidence, size)
            elif general:
                if self.solver.takes(found.inputs) and self._fits(found.inputs):
                    usable.append(_Said(found, DATA))
            elif item.trusted or not self.solver.badness(found.inputs):
                usable.append(_Said(found, HANDED))
        if usable:
            return self._settled(usable)
        return self.solver.solve(sized) if sized else self._solved

    # -- what disagrees

    def _settled(self, said: list[_Said]) -> Found:
        """The first of what is said, or what is as strong and runs where that does not."""
        rivals: list[_Said] = []
        for item in said[1:]:
            if not any(item.agrees(other) for other in (said[0], *rivals)) and not self._is_variant(
                said[0], item
            ):
                rivals.append(item)
        if not rivals:
            return said[0].found
        runs = {id(item): not self.solver.badness(item.inputs) for item in (said[0], *rivals[:MOST_RIVALS])}
        chosen = said[0]
        if not runs[id(chosen)]:
            better = [item for item in rivals if runs.get(id(item)) and item.strength >= chosen.strength]
            chosen = better[0] if better else chosen
        doubts: list[str] = []
        notes: list[str] = []
        for item in (said[0], *rivals[:MOST_RIVALS]):
            if item is chosen:
                continue
            if runs[id(item)] and runs[id(chosen)]:
                notes.append(f"{self.target.name} also takes {_shown(item)}")
            elif runs[id(chosen)]:
                doubts.append(self._doubt(chosen, item))
            elif runs[id(item)]:
                doubts.append(self._doubt(item, chosen))
        return replace(chosen.found, doubts=tuple(doubts[:1]), notes=tuple(notes[:1]))

    def _is_variant(self, first: _Said, other: _Said) -> bool:
        """Whether two tensors may be meant for models that are built differently."""
        return first.strength == other.strength == HANDED and len(self.target.constructions) > 1

    def _doubt(self, runs: _Said, fails: _Said) -> str:
        return (
            f"what is said of the input of {self.target.name} disagrees: it runs with {_shown(runs)}, "
            f"and not with {_shown(fails)}"
        )


def _shown(said: _Said) -> str:
    shapes = ", ".join("×".join(map(str, item.shape)) or "scalar" for item in said.inputs)
    return f"{shapes} ({said.inputs[0].reason})"


def _is_partial(evidence: InputEvidence) -> bool:
    return bool(evidence.channels_only or evidence.size_only or evidence.size_expression)
