"""Trigger primitives per interaction and per second of noise, next to published ones.

``python -m trigger.baselines.yields FOLDER [--seconds 0.2]`` simulates one assembly without radiological backgrounds
twice, with interactions and without: the noise is the same, so what is more is due to the interactions. It writes
yields.json and tp_yields.png into a new folder. docs/tpg.md explains the differences.

Published: 25 000 nu_e CC interactions of 4 to 70 MeV, flat, without radiologicals, in 4 assemblies of 6 000 ticks
(JamesJieranShen/dune-trigger-production-validation-plots, figs/marley_cc, read off plots to 10 %; spectrum:
DUNE/dunesim marley_dune.fcl, dune_marley_flat; thresholds are not stated there: DUNE/dunetrigger
triggersim_makers.fcl has those below).

>>> {name: round(sum(planes)) for name, planes in PUBLISHED.items()}
{'simple_threshold': 263, 'abs_rs': 184}
>>> round(CHANNEL_SECONDS, 2)
31.46
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams import channel_map
from streams.block import TICK_NS, TICKS_PER_BLOCK
from streams.config import ElectronicsConfig, SimulationConfig
from streams.signals import Flat, NeutrinoSignal, Pinched
from trigger.baselines.chain import Chain
from trigger.baselines.generator import Generator
from trigger.baselines.hits import Integral32
from trigger.baselines.pedestal import Frugal
from trigger.baselines.running_sum import RunSum
from trigger.baselines.threshold import Threshold

#: TPs in each event on U, V, X.
PUBLISHED = {"simple_threshold": (76.0, 76.0, 111.2), "abs_rs": (55.2, 54.8, 74.0)}
ASSEMBLIES, TICKS = 4, 6_000  # of each event there
CHANNEL_SECONDS = ASSEMBLIES * channel_map.N_CHANNELS * TICKS * TICK_NS * 1e-9
SETTLED = (
    2_048  # samples that are not counted: pedestals of samples and of sums settle (1 000 in DUNE's dry run)
)
RATE_HZ = 2_000.0  # interactions in one assembly: one in half a millisecond
_BLOCKS_AT_ONCE = 16
_QUIET = {"all": 0.0}


class Counted(NamedTuple):
    """TPs of each chain by plane, int64 (3,); seconds that were counted; interactions in them."""

    tps: dict[str, NDArray[np.int64]]
    seconds: float
    interactions: int


def chains() -> dict[str, Chain]:
    """Return the two algorithms as DUNE/dunetrigger a1b71c2 has them, but for how pedestals begin.

    There a pedestal begins at the most frequent count of the window; AbsRS divides before it multiplies, as tpglibs,
    and takes a second pedestal off the sum, after 1 000 samples of rehearsal (TPAlgTPCAbsRunningSum.hh).
    """
    closing = Integral32()
    running = RunSum(True, (8, 8, 8), (5, 5, 5))
    return {
        "simple_threshold": Chain((Frugal(None), Threshold((70, 70, 60))), closing, tp_version=2),
        "abs_rs": Chain((Frugal(None), running, Frugal(0), Threshold((80, 80, 65))), closing, tp_version=2),
    }


def count(config: SimulationConfig, chains: Mapping[str, Chain], seconds: float) -> Counted:
    """Return how many TPs begin in some seconds of one assembly, and how many interactions' charge does."""
    from streams.daq import spans
    from streams.daq.frames import frames_of
    from streams.simulate import stream

    table = channel_map.offline_channels()
    places, planes = spans.places(table), np.searchsorted([800, 1600], table, side="right")
    makers = {name: Generator(chain, table.astype(np.int64), planes) for name, chain in chains.items()}
    found = {name: np.zeros(3, np.int64) for name in chains}
    ticks = SETTLED + int(seconds / (TICK_NS * 1e-9))
    blocks = islice(stream(config), -(-ticks // TICKS_PER_BLOCK))
    begin = config.first_timestamp + 32 * SETTLED
    seen: dict[int, int] = {}
    while chunk := list(islice(blocks, _BLOCKS_AT_ONCE)):
        frames = frames_of(chunk, places, channel_map.CRATE)
        for name, maker in makers.items():
            tps = maker.process(frames)
            plane = np.searchsorted([800, 1600], tps["channel"][tps["time_start"] >= begin], side="right")
            found[name] += np.bincount(plane, minlength=3)
        for block in chunk:
            seen.update(zip(block.events["id"].tolist(), block.events["tick_first"].tolist(), strict=True))
    last = -(-ticks // TICKS_PER_BLOCK) * TICKS_PER_BLOCK
    inside = sum(SETTLED <= tick < last for tick in seen.values())
    return Counted(found, (last - SETTLED) * TICK_NS * 1e-9, inside)


def measure(seconds: float, seed: int = 20, noise_scale: float = 1.0, flat: bool = True) -> dict[str, Any]:
    """Return the yields of both algorithms, for JSON: by plane [U, V, X].

    Parameters
    ----------
    seconds : of one assembly.
    noise_scale : factor on the noise.
    flat : interactions spread evenly over 5 to 70 MeV (4 there); else of a supernova's pinched spectrum.
    """
    electronics = ElectronicsConfig(noise_scale=noise_scale)
    quiet = SimulationConfig(seed=seed, backgrounds=_QUIET, electronics=electronics)
    flux = Flat() if flat else Pinched()
    signal = NeutrinoSignal(rate_hz=RATE_HZ, flux=flux, min_energy_mev=5.0, max_energy_mev=70.0)
    noise = count(quiet, chains(), seconds)
    both = count(
        SimulationConfig(seed=seed, backgrounds=_QUIET, electronics=electronics, signals=(signal,)),
        chains(),
        seconds,
    )
    wires = np.array(list(channel_map.PLANE_CHANNELS.values()))
    made: dict[str, Any] = {
        "seconds": noise.seconds,
        "interactions": both.interactions,
        "noise_scale": noise_scale,
        "spectrum": "flat 5 to 70 MeV" if flat else "pinched, mean 9.5 MeV",
    }
    for name in noise.tps:
        rate = noise.tps[name] / noise.seconds / wires
        of_one = (both.tps[name] - noise.tps[name]) / max(both.interactions, 1)
        event = of_one + rate * wires * ASSEMBLIES * TICKS * TICK_NS * 1e-9
        made[name] = {
            "noise_tps": noise.tps[name].tolist(),
            "noise_hz_per_channel": rate.tolist(),
            "tps_per_interaction": of_one.tolist(),
            "tps_per_event": event.tolist(),
            "published_per_event": list(PUBLISHED[name]),
        }
    return made


def draw(found: dict[str, Any], path: Path) -> None:
    """Draw TPs per event, of noise and of the interaction, next to the published ones."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.8), layout="constrained")
    FigureCanvasAgg(figure)
    at = np.arange(len(channel_map.PLANES))
    for name, panel in zip(PUBLISHED, figure.subplots(1, len(PUBLISHED)), strict=True):
        one = found[name]
        interaction = np.array(one["tps_per_interaction"])
        noise = np.array(one["tps_per_event"]) - interaction
        panel.bar(at - 0.2, interaction, 0.36, color="#1f6fb4", label="of the interaction")
        panel.bar(at - 0.2, noise, 0.36, bottom=interaction, color="#9cc3e6", label="of noise")
        panel.bar(at + 0.2, PUBLISHED[name], 0.36, color="#e07b1a", label="published")
        panel.set_xticks(at, channel_map.PLANES)
        panel.set(title=name, ylabel="TPs per event of 4 assemblies, 6 000 ticks")
        panel.legend(frameon=False)
    figure.savefig(path, dpi=110)


def main() -> None:
    """Measure and write."""
    from streams.console import console
    from streams.output import fresh

    parser = argparse.ArgumentParser(prog="python -m trigger.baselines.yields", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=0.2)
    parser.add_argument("--noise-scale", type=float, default=1.0)
    parser.add_argument("--pinched", action="store_true")
    asked = parser.parse_args()
    found = measure(asked.seconds, noise_scale=asked.noise_scale, flat=not asked.pinched)
    with fresh(asked.folder, folder=True) as part:
        (part / "yields.json").write_text(json.dumps(found, indent=1) + "\n")
        draw(found, part / "tp_yields.png")
    console.print_json(data=found)


if __name__ == "__main__":
    main()
