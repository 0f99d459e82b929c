"""How findings put a trace into words: where a map came from, its sizes worked out, what was assumed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnnlint.diagnostic import Related
from cnnlint.graph import Trace, product
from cnnlint.traces import Operation, Shape, Tensor

KEEPS_FEATURES = frozenset(
    {"activation", "dropout", "norm", "softmax", "copy", "detach", "reshape", "squeeze"}
)
"""Kinds of operators between a map and the layer that reads it which change no value's place."""


def listing(names: Sequence[str]) -> str:
    """`Net`, `Net and Actor`, `Net, Actor and Critic`."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def sizes(shape: Sequence[int | str]) -> str:
    """`64 × 7 × 7`."""
    return " × ".join(str(size) for size in shape)


def worked_out(shape: Sequence[int]) -> str:
    """`64 × 7 × 7 = 3136`."""
    return f"{sizes(shape)} = {product(shape)}"


def image_size(trace: Trace) -> Shape:
    """The height and width of the inputs (of the one with most axes), or the length of a signal without an
    axis of channels."""
    shape: Shape = max((trace.tensor(id).shape for id in trace.run.inputs), default=(), key=len)
    return shape[2:] or shape[1:]


def ladder_here(trace: Trace, tensor: Tensor | int | None) -> tuple[Related, ...]:
    """`28 → 14 → 7 here`, at the call that made the last step."""
    steps = trace.ladder(tensor)
    text = trace.show_ladder(tensor)
    last = next((operation for _, operation in reversed(steps) if operation is not None), None)
    if not text or last is None or not last.calls:
        return ()
    return (Related(f"{text} here", last.calls[0]),)


def maker(trace: Trace, tensor: Tensor | int | None) -> str:
    """What a message calls the source of a tensor: the nearest weighted layer (`conv2`), the operator
    that made it, or the model's input."""
    source = trace.weighted_source(tensor) or trace.producer(tensor)
    if source is not None:
        return trace.describe(source)
    tensor = trace.tensor(tensor) if isinstance(tensor, int) else tensor
    return "the input" if tensor is not None and tensor.origin == "input" else "the tensor"


def flattened_map(trace: Trace, tensor: Tensor | int | None) -> Tensor | None:
    """The map of which a tensor is the flattened form, where nothing but a reshape (and activations,
    dropout and the like) lies between."""
    for step in trace.upstream(tensor):
        before = trace.main_input(step)
        if before is None or not step.outputs:
            return None
        if step.kind == "reshape" and len(before.shape) > len(trace.tensor(step.outputs[0]).shape):
            return before
        if step.kind not in KEEPS_FEATURES:
            return None
    return None


def reads(trace: Trace, operation: Operation, kinds: frozenset[str]) -> Iterator[Operation]:
    """The consumers of an operation, seen through operators of these kinds."""
    seen: set[int] = set()
    waiting = list(trace.consumers(operation))
    while waiting:
        use = waiting.pop(0)
        if use.index in seen:
            continue
        seen.add(use.index)
        if use.kind in kinds:
            waiting.extend(trace.consumers(use))
        else:
            yield use


def shown(trace: Trace, *tensors: Tensor | int | Shape | None) -> tuple[str, ...]:
    """Shapes as a finding carries them."""
    return tuple(trace.show(tensor) for tensor in tensors if tensor is not None)
