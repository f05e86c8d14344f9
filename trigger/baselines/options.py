"""What the command line says, as parameters; and what the command says in the end.

>>> parameters("tpglibs_v2", "60,60,30", ["accum_limit=5"])
{'accum_limit': '5', 'plane0': '60', 'plane1': '60', 'plane2': '30'}
>>> parameters("fdreadoutlibs", "60", [])
{'tpg_threshold': '60'}
>>> parameters("fdreadoutlibs", "60,60,30", [])
Traceback (most recent call last):
streams.errors.ConfigError: --threshold: got 60,60,30, want one number: fdreadoutlibs has one threshold for all planes
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.block import TICK_NS, TICKS_PER_BLOCK
from streams.channel_map import N_CHANNELS, PLANE_CHANNELS, PLANE_FIRST
from streams.console import hz
from streams.errors import ConfigError
from streams.receiver.report import Report
from trigger.baselines.chain import Chain, Step
from trigger.baselines.cuts import Dropped
from trigger.baselines.pedestal import TPGLIBS_INITIAL, Fixed, Frugal

_LISTS = ("channel_mask", "tpg_channel_mask")


def parameters(numerics: str, threshold: str, given: Sequence[str]) -> dict[str, Any]:
    """Return parameters by DUNE's names from the options ``--threshold`` and ``--set``.

    Raises
    ------
    ConfigError : text that is not NAME=VALUE, a name twice, or a number of thresholds that does not fit.
    """
    pairs = [text.partition("=") for text in given]
    found: dict[str, Any] = {}
    for text, (name, sign, value) in zip(given, pairs, strict=True):
        if not sign or not name:
            raise ConfigError(f"--set: got {text}, want NAME=VALUE")
        if name in found:
            raise ConfigError(f"--set: got {name} twice, want each name once")
        found[name] = [part for part in value.split(",") if part] if name in _LISTS else value
    if not threshold:
        return found
    values = threshold.split(",")
    if numerics == "fdreadoutlibs" and len(values) != 1:
        raise ConfigError(
            f"--threshold: got {threshold}, want one number: fdreadoutlibs has one threshold for all planes"
        )
    if len(values) not in (1, 3):
        raise ConfigError(f"--threshold: got {threshold}, want one number, or three with commas for U, V, X")
    names = ["tpg_threshold"] if numerics == "fdreadoutlibs" else ["plane0", "plane1", "plane2"]
    twice = sorted({*names} & {*found})
    if twice:
        raise ConfigError(f"--threshold and --set {twice[0]}: both give the threshold: leave one out")
    return found | dict(zip(names, values * (len(names) // len(values)), strict=True))


def settled(chain: Chain) -> Chain:
    """Return the chain with a frugal pedestal that begins with the first sample, as if it had run for long.

    Raises
    ------
    ConfigError : the pedestal is a fixed one.
    """
    first, *others = chain.steps
    if not isinstance(first, Frugal):
        raise ConfigError(f"--settled: got a pedestal of kind {type(first).__name__}, want a frugal one")
    steps: list[Step] = [Frugal(None, first.accum_limit), *others]
    return replace(chain, steps=tuple(steps))


def by_plane(tps: NDArray[np.void]) -> dict[str, int]:
    """Return how many TPs are on each plane.

    >>> tps = np.zeros(3, [("channel", "u4")])
    >>> tps["channel"] = 799, 800, 2560
    >>> by_plane(tps)
    {'U': 2, 'V': 1, 'X': 0}
    """
    inside = tps["channel"].astype(np.int64) % N_CHANNELS
    at = np.searchsorted(list(PLANE_FIRST.values()), inside, side="right") - 1
    return dict(zip(PLANE_FIRST, np.bincount(at, minlength=len(PLANE_FIRST)).tolist(), strict=True))


def summary(chain: Chain, planes: Mapping[str, int], dropped: Dropped, report: Report) -> dict[str, str]:
    """Return the rows of the summary: TPs by plane with their rates, and what was dropped."""
    seconds = report.blocks * TICKS_PER_BLOCK * TICK_NS * 1e-9
    rows = {
        "frames of each stream": f"{report.blocks}, {seconds * 1e3:.3f} ms",
        "TPs": str(sum(planes.values())),
    }
    for plane, count in planes.items():
        rate = count / seconds / PLANE_CHANNELS[plane] if seconds else 0.0
        rows[f"plane {plane}"] = f"{count}, {hz(rate)} per channel"
    reasons = {name.replace("_", " "): count for name, count in dropped._asdict().items() if count}
    if reasons:
        rows["dropped"] = ", ".join(f"{count} {reason}" for reason, count in reasons.items())
    first = chain.steps[0]
    if isinstance(first, Frugal | Fixed) and first.initial == TPGLIBS_INITIAL:
        samples = TPGLIBS_INITIAL * (first.accum_limit + 1)
        rows["pedestals"] = (
            f"begin at {TPGLIBS_INITIAL}, settled after {samples * TICK_NS / 1e6:.0f} ms at most "
            "(--settled: from the first sample)"
        )
    return rows
