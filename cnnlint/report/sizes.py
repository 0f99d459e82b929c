"""`cnnlint sizes`: which inputs a model accepts, and why no others."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from cnnlint.analyses.replay import Unreplayable
from cnnlint.analyses.sizes import NAMES, Accepted, Judge, Sizes, Verdict, accepted_sizes
from cnnlint.graph import Trace
from cnnlint.placing import place
from cnnlint.report.text import count, input_line, input_records, location, one_line
from cnnlint.result import TracedFile
from cnnlint.traces import Model, Shape

FORMATS = ("text", "json")


def render(name: str, files: Sequence[TracedFile]) -> Iterator[str]:
    """The lines of the report in one of the FORMATS."""
    if name == "json":
        yield json.dumps([_record(file, model) for file in files for model in file.trace.models], indent=2)
        return
    for file in files:
        for model in file.trace.models:
            yield f"{location(file.source.place(model.span))}: {model.construction}"
            yield from (f"  {line}" for line in _lines(file, model))
        for problem in file.trace.problems:
            yield f"{location(file.source.place(problem.span))}: {one_line(problem.message)}"
    if not any(file.trace.models or file.trace.problems for file in files):
        yield f"No model in {count(len(files), 'file')}."


def _lines(file: TracedFile, model: Model) -> Iterator[str]:
    try:
        found = accepted_sizes(model)
    except (ValueError, Unreplayable) as error:
        yield f"not known: {error}"
        return
    judge = found.judge
    yield f"accepts {_accepted(found)}"
    if found.others:
        pairs = ", ".join("×".join(map(str, pair)) for pair in found.others)
        yield f"also some of unlike height and width, such as {pairs}"
    for size, verdict in found.limits:
        yield f"at {_named(judge, size)}: {_why(file, model, judge, verdict)}"
    if found.pooled:
        shape, sizes = found.pooled
        output = str(shape[0]) if len(set(shape)) == 1 else str(tuple(shape))
        yield f"with nn.AdaptiveAvgPool{len(shape)}d({output}) before the flatten: {_set(judge, sizes)}"
    if found.useful:
        yield f"useful from {found.useful}: below, kernels reach past the map and multiply padding only"
    if not found.proved:
        yield f"its forward depends on the size, so each size up to {found.together.bound} was tried"
    if given := input_line(model):
        yield f"traced with {given}"


def _accepted(found: Accepted) -> str:
    judge = found.judge
    if not found.apart:
        return _set(judge, found.together)
    if found.separable:
        texts = {name: sizes.text() for name, sizes in found.apart.items()}
        if len(set(texts.values())) == 1:
            return _set(judge, found.together)
        return "; ".join(f"{name}: {text}" for name, text in texts.items())
    return f"{' = '.join(list(found.apart)[-2:])}: {found.together.text()}"


def _set(judge: Judge, sizes: Sizes) -> str:
    """`any H and W`, `H and W of at least 10`."""
    names = " and ".join(_names(judge)[-2:])
    text = sizes.text()
    return f"any {names}" if text == "any" else f"{names}: {text}"


def _names(judge: Judge) -> tuple[str, ...]:
    return NAMES.get(len(judge.axes), ("size",))


def _named(judge: Judge, size: int) -> str:
    return " = ".join((*_names(judge)[-2:], str(size)))


def _why(file: TracedFile, model: Model, judge: Judge, verdict: Verdict) -> str:
    message = one_line(verdict.message)
    if verdict.operation is None:
        return message
    where = place(Trace(model, judge.run), verdict.operation, None).span
    return f"{location(file.source.place(where))}: {message}" if where else message


# -- assertions


def check(files: Sequence[TracedFile], shapes: Sequence[Shape]) -> tuple[list[str], bool]:
    """A line for each shape (per sample) and model, and whether all are accepted."""
    lines, fine = [], True
    for file in files:
        for problem in file.trace.problems:
            lines.append(f"{location(file.source.place(problem.span))}: {one_line(problem.message)}")
        for model in file.trace.models:
            for shape in shapes:
                accepted, text = _judged(file, model, shape)
                fine &= accepted
                shown = "×".join(map(str, shape))
                lines.append(f"{file.source.filename}: {model.name} {text.format(shape=shown)}")
        fine &= bool(file.trace.models)
    return lines, fine


def _judged(file: TracedFile, model: Model, shape: Shape) -> tuple[bool, str]:
    try:
        judge = Judge(model)
        first = next(item for item in model.inputs if item.shape)
        if len(shape) != len(first.shape):
            return False, f"takes {len(first.shape)} sizes a sample, not {len(shape)}: {{shape}}"
        given = [shape if item.shape == first.shape else item.shape for item in model.inputs]
        verdict = judge.on(given)
    except (ValueError, Unreplayable) as error:
        return False, f"cannot be judged at {{shape}}: {_braces(str(error))}"
    if verdict.accepted:
        return True, "accepts {shape}"
    return False, f"refuses {{shape}}: {_braces(_why(file, model, judge, verdict))}"


def _braces(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


# -- JSON


def _record(file: TracedFile, model: Model) -> dict[str, Any]:
    record: dict[str, Any] = {
        "filename": file.source.filename,
        "model": model.name,
        "construction": model.construction,
        "input": input_records(model),
    }
    try:
        found = accepted_sizes(model)
    except (ValueError, Unreplayable) as error:
        return {**record, "unknown": str(error)}
    return {
        **record,
        "axes": dict(zip(_names(found.judge), found.judge.axes, strict=False)),
        "together": _sizes(found.together),
        "apart": {name: _sizes(sizes) for name, sizes in found.apart.items()},
        "separable": found.separable,
        "limits": [
            {
                "size": size,
                "layer": verdict.operation.layer if verdict.operation else None,
                "message": verdict.message,
            }
            for size, verdict in found.limits
        ],
        "with_adaptive_pooling": _sizes(found.pooled[1]) if found.pooled else None,
        "useful_from": found.useful,
        "proved": found.proved,
    }


def _sizes(sizes: Sizes) -> dict[str, Any]:
    return {
        "text": sizes.text(),
        "accepted": list(sizes.accepted),
        "checked_up_to": sizes.bound,
        "period": sizes.period,
    }
