"""The public study's 48 configurations on a simulated sample: ``python benchmarks/snb.py --plot snb.png``.

Two samples of a central assembly, collection plane: 200 nu_e CC a second among all backgrounds for the efficiency, and
the backgrounds alone for their rate. The output is the table of docs/snb.md.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from streams.block import TICK_NS, TICKS_PER_BLOCK
from streams.config import SimulationConfig
from streams.detector import load_detector, per_10kt
from streams.signals import NeutrinoSignal
from trigger.snb.burst import MONTH_S, Window, fake_rate, interactions, least
from trigger.snb.plots import draw
from trigger.snb.sample import simulate
from trigger.snb.study import Row, evaluate

BLOCK_S = TICKS_PER_BLOCK * TICK_NS * 1e-9
SHORT = Window(2.0, 0.796)  # trigger.snb.burst.WINDOWS


def rows_of(signal_s: float, background_s: float, seed: int) -> list[Row]:
    """Return each configuration with the efficiency of the one sample and the background of the other."""
    signal = SimulationConfig(seed=seed, planes=("X",), signals=(NeutrinoSignal(rate_hz=200),))
    background = SimulationConfig(seed=seed + 1, planes=("X",))
    scale = per_10kt(load_detector(signal.detector), signal.position)
    found = evaluate(simulate(signal, round(signal_s / BLOCK_S)), scale)
    alone = evaluate(simulate(background, round(background_s / BLOCK_S)), scale)
    return [b._replace(found=s.found, interactions=s.interactions) for s, b in zip(found, alone, strict=True)]


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


def main() -> None:
    """Simulate, print the table, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--signal-seconds", type=float, default=3.0)
    parser.add_argument("--background-seconds", type=float, default=4.0)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    rows = rows_of(given.signal_seconds, given.background_seconds, given.seed)
    for row in rows:
        print(line(row))
    if given.plot:
        draw(rows, given.plot)


if __name__ == "__main__":
    main()
