"""The command `cnnlint`. What a subcommand needs is imported when it runs: `--help` needs click only,
and nothing here imports torch, which lives in the workers."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

import click

from cnnlint import __version__
from cnnlint.flags import (
    CACHE_FOLDER,
    config_flags,
    configuration,
    file_flags,
    fixing_flags,
    rule_flags,
    shard_flag,
    sizes_flag,
    tracing_flags,
)
from cnnlint.report import FORMATS, STREAMED, Streamed

if TYPE_CHECKING:
    from cnnlint.config import Configuration
    from cnnlint.fixes.fixing import Outcome
    from cnnlint.result import Result, TracedFile
    from cnnlint.workers import Workers

CLEAN, FINDINGS, FAILED = 0, 1, 2
INTERRUPTED, BROKEN_PIPE = 130, 141
"""What a shell reports for a command that SIGINT or SIGPIPE ended."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs the command line and exits."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    try:
        code = command.main(arguments, prog_name="cnnlint", standalone_mode=False)
    except click.ClickException as error:
        code = _fail(error.format_message())
    sys.exit(code or CLEAN)


class CheckByDefault(click.Group):
    """`cnnlint model.py` is `cnnlint check model.py`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = {name for option in self.get_params(ctx) for name in option.opts}
        if not args or args[0] not in own | set(self.commands):
            if args and not os.path.exists(args[0]):
                self._refuse_misspelt(args[0])
            args = ["check", *args]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)

    def _refuse_misspelt(self, word: str) -> None:
        close = difflib.get_close_matches(word, self.commands, n=1)
        if close:
            raise click.UsageError(f"{word}: no such file, folder or command, did you mean {close[0]}?")


@click.group(cls=CheckByDefault, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", message="cnnlint %(version)s")
def command() -> None:
    """Find shape and parameter mistakes in the CNN models of PyTorch files.

    `cnnlint PATHS` is short for `cnnlint check PATHS`.
    """


@command.command()
@click.argument("paths", nargs=-1)
@rule_flags
@fixing_flags
@click.option(
    "--fail-level",
    type=click.Choice(("error", "warning", "advice")),
    help="The least severity that makes the exit code 1.  [default: warning]",
)
@click.option("--exit-zero", is_flag=True, help="Exit with 0 also where something is found.")
@click.option("--no-advice", is_flag=True, help="Hide advice.")
@click.option("--output-format", type=click.Choice(FORMATS), default="full", show_default=True)
@click.option("-o", "--output-file", type=click.Path(dir_okay=False), help="Write the report to a file.")
@click.option("--statistics", is_flag=True, help="Show how often each rule found something instead.")
@click.option("-w", "--watch", is_flag=True, help="Lint again whenever a file is saved, until Ctrl-C.")
@click.option("--show-files", is_flag=True, help="Show which files would be checked, and end.")
@click.option("--show-settings", is_flag=True, help="Show the settings of the first file, and end.")
@click.option("--color", type=click.Choice(("auto", "always", "never")), default="auto", show_default=True)
@click.option("-v", "--verbose", is_flag=True, help="Show the models judged, advice in full, and tracebacks.")
@click.option("-q", "--quiet", is_flag=True, help="Show findings only.")
@tracing_flags
@click.option("--verify", is_flag=True, help="Run torch's own kernels beside the formulas and compare.")
@file_flags
@shard_flag
@config_flags
def check(
    paths: tuple[str, ...],
    fix: bool,
    diff: bool,
    add_ignores: bool,
    exit_zero: bool,
    no_advice: bool,
    output_format: str,
    output_file: str | None,
    statistics: bool,
    watch: bool,
    show_files: bool,
    show_settings: bool,
    color: str,
    **options: Any,
) -> int:
    """Lint files and folders (the default command).

    Exit code: 0 nothing found, 1 findings, 2 cnnlint could not work.
    """
    if not paths:
        return _hint("nothing to check: give files or folders (`cnnlint .` checks all below this folder)")
    if no_advice and options["fail_level"] == "advice":
        raise click.UsageError("--no-advice and --fail-level advice contradict each other")
    if add_ignores and (fix or diff):
        raise click.UsageError("--add-ignores does not go with --fix and --diff")
    _require_folder(output_file)
    if watch and ("-" in paths or fix or diff or add_ignores or output_file or output_format not in STREAMED):
        raise click.UsageError(
            f"--watch shows files in the formats {' and '.join(STREAMED)}, and does no more"
        )

    from cnnlint import report
    from cnnlint.config import UsageError
    from cnnlint.job import WorkersUnavailable
    from cnnlint.plugin import PluginError
    from cnnlint.report import statistics as counts
    from cnnlint.report.style import Style

    if statistics and output_format not in counts.FORMATS:
        raise click.UsageError(f"--statistics has the formats {', '.join(counts.FORMATS)} only")

    def configured() -> Configuration:
        return configuration({**options, "advice": not no_advice})

    def style(stream: TextIO) -> Style:
        return Style(color == "always") if output_file else Style.of(stream, color)

    def lint(chosen: Configuration, workers: Workers | None = None) -> Result:
        from cnnlint import progress

        drawn = style(sys.stdout)
        lines: Streamed
        if statistics:
            lines = report.AtOnce(lambda result: counts.render(output_format, result, chosen.run, drawn))
        elif output_file:
            lines = report.AtOnce(lambda result: report.render(output_format, result, chosen.run, drawn))
        else:
            lines = report.streamed(output_format, chosen.run, drawn, not no_advice)
        result = progress.lint(
            paths, chosen, lines, lambda some: _print(some, sys.stdout, output_file), workers
        )
        _print_crashes(result, chosen)
        return result

    try:
        if watch:
            from cnnlint.watching import watch as keep_watching

            keep_watching(paths, configured, lint, _hint)
        chosen = configured()
        if show_files or show_settings:
            return _write(_shown(paths, chosen, show_settings), sys.stdout, output_file)
        if add_ignores:
            from cnnlint.fixes.ignoring import add_ignores as silence
            from cnnlint.report.text import count

            return _hint(f"Silenced {count(silence(paths, chosen), 'finding')}.")
        if fix or diff:
            from cnnlint.fixes.fixing import fix as repair

            outcome = repair(paths, chosen, write=fix and not diff)
            if diff:
                return _show_patch(outcome)
            output = sys.stdout
            if outcome.piped is not None:  # the report makes room for the text
                output = sys.stderr
                sys.stdout.buffer.write(outcome.piped)
            result = outcome.result
            _print(report.render(output_format, result, chosen.run, style(output)), output, output_file)
            _print_crashes(result, chosen)
        else:
            result = lint(chosen)
    except (UsageError, PluginError, WorkersUnavailable) as error:
        return _fail(str(error))
    code = result.exit_code()
    return CLEAN if exit_zero and code == FINDINGS else code


@command.command()
@click.argument("paths", nargs=-1, required=True)
@click.option(
    "--output-format",
    type=click.Choice(("table", "markdown", "json", "html")),
    default="table",
    show_default=True,
)
@click.option("-o", "--output-file", type=click.Path(dir_okay=False), help="Write the tables to a file.")
@tracing_flags
@file_flags
@config_flags
def shapes(paths: tuple[str, ...], output_format: str, output_file: str | None, **options: Any) -> int:
    """Show the sizes in a model, operator by operator.

    Each row has the formula worked out, the output's shape, parameters, multiply-accumulates and
    the receptive field. A model that fails is shown up to and past its faults.
    """
    _require_folder(output_file)

    from cnnlint.report import shapes as report

    files = _traced(paths, options)
    return _write(report.render(output_format, files), sys.stdout, output_file)


@command.command()
@click.argument("paths", nargs=-1, required=True)
@sizes_flag("--assert", "asserted", "Sizes that must be accepted, else exit 1: 3x32x32,3x33x33")
@click.option("--output-format", type=click.Choice(("text", "json")), default="text", show_default=True)
@click.option("-o", "--output-file", type=click.Path(dir_okay=False), help="Write the report to a file.")
@tracing_flags
@file_flags
@config_flags
def sizes(
    paths: tuple[str, ...],
    asserted: tuple[Any, ...],
    output_format: str,
    output_file: str | None,
    **options: Any,
) -> int:
    """Show which input sizes a model accepts, and what limits them."""
    _require_folder(output_file)

    from cnnlint.report import sizes as report

    files = _traced(paths, {**options, "sizes": True})
    if not asserted:
        return _write(report.render(output_format, files), sys.stdout, output_file)
    lines, fine = report.check(files, asserted)
    return _write(lines, sys.stdout, output_file) or (CLEAN if fine else FINDINGS)


@command.command()
@click.argument("selector", metavar="RULE", required=False)
@click.option("--all", "everything", is_flag=True, help="List all rules.")
@config_flags
def rule(selector: str | None, everything: bool, **options: Any) -> int:
    """Explain a rule, by its code or name."""
    if (selector is None) != everything:
        raise click.UsageError("give one rule's code or name, or --all")

    from cnnlint.config import UsageError
    from cnnlint.config.selection import find_rule, known_rules
    from cnnlint.plugin import PluginError
    from cnnlint.report import rules as report

    try:
        rules = known_rules(configuration(options).at("."))
        text = report.listing(rules) if selector is None else report.explanation(find_rule(selector, rules))
    except (UsageError, PluginError) as error:
        return _fail(str(error))
    return _write([text], sys.stdout)


@command.command()
@config_flags
def server(**options: Any) -> int:
    """Serve an editor by the language server protocol, on standard input and output."""
    try:
        from cnnlint.server.protocol import serve
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in ("pygls", "lsprotocol"):
            raise
        return _fail("the language server needs pygls: pip install 'pygls>=2'")

    from cnnlint.config import UsageError

    config = [os.path.abspath(item) if os.path.isfile(item) else item for item in options["config"]]

    def configure() -> Configuration:
        return configuration({**options, "config": config, "force_exclude": True})

    try:
        configure()
    except UsageError as error:
        return _fail(str(error))
    return serve(configure)


@command.command()
@click.option(
    "--cache-dir",
    type=click.Path(file_okay=False),
    default=CACHE_FOLDER,
    show_default=True,
    help="Which one.",
)
def clean(cache_dir: str) -> int:
    """Remove the cache of earlier runs."""
    from cnnlint import cache

    try:
        removed = cache.clean(cache_dir)
    except (OSError, ValueError) as error:
        return _fail(str(error))
    return _hint(f"removed {cache_dir}" if removed else f"there is no cache in {cache_dir}")


def _traced(paths: Sequence[str], options: dict[str, Any]) -> list[TracedFile]:
    """The files traced; ends the command where that cannot be done."""
    from cnnlint.config import UsageError
    from cnnlint.job import WorkersUnavailable
    from cnnlint.tracing import trace_paths

    try:
        return list(trace_paths(paths, configuration(options)))
    except (UsageError, WorkersUnavailable) as error:
        sys.exit(_fail(str(error)))


def _shown(paths: Sequence[str], chosen: Configuration, with_settings: bool) -> Iterator[str]:
    """The files that would be checked, or the settings of the first of them."""
    from cnnlint.config.selection import rules_for
    from cnnlint.files import collect
    from cnnlint.report import settings as report

    files = collect(paths, chosen)
    if not with_settings:
        return (file.shown for file in files)
    path = files[0].shown if files else paths[0]
    return report.render(path, chosen.at(path), rules_for(path, chosen.at(path)))


def _require_folder(file: str | None) -> None:
    """Refuses a file to write that could not be written in the end."""
    folder = os.path.dirname(file or "")
    if folder and not os.path.isdir(folder):
        raise click.UsageError(f"--output-file {file}: there is no folder {folder}")


def _show_patch(outcome: Outcome) -> int:
    """The patch on standard output, and on the other how much it would mend."""
    from cnnlint.fixes.patch import patch
    from cnnlint.report.text import count

    for line in patch(outcome.changes):
        sys.stdout.buffer.write(line)
    sys.stdout.flush()
    fixed = len(outcome.result.fixed)
    return _hint(f"Would fix {count(fixed, 'finding')}.", FINDINGS if fixed else CLEAN)


def _write(lines: Iterable[str], stream: TextIO, file: str | None = None) -> int:
    """Prints to a stream, or to the file where there is one; ends quietly where nobody reads the stream
    any more."""
    if file is not None:
        return _write_file(lines, file)

    from cnnlint.report.style import carry_signs

    try:
        carry_signs(stream)
        for line in lines:
            print(line, file=stream)
        stream.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # for what is still held back
        if isinstance(error, BrokenPipeError):
            sys.exit(BROKEN_PIPE)
        return _fail(f"the report cannot be written: {error.strerror}")
    return CLEAN


def _print(lines: Iterable[str], stream: TextIO, file: str | None) -> None:
    """As `_write`, but ends the command where it fails."""
    if failed := _write(lines, stream, file):
        sys.exit(failed)


def _print_crashes(result: Result, chosen: Configuration) -> None:
    """That cnnlint itself failed, which not every format tells; its tracebacks for those who want them."""
    failed = [file.source.filename for file in result.files if file.trace.crash]
    if failed:
        _hint(f"cnnlint itself failed on {', '.join(failed)}; -v shows the traceback")
    if chosen.run.verbose:
        for crash in result.crashes():
            print(crash, file=sys.stderr)


def _write_file(lines: Iterable[str], file: str) -> int:
    from cnnlint.replacing import write_file

    text = "".join(f"{line}\n" for line in lines)
    try:
        write_file(file, text.encode("utf-8", errors="replace"))
    except OSError as error:
        return _fail(f"--output-file {file}: {error.strerror}")
    return CLEAN


def _fail(message: str) -> int:
    """Says in one line why cnnlint could not work."""
    return _hint(f"error: {message}", FAILED)


def _hint(message: str, code: int = CLEAN) -> int:
    from cnnlint.report.style import carry_signs

    carry_signs(sys.stderr)
    print(" ".join(message.split()), file=sys.stderr)
    return code
