"""The module `torch.multiprocessing`: Python's own."""

from __future__ import annotations

import multiprocessing
from multiprocessing import *  # noqa: F403
from typing import Any

from cnnlint.standin.needs import NeedsTorch


def set_sharing_strategy(strategy: str) -> None:
    return None


def spawn(*args: Any, **kwargs: Any) -> Any:
    raise NeedsTorch("torch.multiprocessing.spawn")


def __getattr__(name: str) -> Any:
    return getattr(multiprocessing, name)
