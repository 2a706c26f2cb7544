"""The command line: `emobench run`, `list`, `show`, `data`, `train`, `score`, `report`.

A mistake of the user is one line on standard error and exit code 2; Ctrl-C is exit code 130; a run some of whose cells
failed is exit code 1, also when that ended it; `check` has exit codes of its own. Anything else is a fault of emobench
and keeps its traceback.
"""

import sys

from ..errors import EmobenchError, TooManyFailures

INTERRUPTED = 130
"""Exit code after Ctrl-C."""
FAILED = 1
"""Exit code after a run some of whose cells failed."""
GO_ON = "type the same command again to go on"
"""What to do after Ctrl-C."""
MISTAKE = 2
"""Exit code after a mistake of the user."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit; `arguments` default to those of the process."""
    sys.exit(exit_code(sys.argv[1:] if arguments is None else arguments))


def exit_code(arguments: list[str]) -> int:
    """Run the command line and return its exit code; messages go to standard error."""
    from typer.exceptions import TyperException

    from .app import app

    try:
        outcome = app(args=arguments or ["--help"], prog_name="emobench", standalone_mode=False)
    except TyperException as error:
        return _say(error.format_message(), error.exit_code)
    except TooManyFailures as error:
        return _say(str(error), FAILED)
    except EmobenchError as error:
        return _say(str(error), MISTAKE)
    if outcome == INTERRUPTED:  # typer has caught the KeyboardInterrupt
        again = "the same command measures all anew" if arguments[:1] == ["latency"] else GO_ON
        return _say(f"interrupted; what was done is kept: {again}", INTERRUPTED)
    return outcome if isinstance(outcome, int) else 0


def _say(message: str, code: int) -> int:
    print(f"emobench: {' '.join(message.split())}", file=sys.stderr)  # noqa: T201 (the command line prints)
    return code
