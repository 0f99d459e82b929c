import math
from collections.abc import Iterator

from cnnlint.analyses.heads import Head, heads
from cnnlint.diagnostic import Diagnostic, Fix, Related, Severity
from cnnlint.fixes.rewriting import loss_renamed, renamed, unsafe_fix, without
from cnnlint.graph import Trace
from cnnlint.placing import place
from cnnlint.plugin import Rule
from cnnlint.traces import LossUse
from cnnlint.wording import shown

NORMALISING = frozenset({"softmax", "log_softmax", "sigmoid", "logsigmoid"})


class LossActivationMismatch(Rule):
    """An output activation that the loss applies again, or one that the loss needs and does not get.

    ## Why
    CrossEntropyLoss contains log_softmax and BCEWithLogitsLoss contains sigmoid: what was squeezed
    into 0 … 1 before is squeezed again, and the loss has a floor. After a softmax over 10 classes,
    CrossEntropyLoss cannot fall below log(e + 9) − 1 = 1.461. NLLLoss wants logarithms of probabilities,
    BCELoss probabilities: on raw logits the one has no lower end, the other raises.

    ## Use instead
    | loss | output |
    |---|---|
    | CrossEntropyLoss | the last Linear, as it is |
    | NLLLoss | log_softmax |
    | BCEWithLogitsLoss | the last Linear, as it is |
    | BCELoss | sigmoid |

    ## References
    - https://pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html
    - https://pytorch.org/docs/stable/generated/torch.nn.NLLLoss.html
    """

    code = "CNN202"
    name = "loss-activation-mismatch"
    severity = Severity.ERROR

    valid = [
        """
        import torch.nn as nn
        import torch.nn.functional as F

        # cnnlint: input=192
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(192, 10)

            def forward(self, x):
                return F.log_softmax(self.fc(x), dim=1)

        def train(x, y):
            model = Net()
            return F.nll_loss(model(x), y)
        """,
        """
        import torch.nn as nn

        # cnnlint: input=192
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(192, 10)

            def forward(self, x):
                x = self.fc(x)
                return x if self.training else x.softmax(1)

        criterion = nn.CrossEntropyLoss()
        """,
        """
        import torch.nn as nn
        # cnnlint: input=192
        net = nn.Sequential(nn.Linear(192, 1), nn.Sigmoid())  # the loss is not known
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        import torch.nn.functional as F

        # cnnlint: input=192
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(192, 10)

            def forward(self, x):
                return F.softmax(self.fc(x), dim=1)
                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^ cannot fall below 1.461

        def train(x, y):
            model = Net()
            criterion = nn.CrossEntropyLoss()
            return criterion(model(x), y)
        """,
        """
        import torch.nn as nn
        # cnnlint: input=192
        net = nn.Sequential(nn.Linear(192, 1), nn.Sigmoid())
                                               ^^^^^^^^^^^^ sigmoid
        loss = nn.BCEWithLogitsLoss()
        """,
        """
        import torch.nn as nn
        import torch.nn.functional as F

        # cnnlint: input=192
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(192, 10)
                          ^^^^^^^^^^^^^^^^^^ NLLLoss

            def forward(self, x):
                return self.fc(x)

        def train(x, y):
            model = Net()
            return F.nll_loss(model(x), y)
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        losses = trace.model.evidence.losses
        found = list(heads(trace))
        if trace.mode != "train" and trace.other is not None:
            return  # the loss sees what the training pass gives
        if not found or len({(loss.name, loss.activation) for loss in losses}) != 1:
            return
        if len({_final(head, losses[0]) for head in found}) != 1:
            return  # several outputs of different kinds: which one the loss gets is not known
        finding = self._judge(trace, found[0], losses[0])
        if finding is not None:
            yield finding

    def _judge(self, trace: Trace, head: Head, loss: LossUse) -> Diagnostic | None:
        final = _final(head, loss)
        classes = head.output.shape[1] if len(head.output.shape) > 1 else 1
        twice = f"{loss.name} applies it itself"
        if loss.name == "CrossEntropyLoss" and final == "softmax":
            floor = math.log(math.e + classes - 1) - 1
            why = f"{twice}, and the loss cannot fall below {floor:.3f} with {classes} classes"
            return self._report(
                trace, head, loss, f"softmax before CrossEntropyLoss: {why}", "remove the softmax"
            )
        if loss.name == "CrossEntropyLoss" and final == "log_softmax":
            message = f"log_softmax before CrossEntropyLoss does nothing: {twice}"
            help = "remove it, or use NLLLoss"
            return self._report(trace, head, loss, message, help, Severity.ADVICE)
        if loss.name == "CrossEntropyLoss" and final == "sigmoid" and classes > 1:
            message = "sigmoid before CrossEntropyLoss, which wants raw logits and applies softmax itself"
            return self._report(trace, head, loss, message, "remove the sigmoid")
        if loss.name == "BCEWithLogitsLoss" and final in ("sigmoid", "softmax"):
            message = f"{final} before BCEWithLogitsLoss, which applies sigmoid itself"
            return self._report(trace, head, loss, message, f"remove the {final}, or use BCELoss")
        if loss.name == "NLLLoss" and final in ("softmax", "sigmoid"):
            message = (
                f"NLLLoss wants logarithms of probabilities, but {final} gives the probabilities themselves"
            )
            return self._report(trace, head, loss, message, "use log_softmax")
        if loss.name in ("NLLLoss", "BCELoss") and final == "raw":
            wants = {"NLLLoss": "log_softmax", "BCELoss": "sigmoid"}[loss.name]
            other = {"NLLLoss": "CrossEntropyLoss", "BCELoss": "BCEWithLogitsLoss"}[loss.name]
            message = f"{loss.name} on raw logits: it wants the result of {wants}"
            return self._report(trace, head, loss, message, f"end with {wants}, or use {other}")
        return None

    def _report(
        self,
        trace: Trace,
        head: Head,
        loss: LossUse,
        message: str,
        help: str,
        severity: Severity | None = None,
    ) -> Diagnostic:
        step = head.weighted if head.raw or head.activation is None else head.activation
        assert step is not None
        where = place(trace, step)
        span = loss.span if loss.activation and loss.span else where.span
        used = [Related(f"{loss.name} is used here", loss.span)] if loss.span else []
        return self.report(
            span,
            message,
            trace=trace,
            severity=severity,
            layers=(step.layer,) if step.layer else (),
            inputs=shown(trace, trace.main_input(step)),
            outputs=shown(trace, head.output),
            related=(*used, *where.related()),
            help=help,
            fix=None if loss.activation else _fix(trace, head, loss, help),
        )


WITH_ACTIVATION = {
    "NLLLoss": "CrossEntropyLoss",
    "nll_loss": "cross_entropy",
    "BCELoss": "BCEWithLogitsLoss",
    "binary_cross_entropy": "binary_cross_entropy_with_logits",
}
"""Losses by the names of those that apply the activation themselves."""


def _fix(trace: Trace, head: Head, loss: LossUse, help: str) -> Fix | None:
    """The activation removed or renamed, or the loss that applies it itself."""
    if head.raw or head.activation is None:
        return unsafe_fix(help, loss_renamed(trace, loss.span, WITH_ACTIVATION)) if loss.span else None
    if help.startswith("remove"):
        return unsafe_fix(help, without(trace, head.activation))
    if head.activation.name.rstrip("_") == "softmax":
        return unsafe_fix(help, renamed(trace, head.activation, "log_softmax", "LogSoftmax"))
    return None


def _final(head: Head, loss: LossUse) -> str | None:
    """What the loss sees last: an activation's name, "raw", or None where that is not clear."""
    if loss.activation is not None:
        return loss.activation
    activation = head.activation
    if activation is not None and activation.name.rstrip("_") in NORMALISING:
        return activation.name.rstrip("_")
    return "raw" if head.raw else None
