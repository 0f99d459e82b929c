from collections.abc import Iterator

from cnnlint.analyses.heads import ARRANGES, Head, classifies, heads
from cnnlint.diagnostic import Diagnostic, Related, Severity
from cnnlint.graph import Trace
from cnnlint.placing import Place, argument_fix, call_text, place, written_call
from cnnlint_rules._operations import OperationRule


class WrongClassCount(OperationRule):
    """A classifier whose number of outputs is not the declared number of classes.

    ## Why
    With fewer outputs than classes the loss raises at the first target that is too large (on a GPU with
    "device-side assert triggered"); with more, some outputs are never right. A softmax over one unit is
    always 1, whatever the input.

    ## Use instead
    One output a class: `nn.Linear(64, num_classes)`; for two classes also one output with a sigmoid.

    ## References
    - https://pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html
    """

    code = "CNN208"
    name = "wrong-class-count"
    severity = Severity.ERROR

    valid = [
        """
        import torch.nn as nn
        num_classes = 10
        # cnnlint: input=192
        net = nn.Sequential(nn.Linear(192, 32), nn.ReLU(), nn.Linear(32, 10))
        loss = nn.CrossEntropyLoss()
        """,
        """
        import torch.nn as nn
        # cnnlint: input=192
        net = nn.Sequential(nn.Linear(192, 32), nn.ReLU(), nn.Linear(32, 1), nn.Sigmoid())
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        # cnnlint: input=192
        net = nn.Sequential(nn.Linear(192, 32), nn.ReLU(), nn.Linear(32, 1), nn.Softmax(dim=1))
                                                                             ^^^^^^^^^^^^^^^^^ always 1
        """,
        """
        import torch.nn as nn
        import torch.nn.functional as F

        # cnnlint: input=192
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(192, 1)

            def forward(self, x):
                return F.log_softmax(self.fc(x), dim=1)
                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ always 0
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        found = list(heads(trace))
        for head in found:
            yield from self._single_unit(trace, head)
        if len(found) == 1:
            yield from self._miscounted(trace, found[0])

    def _single_unit(self, trace: Trace, head: Head) -> Iterator[Diagnostic]:
        for step in head.after:
            source = trace.main_input(step)
            axis = step.attributes.get("axis")
            if step.kind != "softmax" or source is None or not isinstance(axis, int) or source.uncertain:
                continue
            if 0 < axis < len(source.shape) and source.shape[axis] == 1:
                value = 0 if step.name.startswith("log") else 1
                yield self.at(
                    trace,
                    step,
                    f"{step.name} over a single unit is always {value}, whatever the input",
                    label=f"axis {axis} of {trace.show(source)} has size 1",
                    help="use a sigmoid for one unit, or one unit for each class",
                )

    def _miscounted(self, trace: Trace, head: Head) -> Iterator[Diagnostic]:
        counts = {declared.count for declared in trace.model.evidence.class_counts}
        last = head.weighted
        if len(counts) != 1 or last is None or last.kind != "linear" or not classifies(trace, head):
            return
        declared = trace.model.evidence.class_counts[0]
        trained = declared.configured or trace.model.evidence.losses
        if not trained or any(step.kind not in ARRANGES | {"softmax", "activation"} for step in head.after):
            return
        outputs = head.output.shape[1]
        losses = {loss.name for loss in trace.model.evidence.losses}
        if outputs == declared.count or not losses <= {"CrossEntropyLoss", "NLLLoss"}:
            return
        where = place(trace, last, "out_features")
        yield self.at(
            trace,
            last,
            f"{trace.describe(last)} gives {outputs} outputs, but there are {declared.count} classes",
            argument="out_features",
            help=f"write {_with_classes(where, declared.count)}",
            related=[Related(f"{declared.count} classes: {declared.reason}", declared.span)]
            if declared.span
            else [],
            fix=argument_fix(trace, where, declared.count),
        )


def _with_classes(where: Place, count: int) -> str:
    """The call with another number of outputs; a library's model takes it as `num_classes`."""
    layer = where.layer
    if layer is None or where.argument or not layer.sites or layer.sites[0].callee.endswith(layer.type):
        return written_call(where, "out_features", count)
    return call_text(layer.sites[0], {"num_classes": count})
