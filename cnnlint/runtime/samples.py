"""Data sets of torchvision without their data: a file that is linted gets samples of the right shape.

What it asks of a data set for its model is how many classes there are, or what a batch looks like. Nothing is
downloaded for that, and nothing read, so that a trace is the same on every machine.
"""

from __future__ import annotations

import inspect
import itertools
import sys
from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader, IterableDataset

from cnnlint.evidence.datasets import DATASETS, LENGTHS
from cnnlint.runtime.errors import Unread

MOST_SAMPLES = 4
"""Samples that are looked up for a batch: what is asked of it is its shape."""

made_up: list[str] = []
"""What was said of the data sets that this process has made."""


SIZES = ((375, 500), (333, 400), (281, 300), (500, 375))
"""Heights and widths of pictures that are of any size: only a transform that gives them all one size does for
a batch."""

READ_FROM_DISK = frozenset(
    """QMNIST EMNIST USPS SEMEION Omniglot SVHN STL10 EuroSAT PCAM CelebA ImageNet Caltech101 Flowers102
    Food101 DTD GTSRB OxfordIIITPet StanfordCars FGVCAircraft ImageFolder LSUN LFWPeople Places365""".split()
)
"""Further data sets of pictures with one number as target."""


def install() -> None:
    """Let the data sets make up their samples, once torchvision is there, and loaders give but a few; for the
    rest of the process."""
    if DataLoader.__iter__ is not _first_batch:
        _shorten_loaders()
    datasets = sys.modules.get("torchvision.datasets")
    if datasets is None or getattr(datasets, "__cnnlint__", False):
        return
    datasets.__cnnlint__ = True  # type: ignore[attr-defined]
    known = [name for name in (*LENGTHS, *sorted(READ_FROM_DISK)) if hasattr(datasets, name)]
    signatures = {name: inspect.signature(getattr(datasets, name)) for name in known}
    for name, parameters in signatures.items():
        replace = _replace if name in LENGTHS else _imagine
        replace(getattr(datasets, name), name, parameters, datasets.VisionDataset)


def _shorten_loaders() -> None:
    load = DataLoader.__init__

    def alone(self: Any, *args: Any, **options: Any) -> None:
        """Without processes of its own, which are refused."""
        call = inspect.signature(load).bind(self, *args, **options)
        call.arguments.pop("prefetch_factor", None)
        load(*call.args, **call.kwargs | {"num_workers": 0, "persistent_workers": False})

    DataLoader.__init__ = alone  # type: ignore[method-assign]
    DataLoader.__iter__ = _first_batch  # type: ignore[method-assign, assignment]


def _first_batch(self: DataLoader[Any]) -> Iterator[Any]:
    """One batch, made of a few samples, joined as the loader joins them."""
    count = min(self.batch_size or 1, MOST_SAMPLES)
    if isinstance(self.dataset, IterableDataset):
        samples = list(itertools.islice(self.dataset, count))
    else:
        data: Any = self.dataset
        samples = [data[index] for index in range(min(count, len(data)))]
    whole = list(itertools.islice(itertools.cycle(samples), self.batch_size or 1))
    yield whole[0] if self.batch_size is None else self.collate_fn(whole)


def _imagine(dataset: type, name: str, parameters: inspect.Signature, base: type) -> None:
    """Pictures of noise for a data set that is read picture by picture."""
    kind = DATASETS[name]

    def make(self: Any, *args: Any, **options: Any) -> None:
        given = parameters.bind_partial(*args, **options).arguments
        base.__init__(  # type: ignore[misc]
            self,
            given.get("root") or "",
            transform=given.get("transform"),
            target_transform=given.get("target_transform"),
        )

    def picture(self: Any, index: int) -> Any:
        import numpy
        from PIL import Image  # torchvision needs it too

        height, width = kind.size or SIZES[index % len(SIZES)]
        noise = numpy.random.default_rng(index).integers(256, size=(height, width, kind.channels or 3))
        image = Image.fromarray(noise.astype(numpy.uint8).squeeze())
        target = torch.zeros(40, dtype=torch.int64) if name == "CelebA" else 0
        return (image, target) if self.transforms is None else self.transforms(image, target)

    def sample(self: Any, index: int) -> Any:
        made, other = picture(self, index), picture(self, index + 1)
        if getattr(made[0], "shape", None) != getattr(other[0], "shape", None):
            raise Unread(f"the size of the pictures of {name}, which is any")
        return made

    dataset.__init__ = make  # type: ignore[misc]

    def unread(self: Any, attribute: str) -> Any:
        if attribute in ("classes", "class_to_idx", "targets", "samples", "imgs", "data", "labels"):
            raise Unread(f"{attribute} of {name} is not read while linting")
        raise AttributeError(attribute)

    changed: Any = dataset
    changed.__getattr__ = unread
    changed.__getitem__ = sample
    changed.__len__ = lambda self: 1000


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


def _fill(dataset: Any, name: str) -> None:
    """One picture of noise as all samples, which takes no memory."""
    import numpy

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
