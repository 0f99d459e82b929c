"""Files written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator


def replace_file(path: str, before: bytes, after: bytes) -> None:
    """Puts `after` in the place of `before`: through a new file in the same folder, so that nobody ever
    sees half of it. The permissions stay; a symbolic link goes on pointing to the file.

    Raises:
        OSError: the file cannot be written, or no longer holds `before`.
    """
    target = os.path.realpath(path)
    if not os.access(target, os.W_OK):
        raise PermissionError(0, "it is read-only")
    with _beside(target, after) as temporary:
        with open(target, "rb") as file:
            if file.read() != before:
                raise OSError(0, "it was changed meanwhile")
        os.replace(temporary, target)


def write_file(path: str, data: bytes) -> None:
    """Makes a file, or replaces it as `replace_file` does, whatever it held. What is no regular file
    (`/dev/stdout`) is written to.

    Raises:
        OSError: it cannot be written.
    """
    target = os.path.realpath(path)
    if os.path.exists(target) and not os.path.isfile(target):
        with open(target, "wb") as stream:
            stream.write(data)
        return
    with _beside(target, data) as temporary:
        os.replace(temporary, target)


@contextlib.contextmanager
def _beside(target: str, data: bytes) -> Iterator[str]:
    """A new file in the folder of another one, with its owner and permissions, or with those that a new
    file gets; it is gone in the end where nobody has moved it."""
    handle, temporary = tempfile.mkstemp(prefix=".cnnlint-", dir=os.path.dirname(target))
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        if os.path.exists(target):
            status = os.stat(target)
            with contextlib.suppress(OSError):  # only root may give files away
                os.chown(temporary, status.st_uid, status.st_gid)
            shutil.copymode(target, temporary)
        else:
            mask = os.umask(0)
            os.umask(mask)
            os.chmod(temporary, 0o666 & ~mask)
        yield temporary
    except BaseException:
        os.unlink(temporary)
        raise
