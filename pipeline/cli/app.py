"""Entry of the console script `winnow`. Imports nothing slow by itself, so that Ctrl-C is heard from the first moment on."""

from __future__ import annotations

import sys

from features.errors import STOPPED, StoppedError, WinnowError
from pipeline.runtime.interrupt import remembered_interrupts


def main() -> None:
    """Runs the command line: an error that a person can mend is one message and an exit code other than 0."""
    try:
        try:
            # Within the `try`: these imports take a moment, in which Ctrl-C may come.
            with remembered_interrupts():
                from pipeline.cli.program import run_command_line

                run_command_line()
        except KeyboardInterrupt:
            raise StoppedError(STOPPED) from None
    except WinnowError as error:
        from pipeline.runtime.console import say

        say(str(error), "error", exit_code=error.exit_code)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
