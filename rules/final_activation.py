from collections.abc import Iterator

from cnnlint.analyses.heads import RELU_LIKE, Head, classifies, heads
from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.fixes.rewriting import unsafe_fix, without
from cnnlint.graph import Trace
from cnnlint.placing import place
from cnnlint.plugin import Rule
from cnnlint.traces import Operation
from cnnlint.wording import shown


class FinalActivation(Rule):
    """A ReLU-like activation on the logits of a classifier.

    ## Why
    A loss such as CrossEntropyLoss wants any real number as a logit. ReLU makes every negative one 0: a
    class can never be said to be unlikely, half the logits have no gradient, and a model whose logits
    all start negative never learns at all. Where the file applies no loss to the model, which may then give
    features to another one, this is advice.

    ## Use instead
    Return the last layer's result as it is:

        x = F.relu(self.fc1(x))
        return self.fc2(x)

    ## References
    - https://pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html ("unnormalized logits")
    """

    code = "CNN201"
    name = "final-activation"
    severity = Severity.WARNING

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        net = nn.Sequential(nn.Flatten(), nn.Linear(192, 32), nn.ReLU(), nn.Linear(32, 10))
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x8x8
        squeezed = nn.Sequential(
            nn.Conv2d(3, 10, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
        )
        """,
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class PriceNet(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(192, 2)

            def forward(self, x):
                return self.fc(x.flatten(1)).relu()

        loss = nn.MSELoss()
        """,
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class WithHidden(nn.Module):
            def __init__(self):
                super().__init__()
                self.hidden = nn.Linear(192, 32)
                self.fc = nn.Linear(32, 10)

            def forward(self, x):
                hidden = self.hidden(x.flatten(1)).relu()
                return self.fc(hidden), hidden
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        import torch.nn.functional as F

        # cnnlint: input=3x8x8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 3, stride=2)
                self.fc = nn.Linear(8, 10)

            def forward(self, x):
                x = F.relu(self.conv(x))
                return F.relu(self.fc(x.mean((2, 3))))
                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ fc gives [B, 10]
        """,
        """
        import torch.nn as nn
        # cnnlint: input=192
        net = nn.Sequential(nn.Linear(192, 32), nn.ReLU(), nn.Linear(32, 10), nn.LeakyReLU(0.1))
                                                                              ^^^^^^^^^^^^^^^^^
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        for head in heads(trace):
            activation = head.activation
            if activation is None or head.weighted is None or activation.name.rstrip("_") not in RELU_LIKE:
                continue
            if classifies(trace, head):
                yield self._finding(trace, head, activation, head.weighted)

    def _finding(self, trace: Trace, head: Head, activation: Operation, last: Operation) -> Diagnostic:
        where = place(trace, activation)
        name = activation.name.rstrip("_")
        lost = "keeps no negative logit" if name.startswith("relu") else "bends the negative logits"
        return self.report(
            where.span,
            f"{name} on the output of the classifier {lost}: "
            f"return the {head.output.shape[1]} numbers of {trace.describe(last)} as they are",
            trace=trace,
            label=f"{trace.describe(last)} gives {trace.show(last.outputs[0])}, the logits",
            layers=tuple(step.layer for step in (activation, last) if step.layer),
            inputs=shown(trace, trace.main_input(activation)),
            outputs=shown(trace, head.output),
            related=where.related(),
            help=f"remove the last {name}",
            fix=unsafe_fix(f"remove the last {name}", without(trace, activation)),
        ).replace(severity=Severity.WARNING if trace.model.evidence.losses else Severity.ADVICE)
