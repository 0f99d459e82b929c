"""The entry point of `cnnlint` and of `python -m cnnlint`."""

import sys
from typing import NoReturn

INTERRUPTED = 130
"""What a shell reports for a command that SIGINT ended."""


def main() -> NoReturn:
    """Runs the command line. Ctrl-C is quiet also while what the command needs is imported."""
    try:
        from cnnlint import cli

        cli.main()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
