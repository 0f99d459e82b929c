"""The module `torch.cuda` of a machine without a GPU."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from .. import _missing
from .._factories import legacy_type
from .._types import LEGACY

globals().update({name: legacy_type(name, of, __name__) for name, of in LEGACY.items()})


def is_available() -> bool:
    return False


def device_count() -> int:
    return 0


def is_initialized() -> bool:
    return False


def is_bf16_supported(*args: Any) -> bool:
    return False


def _nothing(*args: Any, **kwargs: Any) -> None:
    return None


manual_seed = manual_seed_all = seed = empty_cache = set_device = ipc_collect = _nothing


@contextlib.contextmanager
def device(*args: Any) -> Iterator[None]:
    yield


__getattr__ = _missing.attribute_of(__name__, "amp")
