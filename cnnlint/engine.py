"""The pipeline of a run: paths to files, files to traces (`tracing`), traces to findings (`judging`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from types import MappingProxyType
from typing import TYPE_CHECKING

from cnnlint.config import Configuration, Settings
from cnnlint.config.selection import rules_for
from cnnlint.files import collect, is_forced_out
from cnnlint.judging import judge, with_unused_comments, without_repeats
from cnnlint.result import FileResult, Result, TracedFile
from cnnlint.tracing import trace_files

if TYPE_CHECKING:
    from cnnlint.workers import Workers


class Listener:
    """Hears of a run while it goes on. This one does nothing."""

    def began(self, files: int) -> None:
        """So many files are looked at."""

    def judged(self) -> None:
        """One more file is done."""

    def told(self, file: FileResult) -> None:
        """What is found in a file is final; files come in their order."""


def check(
    paths: Sequence[str],
    configuration: Settings | Configuration,
    texts: Mapping[str, bytes] = MappingProxyType({}),
    workers: Workers | None = None,
    listener: Listener | None = None,
) -> Result:
    """Lints files and folders; `texts` are the contents of files that are not to be read again. Without
    `workers` it starts and ends some of its own, if a file needs them.

    Raises:
        UsageError: a path does not exist, or the configuration says what there is not.
        PluginError: a rule package cannot be loaded.
        WorkersUnavailable: nothing can be traced.
    """
    listener = listener or Listener()
    files = collect(paths, configuration)
    listener.began(len(files))

    def load_rules() -> None:
        for path in (*paths, *(file.shown for file in files)):
            rules_for(path, configuration.at(path))

    if any(configuration.at(path).names_rules for path in (*paths, *(file.shown for file in files))):
        load_rules()  # what is wrong there is told before anything is started
    told = []
    with closing(trace_files(files, paths, configuration, texts, workers, load_rules)) as traced:
        for file in without_repeats(with_unused_comments(_judged(traced, configuration, listener))):
            listener.told(file)
            told.append(file)
    looked_at = [path for path in paths if not is_forced_out(path, configuration)]
    return Result(
        tuple(told), tuple(looked_at), configuration.run.advice, partial=not configuration.run.shard.whole
    )


def _judged(
    files: Iterable[TracedFile], configuration: Settings | Configuration, listener: Listener
) -> Iterator[FileResult]:
    for file in files:
        settings = configuration.at(file.source.filename)
        yield judge(file, rules_for(file.source.filename, settings), settings)
        listener.judged()
