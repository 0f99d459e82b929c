"""What the rules on refused operators share: where the finding stands and what stands around it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from cnnlint.diagnostic import Diagnostic, Fix, Related
from cnnlint.graph import Trace
from cnnlint.placing import Place, place
from cnnlint.plugin import Rule
from cnnlint.traces import Fault, Operation, Tensor
from cnnlint.wording import ladder_here, maker, shown


@dataclass
class Refused:
    """An operator that refused its input, with what a finding says of it.

    Attributes:
        source: the tensor at fault.
    """

    trace: Trace
    operation: Operation
    fault: Fault
    source: Tensor | None
    where: Place

    @property
    def layer_name(self) -> str:
        """How the operator is called in the message: `Linear`, or `linear()` for a function."""
        return self.where.layer.type if self.where.layer else f"{self.operation.name}()"

    @property
    def produced(self) -> str:
        """`conv2 gives [B, 64, 7, 7]`, or `the input is [B, 3, 32, 32]`."""
        if self.source is None:
            return ""
        name = maker(self.trace, self.source)
        verb = "is" if name in ("the input", "the tensor") else "gives"
        return f"{name} {verb} {self.trace.show(self.source)}"


class FaultRule(Rule):
    """A rule on operators that refused their input for one of `reasons`."""

    reasons: ClassVar[tuple[str, ...]] = ()

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        for operation in trace.faults(*self.reasons):
            if operation.fault is None:
                continue
            refused = _refused(trace, operation, operation.fault)
            if self.concerns(refused):
                yield self.finding(refused)

    def concerns(self, refused: Refused) -> bool:
        """Whether this rule, and not another on the same reason, tells it."""
        return True

    def finding(self, refused: Refused) -> Diagnostic:
        return self.refusal(refused)

    def refusal(
        self,
        refused: Refused,
        message: str | None = None,
        *,
        label: str | None = None,
        help: str | None = None,
        fix: Fix | None = None,
        related: tuple[Related, ...] | None = None,
        here: str = "",
    ) -> Diagnostic:
        """The finding, with the fault's own message where no better one is given."""
        trace, operation, source = refused.trace, refused.operation, refused.source
        came = ladder_here(trace, source) if related is None else related
        return self.report(
            refused.where.span,
            message or refused.fault.message,
            trace=trace,
            label=refused.produced if label is None else label,
            layers=(operation.layer,) if operation.layer else (),
            inputs=shown(trace, source),
            outputs=shown(trace, *operation.outputs[:1]),
            related=refused.where.related(here, *came),
            help=help,
            fix=fix,
        )


def _refused(trace: Trace, operation: Operation, fault: Fault) -> Refused:
    source = trace.operand(operation, fault.operand) if fault.operand else None
    return Refused(
        trace,
        operation,
        fault,
        source or trace.main_input(operation),
        place(trace, operation, fault.argument),
    )
