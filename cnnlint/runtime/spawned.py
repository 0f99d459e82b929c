"""`python -m cnnlint.runtime.spawned ENGINE`: a process that imports its engine, then traces the one file
that it is given on standard input, where there is no fork. Answers go to standard output."""

from __future__ import annotations

import os
import pickle
import signal
import sys

from cnnlint.job import Outcome
from cnnlint.runtime.child import prepare, trace
from cnnlint.traces import FileTrace


class Pipe:
    """What `trace` writes to."""

    def __init__(self, descriptor: int):
        self._file = os.fdopen(descriptor, "wb")

    def send(self, message: FileTrace | Outcome | None) -> None:
        self._file.write(pickle.dumps(message))
        self._file.flush()


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    jobs, answers = os.fdopen(os.dup(0), "rb"), Pipe(os.dup(1))
    prepare(sys.argv[1])
    from cnnlint.runtime.guard import lend_caches

    answers.send(None)  # ready
    try:
        folder, job = pickle.load(jobs)
    except EOFError:  # no file was left for this one
        return
    lend_caches(folder)
    trace(job, os.path.join(folder, str(os.getpid())), answers)


if __name__ == "__main__":
    main()
