"""Words that several reports share."""

from __future__ import annotations

from collections.abc import Sequence

from cnnlint.diagnostic import Diagnostic, Span
from cnnlint.traces import Input, Model

MOST_LAYERS = 7
"""Layers that are named one by one."""


def location(span: Span) -> str:
    """`mnist.py:15:29`, in a notebook `mnist.ipynb:cell 3:15:29`."""
    cell = f"cell {span.cell}:" if span.cell is not None else ""
    return f"{span.filename}:{cell}{span.row}:{span.column}"


def one_line(text: str) -> str:
    """The text on one line, without control characters."""
    return "".join(char for char in " ".join(text.split()) if char.isprintable())


def input_line(model: Model) -> str:
    """Which inputs the model was given and why: `1×28×28 per sample (datasets.MNIST in line 112)`."""
    if not model.inputs:
        return ""
    if len(model.inputs) == 1:
        return _with_reason(f"{show_input(model.inputs[0])} per sample", model.inputs[0].reason)
    reasons = list(dict.fromkeys(item.reason for item in model.inputs))
    if len(reasons) == 1:
        shapes = ", ".join(f"{item.name} {show_input(item)}" for item in model.inputs)
        return _with_reason(f"{shapes} per sample", reasons[0])
    return "; ".join(
        _with_reason(f"{item.name} {show_input(item)} per sample", item.reason) for item in model.inputs
    )


def degrees_line(model: Model) -> str:
    """How the input's axes and the arguments that the text does not give are known: `x: 3 needed,
    224 assumed; num_classes=10 assumed`."""
    facts = [
        f"{item.name}: {', '.join(f'{size} {item.axis(axis)}' for axis, size in enumerate(item.shape))}"
        if item.shape
        else f"{item.name} {item.degree}"
        for item in model.inputs
    ]
    facts += [f"{item.name}={item.text} {item.degree}" for item in model.arguments]
    return "; ".join(facts)


def show_input(item: Input) -> str:
    """`3×32×32`, `scalar int64`."""
    shape = "×".join(map(str, item.shape)) or "scalar"
    return shape if item.dtype == "float32" else f"{shape} {item.dtype}"


def input_records(model: Model) -> list[dict[str, object]]:
    """The model's inputs as JSON reports have them."""
    return [
        {"name": item.name, "shape": list(item.shape), "dtype": item.dtype, "reason": item.reason}
        for item in model.inputs
    ]


def along_axes(sizes: Sequence[int]) -> str:
    """`5` for the same along all axes, else `5×7`."""
    return str(sizes[0]) if len(set(sizes)) == 1 else "×".join(map(str, sizes))


def milliseconds(seconds: float) -> str:
    """`12.30 ms`"""
    return f"{seconds * 1000:,.2f} ms"


def mebibytes(size: float) -> str:
    """`6.1 MiB`"""
    return f"{size / 2**20:,.1f} MiB"


def other_layers(finding: Diagnostic) -> str:
    """The layers behind the first that the finding is about as well, or ""; of many the first ones."""
    others = finding.layers[1:]
    if len(others) <= MOST_LAYERS + 1:
        return ", ".join(others)
    return f"{', '.join(others[:MOST_LAYERS])} and {len(others) - MOST_LAYERS} more"


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 model`, `2 models`."""
    return f"{number} {noun}" if number == 1 else f"{number} {plural or f'{noun}s'}"


def _with_reason(text: str, reason: str) -> str:
    return f"{text} ({one_line(reason)})" if reason else text


def sentences(finding: Diagnostic) -> list[str]:
    """The finding for reports without frames: its message, what stands below its underline, its help and
    its other layers, each as a sentence."""
    parts = [finding.message, finding.label]
    if finding.help:
        parts.append(f"Help: {finding.help}")
    if others := other_layers(finding):
        parts.append(f"The same in {others}")
    return [sentence(part) for part in parts if one_line(part)]


def sentence(text: str) -> str:
    """The text on one line, with a stop at its end."""
    line = one_line(text)
    return line if line.endswith((".", "!", "?")) else f"{line}."
