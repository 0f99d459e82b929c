"""Faults that hang on arguments which nothing supplies: where these are doubled, they are not there, or have
other numbers."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

from cnnlint.traces import Operation, Pass


def hanging(run: Pass, doubled: Pass) -> list[Operation]:
    """The faults of a pass that the pass with doubled arguments has not. What lies behind the end of that one
    says nothing."""
    if run.complete and not doubled.complete:
        return []
    reached = {(operation.layer, operation.calls) for operation in doubled.operations}
    return [
        operation
        for operation in run.operations
        if operation.fault
        and (operation.layer, operation.calls) in reached
        and not any(_alike(operation, other) for other in doubled.operations)
    ]


def _alike(one: Operation, other: Operation) -> bool:
    """Whether two faults are the same one; sizes that are both made of the arguments grow together."""
    if one.fault is None or other.fault is None or (one.layer, one.calls) != (other.layer, other.calls):
        return False
    if (one.fault.reason, one.fault.argument) != (other.fault.reason, other.fault.argument):
        return False
    numbers = (one.fault.expected, one.fault.actual), (other.fault.expected, other.fault.actual)
    (wanted, had), (wanted_then, had_then) = numbers
    if all(type(number) is int for pair in numbers for number in pair):
        return bool(wanted * had_then == wanted_then * had)
    return numbers[0] == numbers[1]


def without_faults(run: Pass, indices: Container[int]) -> Pass:
    """A pass in which these operations are not at fault; it ends where one was an exception."""
    operations = []
    for operation in run.operations:
        if operation.index in indices:
            if operation.kind == "raise":
                break
            operation = replace(operation, fault=None)
        operations.append(operation)
    whole = tuple(operations) == run.operations
    return run if whole else replace(run, operations=tuple(operations), complete=False)
