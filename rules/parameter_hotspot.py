from collections.abc import Iterator

from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.graph import Trace, product
from cnnlint.plugin import Option
from cnnlint.traces import Operation, Tensor
from cnnlint.wording import flattened_map, worked_out
from cnnlint_rules._operations import OperationRule


class ParameterHotspot(OperationRule):
    """One Linear behind a flatten that holds most of the model's parameters.

    ## Why
    A Linear on a flattened map has a weight for each position of each channel: 64 × 12 × 12 × 128 is more
    than a million. Global average pooling reads the same channels with 1/(H·W) of the weights, overfits
    less, and takes images of any size.

    ## Use instead
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 128)

    ## References
    - Lin, Chen & Yan 2014, Network In Network, section 3.2: https://arxiv.org/abs/1312.4400
    """

    code = "CNN401"
    name = "parameter-hotspot"
    severity = Severity.ADVICE
    measures_size = True

    parameters = Option(
        1_000_000, "how many parameters a layer may have, if it holds `share` of all", least=0
    )
    share = Option(0.5, "the share of the model's parameters that is too much for one layer", least=0, most=1)
    dominant_parameters = Option(100_000, "the same for a layer that holds `dominant-share`", least=0)
    dominant_share = Option(0.9, "the share that is too much in a small model as well", least=0, most=1)

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x64x64
        net = nn.Sequential(
            nn.Conv2d(3, 64, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 1000)
        )
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x16x16
        small = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(512, 10))
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x64x64
        net = nn.Sequential(
            nn.Conv2d(3, 64, 3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(65536, 100)
                                                                ^^^^^^^^^^^^^^^^^^^^^ 6,553,700
        )
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x32x32
        net = nn.Sequential(
            nn.Conv2d(3, 16, 3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(4096, 64), nn.ReLU(),
                                                                ^^^^^^^^^^^^^^^^^^^ 262,208
            nn.Linear(64, 10),
        )
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        total = sum(product(item.shape) for item in trace.model.parameters if not item.buffer)
        for operation in trace.operations("linear"):
            before = flattened_map(trace, trace.main_input(operation))
            if before is None or before.uncertain or operation.fault or product(before.shape[2:]) < 2:
                continue
            weight, bias = trace.weight(operation), trace.weight(operation, "bias")
            if weight is None:
                continue
            count = product(weight.shape) + (product(bias.shape) if bias else 0)
            large = count > self.parameters and count > self.share * total
            if large or (count > self.dominant_parameters and count > self.dominant_share * total):
                yield self._finding(trace, operation, before, weight.shape[0], count, total)

    def _finding(
        self, trace: Trace, operation: Operation, before: Tensor, outputs: int, count: int, total: int
    ) -> Diagnostic:
        channels = before.shape[1]
        pooled = (channels + 1) * outputs
        pool = f"nn.AdaptiveAvgPool{len(before.shape) - 2}d(1)"
        return self.at(
            trace,
            operation,
            f"{trace.describe(operation)} holds {count:,} of the model's {total:,} parameters "
            f"({count / total:.0%}): {worked_out(before.shape[1:])} features × {outputs}",
            help=f"with {pool} before the flatten it would hold {pooled:,}",
        )
