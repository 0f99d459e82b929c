"""The module `torch.utils.data.sampler`."""

from . import RandomSampler, Sampler, SequentialSampler, SubsetRandomSampler

__all__ = ["RandomSampler", "Sampler", "SequentialSampler", "SubsetRandomSampler"]
