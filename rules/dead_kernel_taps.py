from collections.abc import Iterator
from fractions import Fraction

from cnnlint.analyses.taps import dead_weights
from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.graph import Trace
from cnnlint.plugin import Option
from cnnlint.traces import Operation
from cnnlint.wording import image_size, sizes
from cnnlint_rules._operations import OperationRule


class DeadKernelTaps(OperationRule):
    """Weights of convolutions that only ever meet zero padding.

    ## Why
    A 3×3 kernel with padding 1 on a map of 1×1 sees one pixel: the other eight weights are multiplied by
    zeros in every forward pass, get no gradient, and change nothing. ResNet-18 on 32×32 images has such
    maps from its third stage on, and 62 % of its convolution weights never see a pixel. Large dilations
    on small maps do the same.

    ## Use instead
    Downsample less (stride 1 in the stem, no max pooling, as the CIFAR variants of ResNet do), give larger
    images, or smaller dilations.

    ## References
    - Chen et al. 2017, Rethinking Atrous Convolution, section 3.3: https://arxiv.org/abs/1706.05587
    """

    code = "CNN303"
    name = "dead-kernel-taps"
    severity = Severity.WARNING
    measures_size = True

    warning_share = Option(
        0.05, "the dead share of the convolution weights that is a warning", least=0, most=1
    )
    advice_share = Option(0.01, "the dead share from which on there is advice", least=0, most=1)

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3, padding=1))
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x2x2
        mirrored = nn.Conv2d(3, 8, 3, padding=1, padding_mode="reflect")
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.MaxPool2d(4),
            nn.Conv2d(8, 8, 3, padding=1),
            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ 65 %
        )
        """,
        """
        import torch.nn as nn
        # cnnlint: input=4x10
        net = nn.Sequential(nn.Conv1d(4, 4, 3, padding=12, dilation=12), nn.ReLU())
                            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ 67 %
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        dead, total = dead_weights(trace)
        lost = sum((count for count, _ in dead), Fraction(0))
        if total and float(lost / total) >= self.advice_share:
            yield self._finding(trace, dead, lost / total)

    def _finding(self, trace: Trace, dead: list[tuple[Fraction, Operation]], share: Fraction) -> Diagnostic:
        count, worst = max(dead, key=lambda item: item[0])
        space = len(worst.windows)
        source = trace.operand(worst)
        here = sizes(source.shape[-space:]) if source else "small"
        kernel = sizes([window.kernel_size for window in worst.windows])
        dilated = f", dilation {worst.windows[0].dilation}" if worst.windows[0].dilation > 1 else ""
        percent = round(float(share) * 100)
        return self.at(
            trace,
            worst,
            f"{percent} % of this model's convolution weights only ever multiply zero padding "
            f"at {sizes(image_size(trace)).replace(' ', '')}",
            label=f"{kernel} kernel{dilated} on a {here} map: {int(count):,} weights are dead",
            help="downsample less, give larger images, or use a smaller kernel or dilation here",
            also=[operation for _, operation in dead],
            severity=Severity.WARNING if float(share) >= self.warning_share else Severity.ADVICE,
        )
