from collections.abc import Iterator

from cnnlint.diagnostic import Diagnostic, Fix, Severity
from cnnlint.fixes.rewriting import set_layer_argument, unsafe_fix
from cnnlint.graph import Trace
from cnnlint.placing import place_layer
from cnnlint.traces import Layer
from cnnlint_rules._faults import FaultRule


class IllegalArgument(FaultRule):
    """An argument that can never work, whatever the input.

    ## Why
    `groups` has to divide both numbers of channels, a pooling's padding must not exceed half its kernel,
    `output_padding` must be smaller than the stride or the dilation, sizes must be positive. torch
    notices some of it while it builds the layer, some only in the forward pass, and builds
    `nn.Conv2d(0, 8, 3)` without a word.

    ## Use instead
    For a depthwise convolution that widens: `nn.Conv2d(32, 64, 3, groups=32)`, groups = in_channels.

    ## References
    - https://pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
    """

    code = "CNN108"
    name = "illegal-argument"
    severity = Severity.ERROR
    reasons = ("argument",)

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=32x8x8
        net = nn.Conv2d(32, 64, 3, groups=32)
        """,
        """
        import torch.nn as nn
        # cnnlint: input=8x8x8
        net = nn.Sequential(nn.MaxPool2d(3, 2, padding=1), nn.ConvTranspose2d(8, 4, 3, 2, output_padding=1))
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        # cnnlint: input=32x8x8
        net = nn.Sequential(nn.Conv2d(32, 64, 3, groups=48), nn.ReLU())
                                                        ^^ groups
        """,
        """
        import torch.nn as nn
        # cnnlint: input=8x8x8
        net = nn.Sequential(nn.MaxPool2d(2, padding=2), nn.ReLU())
                                                    ^ padding
        """,
        """
        import torch.nn as nn
        # cnnlint: input=8x8x8
        net = nn.Sequential(nn.Conv2d(8, 8, 0), nn.ReLU())
                                            ^ kernel_size
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        for layer in trace.model.layers:
            if layer.fault is None or not layer.sites:
                continue
            where = place_layer(trace, layer, layer.fault.argument)
            yield self.report(
                where.span,
                layer.fault.message,
                trace=trace,
                layers=(layer.path,),
                related=where.related(),
                help=None if layer.fault.exception is None else f"torch says: {layer.fault.exception}",
                fix=_fix(trace, layer),
            )
        yield from super().check(trace)


def _fix(trace: Trace, layer: Layer) -> Fix | None:
    """`groups` of a depthwise convolution that widens, which are its in_channels; half the kernel for a
    padding that is too large."""
    given = {item.name: item.text for item in layer.sites[0].arguments}
    values = layer.arguments
    name = layer.fault.argument if layer.fault is not None else None
    asked = layer.fault.actual if layer.fault is not None else None
    if name == "groups" and "in_channels" in given and asked == values.get("out_channels"):
        return unsafe_fix(
            f"write groups={given['in_channels']}",
            set_layer_argument(trace, layer, "groups", given["in_channels"]),
        )
    kernel = values.get("kernel_size")
    if name == "padding" and isinstance(kernel, int):
        return unsafe_fix(
            f"write padding={kernel // 2}", set_layer_argument(trace, layer, "padding", kernel // 2)
        )
    return None
