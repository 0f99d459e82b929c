"""The geometry of a drawing: boxes in cabinet projection on one axis, arcs above them for skips.

All numbers are pixels, rounded to tenths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2

from cnnlint.report.html.blocks import Block

FEW_BLOCKS = 14
"""So many blocks have their labels beside each other; more have them slanted."""

TALLEST, LOWEST = 150.0, 8.0
FLATTENING = 0.55
"""Sizes are drawn to this power, so that 224 and 7 are both to be seen."""

DEPTH, SLANT = 0.26, 0.62
"""How far a box goes back for each pixel of its width, and how much of that upwards."""

SLANTED_PITCH = 17.0
"""The least distance of slanted labels."""

CHARACTER = 6.3
"""The width of a character of a label."""

BAND = 3.5
MARGIN = 24.0
LONGEST_LABEL = 24


@dataclass(frozen=True, slots=True)
class Box:
    """A block as it is drawn: its front rectangle and the paths of its top and its side."""

    block: Block
    x: float
    y: float
    width: float
    height: float
    top: str
    side: str
    bands: tuple[tuple[float, str], ...]
    label: str
    size: str
    middle: float
    """The x of the label."""
    peak: tuple[float, float]
    """Where an arc or a marker touches the box from above."""


@dataclass(frozen=True, slots=True)
class Arc:
    """A tensor that goes from one box to a later one, round those between."""

    source: int
    target: int
    path: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything of one SVG. `axis` are the pieces of the line through neighbours (x from, x to)."""

    width: float
    height: float
    middle: float
    baseline: float
    slanted: bool
    boxes: tuple[Box, ...]
    arcs: tuple[Arc, ...]
    axis: tuple[tuple[float, float], ...]


def draw(blocks: Sequence[Block]) -> Drawing:
    """The drawing of at least one block."""
    slanted = len(blocks) > FEW_BLOCKS
    largest = max(max(block.volume.height, block.volume.width) for block in blocks)
    boxes: list[Box] = []
    half = max(_height(block, largest) for block in blocks) / 2
    x = MARGIN
    end = 0.0  # where the next label may begin
    for index, block in enumerate(blocks):
        before = blocks[index - 1].volume if index else None
        size = "" if before == block.volume else block.volume.label
        label = _label(block)
        room = max(len(label), len(size)) * CHARACTER
        back = _back(block, largest)
        bands = len(block.bands) * BAND
        width = _width(block, slanted) + bands
        if index:
            x += _gap(blocks[index - 1], block, largest)
        x = max(x, end - width / 2 + (0 if slanted else room / 2))
        boxes.append(_box(block, x, half, width, _height(block, largest), back, label, size))
        end = x + width / 2 + (SLANTED_PITCH if slanted else room / 2 + 14)
        x += width
    arcs = [
        _arc(boxes, source, target)
        for target, block in enumerate(blocks)
        for source in block.sources
        if target - source > 1
    ]
    lift = min([box.peak[1] - 22 for box in boxes] + [peak for _, peak in arcs])
    return _lowered(boxes, [arc for arc, _ in arcs], -lift + 8, half, slanted)


def _lowered(boxes: list[Box], arcs: list[Arc], by: float, half: float, slanted: bool) -> Drawing:
    """The drawing, whose axis is so far below its upper edge."""
    longest = max(len(box.label) + len(box.size) + 1 for box in boxes) * CHARACTER
    below = longest * 0.72 + 22 if slanted else 46
    last = boxes[-1]
    right = max(last.x + last.width + 40, last.middle + (longest * 0.72 if slanted else longest / 2)) + MARGIN
    axis = []
    for index, box in enumerate(boxes):
        if index and index - 1 in box.block.sources:
            left = boxes[index - 1]
            axis.append((_tenths(left.x + left.width), box.x))
    return Drawing(
        width=_tenths(right),
        height=_tenths(by + half + below),
        middle=_tenths(by),
        baseline=_tenths(half + 8),
        slanted=slanted,
        boxes=tuple(boxes),
        arcs=tuple(arcs),
        axis=tuple(axis),
    )


def _box(
    block: Block, x: float, half: float, width: float, height: float, back: float, label: str, size: str
) -> Box:
    """A box around the axis, whose y is 0."""
    x, y, up = _tenths(x), _tenths(-height / 2), _tenths(back * SLANT)
    width, height, back = _tenths(width), _tenths(height), _tenths(back)
    first_band = width - len(block.bands) * BAND
    return Box(
        block=block,
        x=x,
        y=y,
        width=width,
        height=height,
        top=f"M{x} {y}l{back} {-up}h{width}l{-back} {up}z",
        side=f"M{_tenths(x + width)} {y}l{back} {-up}v{height}l{-back} {up}z",
        bands=tuple(
            (_tenths(x + first_band + number * BAND), color) for number, color in enumerate(block.bands)
        ),
        label=label,
        size=size,
        middle=_tenths(x + width / 2),
        peak=(_tenths(x + width / 2 + back / 2), _tenths(y - up)),
    )


def _scaled(size: int, largest: int) -> float:
    return LOWEST + (TALLEST - LOWEST) * (size / max(largest, 1)) ** FLATTENING


def _height(block: Block, largest: int) -> float:
    if not block.volume.spatial:  # a vector stands upright
        return min(16 + 7 * log2(max(block.volume.channels, 1)), TALLEST * 0.75)
    return _scaled(block.volume.height, largest)


def _back(block: Block, largest: int) -> float:
    if not block.volume.spatial or block.volume.width == 1:
        return 3.0
    return _scaled(block.volume.width, largest) * DEPTH


def _width(block: Block, slanted: bool) -> float:
    if not block.volume.spatial:
        return 7.0
    return (3 + 1.7 * block.volume.channels**0.42) * (0.75 if slanted else 1)


def _gap(before: Block, block: Block, largest: int) -> float:
    """The way from the box before: short within one size, so that its maps look like one body."""
    same = (before.volume.height, before.volume.width) == (block.volume.height, block.volume.width)
    if same and before.volume.spatial and block.volume.spatial:
        return 4.0
    return max(12.0, _back(before, largest) * 0.75 + 6)


def _arc(boxes: Sequence[Box], source: int, target: int) -> tuple[Arc, float]:
    """The arc and its highest y."""
    (x1, y1), (x2, y2) = boxes[source].peak, boxes[target].peak
    over = min(box.peak[1] for box in boxes[source : target + 1])
    peak = over - min(12 + 0.11 * (x2 - x1), 90)
    control = _tenths((peak - (y1 + y2) / 8) / 0.75)
    lean = _tenths((x2 - x1) * 0.12)
    path = f"M{x1} {y1}C{_tenths(x1 + lean)} {control} {_tenths(x2 - lean)} {control} {x2} {y2}"
    return Arc(source, target, path), peak


def _label(block: Block) -> str:
    """The name; of a long one the last parts of its path."""
    name = block.name
    while len(name) > LONGEST_LABEL and "." in name:
        name = name.partition(".")[2]
    if len(name) > LONGEST_LABEL:
        name = name[-LONGEST_LABEL + 1 :]
    return name if name == block.name else f"…{name}"


def _tenths(number: float) -> float:
    rounded = round(number, 1)
    return int(rounded) if rounded == int(rounded) else rounded
