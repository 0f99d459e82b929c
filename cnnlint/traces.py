"""The trace: what a forward pass did, as plain frozen data that round-trips through JSON.

It is what `runtime/` writes and what rules, reports and the cache read. No torch object is in it.

A `FileTrace` holds the models of one file; a `Model` its layers, parameters, evidence and passes;
a `Pass` the operations of one forward, in the order of execution, and the tensors between them.
Tensors are referred to by their `id`, which is unique within the model's pass.
"""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from cnnlint.diagnostic import Span

Shape = tuple[int, ...]


class Degree(enum.StrEnum):
    """How a fact about a model is known, the surest first."""

    STATED = "stated"
    """By an option, a comment, a configuration, an annotation, or a tensor handed to this very model."""

    FOLLOWED = "followed"
    """By data that flows from a data set, a loader or another file to a call of this model."""

    NEEDED = "needed"
    """Solved: the layers take nothing else."""

    ASSUMED = "assumed"
    """By convention: other values would do as well."""

    @property
    def sure(self) -> bool:
        """Whether somebody said it, so that what does not fit it is a mistake."""
        return self in (Degree.STATED, Degree.FOLLOWED)


def weakest(degrees: Iterable[Degree]) -> Degree:
    """The least sure of some degrees; STATED where there are none."""
    order = list(Degree)
    return max(degrees, key=order.index, default=Degree.STATED)


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of one pass.

    Attributes:
        origin: "input", "parameter", "buffer", "constant" (made in the user's code from nothing that
            came in) or "operation".
        name: the input's parameter name in `forward`, or the parameter's dotted path; else None.
        strides: in elements, as torch has them.
        storage: tensors that share memory (views, in-place results) have the same number.
        device: "model" for the device that the model is on, else where it was really created ("cpu").
        uncertain: the axes whose size rests on a recovered fault; no further fault is built on them.
    """

    id: int
    shape: Shape
    dtype: str
    origin: str
    name: str | None = None
    strides: Shape = ()
    storage: int = -1
    device: str = "model"
    uncertain: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """An operator refused its input, or a constructor its arguments.

    Attributes:
        reason: what kind of fault, one of `cnnlint.operators.base.REASONS`.
        message: in the user's terms, with the numbers.
        argument: the layer's constructor argument to edit (`in_features`), or the call's argument.
        expected, actual: the numbers that disagree (features, channels, sizes), where there are two.
        exception: torch's or Python's own words where there was an exception, else None.
        operand: which operand is at fault, by its parameter name (`input`, `other`, `tensors`).
    """

    reason: str
    message: str
    argument: str | None = None
    expected: Any = None
    actual: Any = None
    exception: str | None = None
    operand: str | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """What one output position of an operator reads along one spatial axis (all in positions)."""

    kernel_size: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1
    end_padding: int | None = None
    """Padding at the end where it differs from `padding` (strings such as `same`)."""

    @property
    def extent(self) -> int:
        """Positions from the first to the last tap: dilation × (kernel_size − 1) + 1."""
        return self.dilation * (self.kernel_size - 1) + 1


@dataclass(frozen=True, slots=True)
class Cost:
    """What an operator took on a real device, for the batch of its pass.

    Attributes:
        seconds: wall-clock time.
        peak_bytes: memory in use at most while it ran, beyond what was in use before the forward pass.
    """

    seconds: float | None = None
    peak_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator applied once.

    Attributes:
        kind: the family (`conv`, `linear`, `pool`, `norm`, `activation`, …; "other" when undescribed).
        name: the function's own name (`conv2d`, `max_pool2d`, `view`).
        layer: dotted path of the innermost module whose forward called it; None at the model itself
            when it is a plain function call there ("" is never used).
        operands: tensor ids by parameter name (`{"input": 3, "weight": 1}`; a tuple for lists, as in
            `{"tensors": (4, 7)}`).
        outputs: ids of the resulting tensors.
        attributes: the other arguments, normalised (`kernel_size` always one number an axis).
        calls: the user's frames, innermost first: the call in forward, then its callers.
        windows: per spatial axis where the operator slides one, else ().
        formula: per output axis that a formula sized, its text with numbers.
        macs: multiply-accumulates for one sample (batch divided out).
        inplace: whether it wrote into its first operand's memory.
        overwrites: where the user's code reads that operand again, under a name that it did not give to
            the result.
        gradient: False inside `torch.no_grad()`.
        own_backward: whether the forward of a `torch.autograd.Function` called it, whose `backward` says
            which gradient passes, whatever the operator.
        fault: why it refused its input; the trace then goes on with a recovered tensor.
        cost: what it took, where the user asked for a real device.
    """

    index: int
    kind: str
    name: str
    layer: str | None
    operands: Mapping[str, int | tuple[int, ...]]
    outputs: tuple[int, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    calls: tuple[Span, ...] = ()
    windows: tuple[Window, ...] = ()
    formula: tuple[str, ...] = ()
    macs: int = 0
    inplace: bool = False
    overwrites: Span | None = None
    gradient: bool = True
    own_backward: bool = False
    fault: Fault | None = None
    cost: Cost | None = None

    def inputs(self) -> tuple[int, ...]:
        """All operand ids, flattened, in the order of the operator's parameters."""
        flat: list[int] = []
        for value in self.operands.values():
            flat.extend(value if isinstance(value, tuple) else (value,))
        return tuple(flat)


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument as it is written in a call.

    Attributes:
        name: the parameter that it binds to.
        span: where it is written (the value only, without `name=`).
        text: as it is written.
        literal: whether it is a plain number, string or tuple of them.
        parameter: the name of the enclosing function's parameter when the text is just that name:
            then the caller supplied the value.
        keyword: whether it is written as `name=value`.
    """

    name: str
    span: Span
    text: str
    literal: bool
    parameter: str | None = None
    keyword: bool = False


@dataclass(frozen=True, slots=True)
class CallSite:
    """One call in the chain that constructed a layer.

    Attributes:
        span: the whole call expression.
        callee: the text before the parenthesis (`nn.Linear`).
        function: the function that the call stands in (`__init__`, `make_layer`, "<module>").
        arguments: those written out in the call.
    """

    span: Span
    callee: str
    function: str
    arguments: tuple[Argument, ...] = ()


@dataclass(frozen=True, slots=True)
class Mention:
    """Where the text uses a layer by its name, though no pass did: in what forward runs (a branch that was
    not taken), or apart from it (`training_step`, code that has the model)."""

    span: Span
    in_forward: bool


@dataclass(frozen=True, slots=True)
class Layer:
    """A module of the model.

    Attributes:
        path: dotted path (`features.3`); "" is the model itself.
        type: the torch.nn class that it is or descends from (`Conv2d`), else its own class's name.
        class_name: its own class's name.
        arguments: plain constructor values read back from the module (`in_features`, `kernel_size`).
        sites: where it was constructed, innermost call first, in the user's files only.
        parameters: dotted paths of its own parameters.
        fault: why its constructor refused; the layer is then a stand-in.
        called: how often a forward entered it, over all passes.
        mention: for one that none entered, where the text uses it.
    """

    path: str
    type: str
    class_name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    sites: tuple[CallSite, ...] = ()
    parameters: tuple[str, ...] = ()
    fault: Fault | None = None
    called: int = 0
    mention: Mention | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter or buffer of the model. `registered` is False for weights that `parameters()`
    does not have (layers in a plain list)."""

    name: str
    shape: Shape
    dtype: str
    trainable: bool = True
    buffer: bool = False
    registered: bool = True


@dataclass(frozen=True, slots=True)
class Input:
    """One input of the model.

    Attributes:
        name: the parameter of `forward`.
        shape: per sample, without the batch; () is one number a sample.
        dtype: torch's name for it (`float32`, `int64`).
        source: "option", "comment", "configuration", "evidence", "solved" or "assumed".
        reason: said in the report: `from datasets.MNIST in line 112`.
        span: where the evidence stands, if anywhere.
        degree: how it is known that the model takes such an input at all: its rank and dtype.
        axes: how each axis of the shape is known; () where all are known as the input is.
    """

    name: str
    shape: Shape
    dtype: str = "float32"
    source: str = "assumed"
    reason: str = ""
    span: Span | None = None
    degree: Degree = Degree.ASSUMED
    axes: tuple[Degree, ...] = ()

    def axis(self, number: int) -> Degree:
        """How one axis of the shape is known."""
        return self.axes[number] if self.axes else self.degree

    @property
    def size_degree(self) -> Degree:
        """How the size is known, that is the axes behind the channels; of a vector its only axis."""
        first = 1 if len(self.shape) > 1 else 0
        return weakest(self.axis(number) for number in range(first, len(self.shape)))


@dataclass(frozen=True, slots=True)
class GivenArgument:
    """An argument with which the model was built, where the call does not stand in the text as it is.

    Attributes:
        text: the value as it is shown.
        reason: where it comes from (`opts.py, line 12`); "" where it was made up.
    """

    name: str
    text: str
    degree: Degree
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LossUse:
    """A loss that the file's text applies, or seems to apply, to the model's output.

    `name` is the class's name (`CrossEntropyLoss`, `NLLLoss`, `BCELoss`, …) also where the
    functional form is used (`F.cross_entropy`). `activation` is what the text applies between the
    model and the loss (`log_softmax`, `sigmoid`), else None. `span` is None for one that was declared
    on the command line.
    """

    name: str
    span: Span | None
    activation: str | None = None

    @property
    def degree(self) -> Degree:
        """How it is known: declared, or from the text."""
        return Degree.STATED if self.span is None else Degree.FOLLOWED


@dataclass(frozen=True, slots=True)
class ClassCount:
    """A number of classes that the file declares, and where; `configured` where a configuration declares
    it instead (without a `span` on the command line)."""

    count: int
    span: Span | None
    reason: str
    configured: bool = False

    @property
    def degree(self) -> Degree:
        """How it is known."""
        return Degree.STATED if self.configured else Degree.FOLLOWED


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the file's text says of this model, beside its input.

    Attributes:
        smallest_batch: the samples of the smallest batch that the file's own training loader gives; None
            where it does not say.
    """

    losses: tuple[LossUse, ...] = ()
    class_counts: tuple[ClassCount, ...] = ()
    smallest_batch: int | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that kept a file or a model from being judged whole: `reason` is the name of a CNN0
    rule (`import-failed`, `input-unknown`). `package` is what this machine lacks, where that is why; one that
    begins with a dot is a module of the project that is to be built. `replacement` is what is to stand at the
    span, where that is certain."""

    reason: str
    message: str
    span: Span
    help: str | None = None
    label: str = ""
    model: str | None = None
    related: tuple[tuple[str, Span], ...] = ()
    package: str | None = None
    replacement: str | None = None


@dataclass(frozen=True, slots=True)
class Pass:
    """One forward pass.

    Attributes:
        mode: "train" or "eval".
        batch: the size of the batch axis of the inputs; axes of that size are shown as `B`.
        inputs, outputs: tensor ids.
        complete: False where the forward could not be followed to its end.
    """

    mode: str
    batch: int
    tensors: tuple[Tensor, ...]
    operations: tuple[Operation, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a forward that cannot be replayed did with an input of another size.

    Attributes:
        shape: per sample.
        message: why it was refused; None where it was accepted.
        operation: the index, in the traced pass, of the operation that refused it, where that is known.
    """

    shape: Shape
    message: str | None = None
    operation: int | None = None


@dataclass(frozen=True, slots=True)
class Variant:
    """The model once more, with other values for facts that nobody stated and that it accepts as well.

    What is found with the first values and not with these rests on a guess.

    Attributes:
        changed: the facts that differ, for people: `height and width of x`, `num_classes`.
        passes: one for each pass of the model, in the same modes.
    """

    changed: tuple[str, ...]
    inputs: tuple[Input, ...]
    passes: tuple[Pass, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """One model of a file.

    Attributes:
        name: the class, factory or variable.
        construction: the call that built it (`Net(num_classes=10)`).
        span: the name in its definition.
        notes: what the report says of it: which input was used and why, fallbacks to cpu.
        passes: the training pass first; the evaluation pass only where it differs.
        probes: passes with inputs of other sizes, in the mode of the first complete pass, where a job
            asks for them.
        attempts: what other sizes did, where the probes show that the pass cannot be replayed.
        arguments: those of the call that built it which the text does not give as they are.
        variants: the model with other values for what is only assumed; () where nothing is, or where no
            other values could be tried.
        engine: "stand-in" or "torch": what the forward ran on.
        needed: what torch was needed for.
    """

    name: str
    construction: str
    span: Span
    layers: tuple[Layer, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    inputs: tuple[Input, ...] = ()
    passes: tuple[Pass, ...] = ()
    evidence: Evidence = Evidence()
    notes: tuple[str, ...] = ()
    probes: tuple[Pass, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    arguments: tuple[GivenArgument, ...] = ()
    variants: tuple[Variant, ...] = ()
    engine: str = "torch"
    needed: str | None = None


@dataclass(frozen=True, slots=True)
class FileTrace:
    """All that was seen of one file. `crash` is the traceback of a fault of cnnlint's own that ended it."""

    filename: str
    models: tuple[Model, ...] = ()
    problems: tuple[Problem, ...] = ()
    crash: str | None = None


def to_json(value: Any) -> Any:
    """A trace object as JSON data: dataclasses become objects without their default fields."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        record = {}
        for item in dataclasses.fields(value):
            content = getattr(value, item.name)
            if content == item.default:
                continue
            record[item.name] = to_json(content)
        return record
    if isinstance(value, Mapping):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [to_json(item) for item in value]
    return value


def from_json(kind: Any, data: Any) -> Any:
    """The object of type `kind` (a class of this module) that `to_json` wrote."""
    return _reader(kind)(data)


def _plain(data: Any) -> Any:
    """Attribute values: JSON has no tuples, the trace has no lists."""
    if isinstance(data, list):
        return tuple(_plain(item) for item in data)
    if isinstance(data, dict):
        return {key: _plain(item) for key, item in data.items()}
    return data


@cache
def _reader(kind: Any) -> typing.Callable[[Any], Any]:
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        readers = {item.name: _reader(hints[item.name]) for item in dataclasses.fields(kind)}
        return lambda data: kind(**{key: readers[key](item) for key, item in data.items()})  # type: ignore[operator]
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return kind
    origin = typing.get_origin(kind)
    arguments = typing.get_args(kind)
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        item_reader = _reader(arguments[0])
        return lambda data: tuple(item_reader(item) for item in data)
    if origin is tuple:
        readers_in_order = [_reader(argument) for argument in arguments]
        return lambda data: tuple(read(item) for read, item in zip(readers_in_order, data, strict=True))
    if origin in (typing.Union, types.UnionType):
        some = [argument for argument in arguments if argument is not type(None)]
        if len(some) == 1:
            reader = _reader(some[0])
            return lambda data: None if data is None else reader(data)
    return _plain
