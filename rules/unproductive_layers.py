import math
from collections.abc import Iterator

from cnnlint.analyses.receptive import Field, receptive_fields, useful_resolution
from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.graph import Trace, product
from cnnlint.plugin import Option
from cnnlint.traces import Operation, Shape
from cnnlint.wording import sizes
from cnnlint_rules._operations import OperationRule, is_dense


class UnproductiveLayers(OperationRule):
    """Convolutions whose every input already sees the whole image.

    ## Why
    A convolution combines what its neighbours know. Once each position sees all of the image, a larger
    kernel has nothing new to combine; layers behind that border were measured to add nothing to the
    accuracy (Richter et al. 2021). The smallest field over all paths is taken, since a skip carries small
    ones on.

    ## Use instead
    Larger images, less downsampling in the stem, or leave those layers out.

    ## References
    - Richter et al. 2021, Should You Go Deeper?: https://arxiv.org/abs/2106.12307
    - rfa-toolbox (its border layer): https://github.com/MLRichter/receptive_field_analysis_toolbox
    """

    code = "CNN601"
    name = "unproductive-layers"
    severity = Severity.ADVICE
    measures_size = True

    share = Option(
        0.05, "the share of the model's parameters from which on they are reported", least=0, most=1
    )

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x64x64
        net = nn.Sequential(
            nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.Conv2d(8, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3)
        )
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        pointwise = nn.Sequential(nn.Conv2d(3, 8, 8), nn.ReLU(), nn.Conv2d(8, 64, 1), nn.ReLU())
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        head = nn.Sequential(
            nn.Conv2d(3, 8, 5, 2, 2), nn.ReLU(), nn.Conv2d(8, 8, 3, 2, 1), nn.ReLU(), nn.Conv2d(8, 64, 2)
        )
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x32x32
        class OverTheChannels(nn.Module):
            def __init__(self):
                super().__init__()
                self.stem = nn.Conv2d(3, 16, 3, padding=1)
                self.gate = nn.Conv1d(1, 1, 3, padding=1)

            def forward(self, x):
                x = self.stem(x)
                gate = self.gate(x.mean((2, 3)).unsqueeze(1)).sigmoid()
                return x * gate.transpose(1, 2).unsqueeze(-1)
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(
            nn.Conv2d(3, 8, 5, 2, 2), nn.ReLU(), nn.Conv2d(8, 8, 3, 2, 1), nn.ReLU(),
            nn.Conv2d(8, 8, 3, 1, 1),
            ^^^^^^^^^^^^^^^^^^^^^^^^ 9×9
        )
        """,
        """
        import torch.nn as nn
        # cnnlint: input=1x16
        net = nn.Sequential(nn.Conv1d(1, 8, 16, padding="same"), nn.ReLU(), nn.Conv1d(8, 8, 3, padding=1))
                                                                            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ 16
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        image = max((trace.tensor(id).shape[2:] for id in trace.run.inputs), default=(), key=len)
        fields = receptive_fields(trace)
        total = sum(product(item.shape) for item in trace.model.parameters if not item.buffer)
        beyond: dict[str, Operation] = {}
        weights = 0
        for operation in trace.operations("conv"):
            source, kernel = trace.operand(operation), trace.weight(operation)
            if (
                source is None
                or kernel is None
                or source.uncertain
                or all(w.extent == 1 for w in operation.windows)
                or is_dense(trace, operation)
            ):
                continue
            seen = fields.get(source.id, ())
            if not len(seen) == len(image) == len(operation.windows) or not _sees_all(seen, image):
                continue
            if kernel.name not in beyond:
                weights += product(kernel.shape)
            beyond[kernel.name] = operation
        if beyond and weights >= self.share * total:
            yield self._finding(trace, list(beyond.values()), image, weights / total)

    def _finding(self, trace: Trace, layers: list[Operation], image: Shape, share: float) -> Diagnostic:
        first = layers[0]
        names = [trace.describe(step) for step in layers]
        seen = receptive_fields(trace)[trace.operand(first).id]  # type: ignore[union-attr]
        listed = ", ".join(names[:4]) + (", …" if len(names) > 4 else "")
        count = f"{len(layers)} convolution{'s' if len(layers) > 1 else ''}"
        return self.at(
            trace,
            first,
            f"every input of {count} ({listed}; {share:.0%} of the parameters) already sees the whole "
            f"{_show(image)} image",
            label=f"each input sees {_show(tuple(math.ceil(field.smallest) for field in seen))}",
            help=f"use images of {_show(useful_resolution(trace))} and more, or leave these layers out",
            also=layers[1:],
        )


def _sees_all(seen: tuple[Field, ...], image: Shape) -> bool:
    return all(field.smallest >= size for field, size in zip(seen, image, strict=True))


def _show(shape: Shape) -> str:
    return sizes(shape).replace(" ", "")
