from collections.abc import Iterator

from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.graph import Trace
from cnnlint.plugin import Option
from cnnlint.traces import Operation
from cnnlint_rules._operations import OperationRule

WEIGHTS = ("conv", "conv_transpose", "linear")
HELPS = frozenset({"add", "cat", "norm", "attention", "recurrent"})


class DeepPlainStack(OperationRule):
    """Twenty or more weighted layers in a row without a skip or a norm.

    ## Why
    Through a plain stack the gradient is a product of as many matrices: it vanishes or explodes with depth.
    VGG's 16 and 19 layers were about the limit, and had to be trained in stages.

    ## Use instead
    A norm behind each convolution, and skips around every two or three (`x + self.body(x)`).

    ## References
    - He et al. 2016, Deep Residual Learning, figure 1: https://arxiv.org/abs/1512.03385
    """

    code = "CNN603"
    name = "deep-plain-stack"
    severity = Severity.ADVICE

    layers = Option(20, "how many weighted layers in a row are too many", least=2)

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=8x8x8
        net = nn.Sequential(*[nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.ReLU()) for _ in range(12)])
        """,
        """
        import torch.nn as nn

        # cnnlint: input=8x8x8
        class Residual(nn.Module):
            def __init__(self):
                super().__init__()
                self.convs = nn.ModuleList(nn.Conv2d(8, 8, 3, padding=1) for _ in range(24))

            def forward(self, x):
                for conv in self.convs:
                    x = x + conv(x).relu()
                return x
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        # cnnlint: input=8x8x8
        net = nn.Sequential(*[nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.ReLU()) for _ in range(24)])
                                            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ 24 weighted layers
        """,
        """
        import torch.nn as nn

        # cnnlint: input=16
        class Deep(nn.Module):
            def __init__(self):
                super().__init__()
                self.layers = nn.ModuleList(nn.Linear(16, 16) for _ in range(20))
                                            ^^^^^^^^^^^^^^^^^ 20 weighted layers

            def forward(self, x):
                for layer in self.layers:
                    x = layer(x).relu()
                return x
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        run: dict[int, tuple[int, Operation]] = {}  # by operation: how long the plain run is, its first layer
        longest: tuple[int, Operation, Operation] | None = None
        for operation in trace.operations():
            made = filter(None, map(trace.producer, operation.inputs()))
            before = [run[step.index] for step in made if step.index in run]
            if operation.kind in HELPS:
                continue
            best = max(before, key=lambda item: item[0], default=None)
            if operation.kind in WEIGHTS:
                length, first = best if best else (0, operation)
                run[operation.index] = (length + 1, first)
                if length + 1 >= self.layers and (longest is None or length + 1 > longest[0]):
                    longest = (length + 1, first, operation)
            elif best:
                run[operation.index] = best
        if longest is not None:
            yield self._finding(trace, *longest)

    def _finding(self, trace: Trace, length: int, first: Operation, last: Operation) -> Diagnostic:
        return self.at(
            trace,
            first,
            f"{length} weighted layers in a row, {trace.describe(first)} to {trace.describe(last)}, "
            "without a skip or a norm: gradients vanish or explode",
            help="put a norm behind each layer, and a skip around every two (x + self.body(x))",
            also=(last,),
        )
