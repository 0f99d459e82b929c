from collections.abc import Iterator

from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.graph import Trace
from cnnlint_rules._operations import OperationRule


class EvenKernel(OperationRule):
    """An even kernel at stride 1, which shifts the map by half a pixel.

    ## Why
    A kernel of 4 has no middle: its result stands half a pixel beside its input, and no padding keeps the
    size.

    ## Use instead
    An odd kernel.

    ## References
    - Wu et al. 2019, Convolution with even-sized kernels: https://arxiv.org/abs/1903.08385
    """

    code = "CNN311"
    name = "even-kernel"
    severity = Severity.ADVICE
    default = False

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 2, stride=2))
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        whole_map = nn.Sequential(nn.Conv2d(3, 8, 8), nn.ReLU())
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.Conv2d(3, 8, 4, padding=1), nn.ReLU())
                                            ^ half a pixel
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x20
        net = nn.Sequential(nn.Conv1d(3, 8, kernel_size=2), nn.ReLU())
                                                        ^ half a pixel
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        for operation in trace.operations("conv"):
            even = [w for w in operation.windows if w.kernel_size % 2 == 0 and w.stride == 1]
            if not even or operation.fault:
                continue
            result = trace.tensor(operation.outputs[0]).shape[-len(operation.windows) :]
            if any(size > 1 for size in result):
                yield self.at(
                    trace,
                    operation,
                    f"an even kernel of {even[0].kernel_size} at stride 1 shifts the map by half a pixel",
                    argument="kernel_size",
                    help=f"write kernel_size={even[0].kernel_size + 1} or {even[0].kernel_size - 1}",
                )
