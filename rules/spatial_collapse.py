from cnnlint.diagnostic import Diagnostic, Fix, Severity
from cnnlint.fixes.rewriting import set_layer_argument, unsafe_fix, without
from cnnlint.graph import Trace
from cnnlint.placing import own_layer
from cnnlint.traces import Operation, Tensor
from cnnlint_rules._faults import FaultRule, Refused


class SpatialCollapse(FaultRule):
    """A map that has become smaller than the kernel that is to slide over it.

    ## Why
    An operator's output size is floor((n + 2·padding − kernel) / stride) + 1. Each unpadded convolution
    takes kernel − 1 off, each pooling halves: 32 → 16 → 8 → 4 → 2 → 1 is five poolings, and a sixth has
    nothing left. torch raises "Kernel size can't be greater than actual input size" or "Output size is
    too small", at the call and not at the layers that ate the map.

    ## Use instead
    Drop a pooling or a stride, pad (`padding=kernel_size // 2` keeps the size), or give a larger input.

    ## References
    - https://pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html (the formula)
    """

    code = "CNN103"
    name = "spatial-collapse"
    severity = Severity.ERROR
    reasons = ("collapse",)

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.MaxPool2d(2), nn.MaxPool2d(2), nn.MaxPool2d(2))
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x2x2
        net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU())
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.MaxPool2d(2), nn.MaxPool2d(2), nn.MaxPool2d(2), nn.MaxPool2d(2))
                                                                                            ^
        """,
        """
        import torch
        import torch.nn as nn
        import torch.nn.functional as F

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv1 = nn.Conv2d(1, 8, 5)
                self.conv2 = nn.Conv2d(8, 8, kernel_size=5)
                                                         ^ 10 → 6 → 3

            def forward(self, x):
                return self.conv2(F.max_pool2d(self.conv1(x), 2))

        Net()(torch.zeros(1, 1, 10, 10))
        """,
    ]

    def finding(self, refused: Refused) -> Diagnostic:
        trace, source = refused.trace, refused.source
        ladder = trace.show_ladder(source)
        sizes = f": {ladder}" if ladder else ""
        label = f"{refused.produced}{sizes}" if refused.produced else ladder
        return self.refusal(
            refused, label=label, help=_help(trace, refused, source), fix=_fix(trace, refused.operation)
        )


def _help(trace: Trace, refused: Refused, source: Tensor | None) -> str:
    options = []
    if source is not None and isinstance(refused.fault.expected, int):
        smallest = _smallest_input(trace, source, refused.fault.expected)
        if smallest is not None:
            options.append(f"the smallest input that works is {smallest}")
    kernel = refused.operation.attributes.get("kernel_size")
    if refused.operation.kind in ("conv", "pool") and isinstance(kernel, tuple):
        keeps = sorted({size // 2 for size in kernel if isinstance(size, int)})
        if refused.operation.kind == "conv" and len(keeps) == 1 and keeps[0]:
            options.append(f"padding={keeps[0]} keeps the size")
        if refused.operation.kind == "pool":
            options.append("drop this pooling")
    shrinking = _unpadded(trace, source)
    if shrinking:
        options.append(f"pad {', '.join(shrinking)}")
    return "; ".join(options) or "use fewer poolings and strides, or a larger input"


def _fix(trace: Trace, operation: Operation) -> Fix | None:
    """A convolution padded, a pooling left out."""
    if operation.kind == "pool":
        return unsafe_fix("drop this pooling", without(trace, operation))
    kernels = {window.extent for window in operation.windows}
    if operation.kind != "conv" or len(kernels) != 1:
        return None
    padding = kernels.pop() // 2
    edits = set_layer_argument(trace, own_layer(trace, operation), "padding", padding)
    return unsafe_fix(f"write padding={padding}", edits) if padding else None


def _smallest_input(trace: Trace, source: Tensor, needed: int) -> int | None:
    """The smallest input size for which a square map reaches `needed` positions at `source`; None where
    something on the way is not a plain window."""
    rank = len(source.shape)
    for step in trace.upstream(source):
        before = trace.main_input(step)
        if before is None or len(before.shape) != rank:
            return None
        if step.windows and step.kind in ("conv", "pool"):
            window = step.windows[-1]
            ends = window.padding if window.end_padding is None else window.end_padding
            needed = max((needed - 1) * window.stride + window.extent - window.padding - ends, 1)
        elif before.shape[2:] != trace.tensor(step.outputs[0]).shape[2:]:
            return None
    return needed


def _unpadded(trace: Trace, source: Tensor | None) -> list[str]:
    """Up to three unpadded convolutions on the way."""
    names: list[str] = []
    for step in trace.upstream(source):
        if step.kind == "conv" and any(w.padding == 0 and w.kernel_size > 1 for w in step.windows):
            names.append(_with_padding(trace, step))
    return names[::-1][:3]


def _with_padding(trace: Trace, step: Operation) -> str:
    halves = {window.extent // 2 for window in step.windows}
    return f"{trace.describe(step)} with padding={max(halves)}"
