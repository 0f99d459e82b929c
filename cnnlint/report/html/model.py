"""A model on the page: its numbers, its drawings and its table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cnnlint.analyses.shapes import ShapeTable
from cnnlint.graph import WEIGHTED, Trace
from cnnlint.report.html.blocks import Block, Level, first_shown, levels
from cnnlint.report.html.drawing import Drawing, draw
from cnnlint.report.html.table import GroupView, groups, headers, worst
from cnnlint.report.html.volume import volume
from cnnlint.report.text import along_axes, degrees_line, input_line, location, milliseconds, one_line
from cnnlint.result import TracedFile
from cnnlint.traces import Model


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing of the model in one coarseness. `severities` has the worst finding of each box."""

    level: str
    drawing: Drawing
    severities: tuple[str, ...]
    shown: bool


@dataclass(frozen=True, slots=True)
class Tile:
    """A number of the model as a whole."""

    title: str
    value: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ModelView:
    """One traced model."""

    index: int
    name: str
    construction: str
    place: str
    notes: tuple[str, ...]
    tiles: tuple[Tile, ...]
    pictures: tuple[Picture, ...]
    colors: tuple[str, ...]
    headers: tuple[str, ...]
    groups: tuple[GroupView, ...]
    severity: str

    @property
    def grouped(self) -> bool:
        return len(self.groups) > 1


def model_view(
    index: int,
    table: ShapeTable,
    model: Model,
    file: TracedFile,
    severities: Mapping[int, str],
    severity: str,
) -> ModelView:
    """The view of a traced model; `severities` has the worst finding of each row that has one, `severity`
    that of the whole model."""
    trace = Trace(model, model.passes[0])
    found = levels(trace, table.rows)
    return ModelView(
        index=index,
        name=model.name,
        construction=model.construction,
        place=location(file.source.place(model.span)),
        notes=tuple(_notes(model)),
        tiles=tuple(_tiles(model, table, trace)),
        pictures=tuple(_pictures(found, severities)),
        colors=tuple(dict.fromkeys(_colors(found[0].blocks))),
        headers=headers(table),
        groups=tuple(groups(found, table, trace, file, severities)),
        severity=severity,
    )


def _notes(model: Model) -> Iterator[str]:
    if known := degrees_line(model):
        yield f"how the input is known: {known}"
    for note in model.notes:
        yield one_line(note)
    if not all(run.complete for run in model.passes):
        yield "the forward pass could not be followed to its end"


def _tiles(model: Model, table: ShapeTable, trace: Trace) -> Iterator[Tile]:
    shapes, _, reason = input_line(model).partition(" (")
    if shapes:
        yield Tile("Input", shapes.removesuffix(" per sample"), reason.removesuffix(")"))
    outputs = [volume(trace, id).label for id in trace.run.outputs[:3]]
    if outputs:
        yield Tile("Output", ", ".join(outputs), "per sample")
    frozen = table.parameters - table.trainable
    yield Tile(
        "Parameters", _short(table.parameters), f"{_short(frozen)} frozen" if frozen else "all trainable"
    )
    known = "as far as sizes are known" if any(row.fault for row in table.rows) else "per sample"
    yield Tile("MACs", _short(table.macs), known)
    weighted = len({operation.layer for operation in trace.operations(*WEIGHTED)})
    yield Tile("Weighted layers", f"{weighted:,}", f"{len(table.rows):,} operators")
    largest = max((row.receptive_field for row in table.rows), default=())
    if largest:
        yield Tile("Receptive field", along_axes(largest), "largest, in input positions")
    if table.measured:
        yield Tile("Time", milliseconds(table.seconds), f"for a batch of {table.batch}")


def _pictures(found: Sequence[Level], severities: Mapping[int, str]) -> Iterator[Picture]:
    shown = first_shown(found)
    for level in found if shown.blocks else ():
        marked = tuple(
            worst(severities[row] for row in range(block.first, block.last + 1) if row in severities)
            for block in level.blocks
        )
        yield Picture(level.name, draw(level.blocks), marked, level is shown)


def _colors(blocks: Sequence[Block]) -> Iterator[str]:
    for block in blocks:
        yield block.color
        yield from block.bands


def _short(number: int) -> str:
    """`35,114`, `60.2 M`."""
    for size, sign in ((10**12, "T"), (10**9, "G"), (10**6, "M")):
        if number >= size:
            return f"{number / size:.3g} {sign}"
    return f"{number:,}"
