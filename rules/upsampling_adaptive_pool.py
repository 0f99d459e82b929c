from collections.abc import Iterator
from fractions import Fraction

from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.graph import Trace, product
from cnnlint.wording import ladder_here, sizes
from cnnlint_rules._operations import OperationRule


class UpsamplingAdaptivePool(OperationRule):
    """An adaptive pooling to more cells than it is given.

    ## Why
    `nn.AdaptiveAvgPool2d(7)` on a 1×1 map copies the one pixel 49 times. VGG16 at 32×32 does so: its first
    Linear then has 49 equal inputs a channel, and 49 times the weights that it needs.

    ## Use instead
    A size not above the map's (`nn.AdaptiveAvgPool2d(1)`), or larger images.

    ## References
    - https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html
    """

    code = "CNN306"
    name = "upsampling-adaptive-pool"
    severity = Severity.WARNING
    measures_size = True

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x14x14
        net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.AdaptiveAvgPool2d(7))
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x7x7
        net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.AdaptiveMaxPool2d((None, 1)))
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.MaxPool2d(8), nn.AdaptiveAvgPool2d(7))
                                                                                                 ^ 49 times
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x8
        net = nn.Sequential(nn.Conv1d(3, 8, 3, padding=1), nn.AdaptiveAvgPool1d(output_size=16))
                                                                                            ^^ 2 times
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        for operation in trace.operations("adaptive_pool"):
            source = trace.operand(operation)
            if source is None or operation.fault or source.uncertain or not operation.outputs:
                continue
            result = trace.tensor(operation.outputs[0])
            before, after = source.shape[2:], result.shape[2:]
            if len(before) != len(after) or not any(b < a for b, a in zip(before, after, strict=True)):
                continue
            times = Fraction(product(after), max(product(before), 1))
            copies = f"{times.numerator}" if times.denominator == 1 else f"{float(times):.2g}"
            yield self.at(
                trace,
                operation,
                f"pooling {sizes(before)} to {sizes(after)} is upsampling: it copies each position "
                f"{copies} times",
                argument="output_size",
                label=f"the map is only {trace.show(source)}",
                help=f"write {max(min(before), 1)} or less, or give larger images",
                related=ladder_here(trace, source),
            )
