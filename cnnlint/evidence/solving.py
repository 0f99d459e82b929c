"""The inputs of a model that the text does not say, solved from what its layers need."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from cnnlint.diagnostic import Span
from cnnlint.evidence.facts import InputEvidence
from cnnlint.evidence.reading import Found
from cnnlint.evidence.variation import lost_batches, wrong
from cnnlint.graph import Trace
from cnnlint.traces import Degree, Input, Model, Operation, Pass, Shape, Tensor

CONVENTIONAL_SIZES: dict[int, Shape] = {1: (1024,), 2: (224, 224), 3: (16, 112, 112)}
"""Spatial sizes that are assumed, by the number of spatial axes, where nothing says more."""

TRIED_SIZES: dict[int, tuple[Shape, ...]] = {
    1: tuple((size,) for size in (1000, 128, 256, 512, 2048, 4096, 16000, 64, 32, 28, 100, 784)),
    2: tuple(
        (size, size)
        for size in (
            32,
            28,
            64,
            96,
            128,
            256,
            299,
            227,
            112,
            48,
            84,
            105,
            416,
            512,
            572,
            16,
            100,
            150,
            200,
            384,
        )
    ),
    3: tuple(
        (frames, size, size)
        for frames, size in ((16, 224), (32, 224), (8, 224), (32, 112), (64, 112), (16, 64), (64, 224))
    )
    + tuple((size,) * 3 for size in (32, 64, 96, 128, 16)),
}
"""Sizes tried where the conventional one does not fit the model's head: common ones first."""

LARGEST_SOLVED = 1024
"""The largest size that is searched for."""

MOST_FACTORS = 4
"""Pairs of height and width, the squarest first, that are searched for a head that no square fits."""

MOST_WORK = 60_000
"""Operations that are traced for one search: a model that is faulty at every size would be traced again and
again."""

MOST_FITTED = 6
"""Sizes that are changed one after another until all layers agree."""

TOKENS = 64
"""The length of a sequence of token ids or features that nothing else says."""

SIDE = 16
"""Height and width of a map with its channels last that nothing else says."""

OTHER_LAYOUTS: tuple[Shape, ...] = (
    (1, 28, 28),
    (28, 28),
    (224, 224),
    (784,),
    (32_000,),
    (TOKENS, TOKENS),
    (3, 16, 112, 112),
)
"""Shapes tried where no layer says what it reads."""

ASSUMED = "nothing in the file says it"
"""The reason of an input that rests on nothing."""

UNPACKED = "the axes that forward unpacks; their sizes are assumed"
"""The reason of an input of which forward says the rank."""

SIZES_BY_NAME: dict[str, int] = {
    **dict.fromkeys("c ch cin channel channels n_channels num_channels in_channels chan".split(), 3),
    **dict.fromkeys("h w height width hh ww hi wi".split(), 224),
    **dict.fromkeys("t f frames n_frames num_frames d depth s".split(), 16),
}
"""Sizes of axes by the names that forward gives them; others are as long as a sequence."""

MOST_TRIED = 20
"""Combinations of shapes that are tried for several inputs."""

HALVED = (256, 128, 64)
"""Heights and widths that can be halved often, for several maps of which one is smaller."""

TOGETHER = "a shape that goes with the other inputs; it is assumed"
"""The reason of one of several inputs that the layers leave open."""

SCALARS = frozenset({"t", "timestep", "timesteps", "time_step", "time_steps", "sigma", "noise_level", "time"})
LABELS = frozenset({"y", "label", "labels", "target", "targets", "class_labels", "y_true", "gt"})

Trial = Callable[[Sequence[Input]], tuple[Pass, BaseException | None]]
"""Traces the model with given inputs, recovering from faults."""


class Solver:
    """Finds the input that the model's own layers need.

    Args:
        axes: the names of the axes behind the batch, of inputs that forward takes apart.
        seconds: how long it may search.
    """

    def __init__(self, names: Sequence[str], trial: Trial, axes: Mapping[str, Sequence[str]], seconds: float):
        self._names = names
        self._axes = axes
        self._until = time.monotonic() + seconds
        self._trial = trial
        self._last: tuple[list[tuple[Shape, str]], tuple[Pass, BaseException | None]] | None = None
        self._work = 0

    def trial(self, inputs: Sequence[Input]) -> tuple[Pass, BaseException | None]:
        """A trace with these inputs; asked again for the same ones it is not made again."""
        given = [(item.shape, item.dtype) for item in inputs]
        if self._last is None or self._last[0] != given:
            self._last = given, self._trial(inputs)
            self._work += len(self._last[1][0].operations)
        return self._last[1]

    def takes(self, inputs: Sequence[Input]) -> bool:
        """Whether the first layers take such inputs: an image for convolutions, with as many channels."""
        run, _ = self.trial(inputs)
        trace = Trace(bare_model(run), run)
        if any(trace.faults("rank")) or (len(inputs) > 1 and self.badness(inputs)):
            return False
        for id, item in zip(run.inputs, inputs, strict=True):
            use = first_use(trace, id)
            if use is None:
                return False
            operation, tensor = use
            if operation.kind == "conv":
                weight = trace.operand(operation, "weight")
                if weight is None:
                    return False
                channels = weight.shape[1] * operation.attributes.get("groups", 1)
                if len(weight.shape) - 2 != len(item.shape) - 1:
                    return False
                if channels != item.shape[0]:
                    return False
            elif (
                operation.kind in ("conv_transpose", "embedding", "recurrent")
                or (operation.kind == "linear" and tensor.id == id)
                or operation.fault is not None
            ):
                return False
        return True

    def badness(self, inputs: Sequence[Input]) -> int:
        """How badly the model takes some inputs: 0 for well, else the more the worse."""
        run, error = self.trial(inputs)
        return wrong(run) + (1000 if error is not None else 0)

    def solve(self, sized: tuple[InputEvidence, tuple[int, ...]] | None) -> Found:
        """The inputs from the layers; `sized` is evidence that gives the size alone."""
        inputs = self._layout()
        if sized and any(len(item.shape) - 1 == len(sized[1]) for item in inputs):
            evidence, size = sized
            return Found(
                tuple(
                    replace(
                        item,
                        shape=(item.shape[0], *size),
                        source="evidence",
                        reason=evidence.reason,
                        span=evidence.span,
                        degree=Degree.NEEDED,
                        axes=(Degree.NEEDED, *(_degree(evidence),) * len(size)),
                    )
                    if len(item.shape) - 1 == len(size)
                    else item
                    for item in inputs
                )
            )
        read = inputs
        if any(item.source == "assumed" for item in inputs):
            inputs = self._sizes(inputs)
        if len(inputs) == 1 and read[0].reason == ASSUMED:
            inputs = self._other_layouts(inputs, OTHER_LAYOUTS, read[0])
        elif len(inputs) == 1 and len(inputs[0].shape) == 1:
            features = inputs[0].shape[0]
            layouts = ((TOKENS, features), (SIDE, SIDE, features), *_maps(features))
            inputs = self._other_layouts(inputs, layouts, inputs[0])
        elif len(inputs) == 1 and inputs[0].source == "solved":
            # the features of a Linear may be the channels of a map that is pooled before it
            inputs = self._other_layouts(inputs, _maps(math.prod(inputs[0].shape)), inputs[0])
        elif len(inputs) > 1:
            inputs = self._several(inputs)
        inputs = self._fitted(inputs)
        if len(inputs) == 1 and self._is_refuted(inputs[0]):
            inputs = (replace(inputs[0], source="assumed", reason=ASSUMED, degree=Degree.ASSUMED, axes=()),)
        return Found(inputs)

    def _is_refuted(self, item: Input) -> bool:
        """Whether an input that was solved from a layer behind other operators does not even get there."""
        if item.source != "solved":
            return False
        run, error = self.trial((item,))
        use = first_use(Trace(bare_model(run), run), run.inputs[0])
        if use is None or use[0].fault is not None:
            return True
        return error is not None and use[1].origin != "input"

    def _several(self, inputs: tuple[Input, ...]) -> tuple[Input, ...]:
        """Several inputs, in those of the shapes that they may have together which have the fewest faults.
        What breaks the layer that reads an input is no better, though it hides what comes later."""
        best, fewest = inputs, self.badness(inputs)
        broken = self._broken_readers(inputs)
        tried: set[tuple[Shape, ...]] = set()
        for shapes in self._together(inputs):
            if not fewest or len(tried) == MOST_TRIED or self._is_tired:
                break
            changed = tuple(
                replace(
                    item,
                    shape=shapes[index],
                    dtype=inputs[0].dtype if shapes[index] == inputs[0].shape else "float32",
                    source="assumed",
                    reason=TOGETHER,
                    degree=Degree.ASSUMED,
                    axes=(),
                )
                if index in shapes
                else item
                for index, item in enumerate(inputs)
            )
            key = tuple(item.shape for item in changed)
            if key in tried:
                continue
            tried.add(key)
            badness = self.badness(changed)
            if badness < fewest and self._broken_readers(changed) <= broken:
                best, fewest = changed, badness
        return best

    def _broken_readers(self, inputs: Sequence[Input]) -> set[str | None]:
        """The layers that are the first to read an input, and refuse it."""
        run, _ = self.trial(inputs)
        trace = Trace(bare_model(run), run)
        readers = [use[0] for id in run.inputs if (use := first_use(trace, id))]
        return {operation.layer for operation in readers if operation.fault}

    def _together(self, inputs: tuple[Input, ...]) -> Iterator[dict[int, Shape]]:
        """Other shapes for some of the inputs. Vectors that are joined share the features that a Linear
        reads, and labels may be vectors too; each may be a sequence. Others may have the shape of the first,
        the size of what they are joined with, or be a vector of the channels that lack."""
        vectors = [index for index, item in enumerate(inputs) if len(item.shape) == 1]
        labels = [index for index, item in enumerate(inputs) if item.name in LABELS and not item.shape]
        sizes = {inputs[index].shape for index in vectors}
        for group in (vectors, sorted((*vectors, *labels))) if len(sizes) == 1 else ():
            total = inputs[vectors[0]].shape[0]
            share = total // len(group)
            if share and len(group) > 1:
                yield {**dict.fromkeys(group[:-1], (share,)), group[-1]: (total - share * (len(group) - 1),)}
        if vectors:
            yield {index: (TOKENS, *inputs[index].shape) for index in vectors}
        others = [index for index in range(1, len(inputs)) if inputs[index].shape or index in labels]
        yield dict.fromkeys(others, inputs[0].shape)
        for index in others:
            yield from self._joined(inputs, index)
            yield from self._vector(inputs, index)

    def _joined(self, inputs: tuple[Input, ...], index: int) -> Iterator[dict[int, Shape]]:
        """An input of the height and width of what it is joined with, also with all maps of a size that can
        be halved more often."""
        run, _ = self.trial(inputs)
        trace = Trace(bare_model(run), run)
        channels, size = inputs[index].shape[:1], inputs[index].shape[1:]
        for fault in trace.faults("merge"):
            joined = dict.fromkeys(trace.tensor(id).shape[2:] for id in fault.inputs())
            for other in joined if size in joined else ():
                if other not in ((), size):
                    resized = {index: (*channels, *other)}
                    yield resized
                    yield from _scaled(dict(enumerate(item.shape for item in inputs)) | resized)

    def _vector(self, inputs: tuple[Input, ...], index: int) -> Iterator[dict[int, Shape]]:
        """An input that is a vector beside an image, as long as the layer needs which is given both."""
        first = inputs[0].shape
        for channels in (first[0], 3, 1) if len(first) == 3 else first[:1]:
            shapes = {0: (channels, *first[1:]), index: (1,)}
            given = [
                replace(item, shape=shapes[i], axes=()) if i in shapes else item
                for i, item in enumerate(inputs)
            ]
            given[index] = replace(given[index], dtype="float32", axes=())
            faults = [item.fault for item in self.trial(given)[0].operations if item.fault]
            if not faults:
                yield shapes
            elif isinstance(expected := faults[0].expected, int) and isinstance(faults[0].actual, int):
                yield shapes | {index: (max(1 + expected - faults[0].actual, 1),)}

    def _other_layouts(
        self, inputs: tuple[Input, ...], layouts: Sequence[Shape], like: Input
    ) -> tuple[Input, ...]:
        """The input in that one of the layouts, each `like` another one, which has the fewest faults."""
        best, fewest = inputs, self.badness(inputs)
        for shape in layouts:
            if fewest == 0 or self._is_tired:
                break
            candidate = (replace(like, shape=shape, axes=_known_axes(like, shape)),)
            badness = self.badness(candidate)
            if badness < fewest:
                best, fewest = candidate, badness
        return best

    def _layout(self) -> tuple[Input, ...]:
        """Rank, channels and dtype of each input from the first layer that reads it."""
        inputs = [self._guess(name) for name in self._names]
        for _ in range(5):
            runs = not self.badness(inputs)
            run, _ = self.trial(inputs)
            trace = Trace(bare_model(run), run)
            changed = False
            for index, id in enumerate(run.inputs):
                now = inputs[index]
                use = first_use(trace, id)
                needed = None if runs else self._behind_reshape(trace, id, inputs, index)
                needed = needed or (_needed(trace, *use, now) if use else None)
                if needed is None or (needed.name in self._axes and len(needed.shape) != len(now.shape)):
                    continue  # forward says the rank
                differs = (needed.shape, needed.dtype) != (now.shape, now.dtype)
                if not (runs and differs):
                    inputs[index] = needed
                    changed |= differs
            if runs or not changed:
                break
        return tuple(inputs)

    def _behind_reshape(self, trace: Trace, id: int, inputs: Sequence[Input], index: int) -> Input | None:
        """An input that forward reshapes at once (`x.view(-1, 1, 28, 28)`) as it is behind that, where the
        model takes it so."""
        first = trace.consumers(id)[:1]
        if not first or first[0].kind != "reshape" or first[0].fault or inputs[index].reason != ASSUMED:
            return None
        shape = trace.tensor(first[0].outputs[0]).shape[1:]
        reason = f"the sizes that {trace.describe(first[0])} gives it"
        reshaped = replace(
            inputs[index], shape=shape, source="solved", reason=reason, degree=Degree.NEEDED, axes=()
        )
        others = [*inputs[:index], reshaped, *inputs[index + 1 :]]
        keeps_batch = trace.tensor(first[0].outputs[0]).shape[0] == trace.run.batch
        fits = bool(shape) and not keeps_batch and self.badness(others) <= self.badness(inputs)
        return reshaped if fits else None

    def _guess(self, name: str) -> Input:
        if name in SCALARS:
            return Input(name, (), "int64", "assumed", "one time step a sample is assumed from the name")
        if name in LABELS:
            return Input(name, (), "int64", "assumed", "one label a sample is assumed from the name")
        if name in self._axes:
            return Input(name, _sizes_by_name(self._axes[name]), "float32", "assumed", UNPACKED)
        return Input(name, (3, 224, 224), "float32", "assumed", ASSUMED)

    def _sizes(self, inputs: tuple[Input, ...]) -> tuple[Input, ...]:
        """The spatial size: the conventional one, unless a flatten needs another."""
        free = [index for index, item in enumerate(inputs) if _free(item)]
        if not free:
            return inputs
        best, fewest = inputs, self.badness(inputs)
        if fewest == 0:
            return inputs
        run, _ = self.trial(inputs)
        axes = len(inputs[free[0]].shape) - 1
        if not self._hangs_on_size(inputs, free, run):
            return inputs
        for size in TRIED_SIZES[axes]:
            candidate = _resized(inputs, free, size)
            badness = self.badness(candidate)
            if badness < fewest:
                best, fewest = candidate, badness
            if fewest == 0 or self._is_tired:
                break
        if fewest and not self._is_tired:
            for side in self._solved_sizes(inputs, free, run):
                candidate = _resized(inputs, free, _square(axes, side))
                badness = self.badness(candidate)
                if badness < fewest:
                    best, fewest = candidate, badness
        if fewest and axes == 2 and not self._is_tired:
            best = self._oblong(best, free)
        if best is inputs:
            return inputs
        twice = _resized(best, free, tuple(2 * size for size in best[free[0]].shape[1:]))
        if not self.badness(twice):
            return tuple(
                replace(item, reason="one of the sizes that its layers agree on; it is assumed")
                if index in free
                else item
                for index, item in enumerate(best)
            )
        needs = "the size that the layers behind the flatten need"
        return tuple(
            replace(item, source="solved", reason=needs, axes=(Degree.NEEDED,) * len(item.shape))
            if index in free
            else item
            for index, item in enumerate(best)
        )

    def _hangs_on_size(self, inputs: tuple[Input, ...], free: list[int], run: Pass) -> bool:
        """Whether anything that a pass found at fault is another thing at another size."""
        larger = _resized(
            inputs, free, tuple(size + 32 * (2 + at) for at, size in enumerate(_size(inputs, free)))
        )
        other, _ = self.trial(larger)
        return _told(run) != _told(other) or lost_batches(run) != lost_batches(other)

    def _oblong(self, inputs: tuple[Input, ...], free: list[int]) -> tuple[Input, ...]:
        """The inputs with a height and a width that differ, where a Linear behind a flatten needs them."""
        best, fewest = inputs, self.badness(inputs)
        for fault in [item for item in self.trial(inputs)[0].operations if item.fault]:
            expected = fault.fault.expected if fault.fault and fault.fault.reason == "features" else None
            flattened = self._flattened(inputs, fault)
            if not isinstance(expected, int) or flattened is None or expected % flattened[0]:
                continue
            for high, wide in _factors(expected // flattened[0]):
                sides = [
                    self._side(inputs, free, fault, axis, cells) for axis, cells in ((1, high), (2, wide))
                ]
                if None in sides:
                    continue
                candidate = _resized(inputs, free, tuple(side or 1 for side in sides))
                badness = self.badness(candidate)
                if badness < fewest:
                    best, fewest = candidate, badness
                if not fewest or self._is_tired:
                    return best
        return best

    @property
    def _is_tired(self) -> bool:
        """Whether as much was tried as a search may take."""
        return self._work > MOST_WORK or time.monotonic() > self._until

    def _side(
        self, inputs: tuple[Input, ...], free: list[int], fault: Operation, axis: int, cells: int
    ) -> int | None:
        """The side of a square picture of which the map that a Linear reads has so many cells along an
        axis."""
        low, high = 1, LARGEST_SOLVED
        while low <= high:
            size = (low + high) // 2
            flattened = self._flattened(_resized(inputs, free, (size, size)), fault)
            if flattened is None or flattened[axis] < cells:
                low = size + 1
            elif flattened[axis] > cells:
                high = size - 1
            else:
                return size
        return None

    def _flattened(self, inputs: tuple[Input, ...], like: Operation) -> Shape | None:
        """Channels, height and width of the map that is flattened for a Linear."""
        run, _ = self.trial(inputs)
        trace = Trace(bare_model(run), run)
        if any(trace.faults("collapse")):
            return None
        for operation in trace.operations("linear"):
            if (operation.layer, operation.calls) == (like.layer, like.calls):
                for step in trace.upstream(trace.operand(operation)):
                    read = trace.operand(step)
                    if step.kind == "reshape" and read is not None and len(read.shape) == 4:
                        return read.shape[1:]
        return None

    def _fitted(self, inputs: tuple[Input, ...]) -> tuple[Input, ...]:
        """The inputs with such sizes, one changed after another, that the layers agree: where one expects
        112 channels and is given 80, made of 5 frames, there are 7."""
        fewest = self.badness(inputs)
        for _ in range(MOST_FITTED):
            better = next(
                (
                    (badness, candidate)
                    for candidate in (self._rescaled(inputs) if fewest and not self._is_tired else ())
                    if (badness := self.badness(candidate)) < fewest
                ),
                None,
            )
            if better is None:
                break
            fewest, inputs = better
        return inputs

    def _rescaled(self, inputs: tuple[Input, ...]) -> list[tuple[Input, ...]]:
        """The inputs with one assumed axis that changes with what the first fault says is wrong."""
        fault = next((item.fault for item in self.trial(inputs)[0].operations if item.fault), None)
        if (
            fault is None
            or type(fault.expected) is not int
            or type(fault.actual) is not int
            or not fault.actual
        ):
            return []
        found = []
        for index, item in enumerate(inputs):
            for axis, size in enumerate(item.shape):
                wanted, rest = divmod(fault.expected * size, fault.actual)
                if item.axis(axis) is Degree.ASSUMED and not rest and 0 < wanted <= LARGEST_SOLVED:
                    changed = replace(
                        item,
                        shape=(*item.shape[:axis], wanted, *item.shape[axis + 1 :]),
                        axes=tuple(
                            Degree.NEEDED if at == axis else item.axis(at) for at in range(len(item.shape))
                        ),
                    )
                    found.append((*inputs[:index], changed, *inputs[index + 1 :]))
        return found

    def _solved_sizes(self, inputs: tuple[Input, ...], free: list[int], run: Pass) -> Iterator[int]:
        """For each Linear that disagrees, the size at which it would agree: features grow with the size,
        so halving the interval finds it."""
        for fault in [
            operation
            for operation in run.operations
            if operation.fault and operation.fault.reason == "features"
        ]:
            low, high = 1, LARGEST_SOLVED
            while low <= high:
                size = (low + high) // 2
                sizes = _square(len(inputs[free[0]].shape) - 1, size)
                features = self._features(_resized(inputs, free, sizes), fault)
                expected = fault.fault.expected if fault.fault else None
                if features is None or expected is None or features < expected:
                    low = size + 1
                elif features > expected:
                    high = size - 1
                else:
                    yield size
                    break

    def _features(self, inputs: tuple[Input, ...], like: Operation) -> int | None:
        run, _ = self.trial(inputs)
        sizes = {tensor.id: tensor for tensor in run.tensors}
        if any(operation.fault and operation.fault.reason == "collapse" for operation in run.operations):
            return None
        for operation in run.operations:
            if operation.kind == "linear" and operation.layer == like.layer and operation.calls == like.calls:
                tensor = sizes[operation.operands["input"]]  # type: ignore[index]
                return tensor.shape[-1] if tensor.shape else None
        return None


def _scaled(shapes: Mapping[int, Shape]) -> Iterator[dict[int, Shape]]:
    """The maps among shapes in the same proportion, with the largest of each of the sizes HALVED."""
    maps = {index: shape for index, shape in shapes.items() if len(shape) == 3}
    largest = max((shape[-1] for shape in maps.values()), default=1)
    for side in HALVED:
        yield {
            index: (shape[0], *(max(1, size * side // largest) for size in shape[1:]))
            for index, shape in maps.items()
        }


def _maps(channels: int) -> tuple[Shape, ...]:
    """Maps with so many channels, small and of one value each."""
    return ((channels, 8, 8), (channels, 1, 1))


def bare_model(run: Pass) -> Model:
    """A model that is only its pass, to ask a trace about."""
    return Model("", "", Span("", 1, 1, 1, 1), passes=(run,))


def _degree(evidence: InputEvidence) -> Degree:
    """How surely evidence speaks of the model."""
    return Degree.ASSUMED if evidence.general else evidence.degree


def _known_axes(like: Input, shape: Shape) -> tuple[Degree, ...]:
    """Of another layout with the features that are known: the axis that has them is."""
    if like.degree is not Degree.NEEDED:
        return ()
    return tuple(Degree.NEEDED if size in like.shape else Degree.ASSUMED for size in shape)


def _sizes_by_name(axes: Sequence[str]) -> Shape:
    return tuple(SIZES_BY_NAME.get(name, TOKENS) for name in axes)


def _size(inputs: tuple[Input, ...], free: list[int]) -> Shape:
    return inputs[free[0]].shape[1:]


def _told(run: Pass) -> list[tuple[object, ...]]:
    """What a pass found at fault, and with which numbers."""
    return [
        (item.layer, item.calls, item.fault.reason, item.fault.message)
        for item in run.operations
        if item.fault
    ]


def _factors(product: int) -> list[tuple[int, int]]:
    """Pairs of sizes that give a product, the squarest first."""
    low = [size for size in range(1, math.isqrt(product) + 1) if product % size == 0]
    pairs = [pair for size in reversed(low) for pair in ((size, product // size), (product // size, size))]
    return pairs[:MOST_FACTORS]


def _free(item: Input) -> bool:
    """Whether the spatial size of an input is only conventional."""
    return (
        item.source == "assumed"
        and item.reason != UNPACKED  # its first axis may be any
        and (len(item.shape) - 1) in CONVENTIONAL_SIZES
        and item.dtype == "float32"
    )


def _square(axes: int, side: int) -> Shape:
    """A size that is equal on all axes, but for the frames of a clip."""
    return (CONVENTIONAL_SIZES[3][0], side, side) if axes == 3 else (side,) * axes


def _resized(inputs: tuple[Input, ...], free: list[int], size: Shape) -> tuple[Input, ...]:
    return tuple(
        replace(item, shape=(item.shape[0], *size))
        if index in free and len(item.shape) == len(size) + 1
        else item
        for index, item in enumerate(inputs)
    )


_PASSING = frozenset(
    (
        "activation add sub mul div elementwise dropout copy permute reshape squeeze expand split index "
        "cat stack pad interpolate pool adaptive_pool reduction detach softmax other merge"
    ).split()
)


def first_use(trace: Trace, id: int) -> tuple[Operation, Tensor] | None:
    """The first layer with weights that reads an input, directly or after operators without weights,
    and the tensor that it reads."""
    reached = {id}
    for operation in trace.run.operations:
        operands = [operand for operand in operation.inputs() if operand in reached]
        if not operands:
            continue
        if operation.kind in _PASSING:
            reached.update(operation.outputs)
        else:
            return operation, trace.tensor(operands[0])
    return None


def _needed(trace: Trace, operation: Operation, tensor: Tensor, now: Input) -> Input | None:
    """The input as the layer that reads it needs it; None where that cannot be said."""
    weight = trace.operand(operation, "weight")
    layer = operation.layer or operation.name
    direct = tensor.origin == "input"
    if operation.kind in ("conv", "conv_transpose") and weight is not None and len(weight.shape) > 2:
        axes = len(weight.shape) - 2
        if not direct and (len(tensor.shape) != axes + 2 or tensor.shape[1:2] != now.shape[:1]):
            return None
        if operation.kind == "conv":
            channels = weight.shape[1] * operation.attributes.get("groups", 1)
            sizes = now.shape[1:] if len(now.shape) == axes + 1 else CONVENTIONAL_SIZES[axes]
        else:
            channels = weight.shape[0]
            stride, padding = (
                operation.attributes.get(name, (of,)) for name, of in (("stride", 1), ("padding", 0))
            )
            sizes = (1 if set(stride) == {1} and set(padding) == {0} else 8,) * axes
        reason = f"{channels} channel{'s' * (channels != 1)} from {layer}; the size is assumed"
        return _with_known(replace(now, dtype="float32"), (channels, *sizes), 0, reason)
    if operation.kind == "linear" and weight is not None:
        beside = tensor.shape[-1] - math.prod(now.shape)  # features that other inputs were joined with
        features = weight.shape[1] - (beside if 0 < beside < weight.shape[1] and not direct else 0)
        return _for_linear(now, features, layer, direct or len(tensor.shape) == 1 + len(now.shape))
    if operation.kind == "embedding" and now.shape == () and now.name in LABELS:
        return now
    if operation.kind == "embedding":
        tokens = replace(now, dtype="int64")
        return _with_known(tokens, (TOKENS,), None, f"token ids for {layer}; the length is assumed")
    if operation.kind == "recurrent" and direct:
        weights = [trace.tensor(id) for id in operation.inputs() if trace.tensor(id).origin == "parameter"]
        if weights and len(weights[0].shape) == 2:
            size = weights[0].shape[1]
            return _with_known(now, (TOKENS, size), 1, f"{size} features from {layer}; the length is assumed")
    if operation.kind == "norm" and weight is not None and direct and len(weight.shape) == 1:
        features = weight.shape[0]
        if operation.attributes.get("norm") == "layer":
            return _with_known(now, (TOKENS, features), 1, f"{features} features from {layer}")
        if len(now.shape) > 1:
            reason = f"{features} channels from {layer}; the size is assumed"
            return _with_known(now, (features, *now.shape[1:]), 0, reason)
    return None


def _with_known(now: Input, shape: Shape, known: int | None, reason: str) -> Input:
    """An input of which a layer says the rank, and the size of the axis `known`."""
    axes = tuple(Degree.NEEDED if axis == known else Degree.ASSUMED for axis in range(len(shape)))
    return replace(now, shape=shape, reason=reason, degree=Degree.NEEDED, axes=axes)


def _for_linear(now: Input, features: int, layer: str, as_it_is: bool) -> Input | None:
    """A vector where the Linear reads the input with all its axes; behind a flatten, the picture that has as
    many values, if there is one."""
    if not as_it_is:
        for channels in (1, 3):
            side = math.isqrt(features // channels)
            if side > 1 and channels * side * side == features:
                reason = f"{channels} × {side} × {side} = {features}, the in_features of {layer}"
                return replace(
                    now,
                    shape=(channels, side, side),
                    source="solved",
                    reason=reason,
                    degree=Degree.NEEDED,
                    axes=(),
                )
        if now.shape != (3, 224, 224):
            return None
    reason = f"the in_features of {layer}"
    return replace(now, shape=(features,), source="solved", reason=reason, degree=Degree.NEEDED, axes=())
