"""Traces kept between runs, so that a file that did not change is linted without torch.

An entry holds the trace of one file, and what it rests on: the files that were read, the folders
that were listed, the modules that were not there. It is used where all of that is as it was. Rules are
run on the trace again, so that another selection of rules finds it too.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import sys
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from cnnlint import __version__
from cnnlint.job import Job, Reads, Traced
from cnnlint.replacing import write_file
from cnnlint.traces import FileTrace, from_json, to_json

MOST_BYTES = 64 << 20
"""Size of the folder above which the entries that were not used for longest go."""

UNSETTLED = 0.05
"""Seconds before tracing within which a file that was written may have been written again since: such a
trace is not kept. File systems keep time in steps of up to some hundredths of a second."""

SUFFIX = ".trace"


class Cache:
    """The entries in a folder. Whatever goes wrong with it, a file is only traced again."""

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        self._written = False
        self._known: dict[str, bytes] = {}

    def find(self, job: Job) -> Traced | None:
        """The trace that was kept for a job, if all that it rests on is as it was."""
        path = self._path(job)
        try:
            entry = json.loads(zlib.decompress(path.read_bytes()))
            reads = from_json(Reads, entry["reads"])
            if entry["state"] != _state(reads, self._known):
                return None
            traced = Traced(from_json(FileTrace, entry["trace"]), reads)
        except Exception:  # cut short, of another program, of another version
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return traced

    def keep(self, job: Job, trace: FileTrace, reads: Reads, began: float) -> None:
        """Store a trace whose making began at `began` (seconds since the epoch)."""
        try:
            if any(os.stat(path).st_mtime > began - UNSETTLED for path in reads.files):
                return
            entry = {"reads": to_json(reads), "state": _state(reads, {}), "trace": to_json(trace)}
            data = zlib.compress(json.dumps(entry, separators=(",", ":")).encode(), 1)
            self._prepare()
            path = self._path(job)
            path.parent.mkdir(exist_ok=True)
            write_file(str(path), data)
            self._written = True
        except (OSError, TypeError, ValueError):
            return

    def trim(self) -> None:
        """Drop the oldest entries where the folder has outgrown MOST_BYTES."""
        if not self._written:
            return
        entries = []
        for path in self.folder.glob(f"*/*{SUFFIX}"):
            with contextlib.suppress(OSError):
                status = path.stat()
                entries.append((status.st_mtime, status.st_size, path))
        size = sum(length for _, length, _ in entries)
        for _, length, path in sorted(entries):
            if size <= MOST_BYTES:
                break
            with contextlib.suppress(OSError):
                path.unlink()
                size -= length

    def _path(self, job: Job) -> Path:
        record = {**dataclasses.asdict(job), "imports": None}
        if not job.sizes:
            del record["timeout"]  # a trace is kept only where the time sufficed; sizes are tried within it
        key = hashlib.sha256(f"{_environment()}{sorted(record.items())}".encode(errors="replace")).hexdigest()
        return self.folder / key[:2] / f"{key[2:]}{SUFFIX}"

    def _prepare(self) -> None:
        """The folder, which keeps itself out of git and of backups."""
        self.folder.mkdir(parents=True, exist_ok=True)
        ignore = self.folder / ".gitignore"
        if not ignore.exists():
            write_file(str(ignore), b"# made by cnnlint\n*\n")
            write_file(
                str(self.folder / "CACHEDIR.TAG"),
                b"Signature: 8a477f597d28d172789f06886806bc55\n# This folder is a cache of cnnlint.\n",
            )


def clean(folder: str | Path) -> bool:
    """Removes a cache with all that is in it, and says whether there was one.

    Raises:
        ValueError: the folder holds something else.
        OSError: it cannot be removed.
    """
    import shutil

    path = Path(folder)
    if not path.is_dir():
        return False
    if not (path / "CACHEDIR.TAG").is_file() or any(
        child.name not in (".gitignore", "CACHEDIR.TAG") and len(child.name) != 2 for child in path.iterdir()
    ):
        raise ValueError(f"{folder} is not a cache of cnnlint: it holds other files")
    shutil.rmtree(path)
    return True


def _state(reads: Reads, known: dict[str, bytes]) -> str:
    """What the user's files and folders hold now that a trace rests on; `known` remembers digests.

    Raises:
        OSError: one of them is not there any more.
    """
    digest = hashlib.sha256()
    for paths, digest_of in ((reads.files, _content), (reads.folders, _listing)):
        for path in paths:
            if path not in known:
                known[path] = digest_of(path)
            digest.update(known[path])
    return digest.hexdigest()


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _listing(folder: str) -> bytes:
    """A digest of the names in a folder that an import or a search for evidence could find."""
    names = sorted(
        entry.name
        for entry in os.scandir(folder)
        if entry.name.endswith((".py", ".ipynb", ".toml"))
        or (entry.is_dir() and not entry.name.startswith((".", "__")))
    )
    return hashlib.sha256("\0".join(names).encode(errors="replace")).digest()


@cache
def _environment() -> str:
    """All that decides on a trace and is not the user's: Python, what is installed, cnnlint itself."""
    installed = [sorted(_metadata(folder)) for folder in dict.fromkeys(sys.path) if os.path.isdir(folder)]
    path = sys.path[0 if sys.flags.safe_path else 1 :]  # without the folder of the script
    return repr((sys.version, sys.platform, path, installed, _own_state()))


def _own_state() -> str:
    """The state of cnnlint itself: the list with digests that an installer keeps beside it, which is the same
    after each installation (of a CI job), else the times of its files."""
    package = os.path.dirname(__file__)
    record = Path(os.path.dirname(package), f"cnnlint-{__version__}.dist-info", "RECORD")
    try:
        return record.read_text(encoding="utf-8")
    except OSError:
        found = ((path, os.stat(path)) for path in sorted(_sources(package)))
        return repr([(path, status.st_mtime_ns, status.st_size) for path, status in found])


def _metadata(folder: str) -> Iterator[str]:
    """Names of the installed distributions in a folder, which hold their versions."""
    for name in os.listdir(folder):
        if name.endswith((".dist-info", ".egg-info", ".egg-link", ".pth")):
            yield name


def _sources(folder: str) -> Iterator[str]:
    for entry in os.scandir(folder):
        if entry.is_dir():
            yield from _sources(entry.path)
        elif entry.name.endswith(".py"):
            yield entry.path
