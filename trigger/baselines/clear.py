"""A chain over the frames of one stream, one sample at a time: slow, to be read and to check the fast version.

>>> from streams.daq import adc_words, wibeth
>>> from trigger.baselines.hits import Integral32
>>> from trigger.baselines.pedestal import Frugal
>>> from trigger.baselines.threshold import Threshold
>>> adc = np.full((1, 64, 64), 900, np.uint16)
>>> adc[0, 10:13, 5] = 980, 1000, 970
>>> frames = wibeth.empty_frames(1)
>>> adc_words.pack(adc, frames)
>>> chain = Chain((Frugal(initial=900), Threshold((60, 60, 60))), Integral32(), tp_version=2)
>>> tps = ClearStream(chain, np.arange(64), np.zeros(64, int)).process(frames)
>>> tps[["channel", "time_start", "samples_over_threshold", "adc_integral", "adc_peak"]].tolist()
[(5, 320, 3, 250, 100)]
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.block import TIMESTAMP_PER_TICK
from streams.daq import adc_words, wibeth
from streams.daq.tp import TP
from trigger.baselines.chain import Chain, ClosingChannel, StepChannel
from trigger.baselines.hits import Hit

TYPE_TPC = 1  # trgdataformats TriggerPrimitive.hpp, version 1
LANES = (
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    15,
    8,
    9,
    10,
    11,
    12,
    13,
    14,
)  # channel in each lane of a register of fdreadoutlibs
LANE_OF = tuple(LANES.index(channel) for channel in range(16))


class Found(NamedTuple):
    """A hit and where it closed: sample of the frame, channel of the stream."""

    sample: int
    channel: int
    hit: Hit


class ClearStream:
    """The 64 channels of one stream, with their state between frames.

    Parameters
    ----------
    chain : what to run.
    channels : int array, (64,), the offline channel of each; only those in ``only`` are run, all without it.
    planes : int array, (64,), 0, 1 or 2.
    """

    def __init__(
        self,
        chain: Chain,
        channels: NDArray[np.integer],
        planes: NDArray[np.integer],
        only: tuple[int, ...] = (),
    ) -> None:
        self.chain = chain
        self.channels = chain.offline(channels)
        self.only = only or tuple(range(wibeth.CHANNELS))
        self.steps: dict[int, list[StepChannel]] = {}
        self.closings: dict[int, ClosingChannel] = {}
        for c in self.only:
            self.steps[c] = [step.channel(int(planes[c])) for step in chain.steps]
            self.closings[c] = chain.closing.channel(int(planes[c]))

    def process(self, frames: NDArray[np.uint64]) -> NDArray[np.void]:
        """Return the TPs that close in these frames, in upstream's order: TP array; frames are uint64, (n, 900)."""
        rows = []
        for frame, adc in zip(frames, adc_words.unpack(frames), strict=True):
            found = list(self._found(adc))
            found.sort(key=_register_order if self.chain.closing.by_register else _time_order)
            rows += [self._row(frame, one) for one in found]
        return np.array(rows, TP)

    def _found(self, adc: NDArray[np.uint16]) -> Iterator[Found]:
        for c in self.only:
            first, *others = self.steps[c]
            closing = self.closings[c]
            for sample, counts in enumerate(adc[:, c].tolist()):
                signal = processed = first.step(counts)
                for step in others:
                    processed = step.step(processed)
                hit = closing.step(signal, processed)
                if hit is not None:
                    yield Found(sample, c, hit)

    def _row(self, frame: NDArray[np.uint64], found: Found) -> tuple[int, ...]:
        hit = found.hit
        chain = self.chain
        ticks = TIMESTAMP_PER_TICK * (found.sample - hit.samples_over_threshold)
        start = (int(frame[1]) + ticks) % 2**64
        detid = int(wibeth.get_field(frame, "det_id")) if chain.detid is None else chain.detid
        head = (chain.tp_version, 0, detid, TYPE_TPC, chain.algorithm, hit.adc_peak)
        where = (int(self.channels[found.channel]), hit.adc_integral, start)
        return (*head, *where, hit.samples_over_threshold, hit.samples_to_peak)


def _time_order(found: Found) -> tuple[int, ...]:
    return found.sample, found.channel


def _register_order(found: Found) -> tuple[int, ...]:
    register, channel = divmod(found.channel, 16)
    return register, found.sample, LANE_OF[channel]
