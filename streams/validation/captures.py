"""Neutron captures: gammas per 100 captures against EGAF, and the energy of a whole cascade.

>>> [name for name, _, _, _ in CAPTURES]
['Ar40_n', 'Ar36_n']
"""

from __future__ import annotations

import numpy as np

from streams.validation.beta import line_row, sample, totals
from streams.validation.row import Findings, Plot, Row, Run

_EGAF = "EGAF (reference 9.3)"
#: Name, target, Q [MeV], and lines: keV, per 100 captures (reference 9.3).
CAPTURES = (
    ("Ar40_n", "40Ar", 6.099, ((167.3, 80), (1186.8, 52), (4745.3, 55), (516.0, 25), (5582.4, 12), (3700.6, 10),
                               (837.7, 10), (2771.9, 9), (348.7, 7), (1044.3, 6), (2810.6, 6))),
    ("Ar36_n", "36Ar", 8.790, ((2490.8, 50), (6298.9, 43), (1409.7, 34), (5270.6, 21), (8787.7, 12))),
)  # fmt: skip


def check(run: Run) -> Findings:
    """Return the lines of both isotopes and their sums."""
    rows, curves = [], []
    for name, target, q_mev, lines in CAPTURES:
        label = f"capture on {target}"
        found = sample(name, run.count(20_000), run.seed)
        rows += [
            line_row("captures", label, found, kev, per_100 / 100, 0.03, _EGAF) for kev, per_100 in lines
        ]
        sums = totals(name, 1000, run.seed)
        worst = float(sums[np.abs(sums - q_mev).argmax()])
        rows.append(
            Row(
                "captures",
                f"{label}, energy of a cascade farthest from Q",
                q_mev,
                _EGAF,
                worst,
                0,
                0.001,
                "MeV",
            )
        )
        counts, edges = np.histogram(found.gammas, np.arange(0, 9.05, 0.05))
        curves.append((label, edges[1:], np.maximum(100 * counts / found.decays, 1e-3)))
    title = ("captures", "gammas of neutron capture", "MeV", "per 100 captures and 50 keV")
    return Findings(rows, [Plot(*title, tuple(curves), log_y=True)])
