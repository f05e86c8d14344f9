"""The command ``lartrig snb``: the study's 48 configurations on a simulated sample, or on the TPs of a background.

Two samples of a central assembly, collection plane: 200 nu_e CC a second among all backgrounds for the efficiency, and
the backgrounds alone for their rate, or TPs that are there. The output is the table of docs/snb.md.

>>> line(Row(Configuration(4, 1, 20), 0, 0, 0, 0.0, 0.0, 61.0))
'| 4 | 1 | 20 | nan (0.000-1.000) | 0 | none | 0-61 | - |'
"""

from __future__ import annotations

from pathlib import Path

import typer

from streams.block import TICK_NS, TICKS_PER_BLOCK
from trigger.snb.burst import MONTH_S, WINDOWS, fake_rate, interactions, least
from trigger.snb.grid import Configuration  # noqa: F401 (the doctest)
from trigger.snb.study import Row

BLOCK_S = TICKS_PER_BLOCK * TICK_NS * 1e-9
SHORT = WINDOWS[1]
HEAD = "| hits | channels | ticks | efficiency | clusters | Hz per 10 kt | interval | burst in 2 s |"


def rows_of(signal_s: float, background: float | Path, seed: int) -> list[Row]:
    """Return each configuration with the efficiency of the one sample and the background of the other.

    ``background`` is the length of a simulation in seconds, or a file or folder of TPs.
    """
    from streams.config import SimulationConfig
    from streams.detector import load_detector, per_10kt
    from streams.signals import NeutrinoSignal
    from trigger.snb import tp_sample
    from trigger.snb.sample import simulate
    from trigger.snb.study import evaluate

    signal = SimulationConfig(seed=seed, planes=("X",), signals=(NeutrinoSignal(rate_hz=200),))
    noise = SimulationConfig(seed=seed + 1, planes=("X",))
    scale = per_10kt(load_detector(signal.detector), signal.position)
    if isinstance(background, Path):  # read first: what cannot be read ends the command before the simulation
        quiet = tp_sample.read(background)
    else:
        quiet = simulate(noise, round(background / BLOCK_S), shown="background")
    found = evaluate(simulate(signal, round(signal_s / BLOCK_S), shown="interactions"), scale)
    alone = evaluate(quiet, scale)
    return [b._replace(found=s.found, interactions=s.interactions) for s, b in zip(found, alone, strict=True)]


def aligned(lines: list[str]) -> list[str]:
    """Return a table in Markdown with columns of one width each.

    >>> aligned(["| a | b |", "| 100 | 2 |"])
    ['|   a | b |', '|----:|--:|', '| 100 | 2 |']
    """
    cells = [text.strip("| ").split(" | ") for text in lines]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    padded = [
        f"| {' | '.join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))} |"
        for row in cells
    ]
    return [padded[0], f"|{'|'.join('-' * (width + 1) + ':' for width in widths)}|", *padded[1:]]


def line(row: Row) -> str:
    """Return a row of the table."""
    low, high = row.efficiency_interval
    n_cut = (
        least(lambda n: fake_rate(n, row.background_hz, SHORT.seconds), 1 / MONTH_S) if row.background else 0
    )
    wanted = interactions(n_cut, row.efficiency, row.background_hz, SHORT) if n_cut and row.found else 0
    rate = f"{row.background_hz:.0f}" if row.background else "none"
    burst = f"{n_cut} / {wanted}" if wanted else "-"
    cells = (
        *map(str, row.configuration),
        f"{row.efficiency:.3f} ({low:.3f}-{high:.3f})",
        str(row.background),
        rate,
        f"{row.background_low:.0f}-{row.background_high:.0f}",
        burst,
    )
    return f"| {' | '.join(cells)} |"


def snb(
    signal_seconds: float = typer.Option(3.0, min=0.01, help="length of the sample with interactions"),
    background_seconds: float = typer.Option(4.0, min=0.01, help="length of the sample without"),
    background: Path = typer.Option(
        None,
        "--background",
        help="HDF5 file of TPs, or folder of a run's, without interactions: in place of the simulated background",
    ),
    seed: int = typer.Option(11, help="of the simulation"),
    picture: Path = typer.Option(
        None, "--picture", help="PNG file: background against efficiency, beside the published points"
    ),
) -> None:
    """Run the public supernova study's 48 configurations: efficiency and background of each, on simulated samples.

    The background can be the TPs of a file instead. 7 s of simulation take some minutes.

    Example: lartrig snb --signal-seconds 3 --background-seconds 4 --picture snb.png

    Example: lartrig snb --background tps.h5
    """
    from streams.console import console
    from streams.output import check_free, fresh
    from trigger.snb.plots import draw

    if picture:
        check_free(picture)
    rows = rows_of(signal_seconds, background or background_seconds, seed)
    for text in aligned([HEAD, *map(line, rows)]):
        console.print(text, markup=False, highlight=False)
    if picture:
        with fresh(picture, folder=False) as part:
            draw(rows, part)
