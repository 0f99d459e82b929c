"""The module `torch.cuda.amp`: precision that is chosen on a GPU only."""

from __future__ import annotations

from typing import Any

from ..amp import GradScaler
from ..amp import autocast as _autocast


class autocast(_autocast):
    def __init__(self, enabled: bool = True, dtype: Any = None, cache_enabled: bool = True):
        super().__init__("cuda", enabled=enabled, dtype=dtype)


def custom_fwd(function: Any = None, **options: Any) -> Any:
    return (lambda given: given) if function is None else function


def custom_bwd(function: Any = None, **options: Any) -> Any:
    return (lambda given: given) if function is None else function


__all__ = ["GradScaler", "autocast", "custom_bwd", "custom_fwd"]
