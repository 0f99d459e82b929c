"""Which input sizes a model accepts, and what they do to it.

Sizes are judged by replaying the trace (`cnnlint.analyses.replay`), or, for a forward that cannot be
replayed, by the attempts that the worker made. Every size in a replay is a sum of quotients of the input's
size, rounded down; so from some size on the verdict repeats with a period that divides the total stride,
and what is seen over several periods holds for all sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import lcm

from cnnlint.analyses.replay import Replay, Unreplayable
from cnnlint.analyses.taps import dead_weights
from cnnlint.graph import Trace, in_batches
from cnnlint.traces import Attempt, Input, Model, Operation, Pass, Shape

LEAST_BOUND = 256
"""Sizes up to which is looked at least."""

MOST_BOUND = 2048
"""Sizes up to which is looked at most."""

PERIODS = 4
"""Total strides beyond the traced size up to which is looked."""

USEFUL = 0.01
"""Share of a model's convolution weights that may only ever meet padding at a useful size."""

WORK = 10_000
"""Operations that may be replayed for a finding's help."""

GRID = 24
"""Sizes an axis that are tried against each other to see whether height and width can be chosen apart."""


@dataclass(frozen=True)
class Sizes:
    """Sizes along one axis, or along several that are the same: those up to `bound`, and how it goes on.

    Attributes:
        accepted: in ascending order, up to `bound`.
        period: after how many sizes the pattern repeats in the upper half; 0 where nothing of that is
            accepted, or where no pattern shows.
    """

    accepted: tuple[int, ...]
    bound: int
    period: int

    @classmethod
    def of(cls, accepts: Callable[[int], bool], bound: int, most: int = MOST_BOUND) -> Sizes:
        """Looks up to `bound`, and, as long as no pattern shows, twice as far, up to `most`."""
        found: list[int] = []
        size = 0
        while True:
            found += [size for size in range(size + 1, bound + 1) if accepts(size)]
            period = _period(frozenset(found), bound)
            if period is not None or 2 * bound > most:
                return cls(tuple(found), bound, period or 0)
            size, bound = bound, 2 * bound

    def __contains__(self, size: int) -> bool:
        if size <= self.bound:
            return size in self.accepted
        return bool(self.period) and self.bound - (self.bound - size) % self.period in self.accepted

    def text(self) -> str:
        """`any`, `at least 10`, `28 to 31`, `multiples of 16, at least 32`, `none`."""
        if not self.accepted:
            return "none"
        if not self.period:
            return _ranges(self.accepted)
        first = self.accepted[0]
        tail = [size for size in self.accepted if size > self.bound - self.period]
        if len(tail) == self.period:
            gaps = sorted(set(range(first, self.bound + 1)) - set(self.accepted))
            start = "any" if first == 1 else f"at least {first}"
            return f"{start}, but not {_ranges(gaps)}" if gaps else start
        rest = sorted(size % self.period for size in tail)
        regular = [size for size in range(1, self.bound + 1) if size % self.period in rest]
        begin = next(
            size for size in regular if all(other in self.accepted for other in regular if other >= size)
        )
        text = f"multiples of {self.period}" if rest == [0] else f"{self.period}·k + {_ranges(rest)}"
        if begin > regular[0]:
            text += f", at least {begin}"
        extra = [size for size in self.accepted if size < begin or size not in set(regular)]
        return f"{text}; and {_ranges(extra)}" if extra else text


def _period(accepted: frozenset[int], bound: int) -> int | None:
    """The smallest period of the upper half; 0 where nothing of it is accepted, None where it has none."""
    upper = range(bound // 2 + 1, bound + 1)
    if accepted.isdisjoint(upper):
        return 0
    for period in range(1, bound // 4 + 1):
        if all((size in accepted) == (size + period in accepted) for size in upper if size + period <= bound):
            return period
    return None


def _ranges(sizes: Sequence[int]) -> str:
    """`28`, `28 to 31`, `3, 5, 7 to 9`."""
    runs: list[list[int]] = []
    for size in sizes:
        if runs and size == runs[-1][-1] + 1:
            runs[-1].append(size)
        else:
            runs.append([size])
    shown = [str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs]
    return ", ".join(shown) if len(shown) < 7 else f"{', '.join(shown[:6])}, … ({len(sizes)} sizes)"


@dataclass(frozen=True)
class Verdict:
    """Whether an input is accepted; if not, what refuses it and why."""

    accepted: bool
    operation: Operation | None = None
    message: str = ""


class Judge:
    """Says of each input size whether a model accepts it.

    Args:
        model: one with a complete pass.
        forgiven: indices of operations whose refusal is passed over.
        run: the pass to judge by; the first complete one if none is given.

    Raises:
        ValueError: the model was not traced to its end.
    """

    def __init__(self, model: Model, forgiven: Collection[int] = (), run: Pass | None = None):
        run = run or next((run for run in model.passes if run.complete), None)
        if run is None or not model.inputs or not any(item.shape for item in model.inputs):
            raise ValueError(f"{model.name} was not traced to its end")
        self.model = model
        self.run = run
        self.forgiven = frozenset(forgiven)
        self._attempts: Mapping[Shape, Attempt] = {item.shape: item for item in model.attempts}

    @cached_property
    def replay(self) -> Replay | None:
        """None for a forward that cannot be replayed."""
        if self._attempts:
            return None
        try:
            return faithful(self.run, self.model.probes)
        except Unreplayable:
            return None

    @cached_property
    def axes(self) -> tuple[int, ...]:
        """The axes of a sample whose size is free: those behind the channels, or the only one."""
        return free_axes(self.model, self.run)

    @property
    def traced(self) -> Shape:
        """The sizes along the free axes that were traced."""
        shape = self._main.shape
        return tuple(shape[axis] for axis in self.axes)

    @cached_property
    def bound(self) -> int:
        """The size up to which is looked."""
        if self.replay is None:
            return max((max(shape) for shape in self._attempts), default=0)
        strides = [1]
        for operation in self.run.operations:
            strides += [window.stride for window in operation.windows]
        return max(LEAST_BOUND, max(self.traced) + PERIODS * min(lcm(*strides) * 8, 64))

    @property
    def most(self) -> int:
        """The size up to which can be looked."""
        return self.bound if self.replay is None else MOST_BOUND

    @cached_property
    def _main(self) -> Input:
        return next(item for item in self.model.inputs if item.shape)

    def shapes(self, sizes: Sequence[int]) -> list[Shape]:
        """The inputs' shapes per sample with these sizes along the free axes of the first one, and of all
        that have the same shape."""
        found = []
        for item in self.model.inputs:
            shape = list(item.shape)
            if item.shape == self._main.shape:
                for axis, size in zip(self.axes, sizes, strict=True):
                    shape[axis] = size
            found.append(tuple(shape))
        return found

    def __call__(self, sizes: Sequence[int]) -> Verdict:
        """The verdict on sizes along the free axes."""
        return self.on(self.shapes(sizes))

    def on(self, shapes: Sequence[Shape]) -> Verdict:
        """The verdict on the shapes of all inputs, per sample.

        Raises:
            Unreplayable: it cannot be told.
        """
        if self.replay is None:
            attempt = self._attempts.get(tuple(shapes[0]))
            if attempt is None:
                raise Unreplayable("it was not tried")
            failed = None if attempt.operation is None else self.run.operations[attempt.operation]
            return Verdict(attempt.message is None, failed, attempt.message or "")
        replayed = self.replay([(self.run.batch, *shape) for shape in shapes], self.forgiven)
        message = in_batches(replayed.refusal.message, self.run.batch) if replayed.refusal else ""
        return Verdict(replayed.accepted, replayed.operation, message)


def faithful(run: Pass, probes: Sequence[Pass]) -> Replay:
    """A replay that gives what the probes gave, shape by shape.

    Raises:
        Unreplayable: it does not.
    """
    replay = Replay(run, probes)
    for probe in (run, *probes):
        tensors = {tensor.id: tensor.shape for tensor in probe.tensors}
        replayed = replay([tensors[id] for id in probe.inputs])
        fault = next((item for item in probe.operations if item.fault), None)
        refused = replayed.operation
        if (fault and fault.index) != (refused and refused.index):
            raise Unreplayable("at other sizes the forward does something else")
        if any(tensors.get(id) != shape for id, shape in replayed.shapes.items()):
            raise Unreplayable("at other sizes the forward gives other shapes")
    return replay


def free_axes(model: Model, run: Pass) -> tuple[int, ...]:
    """The axes of the first input's samples that are neither channels nor features."""
    shape = next(item.shape for item in model.inputs if item.shape)
    if len(shape) == 1:
        return (0,)
    if len(shape) > 2:
        return tuple(range(1, len(shape)))
    first = next((item.kind for item in run.operations if item.kind in ("conv", "linear", "recurrent")), "")
    return (1,) if first == "conv" else (0,)


NAMES = {1: ("L",), 2: ("H", "W"), 3: ("D", "H", "W")}
"""What the free axes are called, by their number."""


@dataclass(frozen=True)
class Accepted:
    """The inputs that a model accepts.

    Attributes:
        together: sizes that are the same along all free axes (along the last two of three).
        apart: by axis, the sizes while the other axes stay as they were traced (where that is refused, at
            the nearest accepted size).
        separable: whether the axes can be chosen apart: every combination is accepted.
        others: some accepted pairs of different sizes, where the axes cannot be chosen apart.
        limits: the verdicts on the sizes next to the accepted ones, with the size.
        pooled: what would be accepted with an adaptive pooling before the flatten, and its output size.
        useful: the smallest size at which hardly any weight meets nothing but padding.
        proved: whether it holds for all sizes; else for those up to the bound.
    """

    judge: Judge
    together: Sizes
    apart: Mapping[str, Sizes]
    separable: bool
    others: tuple[tuple[int, ...], ...] = ()
    limits: tuple[tuple[int, Verdict], ...] = ()
    pooled: tuple[Shape, Sizes] | None = None
    useful: int | None = None

    @property
    def proved(self) -> bool:
        return self.judge.replay is not None


def accepted_sizes(model: Model) -> Accepted:
    """The sizes that a model accepts.

    Raises:
        ValueError: the model was not traced to its end.
        Unreplayable: nothing can be told of other sizes.
    """
    judge = Judge(model)
    together = Sizes.of(lambda size: judge(_same(judge, size)).accepted, judge.bound, judge.most)
    names = NAMES.get(len(judge.axes), tuple(f"axis {axis}" for axis in judge.axes))
    apart: dict[str, Sizes] = {}
    separable = True
    others: tuple[tuple[int, ...], ...] = ()
    if len(names) > 1 and judge.replay is not None:
        base = _accepted_near(judge, together)
        apart = {name: _alone(judge, base, index) for index, name in enumerate(names)}
        separable, others = _combined(judge, base, list(apart.values()))
    limits = tuple(_limits(judge, together))
    return Accepted(
        judge,
        together,
        apart,
        separable,
        others,
        limits,
        _with_pooling(judge, together, limits),
        _useful(judge, together),
    )


def _same(judge: Judge, size: int) -> tuple[int, ...]:
    """The size along all free axes; of a clip the frames stay."""
    if len(judge.axes) == 3:
        return (judge.traced[0], size, size)
    return (size,) * len(judge.axes)


def _accepted_near(judge: Judge, together: Sizes) -> tuple[int, ...]:
    """The traced sizes, or where those are refused the accepted ones nearest to them."""
    if judge(judge.traced).accepted or not together.accepted:
        return judge.traced
    nearest = min(together.accepted, key=lambda size: abs(size - judge.traced[-1]))
    return _same(judge, nearest)


def _alone(judge: Judge, base: Sequence[int], index: int) -> Sizes:
    """The sizes along one axis while the others stay as they are in `base`."""

    def accepts(size: int) -> bool:
        return judge([size if at == index else other for at, other in enumerate(base)]).accepted

    return Sizes.of(accepts, judge.bound)


def _combined(
    judge: Judge, base: Sequence[int], apart: Sequence[Sizes]
) -> tuple[bool, tuple[tuple[int, ...], ...]]:
    """Whether the last two axes can be chosen apart, and accepted pairs if not."""
    high, wide = apart[-2:]
    tried_high, tried_wide = _sample(high, base[-2]), _sample(wide, base[-1])
    separable, found = True, []
    for height in tried_high:
        for width in tried_wide:
            sizes = (*base[:-2], height, width)
            accepted = judge(sizes).accepted
            separable &= accepted == (height in high and width in wide)
            if accepted and height != width:
                found.append((height, width))
    return separable, () if separable else tuple(found[:3])


def _sample(sizes: Sizes, traced: int) -> list[int]:
    """Accepted sizes and their neighbours, spread over all."""
    edges = {traced, 1, sizes.bound}
    step = max(len(sizes.accepted) // (GRID // 3), 1)
    for size in sizes.accepted[::step]:
        edges |= {size, size + 1, max(size - 1, 1)}
    return sorted(edges)[: 2 * GRID]


def _limits(judge: Judge, sizes: Sizes) -> Iterator[tuple[int, Verdict]]:
    """Why sizes are refused: the traced one, or else its nearest smaller and nearest larger refused ones."""
    traced, accepted = judge.traced[-1], set(sizes.accepted)
    ways = (range(traced, 0, -1), range(traced + 1, sizes.bound + 1))
    for way in ways if traced in accepted else ways[:1]:
        size = next((size for size in way if size not in accepted), None)
        if size is not None:
            yield size, judge(_same(judge, size))


def _with_pooling(
    judge: Judge, together: Sizes, limits: Sequence[tuple[int, Verdict]]
) -> tuple[Shape, Sizes] | None:
    """What an adaptive pooling before the flatten would allow, where a Linear behind one bounds the size."""
    if judge.replay is None or together.period:
        return None
    source = next(filter(None, (_flattened(judge, verdict.operation) for _, verdict in limits)), None)
    if source is None:
        return None
    behind = {item.index for item in judge.run.operations if item.kind in ("linear", "reshape")}
    free = Judge(judge.model, behind)
    return source, Sizes.of(lambda size: free(_same(free, size)).accepted, free.bound)


def _flattened(judge: Judge, refusing: Operation | None) -> Shape | None:
    """The spatial size of the map that is flattened for a Linear that refuses another size."""
    if refusing is None or refusing.kind not in ("linear", "reshape"):
        return None
    trace = Trace(judge.model, judge.run)
    step: Operation | None = refusing
    while step is not None and step.kind in ("linear", "dropout", "activation"):
        step = trace.producer(trace.operand(step))
    if step is None or step.kind != "reshape" or len(trace.tensor(step.outputs[0]).shape) != 2:
        return None
    source = trace.operand(step)
    return source.shape[2:] if source is not None and len(source.shape) > 2 else None


def _useful(judge: Judge, together: Sizes) -> int | None:
    """The smallest accepted size at which hardly any convolution weight meets nothing but padding; None
    where that is the smallest accepted one or cannot be told."""
    if judge.replay is None or not together.accepted:
        return None
    low, high = 0, len(together.accepted) - 1
    if _dead(judge, together.accepted[high]) >= USEFUL:
        return None
    while low < high:  # larger maps never have more dead taps
        middle = (low + high) // 2
        if _dead(judge, together.accepted[middle]) < USEFUL:
            high = middle
        else:
            low = middle + 1
    return together.accepted[low] if low else None


def _dead(judge: Judge, size: int) -> float:
    """The share of all convolution weights that only ever meet padding."""
    assert judge.replay is not None
    run = judge.replay.as_pass([(judge.run.batch, *shape) for shape in judge.shapes(_same(judge, size))])
    if run is None:
        return 1.0
    dead, total = dead_weights(Trace(judge.model, run))
    return float(sum(count for count, _ in dead)) / total if total else 0.0


def sizes_that_work(trace: Trace, operation: Operation) -> str:
    """The sizes near the traced one that a refusing operation would take, in words: `28 to 31`; "" where
    there is none, or where it cannot be told from this pass alone.

    The refusals of other operations are passed over, since they have findings of their own.
    """
    others = [item.index for item in trace.faults() if item is not operation]
    try:
        judge = Judge(trace.model, others, trace.run)
        traced = judge.traced[-1]
        reach = min(traced, WORK // max(len(trace.run.operations), 1))
        near = range(max(traced - reach, 1), traced + reach + 1)
        found = [size for size in near if judge(_same(judge, size)).accepted]
    except (ValueError, Unreplayable):
        return ""
    return _ranges(found)
