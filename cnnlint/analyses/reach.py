"""Reachability along the real edges of a pass, with writes into shared memory as edges too."""

from __future__ import annotations

from collections.abc import Iterator

from cnnlint.graph import Trace, once
from cnnlint.traces import Operation


@once
def reaches_output(trace: Trace) -> frozenset[int]:
    """The indices of the operations whose result is in an output of the model.

    An in-place operator that writes into memory which a live tensor shares is live too
    (`out[:, :3] = conv(x)`).
    """
    live = set(trace.run.outputs)
    storages = {trace.tensor(id).storage for id in live}
    found = set()
    for operation in reversed(trace.run.operations):
        writes = operation.inplace and any(
            trace.tensor(id).storage in storages for id in (*operation.outputs, *operation.inputs()[:1])
        )
        if writes or any(output in live for output in operation.outputs):
            found.add(operation.index)
            live.update(operation.inputs())
            storages.update(trace.tensor(id).storage for id in operation.inputs())
    return frozenset(found)


STEPS = frozenset(
    {"argmax", "argmin", "round", "floor", "ceil", "trunc", "sign", "heaviside", "one_hot", "bincount"}
    | {"eq", "ne", "gt", "ge", "lt", "le", "logical_and", "logical_or", "logical_not", "isnan"}
)
"""Operators whose derivative is zero or does not exist."""


def stops_gradient(trace: Trace, operation: Operation) -> bool:
    """Whether no gradient passes an operation."""
    if operation.own_backward:
        return False
    if operation.kind == "detach" or not operation.gradient or operation.name.rstrip("_") in STEPS:
        return True
    outputs = [trace.tensor(id) for id in operation.outputs]
    return bool(outputs) and all(tensor.dtype == "bool" or "int" in tensor.dtype for tensor in outputs)


@once
def has_gradient(trace: Trace) -> frozenset[int]:
    """The tensors that a gradient from the model's outputs reaches."""
    fed = set(trace.run.outputs)
    storages = {trace.tensor(id).storage for id in fed}
    for operation in reversed(trace.run.operations):
        if stops_gradient(trace, operation):
            continue
        writes = operation.inplace and any(
            trace.tensor(id).storage in storages for id in (*operation.outputs, *operation.inputs()[:1])
        )
        if writes or any(output in fed for output in operation.outputs):
            fed.update(operation.inputs())
            storages.update(trace.tensor(id).storage for id in operation.inputs())
    return frozenset(fed)


def downstream(trace: Trace, operation: Operation) -> Iterator[Operation]:
    """Every operation that an operation's result flows into, nearest first."""
    waiting = [operation]
    seen: set[int] = set()
    for step in waiting:
        for use in trace.consumers(step):
            if use.index not in seen:
                seen.add(use.index)
                waiting.append(use)
                yield use
