"""``make fuzz``: random networks over the whole layer table, exact on every level of the ladder.

Levels 0 to 2 are compared by ``hls.fuzz``; here level 3 follows: the RTL under stalls, resets and broken frames.
"""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from firmware_tests.network_suites import simulate
from hls.fuzz import fuzz, levels
from hls.suite import write_suite


def climb(seed: int, folder: Path) -> None:
    """Take the network of ``seed`` from QKeras to RTL; a difference on any level is an exception."""
    made = levels(seed, folder)
    if not (folder / "cocotb").is_dir():
        write_suite(made.spec, made.plan, folder / "rtl", folder / "cocotb", seed=seed)
    simulate(folder, f"fuzz{seed}")


def main(
    n: int = typer.Option(100, min=1, help="how many seeds"),
    first: int = typer.Option(0, min=0, help="the first of them"),
    seed: int | None = typer.Option(None, min=0, help="this one alone, and what its network is"),
) -> None:
    """Take random networks from QKeras to simulated RTL; exit code 1 if one of them differs anywhere.

    Example: python -m firmware_tests.fuzz --seed 17
    """
    seeds = range(first, first + n)
    if seed is not None:
        from hls.random_networks import describe

        _say(describe(seed))
        seeds = range(seed, seed + 1)
    done = fuzz(seeds, climb, _say)
    _say(done.summary)
    raise typer.Exit(1 if done.failed else 0)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    typer.run(main)
