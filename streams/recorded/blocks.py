"""Blocks of an assembly from a sample of recorded waveforms, as long as wanted: the sample again and again.

Channels that the sample has as counts show these; where it has a signal, noise, coupling, pedestal and the ADC of the
simulated readout are added; all others are simulated noise, or missing (their samples are 0, as in a receiver). The
noise is a function of seed, channel and tick, so it is new each time the sample is played; recorded counts are not.

>>> from itertools import islice
>>> from streams.recorded.config import ImportConfig
>>> from streams.recorded.sample import Part, Sample
>>> counts = np.full((100, 960), 7, np.uint16)
>>> sample = Sample(100, {"X": Part(np.ones(960, bool), counts)}, {})
>>> two = list(islice(blocks(sample, ImportConfig(others="missing")), 2))
>>> int(two[1].adc.min()), bool(two[1].missing["U"].all()), "X" in two[1].missing
(7, True, False)
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import numpy as np
from numpy.typing import NDArray

from streams.block import TICKS_PER_BLOCK, TIMESTAMP_PER_TICK, Block
from streams.detector import Detector, load_detector
from streams.readout import PlaneReadout
from streams.recorded.config import ImportConfig, readout_config
from streams.recorded.sample import Part, Sample


class _Plane:
    """One plane: what is played, and the readout of the rest."""

    def __init__(self, part: Part | None, config: ImportConfig, detector: Detector, name: str) -> None:
        channels = detector.planes[name].channels
        self._part = part or Part(np.zeros(channels, np.bool_))
        self._bad_is_missing = config.electrons.bad == "missing"
        gone = ~self._part.taken if config.others == "missing" else np.zeros(channels, np.bool_)
        self.missing = gone | (self._part.bad if self._bad_is_missing else False)
        self._copied = self._part.taken & (self._part.counts is not None)
        self._readout = None
        if (~(self.missing | self._copied)).any():
            dead = () if self._bad_is_missing else self._dead(detector, name)
            self._readout = PlaneReadout(readout_config(config, dead), detector, name)
        self._silence = np.zeros((TICKS_PER_BLOCK, channels), np.float32)

    def _dead(self, detector: Detector, name: str) -> tuple[int, ...]:
        """Return the offline numbers of the bad channels."""
        names = list(detector.planes)
        first = sum(detector.planes[other].channels for other in names[: names.index(name)])
        return tuple(int(first + c) for c in np.flatnonzero(self._part.bad))

    def block(self, first_tick: int, period: int) -> NDArray[np.uint16]:
        """Return uint16 (64, channels) of the block at ``first_tick``; the sample begins again every ``period``."""
        rows = (first_tick + np.arange(TICKS_PER_BLOCK)) % period
        if self._readout is None:
            out = np.zeros(self._silence.shape, np.uint16)
        else:
            signal = self._part.signal
            out = self._readout.block(first_tick, self._silence if signal is None else signal[rows])
        if self._part.counts is not None:
            out[:, self._copied] = self._part.counts[rows][:, self._copied]
        out[:, self.missing] = 0
        return out


def blocks(sample: Sample, config: ImportConfig) -> Iterator[Block]:
    """Yield blocks of all planes of the assembly without end; they have no truth, for nobody knows it.

    Parameters
    ----------
    sample : what the file gives.
    config : checked; ``repeat`` is not used here: cut the stream where you want.
    """
    detector = load_detector(config.detector)
    planes = {name: _Plane(sample.parts.get(name), config, detector, name) for name in detector.planes}
    missing = {name: plane.missing for name, plane in planes.items() if plane.missing.any()}
    for number in count():
        tick = number * TICKS_PER_BLOCK
        samples = {name: plane.block(tick, sample.ticks) for name, plane in planes.items()}
        stamp = config.first_timestamp + TIMESTAMP_PER_TICK * tick
        collection = samples.pop("X")
        yield Block(tick, stamp, collection, induction=samples, missing=missing)
