import re
from collections.abc import Iterator

from cnnlint.diagnostic import Diagnostic, Related, Severity
from cnnlint.graph import Trace, product
from cnnlint.placing import place_layer
from cnnlint.plugin import Rule
from cnnlint.traces import Layer

AUXILIARY = re.compile(r"aux|loss|criterion|teacher|ema|projector", re.IGNORECASE)


class UnusedLayer(Rule):
    """A layer with parameters that no forward pass touches.

    ## Why
    It takes memory, is written into every checkpoint, and, most often, it is a layer that was meant to be
    called: a forgotten line in forward, or the wrong name. Distributed training fails on it, since its
    parameters never get a gradient. A layer that other methods or other code of the file call
    (`training_step`) is left alone; one that forward names in a branch which it does not take is advice.

    ## Use instead
    Call it in forward, or remove it.

    ## References
    - https://pytorch.org/docs/stable/generated/torch.nn.parallel.DistributedDataParallel.html
      (`find_unused_parameters`)
    """

    code = "CNN503"
    name = "unused-layer"
    severity = Severity.WARNING
    unnecessary = True

    valid = [
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 3)
                self.unused = nn.ReLU()

            def forward(self, x):
                return self.conv(x)
        """,
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 3)
                self.aux = nn.Conv2d(8, 2, 1)

            def forward(self, x):
                x = self.conv(x)
                return (x, self.aux(x)) if self.training else x
        """,
        """
        import torch.nn as nn

        # cnnlint: input=100
        class Gan(nn.Module):
            def __init__(self):
                super().__init__()
                self.generator = nn.Linear(100, 784)
                self.discriminator = nn.Linear(784, 1)

            def forward(self, z):
                return self.generator(z)

            def training_step(self, batch, number):
                return self.discriminator(self(batch)).mean()
        """,
        """
        import random
        import torch.nn as nn

        # cnnlint: input=100
        class Deep(nn.Module):
            def __init__(self):
                super().__init__()
                self.first = nn.Linear(100, 100)
                self.middle = nn.Linear(100, 100)

            def forward(self, x):
                x = self.first(x).relu()
                for _ in range(random.randint(0, 3)):
                    x = self.middle(x).relu()
                return x
        """,
    ]
    invalid = [
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv1 = nn.Conv2d(3, 8, 3)
                self.conv2 = nn.Conv2d(8, 8, 3)
                             ^^^^^^^^^^^^^^^^^^ conv2

            def forward(self, x):
                return self.conv1(x)
        """,
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 3)
                self.body = nn.Sequential(nn.Conv2d(8, 8, 3), nn.Conv2d(8, 8, 3))
                            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ 1,168

            def forward(self, x):
                return self.conv(x)
        """,
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class Net(nn.Module):
            def __init__(self, deep=False):
                super().__init__()
                self.deep = deep
                self.conv1 = nn.Conv2d(3, 8, 3)
                self.conv2 = nn.Conv2d(8, 8, 3)
                             ^^^^^^^^^^^^^^^^^^ in forward's branches

            def forward(self, x):
                x = self.conv1(x)
                return self.conv2(x) if self.deep else x
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        if trace.run is not trace.model.passes[0] or not all(run.complete for run in trace.model.passes):
            return
        if any(True for run in trace.model.passes for step in run.operations if step.kind == "raise"):
            return  # a module that raised has been left out
        used = {tensor.name for run in trace.model.passes for tensor in run.tensors if tensor.name}
        unused = [layer for layer in trace.model.layers if self._is_unused(trace, layer, used)]
        paths = {layer.path for layer in unused}
        for layer in unused:
            elsewhere = layer.mention is not None and not layer.mention.in_forward
            if layer.path.rpartition(".")[0] not in paths and not elsewhere:
                yield self._finding(trace, layer)

    @staticmethod
    def _is_unused(trace: Trace, layer: Layer, used: set[str]) -> bool:
        if not layer.path or layer.called or not layer.sites or AUXILIARY.search(layer.path):
            return False
        mine = [name for name, _ in _parameters(trace, layer)]
        return bool(mine) and not used.intersection(mine)

    def _finding(self, trace: Trace, layer: Layer) -> Diagnostic:
        where = place_layer(trace, layer)
        count = sum(size for _, size in _parameters(trace, layer))
        finding = self.report(
            where.span,
            f"{layer.path} is never called in forward: {count:,} parameters that get no gradient",
            trace=trace,
            layers=(layer.path,),
            related=where.related(),
            help="call it in forward, or remove it",
        )
        if layer.mention is None:
            return finding if _is_own(layer) else finding.replace(severity=Severity.ADVICE)
        return finding.replace(
            severity=Severity.ADVICE,
            message=f"{layer.path} is only in forward's branches that are not taken: {count:,} parameters "
            "that get no gradient",
            related=(*finding.related, Related("it is used here", layer.mention.span)),
            help="build it only where it is used",
        )


def _parameters(trace: Trace, layer: Layer) -> list[tuple[str, int]]:
    """The trainable parameters of a layer and of what it holds, with their sizes."""
    return [
        (parameter.name, product(parameter.shape))
        for parameter in trace.model.parameters
        if parameter.name.startswith(f"{layer.path}.") and parameter.trainable and not parameter.buffer
    ]


def _is_own(layer: Layer) -> bool:
    """Whether the user's code constructs the layer itself: of a library's model, parts are used and the rest
    is left as it is (`self.encoder = resnet18()`, of which forward calls the stages and never `fc`)."""
    return layer.sites[0].callee.rpartition(".")[2] in (layer.type, layer.class_name)
