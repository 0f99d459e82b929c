"""Data sets that a file uses: the shape of their samples after the file's own transforms."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

from cnnlint.diagnostic import Span
from cnnlint.evidence.facts import InputEvidence, InputShape
from cnnlint.source.expressions import Expression, Expressions
from cnnlint.source.file import SourceFile
from cnnlint.source.names import Imports
from cnnlint.source.scopes import Scopes, Use
from cnnlint.traces import ClassCount


@dataclass(frozen=True, slots=True)
class Samples:
    """What a data set holds: channels, height and width, number of classes; None where it varies."""

    channels: int | None
    size: tuple[int, ...] | None = None
    classes: int | None = None


DATASETS = {
    "MNIST": Samples(1, (28, 28), 10),
    "FashionMNIST": Samples(1, (28, 28), 10),
    "KMNIST": Samples(1, (28, 28), 10),
    "QMNIST": Samples(1, (28, 28), 10),
    "EMNIST": Samples(1, (28, 28)),
    "USPS": Samples(1, (16, 16), 10),
    "SEMEION": Samples(1, (16, 16), 10),
    "Omniglot": Samples(1, (105, 105)),
    "CIFAR10": Samples(3, (32, 32), 10),
    "CIFAR100": Samples(3, (32, 32), 100),
    "SVHN": Samples(3, (32, 32), 10),
    "STL10": Samples(3, (96, 96), 10),
    "EuroSAT": Samples(3, (64, 64), 10),
    "PCAM": Samples(3, (96, 96), 2),
    "CelebA": Samples(3, (218, 178)),
    "ImageNet": Samples(3, (224, 224), 1000),
    "FakeData": Samples(3, (224, 224), 10),
    "Caltech101": Samples(None, None, 101),
    "Flowers102": Samples(3, None, 102),
    "Food101": Samples(3, None, 101),
    "DTD": Samples(3, None, 47),
    "GTSRB": Samples(3, None, 43),
    "OxfordIIITPet": Samples(3, None, 37),
    "StanfordCars": Samples(3, None, 196),
    "FGVCAircraft": Samples(3),
    "ImageFolder": Samples(3),
    "LSUN": Samples(3),
    "LFWPeople": Samples(3),
    "Places365": Samples(3, None, 365),
    "VOCSegmentation": Samples(3),
    "VOCDetection": Samples(3),
    "CocoDetection": Samples(3),
    "Cityscapes": Samples(3),
}
"""torchvision's data sets."""

LENGTHS = {
    **dict.fromkeys(("MNIST", "FashionMNIST", "KMNIST"), (60_000, 10_000)),
    **dict.fromkeys(("CIFAR10", "CIFAR100"), (50_000, 10_000)),
}
"""Samples for training and for testing."""

KEEPING = frozenset(
    """ToTensor PILToTensor ToImage ToDtype ConvertImageDtype Normalize ToPILImage ColorJitter RandomInvert
    RandomHorizontalFlip RandomVerticalFlip RandomRotation RandomAffine RandomPerspective RandomErasing
    RandomApply RandomGrayscale RandomEqualize RandomAutocontrast RandomPosterize RandomSolarize
    RandomAdjustSharpness GaussianBlur GaussianNoise AutoAugment RandAugment TrivialAugmentWide AugMix
    HorizontalFlip VerticalFlip ToTensorV2""".split()
)
"""Transforms that leave the shape as it is."""

DEEPEST = 8
"""How many steps a data loader, a transform or a number is followed; variables may go in circles."""

RESIZES = frozenset({"Resize", "Scale"})
CROPS = frozenset({"CenterCrop", "RandomCrop", "RandomResizedCrop", "RandomSizedCrop"})


class Loaded(NamedTuple):
    """What a loop over a data set or its loader gets.

    Attributes:
        sizes: of one sample, as expressions in the place of the data set.
        batched: whether samples come in batches.
    """

    dataset: Use
    sizes: list[ast.expr]
    batched: bool


@dataclass(frozen=True)
class _Pipeline:
    """The shape that a chain of transforms gives, as far as it is known; `size_text` is a size that
    has to be evaluated. `steps` are the transforms that set it. `sure` is False where a transform is
    among them that may do anything to the shape, `square` where the size is that of the shorter side.
    `size_use` is where `size_text` stands."""

    channels: int | None = None
    size: tuple[int, ...] | None = None
    size_text: Expression | None = None
    steps: tuple[str, ...] = field(default=(), compare=False)
    sure: bool = True
    square: bool = True
    size_use: Use | None = field(default=None, compare=False)


class DatasetReader:
    """Finds the data sets and transforms of a file."""

    def __init__(self, file: SourceFile, imports: Imports, scopes: Scopes, expressions: Expressions):
        self.file = file
        self.imports = imports
        self.scopes = scopes
        self.expressions = expressions

    def inputs(self) -> list[InputEvidence]:
        """What the data sets of the file say of the inputs of its models, without repetition; where the
        file has transforms but no data set that is known, what the transforms say."""
        found: list[InputEvidence] = []
        for use, samples in self._used:
            pipeline = self._pipeline_of(use, samples)
            call = use.node
            assert isinstance(call, ast.Call)
            text = self.file.segment(self.file.span(call.func))
            steps = f" with {' and '.join(pipeline.steps)}" if pipeline.steps else ""
            evidence = _evidence(
                pipeline, f"{text} in {self.file.line(call.lineno)}{steps}", self.file.span(call.func)
            )
            if evidence is not None and not any(_same(evidence, other) for other in found):
                found.append(evidence)
        if not self._used:
            shapes = {self._apply(_Pipeline(), use) for use in self._chains}
            if len(shapes) == 1:
                pipeline = shapes.pop()
                first = self._chains[0].node
                reason = " and ".join(pipeline.steps) or f"the transforms in {self.file.line(first.lineno)}"
                evidence = _evidence(pipeline, reason, self.file.span(first))
                if evidence is not None:
                    found.append(evidence)
        return found

    def loaded(self, loader: Use, depth: int = 0) -> Loaded | None:
        """The data set that a data loader reads, or that is read itself, where its sizes are sure."""
        for value in self.scopes.values(*loader) if depth < DEEPEST else ():
            call = value.node
            if not isinstance(call, ast.Call) or not call.args + call.keywords:
                continue
            name = self.imports.qualified(call.func) or ""
            last = name.rpartition(".")[2]
            if last in ("tqdm", "track", "Subset", "random_split", "islice"):
                return self.loaded(value._replace(node=call.args[0]), depth + 1) if call.args else None
            if last == "DataLoader":
                given = _argument(call, "dataset", 0)
                if given is None or any(item.arg == "collate_fn" for item in call.keywords):
                    return None
                found = self.loaded(value._replace(node=given), depth + 1)
                return found._replace(batched=True) if found else None
            for use, samples in self._used:
                if use.node is call:
                    sizes = _sizes(self._pipeline_of(use, samples), use)
                    return Loaded(use, sizes, False) if sizes else None
        return None

    def is_of_one_size(self, use: Use) -> bool:
        """Whether a call makes one of torchvision's data sets whose pictures all have one size."""
        return any(use.node is known.node and samples.size is not None for known, samples in self._used)

    def smallest_batch(self) -> int | None:
        """The samples of the smallest batch that the file trains with, by its only loader that shuffles; None
        where there are others, or where the file does not say it."""
        sizes: list[int | None] = []
        for use in self.scopes.calls:
            call = use.node
            assert isinstance(call, ast.Call)
            name = (self.imports.qualified(call.func) or "").rpartition(".")[2]
            if name != "DataLoader" or self._constant(use, "shuffle", 2) is not True:
                continue
            given = _argument(call, "batch_size", 1)
            size = 1 if given is None else constant(self.scopes, use._replace(node=given))
            if not isinstance(size, int) or size < 1:
                return None
            length = self._length(use)
            drops = self._constant(use, "drop_last", 8) is True
            known = drops or size == 1 or length
            sizes.append((0 if drops else length % size) or size if known else None)
        return sizes[0] if len(sizes) == 1 else None

    def _length(self, loader: Use) -> int:
        """The number of samples that a loader reads for training; 0 where it is not known."""
        assert isinstance(loader.node, ast.Call)
        given = _argument(loader.node, "dataset", 0)
        values = self.scopes.values(given, loader.scope, loader.path) if given is not None else []
        if len(values) != 1 or not any(use.node is values[0].node for use, _ in self._used):
            return 0
        call = values[0].node
        assert isinstance(call, ast.Call)
        name = (self.imports.qualified(call.func) or "").rpartition(".")[2]
        train = _argument(call, "train", 1)
        is_training = train is None or self._constant(values[0], "train", 1) is True
        return LENGTHS[name][0] if name in LENGTHS and is_training else 0

    def class_count(self) -> ClassCount | None:
        """The number of classes, where all data sets of the file have the same."""
        counts = {samples.classes for _, samples in self._used}
        if len(counts) != 1:
            return None
        count = counts.pop()
        call = self._used[0][0].node
        assert isinstance(call, ast.Call)
        if count is None:
            return None
        text = self.file.segment(self.file.span(call.func))
        return ClassCount(
            count, self.file.span(call.func), f"{text} in {self.file.line(call.lineno)} has {count} classes"
        )

    @cached_property
    def _used(self) -> list[tuple[Use, Samples]]:
        found = []
        for use in self.scopes.calls:
            assert isinstance(use.node, ast.Call)
            name = self.imports.qualified(use.node.func) or ""
            last = name.rpartition(".")[2]
            if last in DATASETS and name.startswith(("torchvision.", "datasets.", "dset.")):
                found.append((use, self._configured(use, last)))
        return found

    def _configured(self, use: Use, name: str) -> Samples:
        """A data set whose arguments set its shape."""
        samples = DATASETS[name]
        if name == "FakeData":
            size = self._constant(use, "image_size", 1)
            if isinstance(size, tuple) and len(size) == 3:
                return Samples(size[0], size[1:], samples.classes)
            return Samples(None)
        return samples

    @cached_property
    def _chains(self) -> list[Use]:
        """The compositions of transforms in the file."""
        return [
            use
            for use in self.scopes.calls
            if isinstance(use.node, ast.Call)
            and (self.imports.qualified(use.node.func) or "").endswith("Compose")
            and self._apply(_Pipeline(), use) != _Pipeline()
        ]

    def _pipeline_of(self, use: Use, samples: Samples) -> _Pipeline:
        """The shape of a data set's samples behind its transform. One that cannot be followed is taken
        to be the file's, where the file has but one."""
        start = _Pipeline(samples.channels, samples.size)
        call = use.node
        assert isinstance(call, ast.Call)
        given = next((item.value for item in call.keywords if item.arg in ("transform", "transforms")), None)
        if given is not None:
            chains = [
                value
                for value in self.scopes.values(given, use.scope, use.path)
                if isinstance(value.node, ast.Call) and self._is_transform(value.node)
            ]
            if chains:
                first, *others = [self._apply(start, chain) for chain in chains]
                return replace(first, sure=first.sure and all(other == first for other in others))
        if given is None and len(call.args) < 2:
            return start
        shapes = {self._apply(start, chain) for chain in self._chains}
        return replace(shapes.pop() if len(shapes) == 1 else start, sure=False)

    def _is_transform(self, call: ast.Call) -> bool:
        name = self.imports.qualified(call.func) or ""
        parts = [part.func for part in call.args if isinstance(part, ast.Call)]
        if name == "torch.nn.Sequential" and parts:
            return all("transforms" in (self.imports.qualified(part) or "") for part in parts)
        return "transforms" in name or name.endswith("Compose")

    # -- one chain

    def _apply(self, pipeline: _Pipeline, chain: Use, depth: int = 0) -> _Pipeline:
        """The shape behind a transform, or a composition of them."""
        call = chain.node
        if not isinstance(call, ast.Call) or depth > DEEPEST:
            return pipeline
        name = (self.imports.qualified(call.func) or "").rpartition(".")[2]
        if name in ("Compose", "Sequential"):
            given = call.args[0] if call.args and name == "Compose" else None
            for item in call.keywords:
                given = item.value if item.arg == "transforms" else given
            steps = list(call.args) if name == "Sequential" else []
            if given is not None:
                listed = self.scopes.values(given, chain.scope, chain.path)[0].node
                if not isinstance(listed, (ast.List, ast.Tuple)):
                    return replace(pipeline, sure=False)
                steps = listed.elts
            for step in steps:
                if isinstance(step, ast.Starred):
                    pipeline = replace(pipeline, sure=False)
                for value in self.scopes.values(step, chain.scope, chain.path)[:1]:
                    pipeline = self._apply(pipeline, value, depth + 1)
            return pipeline
        shown = f"{name} in {self.file.line(call.lineno)}"
        if name == "Grayscale":
            channels = self._constant(chain, "num_output_channels", 0)
            return self._stepped(pipeline, shown, channels=channels if isinstance(channels, int) else 1)
        if name == "Normalize":
            mean = self._constant(chain, "mean", 0)
            if pipeline.channels is None and isinstance(mean, tuple) and len(mean) in (1, 3):
                return self._stepped(pipeline, shown, channels=len(mean))
            return pipeline
        if name == "LongestMaxSize":
            return replace(pipeline, size=None, size_text=None, sure=False)
        if name == "PadIfNeeded" and pipeline.size is None:
            return self._padded_to(pipeline, chain, shown)
        if name == "Pad":
            return self._padded(pipeline, chain, shown)
        if name in RESIZES | CROPS:
            return self._resized(pipeline, chain, name, shown)
        return pipeline if name in KEEPING else replace(pipeline, sure=False)

    def _resized(self, pipeline: _Pipeline, chain: Use, name: str, shown: str) -> _Pipeline:
        """Behind a resize or a crop. A resize to one number keeps the aspect: it sets the shorter side."""
        call = chain.node
        assert isinstance(call, ast.Call)
        sizes = self._height_and_width(chain)
        if sizes is None:
            given = _argument(call, "size", 0)
            expression = self.expressions.make(chain._replace(node=given)) if given is not None else None
            if expression is None:
                return replace(pipeline, size=None, size_text=None)
            before = pipeline.size
            square = name in CROPS or (pipeline.square and before is not None and len(set(before)) == 1)
            place = chain._replace(node=given) if given is not None else None
            return self._stepped(
                pipeline, shown, size=None, size_text=expression, size_use=place, square=square
            )
        before = pipeline.size
        square = name in CROPS or len(sizes) == 2 or before is not None
        if len(sizes) == 1:
            side = sizes[0]
            if name in RESIZES and before is not None and before[0] != before[1]:
                short = min(before)
                sizes = tuple(side if edge == short else int(side * edge / short) for edge in before)
            else:
                sizes = (side, side)
        return self._stepped(pipeline, shown, size=sizes, size_text=None, square=square)

    def _height_and_width(self, chain: Use) -> tuple[int, ...] | None:
        """The numbers of a size argument; albumentations takes height and width apart."""
        size = self._constant(chain, "size", 0)
        call = chain.node
        assert isinstance(call, ast.Call)
        if "albumentations" in (self.imports.qualified(call.func) or "") and not isinstance(size, tuple):
            height, width = self._constant(chain, "height", 0), self._constant(chain, "width", 1)
            return (height, width) if isinstance(height, int) and isinstance(width, int) else None
        if isinstance(size, int):
            return (size,)
        if isinstance(size, tuple) and 1 <= len(size) <= 2 and all(isinstance(item, int) for item in size):
            return size
        return None

    def _padded_to(self, pipeline: _Pipeline, chain: Use, shown: str) -> _Pipeline:
        """Behind albumentations' `PadIfNeeded`, which follows what has limited the longer side."""
        height, width = self._constant(chain, "min_height", 0), self._constant(chain, "min_width", 1)
        if isinstance(height, int) and isinstance(width, int):
            return self._stepped(pipeline, shown, size=(height, width), size_text=None)
        return pipeline

    def _padded(self, pipeline: _Pipeline, chain: Use, shown: str) -> _Pipeline:
        padding = self._constant(chain, "padding", 0)
        if isinstance(padding, int) and pipeline.size is not None:
            size = tuple(edge + 2 * padding for edge in pipeline.size)
            return self._stepped(pipeline, shown, size=size)
        return replace(pipeline, size=None, size_text=None)

    def _stepped(self, pipeline: _Pipeline, shown: str, **changes: object) -> _Pipeline:
        """The pipeline with a transform that changed it; the last two are what the report names."""
        return replace(pipeline, steps=(*pipeline.steps, shown)[-2:], **changes)  # type: ignore[arg-type]

    def _constant(self, use: Use, name: str, position: int) -> object:
        """The value of an argument that is a number or a tuple of numbers, variables followed."""
        assert isinstance(use.node, ast.Call)
        given = _argument(use.node, name, position)
        return constant(self.scopes, use._replace(node=given)) if given is not None else None


def constant(scopes: Scopes, use: Use, depth: int = 0) -> object:
    """The number, string or tuple that an expression surely is; None where the text leaves it open."""
    if depth > DEEPEST:
        return None
    found = {_evaluated(scopes, value, depth + 1) for value in scopes.values(*use)}
    return found.pop() if len(found) == 1 else None


def _evaluated(scopes: Scopes, use: Use, depth: int) -> object:
    node = use.node
    if isinstance(node, (ast.Tuple, ast.List)):
        items = tuple(constant(scopes, use._replace(node=item), depth) for item in node.elts)
        return None if any(item is None for item in items) else items
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.BinOp):
        left, right = (constant(scopes, use._replace(node=side), depth) for side in (node.left, node.right))
        if type(left) is int and type(right) is int:
            if isinstance(node.op, ast.Mult):
                return left * right
            if isinstance(node.op, ast.Add):
                return left + right
            if isinstance(node.op, ast.FloorDiv) and right:
                return left // right
    return None


def _argument(call: ast.Call, name: str, position: int) -> ast.expr | None:
    for item in call.keywords:
        if item.arg == name:
            return item.value
    if position < len(call.args) and not any(
        isinstance(item, ast.Starred) for item in call.args[: position + 1]
    ):
        return call.args[position]
    return None


def _sizes(pipeline: _Pipeline, dataset: Use) -> list[ast.expr]:
    """Channels, height and width as expressions; empty where they are not sure."""
    if not pipeline.sure or not pipeline.square or pipeline.channels is None:
        return []
    channels = ast.Constant(pipeline.channels)
    if pipeline.size is not None:
        return [channels, *(ast.Constant(size) for size in pipeline.size)]
    place = pipeline.size_use
    if place is None or place.scope is not dataset.scope:
        return []
    return [channels, place.node, place.node]


def _evidence(pipeline: _Pipeline, reason: str, span: Span) -> InputEvidence | None:
    channels, size, text = pipeline.channels, pipeline.size, pipeline.size_text
    if channels is not None and size is not None:
        return InputEvidence("evidence", reason, span, (InputShape((channels, *size)),), general=True)
    if channels is None and size is None and text is None:
        return None
    return InputEvidence(
        "evidence",
        reason,
        span,
        channels_only=channels,
        size_only=size or (),
        size_expression=text,
        general=True,
    )


def _same(one: InputEvidence, other: InputEvidence) -> bool:
    """Whether two pieces of evidence say the same, whatever their places."""
    return (one.shapes, one.channels_only, one.size_only) == (
        other.shapes,
        other.channels_only,
        other.size_only,
    ) and _text(one) == _text(other)


def _text(evidence: InputEvidence) -> str | None:
    return evidence.size_expression.text if evidence.size_expression is not None else None
