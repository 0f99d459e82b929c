"""What the rules on operators that run share: a finding at the place where one would edit."""

from __future__ import annotations

from collections.abc import Sequence

from cnnlint.diagnostic import Diagnostic, Fix, Related, Severity
from cnnlint.graph import Trace
from cnnlint.placing import place
from cnnlint.plugin import Rule
from cnnlint.traces import Operation
from cnnlint.wording import shown


class OperationRule(Rule):
    """A rule whose findings are about operators."""

    def at(
        self,
        trace: Trace,
        operation: Operation,
        message: str,
        *,
        argument: str | None = None,
        label: str = "",
        help: str | None = None,
        here: str = "",
        related: Sequence[Related] = (),
        also: Sequence[Operation] = (),
        fix: Fix | None = None,
        severity: Severity | None = None,
    ) -> Diagnostic:
        """A finding about an operation, at the argument of its layer or of its call; `also` are further
        operations that the finding is about."""
        where = place(trace, operation, argument)
        layers = dict.fromkeys(step.layer for step in (operation, *also) if step.layer)
        return self.report(
            where.span,
            message,
            trace=trace,
            label=label,
            layers=tuple(layers),
            inputs=shown(trace, trace.main_input(operation)),
            outputs=shown(trace, *operation.outputs[:1]),
            related=where.related(here, *related),
            help=help,
            fix=fix,
            severity=severity,
        )


def is_dense(trace: Trace, operation: Operation) -> bool:
    """Whether a convolution is a Linear on the flattened map: its one window is the whole of it."""
    source = trace.operand(operation)
    return source is not None and all(
        window.extent == size and not window.padding
        for window, size in zip(operation.windows, source.shape[2:], strict=False)
    )
