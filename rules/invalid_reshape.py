from collections.abc import Iterator

from cnnlint.analyses.axes import BATCH, FEATURES, Axes, Axis, axis_provenance, roles
from cnnlint.diagnostic import Diagnostic, Related, Severity
from cnnlint.fixes.rewriting import called, renamed, unsafe_fix
from cnnlint.graph import Trace, product
from cnnlint.traces import Operation, Shape, Tensor
from cnnlint.wording import maker, worked_out
from cnnlint_rules._faults import FaultRule, Refused
from cnnlint_rules._operations import OperationRule
from cnnlint_rules.lost_batch_axis import is_row_count

CHANNELS_LAST = frozenset({"linear", "norm", "attention", "recurrent"})
"""Kinds of layers that work on the last axis."""

KEEPS_LAST = frozenset({"activation", "dropout", "add", "mul", "copy", "cat", "permute", "norm"})
"""Kinds of operators that may leave the last axis as it is."""


class InvalidReshape(FaultRule, OperationRule):
    """A view or reshape to a size that does not fit, or a view of a tensor that is not contiguous.

    ## Why
    A reshape keeps every number, so the products of both shapes must agree. `view` moreover never
    copies: after `permute` or `transpose` the numbers lie in another order, and it raises. Neither
    exchanges axes: `[B, 32, 32, 3]` viewed as `[B, 3, 32, 32]` is not the picture with its channels first
    but its numbers cut anew, and it runs. So it is with a map `[b, c, h, w]` viewed as `[b, h * w, c]` for
    a Linear, a LayerNorm or attention: what they take for the channels of a place is a piece of a row.

    ## Use instead
    `x.view(x.size(0), -1)` or `torch.flatten(x, 1)` to flatten; `x.reshape(…)` or
    `x.contiguous().view(…)` after a permutation; `x.flatten(2).transpose(1, 2)` to put the channels last.

    ## References
    - https://pytorch.org/docs/stable/generated/torch.Tensor.view.html
    """

    code = "CNN109"
    name = "invalid-reshape"
    severity = Severity.ERROR
    reasons = ("reshape",)

    valid = [
        """
        import torch.nn as nn

        # cnnlint: input=6x4x4
        class Net(nn.Module):
            def forward(self, x):
                return x.view(x.size(0), 2, 3, 4, 4)
        """,
        """
        import torch.nn as nn

        # cnnlint: input=6x4x4
        class Net(nn.Module):
            def forward(self, x):
                return x.permute(0, 2, 3, 1).reshape(x.size(0), -1)
        """,
        """
        import torch.nn as nn

        # cnnlint: input=3x16x16
        class Tokens(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 3, padding=1)
                self.norm = nn.LayerNorm(8)

            def forward(self, x):
                return self.norm(self.conv(x).flatten(2).transpose(1, 2))
        """,
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class Mixer(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 64, 3, padding=1)
                self.places = nn.Linear(64, 64)

            def forward(self, x):
                b, c, h, w = self.conv(x).shape
                return self.places(self.conv(x).view(b, c, h * w))
        """,
    ]
    invalid = [
        """
        import torch.nn as nn

        # cnnlint: input=6x4x4
        class Net(nn.Module):
            def forward(self, x):
                return x.view(x.size(0), 4, 4, 4, 4)
                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        """,
        """
        import torch.nn as nn

        # cnnlint: input=32x32x3
        class ChannelsLast(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 3)

            def forward(self, x):
                return self.conv(x.reshape(-1, 3, 32, 32))
                                 ^^^^^^^^^^^^^^^^^^^^^^^^ does not exchange axes
        """,
        """
        import torch.nn as nn

        # cnnlint: input=6x4x4
        class Net(nn.Module):
            def forward(self, x):
                return x.permute(0, 2, 3, 1).view(x.size(0), -1)
                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ contiguous
        """,
        """
        import torch.nn as nn

        # cnnlint: input=3x16x16
        class Tokens(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 3, padding=1)
                self.fc = nn.Linear(8, 4)

            def forward(self, x):
                x = self.conv(x)
                b, c, h, w = x.shape
                return self.fc(x.view(b, h * w, c))
                               ^^^^^^^^^^^^^^^^^^^ fc then takes pieces of rows for channels
        """,
        """
        import torch
        import torch.nn as nn

        # cnnlint: input=3x16x16
        class Attention(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 32, 3, stride=2, padding=1)
                self.token = nn.Parameter(torch.zeros(1, 1, 32))
                self.attention = nn.MultiheadAttention(32, 4, batch_first=True)

            def forward(self, x):
                x = self.conv(x)
                x = torch.reshape(x, (x.shape[0], -1, 32))
                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ from [B, 32, 8, 8] to [B, 64, 32]
                x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1)
                return self.attention(x, x, x)[0]
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        yield from super().check(trace)
        provenance = axis_provenance(trace)
        for operation in trace.operations("reshape"):
            source = trace.main_input(operation)
            if source is None or operation.fault or source.uncertain or not operation.outputs:
                continue
            result = trace.tensor(operation.outputs[0])
            if _loses_channels(provenance[source.id], provenance[result.id]):
                reader = next(_reads_channels(trace, result), None)
                if reader is not None:
                    yield self._scrambled(trace, operation, source, result, reader)
                    continue
            if _exchanges_sizes(source.shape, result.shape) and any(
                len(factor.roles) > 1 for axis in provenance[result.id][1:] for factor in axis
            ):
                yield self._cuts_through(trace, operation, source, result)

    def _cuts_through(self, trace: Trace, operation: Operation, source: Tensor, result: Tensor) -> Diagnostic:
        permute = f"permute({', '.join(map(str, _permutation(source.shape, result.shape)))})"
        return self.at(
            trace,
            operation,
            f"{operation.name}() from {trace.show(source)} to {trace.show(result)} does not exchange axes: "
            "it cuts the numbers anew in the order in which they lie, and mixes rows, columns and channels",
            label=f"{maker(trace, source)} gives {trace.show(source)}",
            help=f"write .{permute}",
            fix=unsafe_fix(f"write .{permute}", called(trace, operation, permute)),
            severity=Severity.WARNING,
        )

    def _scrambled(
        self, trace: Trace, operation: Operation, source: Tensor, result: Tensor, reader: Operation
    ) -> Diagnostic:
        moved = _channels_last(source.shape, result.shape)
        name = trace.describe(reader)
        return self.at(
            trace,
            operation,
            f"{operation.name}() from {trace.show(source)} to {trace.show(result)} does not put the channels "
            f"last: {name} then takes pieces of rows for channels",
            label=f"{maker(trace, source)} gives {trace.show(source)}",
            help=f"write .{moved}" if moved else "permute the channels to the end first",
            related=[Related(f"the last axis is read as channels by {name}", reader.calls[0])]
            if reader.calls
            else [],
            fix=unsafe_fix(f"write .{moved}", called(trace, operation, moved)) if moved else None,
            severity=Severity.WARNING,
        )

    def concerns(self, refused: Refused) -> bool:
        return not is_row_count(refused.trace, refused.operation)

    def finding(self, refused: Refused) -> Diagnostic:
        source = refused.source
        help = fix = None
        if source is not None and len(source.shape) > 1:
            label = f"{refused.produced}: {worked_out(source.shape[1:])} for each sample"
            if "contiguous" in refused.fault.message or "stride" in refused.fault.message:
                help = "write .reshape(…), or .contiguous() before .view(…)"
                fix = unsafe_fix("write reshape", renamed(refused.trace, refused.operation, "reshape"))
            elif product(source.shape) > 0:
                help = "write torch.flatten(x, 1) to flatten, or the sizes whose product is that of the map"
            return self.refusal(refused, label=label, help=help, fix=fix)
        return self.refusal(refused)


def _exchanges_sizes(before: Shape, after: Shape) -> bool:
    """Whether the sizes behind the batch are the same in another order, so that a permutation was meant.

    Sizes that differ by one are the shift of relative positions (Transformer-XL), which is meant so.
    """
    if len(before) != len(after) or before[0] != after[0] or before == after:
        return False
    moved = sorted({size for size, other in zip(before, after, strict=True) if size != other})
    if sorted(before) != sorted(after) or 1 in moved:
        return False
    return not (len(moved) == 2 and moved[1] - moved[0] == 1)


def _loses_channels(before: Axes, after: Axes) -> bool:
    """Whether a map's channels, made by a layer, were to come last (an axis of their size does), and that
    axis is a piece cut out of the map's rows instead."""
    if len(before) < 3 or len(after) < 3 or [roles(axis) for axis in before[:2]] != [{BATCH}, {FEATURES}]:
        return False
    space = roles(tuple(factor for axis in before[2:] for factor in axis))
    channels = _size(before[1])
    if not space or not all(isinstance(role, int) for role in space):
        return False
    return (
        _size(after[-1]) == channels > 1
        and after[1] != before[1]  # its places are joined, [B, C, h × w]
        and after[-1] != before[-1]  # rows as they were
        and any(isinstance(role, int) for role in roles(after[-1]))
    )


def _size(axis: Axis) -> int:
    return product([factor.size for factor in axis])


def _reads_channels(trace: Trace, tensor: Tensor) -> Iterator[Operation]:
    """The layers that take the last axis of a tensor for its channels, as it is or behind what keeps it."""
    channels = tensor.shape[-1]
    waiting = [tensor.id]
    for id in waiting:
        for use in trace.consumers(id):
            main = trace.operand(use, "query") or trace.operand(use)
            if use.kind in CHANNELS_LAST and main is not None and main.id == id:
                if use.kind != "norm" or use.attributes.get("normalized_shape") == (channels,):
                    yield use
            elif use.kind in KEEPS_LAST and not use.fault:
                results = [trace.tensor(output) for output in use.outputs]
                waiting += [
                    result.id
                    for result in results
                    if result.shape[-1:] == (channels,)
                    and (use.kind != "permute" or result.strides[-1] == trace.tensor(id).strides[-1])
                ]


def _channels_last(before: Shape, after: Shape) -> str | None:
    """The method that puts the channels last, where `after` has the places in one axis or in theirs."""
    rank = len(before)
    if len(after) == 3:
        return "transpose(1, 2)" if rank == 3 else "flatten(2).transpose(1, 2)"
    permutation = (0, *range(2, rank), 1)
    if tuple(before[axis] for axis in permutation) == after:
        return f"permute({', '.join(map(str, permutation))})"
    return None


def _permutation(before: Shape, after: Shape) -> list[int]:
    """Axes of `before` in the order in which their sizes stand in `after`."""
    free = list(range(len(before)))
    order = []
    for size in after:
        axis = next(at for at in free if before[at] == size)
        free.remove(axis)
        order.append(axis)
    return order
