from fractions import Fraction

from cnnlint.analyses.receptive import receptive_fields
from cnnlint.diagnostic import Diagnostic, Fix, Related, Severity
from cnnlint.fixes.rewriting import interpolated, set_layer_argument, unsafe_fix
from cnnlint.graph import Trace
from cnnlint.placing import own_layer
from cnnlint.traces import Operation, Tensor
from cnnlint.wording import ladder_here, maker, shown
from cnnlint_rules._faults import FaultRule, Refused


class MergeMismatch(FaultRule):
    """Tensors that do not fit where branches meet: cat, add, mul, matmul.

    ## Why
    A skip connection joins maps that went different ways. Their sizes agree only when both ways shrink
    alike: an unpadded convolution in the residual branch takes 2 off, and a map of odd size that is
    halved and doubled again comes back one smaller (111 → 55 → 110).

    ## Use instead
    Pad the convolutions of the branch, put a 1×1 convolution with the same stride on the skip, feed sizes
    that divide by the total stride, or resize: `F.interpolate(x, size=skip.shape[2:])`.

    ## References
    - He et al. 2016, Deep Residual Learning: https://arxiv.org/abs/1512.03385
    - Ronneberger et al. 2015, U-Net: https://arxiv.org/abs/1505.04597
    """

    code = "CNN105"
    name = "merge-mismatch"
    severity = Severity.ERROR
    reasons = ("merge",)

    valid = [
        """
        import torch.nn as nn

        # cnnlint: input=8x16x16
        class Block(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(8, 8, 3, padding=1)

            def forward(self, x):
                return x + self.conv(x)
        """,
        """
        import torch
        import torch.nn as nn

        # cnnlint: input=8x16x16
        class Gate(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(8, 4, 3, padding=1)

            def forward(self, x):
                return torch.cat([x * x.mean((2, 3), keepdim=True), self.conv(x)], 1)
        """,
    ]
    invalid = [
        """
        import torch.nn as nn

        # cnnlint: input=8x16x16
        class Block(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(8, 8, 3)

            def forward(self, x):
                return x + self.conv(x)
                       ^^^^^^^^^^^^^^^^
        """,
        """
        import torch
        import torch.nn as nn
        import torch.nn.functional as F

        # cnnlint: input=8x15x15
        class UNet(nn.Module):
            def __init__(self):
                super().__init__()
                self.up = nn.ConvTranspose2d(8, 8, 2, stride=2)

            def forward(self, x):
                y = self.up(F.max_pool2d(x, 2))
                return torch.cat([x, y], dim=1)
                       ^^^^^^^^^^^^^^^^^^^^^^^^
        """,
    ]

    def finding(self, refused: Refused) -> Diagnostic:
        trace, operation = refused.trace, refused.operation
        branches = _branches(trace, operation)
        shapes = " and ".join(f"{maker(trace, branch)} {trace.show(branch)}" for branch in branches[:2])
        finding = self.refusal(
            refused,
            label=shapes,
            related=_ladders(trace, branches),
            help=_help(trace, operation, branches),
            fix=_fix(trace, operation, branches),
        )
        return finding.replace(input_shapes=shown(trace, *branches))


def _branches(trace: Trace, operation: Operation) -> list[Tensor]:
    """The tensors that meet, the first and the first one that differs from it in front."""
    tensors = [trace.tensor(id) for id in dict.fromkeys(operation.inputs())]
    if len(tensors) > 2:
        other = next(
            (tensor for tensor in tensors[1:] if tensor.shape[2:] != tensors[0].shape[2:]), tensors[1]
        )
        tensors = [tensors[0], other, *(t for t in tensors[1:] if t is not other)]
    return tensors


def _ladders(trace: Trace, branches: list[Tensor]) -> tuple[Related, ...]:
    found = [related for branch in branches[:2] for related in ladder_here(trace, branch)]
    return tuple(dict.fromkeys(found))


def _help(trace: Trace, operation: Operation, branches: list[Tensor]) -> str | None:
    if len(branches) < 2:
        return None
    first, second = branches[:2]
    if len(first.shape) != len(second.shape):
        return f"give both the same number of axes: {trace.show(first)} and {trace.show(second)}"
    if first.shape[2:] == second.shape[2:] and len(first.shape) > 2:
        channels = f"nn.Conv{len(first.shape) - 2}d({second.shape[1]}, {first.shape[1]}, 1)"
        return f"a 1×1 convolution makes the channels agree: {channels}"
    if len(first.shape) < 3:
        return None
    multiple = _multiple(trace, branches)
    if multiple:
        from cnnlint.analyses.sizes import sizes_that_work  # the replay is wanted for a finding only

        working = sizes_that_work(trace, operation)
        return f"{multiple}; sizes that would work: {working}" if working else multiple
    shrinking = _shrinking(trace, branches)
    if shrinking:
        return shrinking
    larger, smaller = sorted((first, second), key=lambda tensor: tensor.shape[2:], reverse=True)
    return (
        f"{trace.show(larger)} and {trace.show(smaller)} come from different strides or paddings: give both "
        "branches the same, or resize one with F.interpolate(x, size=skip.shape[2:])"
    )


def _multiple(trace: Trace, branches: list[Tensor]) -> str | None:
    """Odd sizes that are halved and doubled: which multiple the input must be."""
    fields = receptive_fields(trace)
    steps = {step.index: step for branch in branches for step in trace.upstream(branch)}
    if not any(step.kind in ("conv_transpose", "interpolate") for step in steps.values()):
        return None
    jumps = [field.jump for step in steps.values() for id in step.outputs for field in fields.get(id, ())]
    total = max(jumps, default=Fraction(1))
    inputs = [trace.tensor(id).shape[2:] for id in trace.run.inputs if len(trace.tensor(id).shape) > 2]
    if total.denominator != 1 or total == 1 or not inputs:
        return None
    odd = next((size for size in inputs[0] if size % int(total)), None)
    if odd is None:
        return None
    nearest = max(round(odd / total), 1) * int(total)
    return (
        f"the input must be a multiple of {total} ({odd} is not, {nearest} is), or resize before joining: "
        "F.interpolate(x, size=skip.shape[2:])"
    )


def _fix(trace: Trace, operation: Operation, branches: list[Tensor]) -> Fix | None:
    """Padding for the convolution that shrinks one branch; for maps that were halved and doubled again,
    one resized to the other."""
    if len(branches) < 2 or len(branches[0].shape) < 3 or len(branches[0].shape) != len(branches[1].shape):
        return None
    if branches[0].shape[2:] == branches[1].shape[2:]:
        return None
    step = None if _multiple(trace, branches) else _unpadded_step(trace, branches)
    if step is not None:
        padding = step.windows[0].extent // 2
        edits = set_layer_argument(trace, own_layer(trace, step), "padding", padding)
        return unsafe_fix(f"give {trace.describe(step)} padding={padding}", edits)
    tensors = operation.operands.get("tensors")
    if operation.name not in ("cat", "concat", "concatenate") or not isinstance(tensors, tuple):
        return None
    if len(tensors) != 2:
        return None
    made = [trace.upstream(id) for id in tensors]
    grown = [any(step.kind in ("conv_transpose", "interpolate") for step in steps) for steps in made]
    index = 1 if grown[1] and not grown[0] else 0
    return unsafe_fix(
        "resize one to the other with interpolate", interpolated(trace, operation, index, 1 - index)
    )


def _shrinking(trace: Trace, branches: list[Tensor]) -> str | None:
    """An unpadded convolution in one branch only."""
    step = _unpadded_step(trace, branches)
    if step is None:
        return None
    return f"give {trace.describe(step)} padding={step.windows[0].extent // 2}, which keeps the size"


def _unpadded_step(trace: Trace, branches: list[Tensor]) -> Operation | None:
    ways = [{step.index: step for step in trace.upstream(branch)} for branch in branches[:2]]
    for mine, theirs in (ways, ways[::-1]):
        for index in sorted(mine):
            step = mine[index]
            if index in theirs or step.kind != "conv":
                continue
            if all(w.padding == 0 and w.stride == 1 and w.extent > 1 for w in step.windows) and step.windows:
                return step
    return None
