"""The module `torch.amp`. Mixed precision for another device than the model's changes nothing."""

from __future__ import annotations

import functools
from typing import Any

from cnnlint.standin.needs import NeedsTorch


class autocast:
    """A context, and the decorator of that."""

    def __init__(self, device_type: str, dtype: Any = None, enabled: bool = True, cache_enabled: Any = None):
        if device_type not in ("cuda", "xpu", "mps", "hpu") and enabled:
            raise NeedsTorch(f"autocast for {device_type}")

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *exception: Any) -> None:
        return None

    def __call__(self, function: Any) -> Any:
        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return wrapped


class GradScaler:
    """Gradients are not scaled."""

    def __init__(self, *args: Any, **kwargs: Any):
        pass


def custom_fwd(function: Any = None, **options: Any) -> Any:
    return (lambda given: given) if function is None else function


custom_bwd = custom_fwd
