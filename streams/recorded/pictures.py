"""Pictures of an imported frame of electrons: what it looks like, and that its charge comes back.

``python -m streams.recorded.pictures FRAMES.tar.bz2 FOLDER`` writes ``recorded_frame.png`` and
``recorded_heights.png``, as in ``docs/recorded.md``.

>>> hits = stretches(np.array([[0, 0], [1, 0], [1, 1], [0, 1]], bool))
>>> hits.tolist()  # channel, first tick, one past the last
[[0, 1, 3], [1, 2, 4]]
"""

from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from streams.recorded.archive import read_frame
from streams.recorded.blocks import blocks
from streams.recorded.config import ElectronsConfig, ImportConfig
from streams.recorded.electrons import BLUR_MHZ
from streams.recorded.imported import read_file, read_sample

AREA_ADC_TICK = 0.1301  # per electron: pulser of ProtoDUNE-HD at 14 mV/fC (reference section 9.6)
_SIGNAL_ADC = 0.5  # a hit is where the signal without noise is above, and some ticks around
_AROUND = 10  # ticks
_FEWEST = 1e4  # electrons in a hit


def stretches(inside: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return (channel, first tick, one past the last) of each stretch in bool (ticks, channels)."""
    edge = np.diff(np.pad(inside.astype(np.int8), ((1, 1), (0, 0))), axis=0)
    channel, first = np.nonzero(edge.T == 1)
    return np.stack([channel, first, np.nonzero(edge.T == -1)[1]], axis=1)


def _around(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    total = np.cumsum(np.pad(inside, ((_AROUND + 1, _AROUND), (0, 0))), axis=0, dtype=np.int64)
    return total[2 * _AROUND + 1 :] > total[: -2 * _AROUND - 1]


def _collected(path: Path, config: ImportConfig) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Return counts above the pedestal, and the signal without noise, of X: (ticks, channels)."""
    sample = read_sample(path, config)
    made = islice(blocks(sample, config), sample.ticks // 64)
    counts = np.concatenate([block.adc for block in made]).astype(np.float64)
    signal = sample.parts["X"].signal
    assert signal is not None
    return counts - np.median(counts, axis=0), signal


def _hits(counts: NDArray[np.float64], hits: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return height [ADC] and area [ADC tick] of each hit: (n, 2)."""
    parts = [counts[first:end, channel] for channel, first, end in hits.tolist()]
    return np.array([(part.max(), part.sum()) for part in parts]).reshape(-1, 2)


def _charges(values: NDArray[Any], tick_ns: int, hits: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the electrons of the archive (ticks, channels) in each hit."""
    total = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0, dtype=np.float64)])
    first, end = (
        np.clip(np.rint(hits[:, k] * 512 / tick_ns).astype(np.int64), 0, len(values)) for k in (1, 2)
    )
    return np.asarray(total[end, hits[:, 0]] - total[first, hits[:, 0]])


def _frame_picture(counts: NDArray[np.float64], charge: NDArray[Any], tick_ns: int, path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    image, wave = figure.subplots(1, 2, width_ratios=(1.2, 1))
    coarse = counts[:, :480].reshape(-1, 16, 480).mean(axis=1)
    shown = image.imshow(coarse.T.round(-1), aspect="auto", origin="lower", vmin=-20, vmax=150, cmap="cividis",
                         extent=(0, len(counts), 0, 480), interpolation="nearest")  # fmt: skip
    image.set(xlabel="tick of 512 ns", ylabel="X channel", title="ADC above the pedestal, mean of 16 ticks")
    figure.colorbar(shown, ax=image, shrink=0.8)
    channel = int(charge[:, :480].sum(axis=0).argsort()[-60])
    peak = int(charge[:, channel].argmax() * tick_ns / 512)
    ticks = np.arange(max(peak - 150, 0), min(peak + 250, len(counts)))
    wave.plot(ticks, counts[ticks, channel], lw=0.8, label="ADC above the pedestal")
    times = np.arange(len(charge)) * tick_ns / 512
    wave.plot(times, charge[:, channel] / 10, lw=0.8, label="electrons / 10")
    wave.set(xlim=(ticks[0], ticks[-1]), xlabel="tick of 512 ns", title=f"X channel {channel}")
    wave.legend(frameon=False)
    figure.savefig(path, dpi=80)


def _heights_picture(found: dict[str, NDArray[np.float64]], charges: NDArray[np.float64], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, hits in found.items():
        left.hist(hits[:, 0], np.arange(0, 1500, 20), histtype="step", label=name)
    left.set(xlabel="height of a hit [ADC]", ylabel="hits", title="X, with noise")
    left.legend(frameon=False)
    bins = np.arange(0, 200, 4)
    right.hist(charges / 1e3, bins, histtype="stepfilled", alpha=0.4, label="electrons of the archive")
    for name, hits in found.items():
        right.hist(hits[:, 1] / AREA_ADC_TICK / 1e3, bins, histtype="step", label=f"area, {name}")
    right.set(xlabel="charge of a hit [1000 electrons]", title="area / 130.1 ADC tick per 1000 electrons")
    right.legend(frameon=False)
    figure.savefig(path, dpi=80)


def pictures(source: Path, folder: Path) -> dict[str, float]:
    """Write the two pictures of a frame of ProtoDUNE-HD; return the ratios of charges that are told beside them."""
    plain = ImportConfig()
    frame = read_frame(read_file(source), plain.electrons.tag, source)
    charge = frame.values[np.argsort(frame.channels)][1600:].T  # X
    counts, signal = _collected(source, plain)
    hits = stretches(_around(signal > _SIGNAL_ADC))
    charges = _charges(charge, frame.tick_ns, hits)
    hits, charges = hits[charges > _FEWEST], charges[charges > _FEWEST]
    blurred = replace(plain, electrons=ElectronsConfig(low_pass_mhz=BLUR_MHZ))
    found = {
        "low pass of 0.25 MHz": _hits(counts, hits),
        "0.12 MHz, as it was": _hits(_collected(source, blurred)[0], hits),
    }
    ratio = found["low pass of 0.25 MHz"][:, 1] / AREA_ADC_TICK / charges
    _frame_picture(counts, charge, frame.tick_ns, folder / "recorded_frame.png")
    _heights_picture(found, charges, folder / "recorded_heights.png")
    low, middle, high = np.percentile(ratio, (16, 50, 84))
    total = float(signal.sum(dtype=np.float64) / charge.sum(dtype=np.float64))
    heights = [float(np.median(each[:, 0])) for each in found.values()]
    told = {
        "hits": float(len(hits)),
        "16 %": low,
        "median": middle,
        "84 %": high,
        "area [ADC tick / electron]": total,
    }
    return {**told, "height, 0.25 MHz": heights[0], "height, 0.12 MHz": heights[1]}


if __name__ == "__main__":
    told = pictures(Path(sys.argv[1]), Path(sys.argv[2]))
    sys.stdout.write("".join(f"{name} {value:.4g}\n" for name, value in told.items()))
