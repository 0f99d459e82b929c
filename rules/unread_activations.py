from collections.abc import Iterator
from fractions import Fraction

from cnnlint.analyses.coverage import POSITIONWISE, WINDOWED, readers, unread_share
from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.graph import Trace
from cnnlint.placing import place
from cnnlint.plugin import Option, Rule
from cnnlint.traces import Operation, Tensor
from cnnlint.wording import ladder_here, maker, shown, sizes
from cnnlint_rules.pool_stride_mismatch import leaves_gaps


class UnreadActivations(Rule):
    """Positions of a feature map that no layer ever reads.

    ## Why
    A 1×1 convolution with stride 2 reads every second row and column: three quarters of what the layers
    before it computed are thrown away. So are the last row and column of a 7×7 map that is pooled by 2.
    Counted exactly, over all layers that read the map: what a second branch reads is not lost.

    ## Use instead
    Put the stride into a layer whose kernel covers it (the 3×3 convolution of a bottleneck, as in
    ResNet v1.5), pool before a strided 1×1 convolution (ResNet-D), pad, or choose sizes that divide.

    ## References
    - He et al. 2019, Bag of Tricks, section 4 (ResNet-B and -D): https://arxiv.org/abs/1812.01187
    """

    code = "CNN302"
    name = "unread-activations"
    severity = Severity.WARNING

    warning_share = Option(0.25, "the unread share of a map that is a warning", least=0, most=1)
    advice_share = Option(0.05, "the unread share of a map from which on there is advice", least=0, most=1)

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x32x32
        net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 16, 3, stride=2, padding=1))
        """,
        """
        import torch.nn as nn

        # cnnlint: input=3x33x33
        class SecondReader(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 3, padding=1)
                self.main = nn.Conv2d(8, 8, 3, stride=2, padding=1)
                self.skip = nn.Conv2d(8, 8, 1, stride=2)

            def forward(self, x):
                x = self.conv(x)
                return self.main(x) + self.skip(x)
        """,
        """
        import torch.nn as nn

        # cnnlint: input=3x33x33
        class SecondReaderBehindItsOwnNorm(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 3, padding=1)
                self.main = nn.Sequential(nn.BatchNorm2d(8), nn.Conv2d(8, 8, 3, stride=2, padding=1))
                self.skip = nn.Sequential(nn.BatchNorm2d(8), nn.Conv2d(8, 8, 1, stride=2))

            def forward(self, x):
                x = self.conv(x)
                return self.main(x) + self.skip(x)
        """,
        """
        import torch.nn as nn
        import torch.nn.functional as F

        # cnnlint: input=3x32x32
        class ReadsOnAShiftedGrid(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 3, padding=1)
                self.main = nn.Conv2d(8, 8, 3, stride=2, padding=1)
                self.skip = nn.Conv2d(8, 8, 1, stride=2)

            def forward(self, x):
                x = self.conv(x)
                cut = F.pad(x, (0, 1, 0, 1))[:, :, 1:, 1:]
                return self.main(x) + self.skip(cut) + self.skip(F.pad(x, (-1, 1, -1, 1)))
        """,
        """
        import torch.nn as nn

        # cnnlint: input=3x32x32
        class DropsBlocks(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 3, padding=1)
                self.main = nn.Conv2d(8, 8, 3, stride=2, padding=1)
                self.skip = nn.Conv2d(8, 8, 1, stride=2)

            def forward(self, x):
                x = self.conv(x)
                return self.skip(x) if self.training else self.main(x) + self.skip(x)
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x32x32
        net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 16, 1, stride=2))
                                                                                                 ^ 75 %
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x28x28
        net = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.MaxPool2d(2), nn.MaxPool2d(2), nn.MaxPool2d(2), nn.Flatten()
                                                                             ^^^^^^^^^^^^^^^ 27 %
        )
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        for tensor in trace.run.tensors:
            if tensor.origin != "operation" or tensor.uncertain or len(tensor.shape) < 3:
                continue
            if _is_no_work(trace, tensor):
                continue
            share = unread_share(trace, tensor)
            uses = [use for use in readers(trace, tensor) if use.kind in WINDOWED]
            if (
                share
                and (trace.size_is_known or any(map(_leaves_out, uses)))
                and float(share) >= self.advice_share
                and uses
                and not any(leaves_gaps(use) for use in uses)
                and not self._read_in_other_mode(trace, uses[0])
            ):
                yield self._finding(trace, tensor, share, uses)

    def _read_in_other_mode(self, trace: Trace, use: Operation) -> bool:
        """Whether what an operator reads is read whole when the model is in its other mode: a pass in
        training may have left out a block by chance."""
        other = trace.other
        for step in other.operations(use.kind) if other is not None else ():
            if (step.layer, step.name) == (use.layer, use.name) and (use.layer or step.calls == use.calls):
                source = other.main_input(step) if other is not None else None
                if other is not None and source is not None:
                    return (unread_share(other, source) or 0) < self.advice_share
        return False

    def _finding(self, trace: Trace, tensor: Tensor, share: Fraction, uses: list[Operation]) -> Diagnostic:
        use = uses[0]
        where = place(trace, use, "stride")
        windows = use.windows
        space = tensor.shape[-len(windows) :]
        readers = ", ".join(dict.fromkeys(trace.describe(each) for each in uses))
        message = (
            f"{round(float(share) * 100)} % of {trace.show(tensor)}, which {maker(trace, tensor)} computes, "
            f"is never read: {readers} skips it"
        )
        return self.report(
            where.span,
            message,
            trace=trace,
            label=f"reads {_kernel(use)} with stride {windows[-1].stride} on {sizes(space)}",
            severity=Severity.WARNING
            if float(share) >= self.warning_share and not all(map(_is_pointwise, uses))
            else Severity.ADVICE,
            layers=tuple(dict.fromkeys(each.layer for each in uses if each.layer)),
            inputs=shown(trace, tensor),
            outputs=shown(trace, use.outputs[0]),
            related=where.related("", *ladder_here(trace, tensor)),
            help=_help(use, space),
        )


def _is_no_work(trace: Trace, tensor: Tensor) -> bool:
    """Whether a map is another one behind a norm or an activation, padded or cut out: that one took the
    work, and is judged by all that read it."""
    maker = trace.producer(tensor)
    before = trace.main_input(maker) if maker is not None else None
    if maker is None or before is None:
        return False
    cut = maker.kind == "index" and before.shape[2:] != tensor.shape[2:]
    return cut or maker.kind == "pad" or maker.kind in POSITIONWISE


def _leaves_out(use: Operation) -> bool:
    """Whether positions between the windows are left out: at any size, not only at the end of this one."""
    return any(window.stride > window.extent for window in use.windows)


def _is_pointwise(use: Operation) -> bool:
    """Whether a convolution reads single positions where it strides: ResNet's shortcuts do so on purpose (He
    et al. 2016, option B)."""
    return use.kind == "conv" and all(w.kernel_size == 1 for w in use.windows if w.stride > w.extent)


def _kernel(use: Operation) -> str:
    return "×".join(str(window.kernel_size) for window in use.windows)


def _help(use: Operation, space: tuple[int, ...]) -> str:
    window = max(use.windows, key=lambda each: each.stride - each.extent)
    if window.stride > window.extent:
        if use.kind == "conv":
            kernel = window.stride + 1
            return f"give it a {kernel}×{kernel} kernel, or average-pool by {window.stride} before it"
        return f"use stride={window.kernel_size}"
    if use.kind == "pool":
        return "use ceil_mode=True, or padding, or an input size that divides"
    return f"pad, or choose an input size for which the map is no {sizes(space)}"
