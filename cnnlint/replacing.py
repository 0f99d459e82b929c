"""Files written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile


def replace_file(path: str, before: bytes, after: bytes) -> None:
    """Puts `after` in the place of `before`: through a new file in the same folder, so that nobody ever
    sees half of it. The permissions stay; a symbolic link goes on pointing to the file.

    Raises:
        OSError: the file cannot be written, or no longer holds `before`.
    """
    target = os.path.realpath(path)
    if not os.access(target, os.W_OK):
        raise PermissionError(0, "it is read-only")
    handle, temporary = tempfile.mkstemp(prefix=".cnnlint-", dir=os.path.dirname(target))
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(after)
        status = os.stat(target)
        with contextlib.suppress(OSError):  # only root may give files away
            os.chown(temporary, status.st_uid, status.st_gid)
        shutil.copymode(target, temporary)
        with open(target, "rb") as file:
            if file.read() != before:
                raise OSError(0, "it was changed meanwhile")
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise
