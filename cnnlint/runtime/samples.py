"""Data sets of torchvision without their data: a file that is linted gets samples of the right shape.

What it asks of a data set for its model is how many classes there are, or what a batch looks like. Nothing is
downloaded for that, and nothing read, so that a trace is the same on every machine.
"""

from __future__ import annotations

import inspect
import sys
from typing import Any

import numpy
import torch
from torch.utils.data import DataLoader

from cnnlint.evidence.datasets import DATASETS

LENGTHS = {
    **dict.fromkeys(("MNIST", "FashionMNIST", "KMNIST"), (60_000, 10_000)),
    **dict.fromkeys(("CIFAR10", "CIFAR100"), (50_000, 10_000)),
}
"""Samples for training and for testing."""

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
    load = DataLoader.__init__

    def alone(self: Any, *args: Any, **options: Any) -> None:
        """Without processes of its own, which are refused."""
        call = inspect.signature(load).bind(self, *args, **options)
        call.arguments.pop("prefetch_factor", None)
        load(*call.args, **call.kwargs | {"num_workers": 0, "persistent_workers": False})

    DataLoader.__init__ = alone  # type: ignore[method-assign]


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
