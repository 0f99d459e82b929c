from collections.abc import Iterator

from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.graph import Trace
from cnnlint_rules._operations import OperationRule


class UnevenTransposedOverlap(OperationRule):
    """A transposed convolution whose kernel is not a multiple of its stride.

    ## Why
    Each output position is the sum of kernel / stride inputs. When that is no whole number, some
    positions get more than others: with a kernel of 3 and stride 2, one, two, one, two: a checkerboard that
    the weights have to learn away.

    ## Use instead
    `nn.ConvTranspose2d(64, 32, 4, stride=2, padding=1)` or 2 with stride 2; or resize, then convolve.

    ## References
    - Odena, Dumoulin & Olah 2016: https://distill.pub/2016/deconv-checkerboard/
    """

    code = "CNN309"
    name = "uneven-transposed-overlap"
    severity = Severity.ADVICE

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=8x4x4
        net = nn.Sequential(nn.ConvTranspose2d(8, 8, 4, stride=2, padding=1), nn.ConvTranspose2d(8, 8, 3))
        """,
        """
        import torch.nn as nn
        # cnnlint: input=8x4x4
        from_one_pixel = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.ConvTranspose2d(8, 8, 7, stride=2))
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        # cnnlint: input=8x4x4
        net = nn.Sequential(nn.ConvTranspose2d(8, 8, 3, stride=2, padding=1, output_padding=1), nn.ReLU())
                                                     ^ kernel of 3 is not
        """,
        """
        import torch.nn as nn
        # cnnlint: input=8x10
        net = nn.Sequential(nn.ConvTranspose1d(8, 8, kernel_size=5, stride=2), nn.ReLU())
                                                                 ^ kernel of 5 is not
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        for operation in trace.operations("conv_transpose"):
            source = trace.operand(operation)
            kernel, stride = (operation.attributes.get(name, ()) for name in ("kernel_size", "stride"))
            if operation.fault or source is None:
                continue
            space = source.shape[-len(kernel) :]
            uneven = [(k, s) for k, s, size in zip(kernel, stride, space, strict=True) if k % s and size > 1]
            if uneven:
                size, step = uneven[0]
                better = -(-size // step) * step
                yield self.at(
                    trace,
                    operation,
                    f"a kernel of {size} is not a multiple of the stride {step}: output positions get "
                    f"{size // step} or {size // step + 1} inputs in turn (checkerboard)",
                    argument="kernel_size",
                    help=f"write kernel_size={better} and adapt the padding, or resize and convolve",
                )
