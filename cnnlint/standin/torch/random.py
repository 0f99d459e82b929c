"""The module `torch.random`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from ._loose import get_rng_state, manual_seed, set_rng_state

__all__ = ["fork_rng", "get_rng_state", "manual_seed", "set_rng_state"]


@contextlib.contextmanager
def fork_rng(*args: Any, **kwargs: Any) -> Iterator[None]:
    yield
