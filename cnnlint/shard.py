"""`--shard 2/4`: one part of the files, so that several machines can share a repository."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import PurePath


@dataclass(frozen=True, slots=True)
class Shard:
    """The part with this number, from 1, of `count` parts.

    A file's path from the working folder says alone which part it is in: other files that come or go
    move none, and each file is in exactly one part.
    """

    number: int
    count: int

    @property
    def whole(self) -> bool:
        """Whether there are no other parts."""
        return self.count == 1

    def holds(self, path: str) -> bool:
        """Whether a file is in this part."""
        key = PurePath(os.path.relpath(path)).as_posix().encode(errors="surrogateescape")
        return int.from_bytes(hashlib.sha256(key).digest()[:8]) % self.count == self.number - 1


WHOLE = Shard(1, 1)


def parse_shard(text: str) -> Shard:
    """The shard that `2/4` names.

    Raises:
        ValueError: it names none.
    """
    found = re.fullmatch(r"\s*([0-9]+)\s*/\s*([0-9]+)\s*", text)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise ValueError(f"{text!r} is no shard: 2/4 is the second of four")
    return Shard(int(found[1]), int(found[2]))
