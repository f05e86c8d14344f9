"""Trigger primitives of MARLEY events next to published ones, and what each difference between the two does.

``python -m trigger.baselines.yields FOLDER [--windows 130]`` simulates one assembly without radiological backgrounds,
with interactions and without: the noise is the same, so what is more is due to the interactions. It does so with our
settings and with those of the production, one step after the other (``yields_production.STEPS``), each alone and on
top of those before. It writes yields.json and tp_yields.png into a new folder; docs/tpg.md explains the result.

>>> [" + ".join(steps) for steps in ladder()][-2:]
['noise + gain + windows', 'noise + gain + windows + rest']
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Mapping
from itertools import islice, product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from streams.block import TICKS_PER_BLOCK
from streams.config import SimulationConfig
from trigger.baselines import yields_window as window
from trigger.baselines.chain import Chain
from trigger.baselines.hits import Integral32
from trigger.baselines.pedestal import Frugal
from trigger.baselines.running_sum import RunSum
from trigger.baselines.threshold import Threshold
from trigger.baselines.yields_production import STEPS, configured, interactions
from trigger.baselines.yields_published import ALGORITHMS, ASSEMBLIES, BINS, KINDS, SAMPLES, per_event, split

RATE_HZ = 2_000.0  # interactions in one assembly: six in a window


class Counted(NamedTuple):
    """TPs of each algorithm in each window by plane, int64 (windows, 3); interactions, int64 (windows,).

    ``profile`` : TPs of all windows in 100 bins of a window's time, int64 (100,).
    """

    tps: dict[str, NDArray[np.int64]]
    profile: dict[str, NDArray[np.int64]]
    interactions: NDArray[np.int64]


def chains() -> dict[str, Chain]:
    """Return the two algorithms as DUNE/dunetrigger has them, with its thresholds of that time (a9e4b30).

    Its AbsRS divides before it multiplies, as tpglibs, and takes a second pedestal off the sum.
    """
    closing = Integral32()
    running = RunSum(True, (8, 8, 8), (5, 5, 5))
    return {
        "simple_threshold": Chain((Frugal(None), Threshold((70, 70, 60))), closing, tp_version=2),
        "abs_rs": Chain((Frugal(None), running, Frugal(0), Threshold((80, 80, 65))), closing, tp_version=2),
    }


def ladder() -> list[tuple[str, ...]]:
    """Return the settings to look at: ours, each step alone, then one on top of the other."""
    together = [STEPS[:n] for n in range(2, len(STEPS) + 1)]
    return [(), *((step,) for step in STEPS), *together]


def count(config: SimulationConfig, apart: bool, windows: int) -> Counted:
    """Return the TPs of some windows of 6 016 samples that follow each other; the first one of all is left out.

    apart : whether each window is looked at by itself, with 6 000 samples; else pedestals run on from one to the next.
    """
    from streams.simulate import stream

    tps = {name: np.zeros((windows, 3), np.int64) for name in window.REHEARSAL}
    profile = {name: np.zeros(BINS, np.int64) for name in window.REHEARSAL}
    makers = {name: window.generator(chain) for name, chain in chains().items()}
    blocks, first_ticks = stream(config), dict[int, int]()
    for n in range(-1, windows):
        some = list(islice(blocks, window.BLOCKS))
        for block in some:
            first_ticks.update(
                zip(block.events["id"].tolist(), block.events["tick_first"].tolist(), strict=True)
            )
        samples = window.joined(some) if apart else {}
        frames = window.frames([] if apart else some)
        for name, chain in chains().items():
            if apart:
                found = window.count(samples, chain, window.REHEARSAL[name])
                here, times = found.sum(axis=1), found.sum(axis=0).reshape(BINS, -1).sum(axis=1)
            else:
                made = makers[name].process(frames)
                here, times = (
                    np.bincount(window.plane_of(made["channel"]), minlength=3),
                    np.zeros(BINS, np.int64),
                )
            if n >= 0:
                tps[name][n] = here
                profile[name] += times
    length = window.BLOCKS * TICKS_PER_BLOCK
    seen, _ = np.histogram(list(first_ticks.values()), np.arange(1, windows + 2) * length)
    return Counted(tps, profile, seen)


def measure(steps: tuple[str, ...], windows: int, folder: Path, kind: str = "cc") -> dict[str, Any]:
    """Return TPs per event of both algorithms with some ``STEPS`` taken, for JSON: by plane [U, V, X], with errors."""
    config, apart = configured(steps, folder), "windows" in steps
    quiet = count(config, apart, windows)
    both = count(structs.replace(config, signals=(interactions(RATE_HZ, kind),)), apart, windows)
    scale = ASSEMBLIES * (1 if apart else SAMPLES / (window.BLOCKS * TICKS_PER_BLOCK))
    made: dict[str, Any] = {"interactions": int(both.interactions.sum())}
    for name, tps in quiet.tps.items():
        noise, error = tps.mean(axis=0), tps.std(axis=0, ddof=1) / np.sqrt(windows)
        of_one, of_one_error = per_interaction(both.tps[name] - tps, both.interactions)
        total = scale * noise + of_one
        made[name] = {
            "noise": (scale * noise).tolist(),
            "noise_error": (scale * error).tolist(),
            "interaction": of_one.tolist(),
            "interaction_error": of_one_error.tolist(),
            "total": total.tolist(),
            "noise_in_time": (ASSEMBLIES / windows * quiet.profile[name]).tolist(),
            "noise_by_window": (scale * tps).tolist(),
            "more_by_window": (both.tps[name] - tps).tolist(),
        }
    made["interactions_by_window"] = both.interactions.tolist()
    return made


def per_interaction(
    more: NDArray[np.int64], seen: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return TPs per interaction by plane and their errors, from the scatter of the windows.

    more : int64 (windows, 3), TPs that interactions add. seen : int64 (windows,), interactions.

    >>> of_one, error = per_interaction(np.array([[4, 0, 8], [8, 0, 16]]), np.array([1, 2]))
    >>> of_one.tolist(), error.tolist()
    ([4.0, 0.0, 8.0], [0.0, 0.0, 0.0])
    """
    of_one = more.sum(axis=0) / seen.sum()
    left = more - seen[:, None] * of_one
    return of_one, np.sqrt((left**2).sum(axis=0)) / seen.sum()


def effect(after: Mapping[str, Any], before: Mapping[str, Any], algorithm: str) -> dict[str, list[float]]:
    """Return what a step adds to TPs per event, by plane and with errors: both have the same random numbers."""
    of, was = after[algorithm], before[algorithm]
    noise = np.subtract(of["noise_by_window"], was["noise_by_window"])
    more = np.subtract(of["more_by_window"], was["more_by_window"])
    of_one, of_one_error = per_interaction(more, np.array(after["interactions_by_window"]))
    return {
        "noise": noise.mean(axis=0).tolist(),
        "noise_error": (noise.std(axis=0, ddof=1) / np.sqrt(len(noise))).tolist(),
        "interaction": of_one.tolist(),
        "interaction_error": of_one_error.tolist(),
    }


def effects(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the effect of each step alone and on top of those before it."""
    made: dict[str, Any] = {}
    for n, step in enumerate(STEPS, start=1):
        pairs = {"alone": ((step,), ()), "on top": (STEPS[:n], STEPS[: n - 1])}
        for where, (after, before) in pairs.items():
            two = (found[name_of("cc", after)], found[name_of("cc", before)])
            made[f"{step}, {where}"] = {algorithm: effect(*two, algorithm) for algorithm in ALGORITHMS}
    return made


def name_of(kind: str, steps: tuple[str, ...]) -> str:
    """Return what a measurement is called.

    >>> name_of("cc", ()), name_of("es", ("noise", "gain"))
    ('cc, ours', 'es, noise + gain')
    """
    return f"{kind}, {' + '.join(steps) or 'ours'}"


def main() -> None:
    """Measure and write."""
    from streams.console import console
    from streams.output import fresh
    from trigger.baselines.yields_plot import draw

    parser = argparse.ArgumentParser(prog="python -m trigger.baselines.yields", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--windows", type=int, default=130, help="of 3 ms, for each of the settings")
    parser.add_argument("--last", action="store_true", help="only ours and all steps together")
    asked = parser.parse_args()
    settings = [("cc", steps) for steps in ([(), STEPS] if asked.last else ladder())] + [("es", STEPS)]
    with fresh(asked.folder, folder=True) as part, tempfile.TemporaryDirectory() as folder:
        found = {}
        for kind, steps in settings:
            name = name_of(kind, steps)
            found[name] = measure(steps, asked.windows, Path(folder), kind)
            console.print(summary(name, found[name]))
        draw(found[name_of("cc", ())], found[name_of("cc", STEPS)], part / "tp_yields.png")
        if not asked.last:
            found["effects"] = effects(found)
        (part / "yields.json").write_text(json.dumps(found) + "\n")
    for kind, algorithm in product(KINDS, ALGORITHMS):
        of = split(algorithm, kind)
        console.print(
            f"published, {kind}, {algorithm}: {sum(per_event(algorithm, kind)):.0f}, of it noise {of.noise:.0f} +- "
            f"{of.noise_error:.0f}, interaction {of.interaction:.1f} +- {of.interaction_error:.1f}"
        )


def summary(name: str, found: Mapping[str, Any]) -> str:
    """Return one line on a measurement."""
    parts = []
    for algorithm in ALGORITHMS:
        noise, more = (sum(found[algorithm][key]) for key in ("noise", "interaction"))
        parts.append(f"{algorithm} {noise + more:.0f} = {noise:.1f} + {more:.1f}")
    return f"{name}: TPs per event, noise + interaction: {'; '.join(parts)}"


if __name__ == "__main__":
    main()
