from collections.abc import Iterator

from cnnlint.analyses.receptive import receptive_field
from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.graph import Trace
from cnnlint.wording import sizes
from cnnlint_rules._operations import OperationRule


class ShortReceptiveField(OperationRule):
    """The last map sees less than the image, and nothing global follows.

    ## Why
    An output that depends on a part of the image cannot judge the whole.

    ## Use instead
    More downsampling, dilation, or a global pooling at the end.

    ## References
    - Araujo, Norris & Sim 2019: https://distill.pub/2019/computing-receptive-fields/
    """

    code = "CNN602"
    name = "short-receptive-field"
    severity = Severity.ADVICE
    default = False
    measures_size = True

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x16x16
        net = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.Conv2d(3, 8, 8), nn.ReLU())
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x16x16
        net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 2, 3, padding=1))
                                                                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ 5 × 5
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x64
        net = nn.Sequential(nn.Conv1d(3, 8, 5), nn.ReLU(), nn.Conv1d(8, 2, 5))
                                                           ^^^^^^^^^^^^^^^^^^ 9
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        image = max((trace.tensor(id).shape[2:] for id in trace.run.inputs), default=(), key=len)
        fields = receptive_field(trace)
        for id in trace.run.outputs:
            seen = fields.get(id, ())
            last = trace.weighted_source(id)
            short = len(seen) == len(image) and any(s < size for s, size in zip(seen, image, strict=True))
            if short and last is not None:
                yield self.at(
                    trace,
                    last,
                    f"an output position sees {sizes(seen)} of the {sizes(image)} image",
                    help="downsample more, dilate, or end with a global pooling",
                )
