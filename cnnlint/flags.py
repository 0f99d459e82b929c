"""The flags that several commands have, and what configuration they make. Needs click only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from cnnlint.config import Configuration
    from cnnlint.shard import Shard

CACHE_FOLDER = ".cnnlint_cache"

Command = Callable[..., Any]

CONFIGURED = (
    "select",
    "extend-select",
    "ignore",
    "per-file-ignores",
    "fail-level",
    "exclude",
    "extend-exclude",
    "device",
    "timeout",
)
"""The flags that a configuration file has as keys too; they win over it where they are given."""


def configuration(options: dict[str, Any]) -> Configuration:
    """The configuration that the options of a command make.

    Raises:
        UsageError: a configuration file cannot be read, or says what there is not.
    """
    from cnnlint.config import Configuration

    run = dict(options)
    arguments, isolated = run.pop("config"), run.pop("isolated")
    given = {key: run.pop(key.replace("-", "_"), None) for key in CONFIGURED}
    if "cache_dir" in run:
        no_cache, folder = run.pop("no_cache"), run.pop("cache_dir")
        run["cache"] = None if no_cache else folder
    return Configuration({key: value for key, value in given.items() if value}, arguments, isolated, run)


# -- reading their values


def _words(ctx: click.Context, option: click.Parameter, values: Iterable[str]) -> tuple[str, ...]:
    """Comma lists, given once or several times."""
    return tuple(word.strip() for value in values for word in value.split(",") if word.strip())


def _pairs(ctx: click.Context, option: click.Parameter, values: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """`PATTERN:RULE` in comma lists, as rules by pattern."""
    found: dict[str, tuple[str, ...]] = {}
    for word in _words(ctx, option, values):
        pattern, colon, rule = (part.strip() for part in word.rpartition(":"))
        if not (pattern and colon and rule):
            raise click.BadParameter(f"{word!r} is not PATTERN:RULE, such as 'tests/*.py:CNN4'")
        found[pattern] = (*found.get(pattern, ()), rule)
    return found


def _shapes(ctx: click.Context, option: click.Parameter, values: Sequence[str]) -> tuple[Any, ...]:
    from cnnlint.evidence.directives import parse_input

    try:
        return tuple(parse_input(value) for value in values)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _sizes(ctx: click.Context, option: click.Parameter, values: Sequence[str]) -> tuple[Any, ...]:
    """Shapes of one sample in comma lists."""
    return tuple(item.shape for item in _shapes(ctx, option, _words(ctx, option, values)))


def _shard(ctx: click.Context, option: click.Parameter, value: str) -> Shard:
    from cnnlint.shard import parse_shard

    try:
        return parse_shard(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _calls(ctx: click.Context, option: click.Parameter, values: Sequence[str]) -> Sequence[str]:
    """Constructor calls, such as `Net(10)`."""
    from cnnlint.config.keys import is_call

    for value in values:
        if not is_call(value):
            raise click.BadParameter(f"{value!r} is not a call such as 'Net(num_classes=10)'")
    return values


# -- groups of them


def _together(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several options as one decorator, in the order of `--help`."""

    def decorate(function: Command) -> Command:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def _list(flag: str, metavar: str, text: str) -> Callable[[Command], Command]:
    """An option that takes comma lists, and may be repeated."""
    return click.option(flag, multiple=True, callback=_words, metavar=metavar, help=text)


def sizes_flag(flag: str, name: str, text: str) -> Callable[[Command], Command]:
    """An option that takes shapes of one sample."""
    return click.option(flag, name, multiple=True, callback=_sizes, metavar="SHAPES", help=text)


shard_flag = click.option(
    "--shard",
    default="1/1",
    callback=_shard,
    metavar="NUMBER/COUNT",
    help="Check one part of the files, as 2/4, where other machines check the others.",
)

config_flags = _together(
    click.option(
        "--config",
        multiple=True,
        metavar="FILE|KEY=VALUE",
        help="A configuration file to use instead of those found, or one setting. May be repeated.",
    ),
    click.option("--isolated", is_flag=True, help="Look for no configuration file."),
)

file_flags = _together(
    _list("--exclude", "PATTERNS", "Files and folders to leave out instead of the usual ones."),
    _list("--extend-exclude", "PATTERNS", "Files and folders to leave out besides."),
    click.option(
        "--force-exclude", is_flag=True, help="Leave out what is excluded also where it is named (in a hook)."
    ),
    click.option(
        "--stdin-filename",
        default="<stdin>",
        metavar="PATH",
        help="The name of what is read from standard input (for the path -).",
    ),
)

rule_flags = _together(
    _list("--select", "RULES", "Rules to run instead of the default ones: codes, prefixes, names or ALL."),
    _list("--extend-select", "RULES", "Rules to run besides."),
    _list("--ignore", "RULES", "Rules not to run."),
    click.option(
        "--per-file-ignores",
        multiple=True,
        callback=_pairs,
        metavar="PATTERN:RULE",
        help="Rules not to run on some files: 'tests/*.py:CNN4'.",
    ),
)

tracing_flags = _together(
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
        help="Where the forward pass runs; meta, the default, computes sizes only.",
    ),
    click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True, max=86400),
        metavar="SECONDS",
        help="Time for each model of a file.  [default: 30]",
    ),
    click.option(
        "-j",
        "--jobs",
        type=click.IntRange(min=1, max=1024),
        metavar="N",
        help="Files to trace at once.  [default: the number of processors]",
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
)

fixing_flags = _together(
    click.option(
        "--fix", is_flag=True, help="Apply the safe fixes that linting again confirms; show what is left."
    ),
    click.option(
        "--unsafe-fixes", is_flag=True, help="Apply, or count, also the fixes that have to be looked at."
    ),
    click.option(
        "--diff",
        is_flag=True,
        help="Show what --fix would change as a patch for `git apply`; change nothing.",
    ),
    click.option("--add-ignores", is_flag=True, help="Write comments that silence what is found today."),
)
