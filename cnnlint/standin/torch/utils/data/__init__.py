"""The module `torch.utils.data`: data sets, and loaders that join their samples without further processes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

from cnnlint.standin.needs import NeedsTorch

from ... import _missing
from ..._dispatch import functions
from ..._factories import array_dtype, as_tensor, tensor
from ..._tensor import Tensor

T_co = TypeVar("T_co", covariant=True)


class Dataset(Generic[T_co]):
    def __getitem__(self, index: Any) -> Any:
        raise NotImplementedError("Subclasses of Dataset should implement __getitem__.")

    def __add__(self, other: Any) -> Any:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[T_co]):
    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError("Subclasses of IterableDataset should implement __iter__.")


class TensorDataset(Dataset[Any]):
    def __init__(self, *tensors: Any) -> None:
        if any(tensors[0].size(0) != tensor.size(0) for tensor in tensors):
            raise AssertionError("Size mismatch between tensors")
        self.tensors = tensors

    def __getitem__(self, index: Any) -> Any:
        return tuple(tensor[index] for tensor in self.tensors)

    def __len__(self) -> int:
        return self.tensors[0].size(0)


class ConcatDataset(Dataset[Any]):
    def __init__(self, datasets: Any) -> None:
        self.datasets = list(datasets)

    def __len__(self) -> int:
        return sum(map(len, self.datasets))

    def __getitem__(self, index: int) -> Any:
        for dataset in self.datasets:
            if index < len(dataset):
                return dataset[index]
            index -= len(dataset)
        raise IndexError(index)


class Subset(Dataset[Any]):
    def __init__(self, dataset: Any, indices: Any) -> None:
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, index: Any) -> Any:
        return self.dataset[self.indices[index]]

    def __len__(self) -> int:
        return len(self.indices)


def random_split(dataset: Any, lengths: Any, generator: Any = None) -> list[Any]:
    count = len(dataset)
    sizes = [int(part * count) if isinstance(part, float) else part for part in lengths]
    if any(isinstance(part, float) for part in lengths):
        for at in range(count - sum(sizes)):
            sizes[at % len(sizes)] += 1
    starts = [sum(sizes[:at]) for at in range(len(sizes))]
    return [Subset(dataset, range(start, start + size)) for start, size in zip(starts, sizes, strict=True)]


class Sampler(Generic[T_co]):
    def __init__(self, data_source: Any = None) -> None:
        pass

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError


class SequentialSampler(Sampler[int]):
    def __init__(self, data_source: Any) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(SequentialSampler):
    def __init__(self, data_source: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(data_source)


class SubsetRandomSampler(Sampler[int]):
    def __init__(self, indices: Any, generator: Any = None) -> None:
        self.indices = indices

    def __iter__(self) -> Iterator[int]:
        return iter(self.indices)

    def __len__(self) -> int:
        return len(self.indices)


def default_collate(batch: Sequence[Any]) -> Any:
    """The samples of a batch as one."""
    first = batch[0]
    if isinstance(first, Tensor):
        return functions["torch.stack"](list(batch), 0)
    if array_dtype(first) is not None:
        return default_collate([as_tensor(item) for item in batch])
    if isinstance(first, float):
        return tensor(list(batch), dtype=sys_dtype("float64"))
    if isinstance(first, (bool, int)):
        return tensor(list(batch))
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, Mapping):
        return {key: default_collate([item[key] for item in batch]) for key in first}
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(*(default_collate(parts) for parts in zip(*batch, strict=True)))
    if isinstance(first, Sequence):
        return [default_collate(parts) for parts in zip(*batch, strict=True)]
    raise NeedsTorch(f"a batch of {type(first).__name__}")


def sys_dtype(name: str) -> Any:
    """A dtype by its name."""
    from ..._types import DTYPES

    return DTYPES[name]


class DataLoader(Generic[T_co]):
    """Batches of a data set, in its order."""

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: Any = None,
        sampler: Any = None,
        batch_sampler: Any = None,
        num_workers: int = 0,
        collate_fn: Any = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Any = None,
        multiprocessing_context: Any = None,
        generator: Any = None,
        *,
        prefetch_factor: Any = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        self.dataset = dataset
        self.batch_size = batch_size
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.num_workers = num_workers
        self.collate_fn = collate_fn or (default_collate if batch_size is not None else lambda item: item)
        self.pin_memory = pin_memory
        self.drop_last = drop_last
        if isinstance(dataset, IterableDataset):
            raise NeedsTorch("a loader of an iterable data set")

    def _indices(self) -> Iterator[Any]:
        return iter(self.sampler if self.sampler is not None else range(len(self.dataset)))

    def __iter__(self) -> Iterator[Any]:
        if self.batch_sampler is not None:
            for indices in self.batch_sampler:
                yield self.collate_fn([self.dataset[index] for index in indices])
            return
        if self.batch_size is None:
            for index in self._indices():
                yield self.collate_fn(self.dataset[index])
            return
        batch: list[Any] = []
        for index in self._indices():
            batch.append(self.dataset[index])
            if len(batch) == self.batch_size:
                yield self.collate_fn(batch)
                batch = []
        if batch and not self.drop_last:
            yield self.collate_fn(batch)

    def __len__(self) -> int:
        if self.batch_sampler is not None:
            return len(self.batch_sampler)
        count = len(self.sampler) if self.sampler is not None else len(self.dataset)
        if self.batch_size is None:
            return count
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)


def get_worker_info() -> None:
    return None


__getattr__ = _missing.attribute_of(__name__, "dataset dataloader sampler")
