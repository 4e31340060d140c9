"""The command: finds the noun, runs it, and turns what went wrong into an exit code.

stdout is data, stderr is narration. A noun's module is imported only when it is named, so that
`--help` loads none of the heavy libraries.
"""

from __future__ import annotations

import sys
import traceback
from importlib import import_module

import click

from drconsole import __version__
from drconsole.cli.login import words_of
from drconsole.cli.words import observes, shared_options
from drconsole.errors import DRConsoleError, UsageError
from drconsole.model.text import safe_text

INTERRUPTED = 130
"""What shells expect of a command that ctrl-c ended."""

NOUNS: dict[str, tuple[str, str]] = {
    "demo": ("demo", "A whole drill over a world of our own: on a terminal the console on that world."),
    "lab": ("lab", "A world to recover, over real protocols, on this machine alone."),
    "config": ("config", "The configuration file."),
    "doctor": ("doctor", "What a recovery depends on at this machine, and what a logout would do."),
    "serve": ("serve", "Watches sites, captures on schedule, starts runners, answers consoles."),
    "site": ("site", "Protected sites."),
    "capture": ("capture", "Captures a site's metadata now."),
    "snapshot": ("snapshot", "Stored captures: list, search, compare, check, export, import."),
    "target": ("target", "The pool of machines that recoveries draw from."),
    "map": ("mapping", "Matches targets to roles and writes the host mapping."),
    "select": ("selection", "Chooses guests and writes the VM selection."),
    "plan": ("plan", "What a run would do: verdicts, readiness, estimate."),
    "notify": ("notify", "Who is told of runs: webhook, mail, system log."),
    "recover": ("recover", "Recovers a site: a drill, or in earnest."),
    "run": ("run", "Runs: watch them, and help them along."),
}
"""Noun → its module in this package, and its line of help."""


class Nouns(click.Group):
    """The top of the command: lists every noun without importing one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(NOUNS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in NOUNS:
            return None
        module, _help = NOUNS[cmd_name]
        command: click.Command = import_module(f"drconsole.cli.{module}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_module, text) in NOUNS.items()])


@click.group(cls=Nouns, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="drconsole")
@click.option(
    "--plain", is_flag=True, help="The console as plain lines, for screen readers and dumb terminals."
)
@shared_options
@click.pass_context
def root(ctx: click.Context, /, plain: bool, **_shared: object) -> None:
    """Recovers a whole private cloud after a disaster, onto machines that nobody set aside for it.

    Without a command it opens the console.
    """
    if ctx.invoked_subcommand is None:
        from drconsole.cli.opening import open_console

        open_console(observe=observes(), plain=plain)


def main(arguments: list[str] | None = None) -> None:
    """Runs the command and exits with its code: see `errors` and the README's table."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    try:
        words = words_of(sys.argv[1:] if arguments is None else arguments)
        code = root.main(args=words, prog_name="drconsole", standalone_mode=False)
    except click.ClickException as wrong:
        wrong.show()
        return UsageError.exit_code
    except click.exceptions.Abort:
        # click's word for ctrl-c.
        click.echo("interrupted; a run that has started goes on: `drconsole run attach`", err=True)
        return INTERRUPTED
    except DRConsoleError as error:
        tell(error)
        return error.exit_code
    except BrokenPipeError:
        # Whoever reads our output has seen enough.
        sys.stderr.close()
        return 0
    except Exception:  # the boundary of the process: exit code 1 and the stack for the report
        traceback.print_exc()
        return 1
    return code if isinstance(code, int) else 0


def tell(error: DRConsoleError) -> None:
    """Says on stderr what went wrong, with what, and what to do about it."""
    about = f"{safe_text(error.about)}: " if error.about else ""
    click.echo(f"drconsole: {about}{safe_text(error.message)}", err=True)
    if error.remedy:
        click.echo(f"  → {safe_text(error.remedy)}", err=True)
