"""A pass as the blocks of a drawing: one for each operator that makes a new feature map, with what only
changes its values (norm, activation, dropout) as bands on it; and the same in coarser steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from cnnlint.analyses.shapes import Row
from cnnlint.graph import Trace
from cnnlint.report.html.volume import Volume, volume
from cnnlint.traces import Operation

COLORS = {
    "conv": "conv",
    "conv_transpose": "up",
    "interpolate": "up",
    "rearrange": "up",
    "unpool": "up",
    "pool": "pool",
    "adaptive_pool": "pool",
    "reduction": "pool",
    "norm": "norm",
    "normalize": "norm",
    "activation": "activation",
    "softmax": "activation",
    "linear": "linear",
    "bilinear": "linear",
    "matmul": "linear",
    "einsum": "linear",
    "attention": "attention",
    "recurrent": "recurrent",
    "embedding": "recurrent",
    "dropout": "dropout",
}
"""The colour of a kind of operator."""

JOIN, INPUT, OTHER = "join", "input", "other"

SOLID = frozenset({"conv", "up", "pool", "linear", "attention", "recurrent"})
"""Colours that always are a block of their own."""

MOST_BLOCKS = 60
"""The finest drawing with no more blocks than these is shown first."""

FEWEST_BLOCKS = 8
"""Units say enough of a large model where they are no fewer than these."""

COARSER = 0.6
"""A coarser drawing is worth showing where it has at most this share of the blocks."""


@dataclass
class Block:
    """A box of the drawing.

    Attributes:
        name: the layer, or the function where it has none.
        color: one of COLORS' values, or JOIN, INPUT, OTHER.
        first, last: the rows of the table that it stands for.
        path: the parts of the layer's dotted path; () at the model itself.
        bands: the colours of what follows on the same map.
        sources: the blocks that it reads, by their index.
        weights: the parameters that no block before has counted.
    """

    name: str
    color: str
    first: int
    last: int
    volume: Volume
    path: tuple[str, ...] = ()
    bands: list[str] = field(default_factory=list)
    sources: list[int] = field(default_factory=list)
    weights: int = 0


@dataclass(frozen=True, slots=True)
class Level:
    """A drawing in one coarseness: `layers`, `blocks` or `stages`."""

    name: str
    blocks: tuple[Block, ...]


def levels(trace: Trace, rows: Sequence[Row]) -> list[Level]:
    """The drawings of a pass that are worth choosing from, the finest first."""
    blocks = _blocks(trace, rows)
    found = [Level("layers", tuple(blocks))]
    depth = _depth(blocks)
    if depth:
        found.append(Level("blocks", _merged(blocks, lambda block: block.path[:depth])))
    stages = _merged(blocks, lambda block: (block.volume.height, block.volume.width, block.volume.spatial))
    if 2 < len(stages) <= COARSER * len(blocks) and len(stages) != len(found[-1].blocks):
        found.append(Level("stages", stages))
    return sorted(found, key=lambda level: -len(level.blocks))


def first_shown(found: Sequence[Level]) -> Level:
    """The drawing to begin with: the finest that is not too large; stages only where the model's own units
    are few."""
    fitting = [level for level in found if len(level.blocks) <= MOST_BLOCKS]
    if not fitting:
        return found[-1]
    units = [level for level in fitting if level.name != "stages" and len(level.blocks) >= FEWEST_BLOCKS]
    return (units or fitting)[0]


def _blocks(trace: Trace, rows: Sequence[Row]) -> list[Block]:
    inputs = iter(trace.run.inputs)
    blocks: list[Block] = []
    homes: dict[int, int] = {}  # the block that holds a tensor
    alias: dict[int, int] = {}
    shown = {row.operation for row in rows}
    position = {row.operation: index for index, row in enumerate(rows) if row.operation is not None}
    tail = -1  # the tensor that the last block ends with

    for index, row in enumerate(rows):
        if row.operation is None:
            tail = next(inputs)
            blocks.append(Block(trace.tensor(tail).name or "input", INPUT, index, index, volume(trace, tail)))
            homes[tail] = len(blocks) - 1

    for operation in trace.run.operations:
        data = list(dict.fromkeys(alias.get(id, id) for id in operation.inputs()))
        data = [id for id in data if id in homes]
        if operation.index not in shown:
            for output in operation.outputs:
                if data:
                    alias[output] = data[0]
                    homes[output] = homes[data[0]]
            continue
        if not data or not operation.outputs:
            continue
        row = rows[position[operation.index]]
        here = position[operation.index]
        box = volume(trace, operation.outputs[0])
        color = JOIN if len(data) > 1 and operation.kind != "attention" else COLORS.get(operation.kind, OTHER)
        last = blocks[-1]
        if row.fault or color in SOLID or color == JOIN or data[0] != tail or box != last.volume:
            sources = sorted({homes[id] for id in data})
            blocks.append(
                Block(_name(operation), color, here, here, box, _path(operation), [], sources, row.parameters)
            )
        else:
            last.last = here
            last.weights += row.parameters
            if color != OTHER:
                last.bands.append(color)
        tail = operation.outputs[0]
        homes.update(dict.fromkeys(operation.outputs, len(blocks) - 1))
    return blocks


def _name(operation: Operation) -> str:
    return operation.layer or operation.name


def _path(operation: Operation) -> tuple[str, ...]:
    return tuple(operation.layer.split(".")) if operation.layer else (f"{operation.name}()",)


def _depth(blocks: Sequence[Block]) -> int:
    """How many parts of the layers' paths name the units of the model: the most that cut no module in two
    which works in its own forward as well; 0 where no depth makes units."""
    paths = {block.path for block in blocks}
    deepest = max((len(path) for path in paths), default=0)
    for depth in range(deepest - 1, 0, -1):
        modules = {path[:length] for path in paths for length in range(1, min(depth, len(path)))}
        units = sum(1 for _ in groupby(block.path[:depth] for block in blocks))
        if 2 < units <= COARSER * len(blocks) and not modules & paths:
            return depth
    return 0


def _merged(blocks: Sequence[Block], key: Callable[[Block], Hashable]) -> tuple[Block, ...]:
    """Neighbours with the same key as one block; the model's inputs stay by themselves."""
    merged: list[Block] = []
    homes: dict[int, int] = {}
    for _, group in groupby(enumerate(blocks), lambda item: (item[1].color == INPUT, key(item[1]))):
        members = list(group)
        index = len(merged)
        homes.update((number, index) for number, _ in members)
        sources = {homes[source] for _, block in members for source in block.sources} - {index}
        only = [block for _, block in members]
        merged.append(_union(only, sorted(sources)))
    return tuple(merged)


def _union(blocks: Sequence[Block], sources: list[int]) -> Block:
    colors: Counter[str] = Counter()
    for block in blocks:
        colors[block.color] += 1 + block.weights
    first, last = blocks[0], blocks[-1]
    return Block(
        name=first.name if len(blocks) == 1 else _common_name(blocks),
        color=colors.most_common(1)[0][0],
        first=first.first,
        last=last.last,
        volume=last.volume,
        path=first.path,
        bands=list(first.bands) if len(blocks) == 1 else [],
        sources=sources,
        weights=sum(block.weights for block in blocks),
    )


def _common_name(blocks: Sequence[Block]) -> str:
    """`layer1.0` for its parts, `layer1.0–2` for a range, `conv1–pool` for what has no path in common."""
    first, last = blocks[0].path, blocks[-1].path
    common = 0
    for parts in zip(*(block.path for block in blocks), strict=False):
        if len(set(parts)) > 1:
            break
        common += 1
    start = ".".join(first[: common + 1])
    if common == len(first) or common == len(last) or first[: common + 1] == last[: common + 1]:
        return ".".join(first[:common]) or start
    return f"{start}–{last[common]}"
