"""The module `torch.autograd.graph`."""

from __future__ import annotations

from typing import Any


def increment_version(tensor: Any) -> None:
    """A new version of a tensor that was overwritten."""
    tensor._storage.version += 1


class Node:
    """What stands in `grad_fn` is none of these."""
