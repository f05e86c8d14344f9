"""The ``lartrig`` command: finds its sub-commands by entry point and loads only the one called."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points, version
from typing import Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from streams.errors import UserError

_GROUP = "lartrig.commands"
_SUMMARY = {
    "simulate": "simulate a detector stream into a DUNE-DAQ HDF5 file",
    "sources": "list the sources of a simulation, their rates and their cost",
    "inspect": "show what a file or folder holds: streams, rates, faults, noise, TPs, TAs",
    "join": "join the files of several crates into files of all, as DUNE's are",
    "import": "bring recorded waveforms into a DUNE-DAQ HDF5 file",
    "tpg": "find trigger primitives in raw frames, as DUNE's code does",
    "activities": "make trigger activities and candidates of primitives, as DUNE's code does",
    "snb": "run the public supernova study's 48 configurations: efficiency and background",
    "compare": "compare two files of trigger primitives: what differs, and why",
    "train": "train the quantised network on simulated images",
    "convert": "convert a trained model into an hls4ml project and streaming RTL",
    "verify": "prove QKeras = hls4ml C simulation = integer network",
    "synth": "synthesise the firmware: area, logic levels, clock rate",
    "cosim": "co-simulate the firmware on a file, every beat compared",
    "replay": "replay a file or a simulation through the trigger: triggers against truth",
    "validate": "the simulation against published numbers: a table and plots",
    "demo": "the whole line, from simulation to proven firmware",
}


class _LazyGroup(TyperGroup):
    """A group whose commands are imported when they are called, never for ``--help`` of the group."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(_SUMMARY)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        for point in entry_points(group=_GROUP, name=cmd_name):
            function = point.load()
            single = typer.Typer(add_completion=False)
            single.command(cmd_name)(function)
            return typer.main.get_command(single)
        return None

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_SUMMARY.items()))


app = typer.Typer(
    cls=_LazyGroup,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        Console().print(f"lartrig {version('lartrig')}")
        raise typer.Exit


@app.callback()
def _root(
    show_version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Show the version."
    ),
) -> None:
    """From a liquid-argon detector's stream to proven trigger firmware.

    Example: lartrig simulate run.toml -o run.h5
    """


def main() -> None:
    """Run the command; a ``UserError`` becomes one sentence on stderr and its exit code."""
    try:
        app(prog_name="lartrig")
    except UserError as error:
        Console(stderr=True, soft_wrap=True, highlight=False).print(f"error: {error}", markup=False)
        sys.exit(error.exit_code)
