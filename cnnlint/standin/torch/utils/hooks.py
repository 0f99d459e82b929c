"""What takes hooks away again."""

from __future__ import annotations

from typing import Any


class RemovableHandle:
    """Removes a hook from the table that holds it."""

    next_id = 0

    def __init__(self, table: Any, *, extra_dict: Any = None):
        self._tables = [table, *([extra_dict] if isinstance(extra_dict, dict) else extra_dict or [])]
        self.id = RemovableHandle.next_id
        RemovableHandle.next_id += 1

    def remove(self) -> None:
        for table in self._tables:
            table.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exception: Any) -> None:
        self.remove()
