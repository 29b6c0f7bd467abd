"""The command line: `rackrate`. Each subcommand is imported when it is called, so that `tools run` starts fast."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from typing import Any

import click

from api.cli.bytecode import keep_bytecode

# name → (module that holds the click command, its attribute, the line in `--help`)
COMMANDS: dict[str, tuple[str, str, str]] = {
    "ask": ("api.cli.ask", "command", "Answer one question, or a file of them."),
    "chat": ("api.cli.chat", "command", "A conversation with follow-ups."),
    "tools": ("api.cli.tools", "command", "The calculators: list, show, run."),
    "catalog": ("api.cli.catalog", "command", "Chips, models, prices, each with source and date."),
    "knowledge": ("api.cli.knowledge", "command", "Index documents and search them with citations."),
    "claims": ("api.cli.claims", "command", "The claims ledger, each claim computed again."),
    "validate": ("api.cli.validate", "command", "Predict a file of measured rows and print the error."),
    "calibrate": ("api.cli.validate", "calibrate", "Fit the serving constants to measured rows again."),
    "simulate": ("api.cli.simulate", "command", "Request-level serving simulation of a trace."),
    "fit-scaling": ("api.cli.scaling", "command", "Fit a scaling law to training runs."),
    "sweep": ("api.cli.sweep", "command", "The serving model over a product of lists."),
    "benchmark": ("api.cli.benchmark", "command", "Measure the speeds of the core."),
    "serve": ("api.cli.serve", "command", "HTTP, OpenAI-compatible chat and the web page."),
    "keys": ("api.cli.serve", "keys", "Make and hash the keys of the HTTP service."),
    "slack": ("api.cli.slack", "command", "The Slack app, in Socket Mode."),
    "mcp": ("api.cli.mcp", "command", "The MCP server on standard input and output."),
    "eval": ("api.cli.eval", "command", "The eval suite."),
    "doctor": ("api.cli.doctor", "command", "Versions, keys, index state, what would stop it working."),
}


class LazyGroup(click.Group):
    """A group whose commands are modules; one whose module does not exist is not listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name, (module, _, _) in COMMANDS.items() if _exists(module)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS or not _exists(COMMANDS[cmd_name][0]):
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        found: click.Command | None = getattr(importlib.import_module(module), attribute, None)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.list_commands(ctx):
            allowed = ", ".join(self.list_commands(ctx))
            raise click.UsageError(f"command is {args[0][:80]!r}; allowed: {allowed}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of `--help`, from the lines above: no subcommand is imported for it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][2]) for name in self.list_commands(ctx)])


def _exists(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ImportError:
        return False


def _version() -> str:
    from importlib.metadata import version

    return version("rackrate")


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(f"rackrate {_version()}")
        ctx.exit()


@click.group(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the version.",
)
def group() -> None:
    """What a rack really costs, and what it really does: compute-market questions with traced numbers."""


def main(argv: list[str] | None = None) -> None:
    """Run the command line. Exit status 0 done, 2 bad usage or input (one line), 1 anything else."""
    keep_bytecode()
    sys.exit(run(sys.argv[1:] if argv is None else argv))


def run(argv: list[str]) -> int:
    """The exit status of a command line; whatever goes wrong is one line on stderr, never a traceback."""
    try:
        result: Any = group.main(argv, prog_name="rackrate", standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.Abort:
        return _say("interrupted", 1)
    except click.exceptions.NoArgsIsHelpError as error:  # `rackrate` alone, or a group alone
        click.echo(error.format_message())
        return 0
    except click.UsageError as error:
        where = f"{error.ctx.command_path}: " if error.ctx else ""
        return _say(f"{where}{error.format_message()}", 2)
    except click.ClickException as error:
        return _say(error.format_message(), error.exit_code)
    except BrokenPipeError:  # the reader of our output went away, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return _say("interrupted", 1)
    except Exception as error:
        return _fault(error)


def _fault(error: Exception) -> int:
    """2 for what the caller gave, 1 for the rest; `RACKRATE_DEBUG=1` shows where it happened."""
    from tools.errors import InputError, RackrateError

    if os.environ.get("RACKRATE_DEBUG"):
        import traceback

        traceback.print_exc()
    if isinstance(error, InputError):
        return _say(str(error), 2)
    if isinstance(error, RackrateError):
        return _say(str(error), 1)
    if isinstance(error, OSError) and error.filename is not None:
        return _say(f"{error.filename}: {error.strerror}", 1)
    return _say(f"internal error: {type(error).__name__}: {error}", 1)


def _say(text: str, status: int) -> int:
    line = " ".join(text.split())
    click.echo(f"rackrate: {line[:2000]}", err=True)
    return status
