from collections.abc import Iterator

from cnnlint.diagnostic import Diagnostic, Fix, Severity
from cnnlint.fixes.rewriting import set_argument, set_layer_argument, unsafe_fix
from cnnlint.graph import Trace
from cnnlint.placing import own_layer, place
from cnnlint.plugin import Rule
from cnnlint.traces import Operation
from cnnlint.wording import ladder_here, shown

ARITHMETIC = frozenset({"add", "sub", "mul", "div", "elementwise", "activation"})


class PoolStrideMismatch(Rule):
    """A pooling whose kernel and stride disagree, so that it does not do its job.

    ## Why
    Pooling halves a map when its stride is 2: `nn.MaxPool2d(2)` or `nn.MaxPool2d(3, 2, padding=1)`. With
    stride 1 and no padding the map stays almost as large as it was; with a stride above the kernel
    there are rows and columns between the windows that nobody reads.

    ## Use instead
    `nn.MaxPool2d(2)` (the stride is the kernel when it is left out), or `padding=kernel_size // 2` where
    the size is to stay.

    ## References
    - https://pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html
    """

    code = "CNN301"
    name = "pool-stride-mismatch"
    severity = Severity.WARNING

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x32x32
        net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.MaxPool2d(3, stride=2), nn.AvgPool2d(2))
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x32x32
        same = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.MaxPool2d(3, stride=1, padding=1))
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        whole_map = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.AvgPool2d(8, stride=1))
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x32x32
        net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.MaxPool2d(3, stride=1), nn.ReLU())
                                                                                  ^ 32 → 30
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x32x32
        net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.MaxPool2d(2, stride=3), nn.ReLU())
                                                                                  ^ never read
        """,
        """
        import torch.nn as nn
        import torch.nn.functional as F

        # cnnlint: input=2x64
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv1d(2, 8, 3)

            def forward(self, x):
                return F.max_pool1d(self.conv(x), 2, 4)
                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        for operation in trace.operations("pool"):
            if operation.fault is None and operation.windows and not _spans_the_map(trace, operation):
                if leaves_gaps(operation):
                    yield self._gap(trace, operation)
                elif all(w.stride == 1 for w in operation.windows) and _shrinks_without_need(
                    trace, operation
                ):
                    yield self._still(trace, operation)

    def _gap(self, trace: Trace, operation: Operation) -> Diagnostic:
        window = next(w for w in operation.windows if w.stride > w.extent > 1)
        read = 1.0
        for each in operation.windows:
            read *= min(each.kernel_size / each.stride, 1)
        message = (
            f"pooling {_size(operation)} with stride {window.stride}: the windows leave gaps, and about "
            f"{1 - read:.0%} of the map is never read"
        )
        return self._finding(
            trace, operation, message, f"stride={window.kernel_size} reads every position once"
        )

    def _still(self, trace: Trace, operation: Operation) -> Diagnostic:
        kernel = operation.windows[0].kernel_size
        before, after = trace.main_input(operation), trace.tensor(operation.outputs[0])
        sizes = f"{before.shape[-1] if before else '?'} → {after.shape[-1]}"
        message = (
            f"pooling {_size(operation)} with stride 1 leaves the map almost as it was ({sizes}): "
            "it does not downsample"
        )
        return self._finding(
            trace,
            operation,
            message,
            f"leave the stride out (it is then {kernel}), or write padding={kernel // 2} to keep the size",
        )

    def _finding(self, trace: Trace, operation: Operation, message: str, help: str) -> Diagnostic:
        where = place(trace, operation, "stride")
        source, result = trace.main_input(operation), operation.outputs[0]
        return self.report(
            where.span,
            message,
            trace=trace,
            label=f"{trace.show(source)} → {trace.show(result)}",
            layers=(operation.layer,) if operation.layer else (),
            inputs=shown(trace, source),
            outputs=shown(trace, result),
            related=where.related("", *ladder_here(trace, result)),
            help=help,
            fix=_as_wide_as_the_kernel(trace, operation) if leaves_gaps(operation) else None,
        )


def _as_wide_as_the_kernel(trace: Trace, operation: Operation) -> Fix | None:
    """The kernel's size as stride, where it is the same along all axes."""
    kernels = {window.kernel_size for window in operation.windows}
    if len(kernels) != 1:
        return None
    (kernel,) = kernels
    layer = own_layer(trace, operation)
    if layer is not None:
        edits = set_layer_argument(trace, layer, "stride", kernel)
    else:
        edits = set_argument(trace, operation.calls[0] if operation.calls else None, "stride", kernel, 2)
    return unsafe_fix(f"write stride={kernel}", edits)


def leaves_gaps(operation: Operation) -> bool:
    """Whether a pooling skips positions between its windows. A kernel of 1 is a meant subsampling."""
    return operation.kind == "pool" and any(w.stride > w.extent > 1 for w in operation.windows)


def _size(operation: Operation) -> str:
    return "×".join(str(window.kernel_size) for window in operation.windows)


def _spans_the_map(trace: Trace, operation: Operation) -> bool:
    """Whether the kernel is as large as the map, so that the stride does not matter."""
    result = trace.tensor(operation.outputs[0])
    return all(size == 1 for size in result.shape[-len(operation.windows) :])


def _shrinks_without_need(trace: Trace, operation: Operation) -> bool:
    """Whether a pooling with stride 1 is neither padded (by itself or by a pad before it) nor the first
    half of an anti-aliased downsampling (Zhang 2019: the strided blur comes behind it)."""
    if any(w.padding or w.extent == 1 for w in operation.windows):
        return False
    if _is_padded_before(trace, operation):
        return False
    waiting = trace.consumers(operation)
    for use in waiting:
        following = trace.consumers(use) if use.kind == "pad" else [use]
        if any(w.stride > 1 for each in following for w in each.windows):
            return False
    return True


def _is_padded_before(trace: Trace, operation: Operation) -> bool:
    """Whether all that a pooling reads was padded, with nothing but arithmetic between (SSIM pools x, y and
    x · y behind one reflection pad)."""
    pending = [trace.main_input(operation)]
    padded = False
    while pending:
        step = trace.producer(pending.pop())
        if step is None:
            return False
        if step.kind == "pad":
            padded = True
        elif step.kind in ARITHMETIC:
            pending += [trace.tensor(id) for id in step.inputs()]
        else:
            return False
    return padded
