"""The command `cnnlint`. What a subcommand needs is imported when it runs: `--help` needs click only,
and nothing here imports torch, which lives in the workers."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

import click

from cnnlint import __version__
from cnnlint.report import FORMATS

if TYPE_CHECKING:
    from cnnlint.fixing import Outcome

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


CACHE_FOLDER = ".cnnlint_cache"


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


def _words(ctx: click.Context, option: click.Parameter, values: Iterable[str]) -> tuple[str, ...]:
    """Comma lists, given once or several times."""
    return tuple(word.strip() for value in values for word in value.split(",") if word.strip())


def _shapes(ctx: click.Context, option: click.Parameter, values: Sequence[str]) -> tuple[Any, ...]:
    from cnnlint.source.comments import parse_input

    try:
        return tuple(parse_input(value) for value in values)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _calls(ctx: click.Context, option: click.Parameter, values: Sequence[str]) -> Sequence[str]:
    """Constructor calls, such as `Net(10)`."""
    import ast

    for value in values:
        try:
            is_call = isinstance(ast.parse(value.strip(), mode="eval").body, ast.Call)
        except (SyntaxError, ValueError):
            is_call = False
        if not is_call:
            raise click.BadParameter(f"{value!r} is not a call such as 'Net(num_classes=10)'")
    return values


def tracing_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say how files are traced."""
    for decorator in reversed(
        (
            click.option(
                "--input",
                "inputs",
                multiple=True,
                callback=_shapes,
                metavar="SHAPE",
                help="An input for one sample: 3x32x32, 128:int64, scalar. Repeat it for several inputs.",
            ),
            click.option(
                "--model",
                "models",
                multiple=True,
                callback=_calls,
                metavar="CALL",
                help="How to construct a model: 'Net(num_classes=10)'. May be repeated.",
            ),
            click.option(
                "--device",
                type=click.Choice(("meta", "cpu", "cuda")),
                default="meta",
                show_default=True,
                help="Where the forward pass runs; meta computes sizes only.",
            ),
            click.option(
                "--timeout",
                type=click.FloatRange(min=0, min_open=True, max=86400),
                default=30.0,
                show_default=True,
                metavar="SECONDS",
                help="Time for each file.",
            ),
            click.option(
                "--allow-effects",
                is_flag=True,
                help="Do not refuse network, subprocesses and writes while a file's definitions run.",
            ),
            click.option("--no-cache", is_flag=True, help="Neither use nor keep traces of earlier runs."),
            click.option(
                "--cache-dir",
                type=click.Path(file_okay=False),
                default=CACHE_FOLDER,
                show_default=True,
                help="Where traces are kept between runs.",
            ),
            click.option(
                "--stdin-filename",
                default="<stdin>",
                metavar="PATH",
                help="The name of what is read from standard input (for the path -).",
            ),
        )
    ):
        function = decorator(function)
    return function


def selectors(flag: str, text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """An option that takes rules."""
    return click.option(flag, multiple=True, callback=_words, metavar="RULES", help=text)


def fixing_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that change files."""
    for flag, text in reversed(
        (
            ("--fix", "Apply the safe fixes that linting again confirms; show what is left."),
            ("--unsafe-fixes", "Apply, or count, also the fixes that have to be looked at."),
            ("--diff", "Show what --fix would change as a patch for `git apply`; change nothing."),
            ("--add-ignores", "Write comments that silence what is found today."),
        )
    ):
        function = click.option(flag, is_flag=True, help=text)(function)
    return function


@click.group(cls=CheckByDefault, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", message="cnnlint %(version)s")
def command() -> None:
    """Find shape and parameter mistakes in the CNN models of PyTorch files.

    `cnnlint PATHS` is short for `cnnlint check PATHS`.
    """


@command.command()
@click.argument("paths", nargs=-1)
@click.option("--output-format", type=click.Choice(FORMATS), default="full", show_default=True)
@selectors("--select", "Rules to run instead of the default ones: codes, prefixes, names or ALL.")
@selectors("--extend-select", "Rules to run besides.")
@selectors("--ignore", "Rules not to run.")
@click.option(
    "--fail-level",
    type=click.Choice(("error", "warning", "advice")),
    default="warning",
    show_default=True,
    help="The least severity that makes the exit code 1.",
)
@click.option("--no-advice", is_flag=True, help="Hide advice.")
@fixing_options
@tracing_options
@click.option("--verify", is_flag=True, help="Run torch's own kernels beside the formulas and compare.")
@click.option("-v", "--verbose", is_flag=True, help="Show the models judged, advice in full, and tracebacks.")
@click.option("-q", "--quiet", is_flag=True, help="Show findings only.")
def check(
    paths: tuple[str, ...],
    output_format: str,
    fail_level: str,
    no_advice: bool,
    fix: bool,
    diff: bool,
    add_ignores: bool,
    **options: Any,
) -> int:
    """Lint files and folders (the default command).

    Exit code: 0 nothing found, 1 findings, 2 cnnlint could not work.
    """
    if not paths:
        return _hint("nothing to check: give files or folders (`cnnlint .` checks all below this folder)")
    if no_advice and fail_level == "advice":
        raise click.UsageError("--no-advice and --fail-level advice contradict each other")
    if add_ignores and (fix or diff):
        raise click.UsageError("--add-ignores does not go with --fix and --diff")

    from cnnlint import engine, report
    from cnnlint.config import Settings, UsageError
    from cnnlint.diagnostic import Severity
    from cnnlint.plugin import PluginError
    from cnnlint.report.style import Style
    from cnnlint.workers import WorkersUnavailable

    settings = Settings(fail_level=Severity(fail_level), advice=not no_advice, **_cached(options))
    output = sys.stdout
    try:
        if add_ignores:
            from cnnlint.ignoring import add_ignores as silence

            return _hint(f"Silenced {silence(paths, settings)} findings.")
        if fix or diff:
            from cnnlint.fixing import fix as repair

            outcome = repair(paths, settings, write=fix and not diff)
            if diff:
                return _show_patch(outcome)
            if outcome.piped is not None:  # the report makes room for the text
                output = sys.stderr
                sys.stdout.buffer.write(outcome.piped)
            result = outcome.result
        else:
            result = engine.check(paths, settings)
    except (UsageError, PluginError, WorkersUnavailable) as error:
        return _fail(str(error))
    _write(report.render(output_format, result, settings, Style.of(output)), output)
    if settings.verbose:
        for crash in result.crashes():
            print(crash, file=sys.stderr)
    return result.exit_code(settings.fail_level)


@command.command()
@click.argument("paths", nargs=-1, required=True)
@click.option(
    "--output-format",
    type=click.Choice(("table", "markdown", "json", "html")),
    default="table",
    show_default=True,
)
@tracing_options
def shapes(paths: tuple[str, ...], output_format: str, **options: Any) -> int:
    """Show the sizes in a model, operator by operator.

    Each row has the formula worked out, the output's shape, parameters, multiply-accumulates and
    the receptive field. A model that fails is shown up to and past its faults.
    """
    from cnnlint import engine
    from cnnlint.config import Settings, UsageError
    from cnnlint.report import shapes as report
    from cnnlint.workers import WorkersUnavailable

    try:
        files = list(engine.trace_paths(paths, Settings(**_cached(options))))
    except (UsageError, WorkersUnavailable) as error:
        return _fail(str(error))
    _write(report.render(output_format, files))
    return CLEAN


@command.command()
@click.argument("selector", metavar="RULE", required=False)
@click.option("--all", "everything", is_flag=True, help="List all rules.")
def rule(selector: str | None, everything: bool) -> int:
    """Explain a rule, by its code or name."""
    if (selector is None) != everything:
        raise click.UsageError("give one rule's code or name, or --all")

    from cnnlint.config import UsageError, find_rule
    from cnnlint.plugin import PluginError, all_rules
    from cnnlint.report import rules as report

    try:
        rules = all_rules()
        text = report.listing(rules) if selector is None else report.explanation(find_rule(selector, rules))
    except (UsageError, PluginError) as error:
        return _fail(str(error))
    _write([text])
    return CLEAN


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


def _cached(options: dict[str, Any]) -> dict[str, Any]:
    """Options with the folder of the cache in place of the two flags about it."""
    no_cache, folder = options.pop("no_cache"), options.pop("cache_dir")
    return {**options, "cache": None if no_cache else folder}


def _show_patch(outcome: Outcome) -> int:
    """The patch on standard output, and on the other how much it would mend."""
    from cnnlint.patch import patch
    from cnnlint.report.text import count

    for line in patch(outcome.changes):
        sys.stdout.buffer.write(line)
    sys.stdout.flush()
    fixed = len(outcome.result.fixed)
    return _hint(f"Would fix {count(fixed, 'finding')}.", FINDINGS if fixed else CLEAN)


def _write(lines: Iterable[str], stream: TextIO | None = None) -> None:
    """Prints to a stream, by default standard output; ends quietly where nobody reads it any more."""
    from cnnlint.report.style import carry_signs

    stream = stream or sys.stdout
    carry_signs(stream)
    try:
        for line in lines:
            print(line, file=stream)
        stream.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        sys.exit(BROKEN_PIPE)


def _fail(message: str) -> int:
    """Says in one line why cnnlint could not work."""
    return _hint(f"error: {message}", FAILED)


def _hint(message: str, code: int = CLEAN) -> int:
    from cnnlint.report.style import carry_signs

    carry_signs(sys.stderr)
    print(" ".join(message.split()), file=sys.stderr)
    return code
