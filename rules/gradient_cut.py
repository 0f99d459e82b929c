import re
from collections.abc import Iterator

from cnnlint.analyses.reach import has_gradient, reaches_output, stops_gradient
from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.graph import Trace, product
from cnnlint.traces import Operation, Parameter
from cnnlint_rules._operations import OperationRule

FROZEN_ON_PURPOSE = re.compile(r"teacher|momentum|target|ema|frozen|_key|key_|codebook", re.IGNORECASE)


class GradientCut(OperationRule):
    """Trainable weights that no gradient can reach.

    ## Why
    `detach()`, `.data`, `argmax`, rounding and `torch.no_grad()` end the gradient. When that is so on every
    path from a layer to the output, the layer stays as it was initialised, and nothing says so.

    ## Use instead
    Remove the cut, or say that it is meant: `layer.requires_grad_(False)`. For discrete values, the
    straight-through form `x + (quantised - x).detach()` keeps a path.

    ## References
    - https://pytorch.org/docs/stable/generated/torch.Tensor.detach.html
    - Bengio et al. 2013 (straight-through): https://arxiv.org/abs/1308.3432
    """

    code = "CNN506"
    name = "gradient-cut"
    severity = Severity.ERROR

    valid = [
        """
        import torch.nn as nn

        # cnnlint: input=8x8x8
        class StraightThrough(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(8, 8, 3)

            def forward(self, x):
                x = self.conv(x)
                return x + (x.round() - x).detach()
        """,
        """
        import torch
        import torch.nn as nn

        # cnnlint: input=8x8x8
        class Frozen(nn.Module):
            def __init__(self):
                super().__init__()
                self.features = nn.Conv2d(8, 8, 3).requires_grad_(False)
                self.head = nn.Conv2d(8, 2, 1)

            def forward(self, x):
                with torch.no_grad():
                    x = self.features(x)
                return self.head(x)
        """,
        """
        import torch
        import torch.nn as nn

        class Binarize(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                return x.sign()

            @staticmethod
            def backward(ctx, gradient):
                return gradient

        # cnnlint: input=8x8x8
        class OwnBackward(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv1 = nn.Conv2d(8, 8, 3)
                self.conv2 = nn.Conv2d(8, 8, 3)

            def forward(self, x):
                return self.conv2(Binarize.apply(self.conv1(x)))
        """,
    ]
    invalid = [
        """
        import torch.nn as nn

        # cnnlint: input=8x8x8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv1 = nn.Conv2d(8, 8, 3)
                self.conv2 = nn.Conv2d(8, 8, 3)

            def forward(self, x):
                x = self.conv1(x).detach()
                    ^^^^^^^^^^^^^^^^^^^^^^ conv1
                return self.conv2(x)
        """,
        """
        import torch
        import torch.nn as nn

        # cnnlint: input=8x8x8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv1 = nn.Conv2d(8, 8, 3)
                self.conv2 = nn.Conv2d(8, 8, 3)

            def forward(self, x):
                return self.conv2(self.conv1(x).round())
                                  ^^^^^^^^^^^^^^^^^^^^^ conv1
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        if trace.mode != "train" or not trace.run.complete or any(trace.faults()):
            return
        fed = has_gradient(trace)
        if not fed or not any(trace.tensor(id).name for id in fed):
            return  # nothing is trained at all: a model for inference
        live = reaches_output(trace)
        cuts: dict[int, list[Parameter]] = {}
        parameters = {item.name: item for item in trace.model.parameters}
        for operation in trace.operations():
            if operation.index not in live:
                continue
            for id in operation.inputs():
                tensor = trace.tensor(id)
                weight = parameters.get(tensor.name or "")
                if weight is None or not weight.trainable or weight.buffer or tensor.id in fed:
                    continue
                cut = _cut_behind(trace, operation, live)
                if cut is not None and not FROZEN_ON_PURPOSE.search(weight.name):
                    cuts.setdefault(cut.index, []).append(weight)
        for index, weights in cuts.items():
            yield self._finding(trace, trace.run.operations[index], weights)

    def _finding(self, trace: Trace, cut: Operation, weights: list[Parameter]) -> Diagnostic:
        layers = list(dict.fromkeys(weight.name.rpartition(".")[0] or weight.name for weight in weights))
        listed = ", ".join(layers[:4]) + (", …" if len(layers) > 4 else "")
        count = sum(product(weight.shape) for weight in {weight.name: weight for weight in weights}.values())
        what = f"{cut.name}()" if cut.gradient else "torch.no_grad()"
        finding = self.at(
            trace,
            cut,
            f"{what} cuts the gradient of {listed}: {count:,} trainable weights never learn",
            help="remove the cut, or freeze the layers openly with requires_grad_(False)",
        )
        return finding.replace(layers=tuple(layers))


def _cut_behind(trace: Trace, operation: Operation, live: frozenset[int]) -> Operation | None:
    """The first operation on the way to the output that stops the gradient."""
    waiting, seen = [operation], {operation.index}
    for step in waiting:
        if stops_gradient(trace, step):
            return step
        for use in trace.consumers(step):
            if use.index in live and use.index not in seen:
                seen.add(use.index)
                waiting.append(use)
    return None
