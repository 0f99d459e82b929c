from collections.abc import Iterator

from cnnlint.analyses.axes import BATCH, axis_provenance, roles
from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.graph import WEIGHTED, Trace
from cnnlint.traces import Operation, Tensor
from cnnlint_rules._operations import OperationRule


class AccidentalBroadcast(OperationRule):
    """Two activations of different shape that are added or subtracted.

    ## Why
    Broadcasting fits shapes from the right: `[B, 1] − [B]` is no difference for each sample but the table of
    all pairs, `[B, B]`; a map with one channel is silently added to each of 64. It runs, and gives
    numbers.

    ## Use instead
    Make the shapes equal: `x.squeeze(1)`, `y.unsqueeze(1)`, or a 1×1 convolution for the channels. Scalars,
    parameters, 1×1 maps, products (masks, gates), what forward makes itself (noise, a grid of places) and a
    map's own statistics over its channels (`x - x.mean(1, keepdim=True)`) are left alone.

    ## References
    - https://pytorch.org/docs/stable/notes/broadcasting.html
    """

    code = "CNN509"
    name = "accidental-broadcast"
    severity = Severity.WARNING

    valid = [
        """
        import torch.nn as nn

        # cnnlint: input=8x16x16
        class Context(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(8, 8, 3, padding=1)

            def forward(self, x):
                return self.conv(x) + x.mean((2, 3), keepdim=True)
        """,
        """
        import torch
        import torch.nn as nn

        # cnnlint: input=8x16x16
        class Noise(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(8, 8, 3, padding=1)
                self.strength = nn.Parameter(torch.zeros(1))

            def forward(self, x):
                x = self.conv(x)
                return x + self.strength * x.new_empty(x.shape[0], 1, *x.shape[2:]).normal_()
        """,
        """
        import torch.nn as nn

        # cnnlint: input=8x16x16
        class Gate(nn.Module):
            def __init__(self):
                super().__init__()
                self.mask = nn.Conv2d(8, 1, 1)

            def forward(self, x):
                return x * self.mask(x).sigmoid()
        """,
        """
        import torch.nn as nn

        # cnnlint: input=8x16x16
        class ChannelNorm(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(8, 8, 3, padding=1)

            def forward(self, x):
                x = self.conv(x)
                return x - x.mean(1, keepdim=True)
        """,
        """
        import torch.nn as nn

        # cnnlint: input=8
        class Distances(nn.Module):
            def __init__(self):
                super().__init__()
                self.embed = nn.Linear(8, 4)

            def forward(self, x):
                x = self.embed(x)
                return (x[:, None] - x.unsqueeze(0)).square().sum(-1)
        """,
    ]
    invalid = [
        """
        import torch.nn as nn

        # cnnlint: input=8
        class Pairs(nn.Module):
            def __init__(self):
                super().__init__()
                self.a = nn.Linear(8, 1)
                self.b = nn.Linear(8, 1)

            def forward(self, x):
                return self.a(x) - self.b(x).squeeze(1)
                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ all pairs
        """,
        """
        import torch.nn as nn

        # cnnlint: input=8x16x16
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.wide = nn.Conv2d(8, 16, 3, padding=1)
                self.one = nn.Conv2d(8, 1, 3, padding=1)

            def forward(self, x):
                return self.wide(x) + self.one(x)
                       ^^^^^^^^^^^^^^^^^^^^^^^^^^ 16 channels
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        provenance = axis_provenance(trace)
        for operation in trace.operations("add", "sub"):
            tensors = [trace.tensor(id) for id in operation.inputs()]
            if operation.fault or len(tensors) != 2 or any(tensor.uncertain for tensor in tensors):
                continue
            if any(trace.weighted_source(tensor) is None for tensor in tensors):
                continue
            first, second = tensors
            batches = [_batch_axes(provenance[tensor.id], tensor) for tensor in tensors]
            if _pairs_samples(batches):
                if all(_makes_room(trace, tensor) for tensor in tensors):
                    continue  # x[:, None] - x[None] says so
                yield self._finding(trace, operation, first, second, "a table of all pairs of samples")
            elif (
                _repeats_channels(first, second)
                and not _is_statistic(trace, *tensors)
                and not any(_is_made_here(trace, tensor) for tensor in tensors if tensor.shape[1] == 1)
            ):
                count = max(first.shape[1], second.shape[1])
                yield self._finding(
                    trace, operation, first, second, f"one channel added to each of {count} channels"
                )

    def _finding(
        self, trace: Trace, operation: Operation, first: Tensor, second: Tensor, what: str
    ) -> Diagnostic:
        return self.at(
            trace,
            operation,
            f"{trace.show(first)} and {trace.show(second)} are broadcast to "
            f"{trace.show(operation.outputs[0])}: {what}",
            help="make the shapes equal (squeeze, unsqueeze, or a 1×1 convolution)",
        )


def _batch_axes(axes: tuple, tensor: Tensor) -> frozenset[int]:  # type: ignore[type-arg]
    """Where the batch stands, counted from the right."""
    return frozenset(at - len(axes) for at, axis in enumerate(axes) if roles(axis) == {BATCH})


def _pairs_samples(batches: list[frozenset[int]]) -> bool:
    """Whether the batches of both stand at different places, so that they are broadcast against each
    other."""
    first, second = batches
    return bool(first) and bool(second) and not first & second


def _makes_room(trace: Trace, tensor: Tensor) -> bool:
    """Whether a tensor was given another axis just before."""
    step = trace.producer(tensor)
    before = trace.main_input(step) if step is not None else None
    if step is None or before is None:
        return False
    return step.name in ("unsqueeze", "__getitem__") and len(before.shape) < len(tensor.shape)


def _repeats_channels(first: Tensor, second: Tensor) -> bool:
    """Whether one of two maps of the same size has one channel and the other more."""
    if len(first.shape) != len(second.shape) or len(first.shape) < 3 or first.shape[2:] != second.shape[2:]:
        return False
    channels = sorted((first.shape[1], second.shape[1]))
    return channels[0] == 1 < channels[1] and max(first.shape[2:]) > 1


def _is_statistic(trace: Trace, first: Tensor, second: Tensor) -> bool:
    """Whether the map with one channel was made by a reduction over the channels of the other one, or of
    what that was made from: it is kept one channel wide to be broadcast."""
    one, many = (first, second) if first.shape[1] == 1 else (second, first)
    for step in trace.upstream(one):
        if step.kind in WEIGHTED:
            return False
        before = trace.main_input(step)
        if before is None or step.kind != "reduction":
            continue
        over_channels = len(before.shape) == len(one.shape) and before.shape[1] > 1
        return over_channels and _comes_from(trace, many, before)
    return False


def _is_made_here(trace: Trace, tensor: Tensor) -> bool:
    """Whether a tensor is, or is computed from, one that forward makes itself (noise, a grid of places): it
    is made one channel wide to be broadcast."""
    pending = [tensor]
    seen: set[int] = set()
    while pending:
        step = trace.producer(pending.pop())
        if step is None or step.index in seen or step.kind in WEIGHTED:
            continue
        seen.add(step.index)
        if step.kind in ("factory", "random"):
            return True
        pending += [trace.tensor(id) for id in step.inputs()]
    return False


def _comes_from(trace: Trace, tensor: Tensor, origin: Tensor) -> bool:
    """Whether a tensor is, or is made along its main inputs from, another one."""
    return tensor == origin or any(trace.main_input(step) == origin for step in trace.upstream(tensor))
