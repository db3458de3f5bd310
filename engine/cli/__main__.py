"""The entry point of `convoke`: quick answers first, one clear sentence for every error, and the exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any, cast

from engine import __version__
from engine.errors import Cancelled, EngineError
from engine.faults.causes import DEBUG_VARIABLE
from engine.faults.telling import unexpected
from engine.programs import begin


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; gives the exit code (0 done, 1 no, 2 wrong use or bad input, 3 failed, 130 cancelled)."""
    begin()
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given in (["--version"], ["-V"]):
        sys.stdout.write(f"convoke {__version__}\n")
        return 0
    as_json = "--json" in given
    try:
        return _run(given)
    except EngineError as error:
        return _fail(error, as_json)
    except KeyboardInterrupt:
        return _fail(Cancelled(), as_json)
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except RecursionError:
        return _fail(EngineError("document", "the rule nests too deep", hint="Make it flatter."), as_json)
    except MemoryError:
        return _fail(EngineError("internal", "this machine has too little memory for that"), as_json)
    except Exception as error:  # the last resort: a sentence instead of a traceback
        return _fail(unexpected(error, "Please report it with the command you ran."), as_json)


def _run(given: list[str]) -> int:
    import typer

    from engine.cli.commands import app

    # Typer bundles click; its public names lead to click's own.
    usage_error = cast(type[Exception], typer.BadParameter.__bases__[0])
    try:
        result = app(given, standalone_mode=False, prog_name="convoke")
    except typer.Exit as error:
        return int(error.exit_code)
    except typer.Abort:
        raise Cancelled from None
    except usage_error as error:
        raise _usage(error) from None
    return result if isinstance(result, int) else 0


def _usage(error: Any) -> EngineError:
    context = error.ctx.command_path if error.ctx else "convoke"
    message = error.format_message().rstrip(".").split("\n")[0]
    if type(error).__name__ == "NoArgsIsHelpError":
        message = "a command is missing"
    return EngineError("usage", message[:1].lower() + message[1:], hint=f"See {context} --help.")


def _fail(error: EngineError, as_json: bool) -> int:
    from engine.cli.printing import trouble

    trouble(error, as_json=as_json)
    if error.technical is not None and os.environ.get(DEBUG_VARIABLE) == "1" and sys.stderr.isatty():
        _write(f"{error.technical}\n")
    return error.exit_code


def _write(text: str) -> None:
    """To standard error; a lone surrogate of an argument is written as its number."""
    sys.stderr.write(text.encode("utf-8", "backslashreplace").decode())


if __name__ == "__main__":
    sys.exit(main())
