"""What the text of a file says, as data for `runtime/`: which models to build, how, with what input.

Expressions are kept as text together with the local statements that they need (`prelude`), since
only the runtime may evaluate them, in the namespace of the sliced module.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cnnlint.diagnostic import Span
from cnnlint.source.expressions import Expression
from cnnlint.traces import Degree, Evidence, Problem


@dataclass(frozen=True, slots=True)
class InputShape:
    """A declared shape of one input, per sample; `reason` as in `cnnlint.traces.Input`."""

    shape: tuple[int, ...]
    dtype: str = "float32"


@dataclass(frozen=True, slots=True)
class InputEvidence:
    """Something that says what the model's inputs are.

    Exactly one of these is given:
        shapes: one entry an input, per sample (data sets, comments).
        expressions: one an input: each evaluates to a tensor with its batch axis, whose shape (without
            that axis) and dtype are meant (`torch.randn(16, 8, WINDOW)`).
        sizes: expressions that evaluate to a tuple: the whole shape with the batch for
            `batched=True` (`summary(model, (1, 28, 28))` is not batched).

    Attributes:
        source: "option", "comment", "configuration" or "evidence", as in `cnnlint.traces.Input`.
        reason: for the report (`torch.randn(16, 8, WINDOW) in line 24`, `datasets.MNIST in line 112`).
        channels_only, size_only: only that part is known (Grayscale; Resize(96)); the rest is solved.
        general: no data was seen to flow from it to this model (a data set that the file uses): it only
            chooses among what the layers accept.
        degree: how surely it speaks of this model; what is general is ASSUMED.
    """

    source: str
    reason: str
    span: Span | None
    shapes: tuple[InputShape, ...] = ()
    expressions: tuple[Expression, ...] = ()
    sizes: tuple[Expression, ...] = ()
    batched: bool = True
    channels_only: int | None = None
    size_only: tuple[int, ...] = ()
    size_expression: Expression | None = None
    general: bool = False
    degree: Degree = Degree.STATED


@dataclass(frozen=True, slots=True)
class Construction:
    """A way to build the model: `reason` is said in the report (`as in line 95`, `cnnlint comment`)."""

    expression: Expression
    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class Target:
    """A model of the file.

    Attributes:
        name: class, factory or variable.
        kind: "class", "factory" or "variable".
        span: the name where it is defined (`class Net`), for findings about the whole model.
        constructions: what the text says of its construction, best first; the runtime tries them in
            order, then the defaults, then conventional names.
        inputs: what the text says of its inputs, best first.
        evidence: losses and class counts that are applied to it.
        certain: False for a class whose base is imported from a place that cannot be read, so that
            only the runtime can say whether it is a model: it is skipped quietly if it is none.
        definition: what evaluates to a class or factory that is no name of the module, since it is defined
            inside a function or class.
    """

    name: str
    kind: str
    span: Span
    constructions: tuple[Construction, ...] = ()
    inputs: tuple[InputEvidence, ...] = ()
    evidence: Evidence = field(default_factory=Evidence)
    certain: bool = True
    definition: Expression | None = None


@dataclass(frozen=True, slots=True)
class Survey:
    """What the text of one file says."""

    targets: tuple[Target, ...]
    problems: tuple[Problem, ...] = ()
