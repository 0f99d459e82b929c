"""Data sets of torchvision without their data: a file that is linted gets samples of the right shape.

What it asks of a data set for its model is how many classes there are, or what a batch looks like. Nothing is
downloaded for that, and nothing read, so that a trace is the same on every machine.
"""

from __future__ import annotations

import errno
import inspect
import sys
from typing import Any

import numpy
import torch
from PIL import Image
from torch.utils.data import DataLoader
from torch.utils.data._utils import fetch

from cnnlint.evidence.datasets import DATASETS, LENGTHS

PICTURES = frozenset(DATASETS) - LENGTHS.keys() - {
    "FakeData",  # makes up its own
    "VOCSegmentation",
    "VOCDetection",
    "CocoDetection",
    "Cityscapes",
}
"""Data sets that give pictures with labels, of which no more is made up than that."""

LENGTH = 1_000
"""Pictures in each of them."""

OF_ANY_SIZE = ((300, 400), (375, 350))
"""Height and width of the pictures, in turn, where a data set's have no common size: what depends on them
makes no batch."""

MOST_SAMPLES = 4
"""So many samples of a batch are made; the others are the same again."""

made_up: list[str] = []
"""What was said of the data sets that this process has made."""


def install() -> None:
    """Let the data sets make up their samples, once torchvision is there; for the rest of the process."""
    datasets = sys.modules.get("torchvision.datasets")
    if datasets is None or getattr(datasets, "__cnnlint__", False):
        return
    datasets.__cnnlint__ = True  # type: ignore[attr-defined]
    signatures = {name: inspect.signature(getattr(datasets, name)) for name in LENGTHS}
    for name, parameters in signatures.items():
        _replace(getattr(datasets, name), name, parameters, datasets.VisionDataset)
    signatures = {
        name: inspect.signature(getattr(datasets, name)) for name in sorted(PICTURES) if hasattr(datasets, name)
    }
    for name, parameters in signatures.items():
        _draw(getattr(datasets, name), name, parameters, datasets.VisionDataset)
    load = DataLoader.__init__

    def alone(self: Any, *args: Any, **options: Any) -> None:
        """Without processes of its own, which are refused."""
        call = inspect.signature(load).bind(self, *args, **options)
        call.arguments.pop("prefetch_factor", None)
        load(*call.args, **call.kwargs | {"num_workers": 0, "persistent_workers": False})

    DataLoader.__init__ = alone  # type: ignore[method-assign]
    whole = fetch._MapDatasetFetcher.fetch

    def few(self: Any, indices: Any) -> Any:
        """A batch of few samples, and of two that agree in their shape even where it is a batch of one."""
        if not self.auto_collation or not _is_made_up(self.dataset):
            return whole(self, indices)
        made = [self.dataset[index] for index in [*indices, *indices][: max(2, min(MOST_SAMPLES, len(indices)))]]
        if len(indices) == 1:
            self.collate_fn(made)
        return self.collate_fn([made[at % len(made)] for at in range(len(indices))])

    fetch._MapDatasetFetcher.fetch = few  # type: ignore[method-assign]


def _replace(dataset: type, name: str, parameters: inspect.Signature, base: type) -> None:
    def make(self: Any, *args: Any, **options: Any) -> None:
        call = parameters.bind_partial(*args, **options)
        call.apply_defaults()
        given = call.arguments
        base.__init__(  # type: ignore[misc]
            self,
            given.get("root") or "",
            transform=given.get("transform"),
            target_transform=given.get("target_transform"),
        )
        self.train = bool(given.get("train", True))
        _fill(self, name)

    dataset.__init__ = make  # type: ignore[misc]


def _is_made_up(dataset: Any) -> bool:
    """Whether samples come from here, or from a subset of what does."""
    while isinstance(dataset, torch.utils.data.Subset):
        dataset = dataset.dataset
    return type(dataset).__module__.startswith("torchvision.datasets")


def _draw(dataset: type, name: str, parameters: inspect.Signature, base: type) -> None:
    """Let a data set give pictures of noise with the label 0; what else is asked of it is not there."""
    known = DATASETS[name]
    sizes = (known.size,) if known.size is not None and name != "ImageNet" else OF_ANY_SIZE

    def make(self: Any, *args: Any, **options: Any) -> None:
        given = dict(parameters.bind_partial(*args, **options).arguments)
        given |= given.pop("kwargs", {})
        base.__init__(  # type: ignore[misc]
            self,
            given.get("root") or "",
            transform=given.get("transform"),
            target_transform=given.get("target_transform"),
        )
        self._drawn = 0

    def length(self: Any) -> int:
        return LENGTH

    def sample(self: Any, index: int) -> tuple[Any, Any]:
        self._drawn += 1
        height, width = sizes[self._drawn % len(sizes)]
        shape = (height, width) if known.channels == 1 else (height, width, 3)
        noise = numpy.random.default_rng(0).integers(256, size=shape).astype(numpy.uint8)
        picture = Image.fromarray(noise)
        return (self.transform(picture) if self.transform else picture), 0

    def missing(self: Any, attribute: str) -> Any:
        if attribute.startswith("_"):
            raise AttributeError(attribute)
        raise FileNotFoundError(errno.ENOENT, f"{name} is not read", str(self.root))

    for method, function in (
        ("__init__", make),
        ("__len__", length),
        ("__getitem__", sample),
        ("__getattr__", missing),
    ):
        setattr(dataset, method, function)


def _fill(dataset: Any, name: str) -> None:
    """One picture of noise as all samples, which takes no memory."""
    samples = DATASETS[name]
    assert samples.size is not None and samples.classes is not None
    count = LENGTHS[name][not dataset.train]
    labels = [index % samples.classes for index in range(count)]
    shape = samples.size if samples.channels == 1 else (*samples.size, samples.channels or 1)
    picture: Any = numpy.random.default_rng(0).integers(256, size=shape).astype(numpy.uint8)
    if samples.channels == 1:
        dataset.data = torch.from_numpy(picture).expand(count, *shape)
        dataset.targets = torch.tensor(labels)
    else:
        dataset.data = numpy.broadcast_to(picture, (count, *shape))
        dataset.targets = labels
        dataset.classes = [str(index) for index in range(samples.classes)]
        dataset.class_to_idx = {each: index for index, each in enumerate(dataset.classes)}
    shown = "×".join(map(str, (samples.channels, *samples.size)))
    said = f"{name} was not read: noise of {shown} in {samples.classes} classes stands for its samples"
    if said not in made_up:
        made_up.append(said)
