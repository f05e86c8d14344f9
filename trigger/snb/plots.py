"""A picture: the 48 configurations on a sample, beside the points that the study published.

>>> [(round(one.efficiency, 2), one.background_hz) for one in PUBLISHED][-1]
(0.58, 0.0985341)
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from trigger.snb.study import Row


class Point(NamedTuple):
    """What was published of one point: share of interactions found, and background clusters [Hz per 10 kt]."""

    efficiency: float
    background_hz: float


#: plasorak/Clustering @a753bf9b BurstTrigger/Analyse_GH_SNMC.txt, points 100 to 105; columns as in reference 2.2.
PUBLISHED = (
    Point(0.912774, 19.1058),
    Point(0.877176, 5.81351),
    Point(0.859105, 3.86746),
    Point(0.810592, 1.6603),
    Point(0.702686, 0.43355),
    Point(0.581915, 0.0985341),
)


def draw(rows: Sequence[Row], path: Path) -> None:
    """Draw background against efficiency as a PNG; where no background was seen, its upper limit as a triangle."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for hits in sorted({row.configuration.hits for row in rows} - {1}):  # those of 1 equal those of 2
        mine = [row for row in rows if row.configuration.hits == hits]
        seen, none = ([row for row in mine if bool(row.background) is some] for some in (True, False))
        at = [row.efficiency for row in seen], [row.background_hz for row in seen]
        (drawn,) = axes.plot(*at, "o", label=f"at least {hits} hits", alpha=0.6)
        at = [row.efficiency for row in none], [row.background_high for row in none]
        axes.plot(
            *at,
            "v",
            color=drawn.get_color(),
            label=f"at least {hits} hits, none seen: limit (90 %)" if none else None,
        )
    axes.plot(*zip(*PUBLISHED, strict=True), "r*-", label="published (another spectrum, model, detector)")
    axes.set_yscale("log")
    axes.set_xlabel("share of nu_e CC interactions with a cluster")
    axes.set_ylabel("background clusters [Hz per 10 kt]")
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=130, format="png")
