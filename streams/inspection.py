"""What a file holds: windows, streams, rates, samples by plane, and whether every frame is in order.

>>> from pathlib import Path
>>> inspect(Path("absent.h5")).fault
'cannot read absent.h5: no such file'
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streams import channel_map
from streams.block import TICK_NS, TICKS_PER_BLOCK
from streams.daq import wibeth
from streams.daq.file import BLOCKS_AT_ONCE, Chunk, Run, chunks, opened, read_run, samples_of
from streams.errors import UserError


@dataclass(frozen=True)
class PlaneSummary:
    """Samples of one plane: mean over all, and the r.m.s. about each channel's own mean [ADC counts]."""

    channels: int
    mean_adc: float
    rms_adc: float


@dataclass
class Inspection:
    """The result; ``fault`` is the sentence of the first thing that is wrong, None if everything is in order."""

    run: Run | None = None
    frames: int = 0
    planes: dict[str, PlaneSummary] = field(default_factory=dict)
    events: Counter[str] = field(default_factory=Counter)
    fault: str | None = None

    @property
    def seconds(self) -> float:
        """Time that the file spans."""
        blocks = self.run.n_blocks if self.run else 0
        return blocks * TICKS_PER_BLOCK * TICK_NS * 1e-9


def inspect(path: Path, watch: str | None = None) -> Inspection:
    """Read all of a file and sum it up; damage is reported in ``fault``, never raised.

    Parameters
    ----------
    path : file to read.
    watch : label of a progress bar on stderr; without it nothing is shown.
    """
    found = Inspection()
    try:
        found.run = read_run(path)
        with opened(path) as file:
            if found.run.has_truth:
                found.events = _events(file["Truth/events"]["origin"])
            sums = _Sums()
            for chunk in _watched(chunks(found.run, file), watch, found.run):
                sums.add(samples_of(chunk))
                found.frames += chunk.frames.shape[0] * chunk.frames.shape[1]
        found.planes = sums.planes()
    except UserError as error:
        found.fault = str(error)
    return found


def rows(found: Inspection) -> dict[str, object]:
    """Return names and values for a table."""
    run = found.run
    if run is None:
        return {"integrity": "FAILED"}
    size = found.frames * wibeth.FRAME_BYTES
    shown: dict[str, object] = {
        "run": run.run_number,
        "windows": f"{len(run.windows)} of {_range(w.n_blocks * TICKS_PER_BLOCK for w in run.windows)} ticks",
        "streams": f"{channel_map.N_STREAMS} (crate {channel_map.CRATE}), {wibeth.CHANNELS} channels each",
        "span": f"{found.seconds * 1e3:.3f} ms from timestamp {run.windows[0].timestamp}",
        "frames read": f"{found.frames} ({size / 1e6:.1f} MB; {size / found.seconds / 1e9:.2f} GB/s in detector time)",
    }
    for plane, summary in found.planes.items():
        text = f"{summary.channels} channels, mean {summary.mean_adc:.1f}, r.m.s. {summary.rms_adc:.2f} ADC"
        shown[f"plane {plane}"] = text
    for origin, count in found.events.most_common():
        shown[f"truth {origin}"] = f"{count} events, {count / found.seconds:.1f} Hz"
    if not run.has_truth:
        shown["truth"] = "none"
    shown["integrity"] = "FAILED" if found.fault else "good: every frame in order, all streams aligned"
    return shown


def _range(numbers: Iterable[int]) -> str:
    found = sorted(set(numbers))
    return str(found[0]) if len(found) == 1 else f"{found[0]} to {found[-1]}"


def _events(origins: NDArray[np.bytes_]) -> Counter[str]:
    return Counter(origin.decode() for origin in origins)


def _watched(source: Iterator[Chunk], label: str | None, run: Run) -> Iterator[Chunk]:
    if label is None:
        return source
    from streams.console import progress

    return progress(source, label, total=sum(-(-w.n_blocks // BLOCKS_AT_ONCE) for w in run.windows))


class _Sums:
    """Sum and sum of squares of each channel, exact in 64 bits (14-bit samples: up to 2**36 of them)."""

    def __init__(self) -> None:
        self.count = 0
        self.total = np.zeros(channel_map.N_CHANNELS, np.uint64)
        self.squares = np.zeros(channel_map.N_CHANNELS, np.uint64)

    def add(self, samples: NDArray[np.uint16]) -> None:
        """Add samples: uint16 array, (blocks, 64, 2560)."""
        flat = samples.reshape(-1, channel_map.N_CHANNELS)
        self.count += len(flat)
        self.total += flat.sum(axis=0, dtype=np.uint64)
        wide = flat.astype(np.uint32)
        self.squares += (wide * wide).sum(axis=0, dtype=np.uint64)

    def planes(self) -> dict[str, PlaneSummary]:
        """Return the summary of each plane."""
        mean = self.total / self.count
        variance = np.maximum(self.squares / self.count - mean**2, 0.0)
        found = {}
        for plane, first in channel_map.PLANE_FIRST.items():
            part = slice(first, first + channel_map.PLANE_CHANNELS[plane])
            rms = float(np.sqrt(variance[part].mean()))
            found[plane] = PlaneSummary(channel_map.PLANE_CHANNELS[plane], float(mean[part].mean()), rms)
        return found
