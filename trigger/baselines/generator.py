"""Trigger primitives of many streams, with DUNE's cuts: what a program calls.

>>> from streams.daq import adc_words, wibeth
>>> adc = np.full((1, 64, 64), 900, np.uint16)
>>> adc[0, 10:13, 5] = 980, 1000, 970
>>> frames = wibeth.empty_frames(1)
>>> adc_words.pack(adc, frames)
>>> generator = Generator(make("simple_threshold", "fdreadoutlibs", {"tpg_threshold": 60}), *one_stream())
>>> generator.process(frames[None])[["channel", "samples_over_threshold", "adc_peak"]].tolist()
[(5, 3, 100)]
>>> generator.dropped
Dropped(too_short=0, too_long=0, masked=0)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streams.daq.wibeth import CHANNELS
from trigger.baselines.algorithms import make
from trigger.baselines.chain import Chain
from trigger.baselines.cuts import Dropped, apply
from trigger.baselines.fast import FastStreams

__all__ = ["Generator", "make", "one_stream"]


def one_stream() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return channels 0 to 63 of one stream, all on plane 2: int arrays, (1, 64)."""
    return np.arange(CHANNELS)[None], np.full((1, CHANNELS), 2)


class Generator:
    """Makes the TPs of a chain; state and counts go on from call to call.

    Parameters
    ----------
    chain : what to run (``make``).
    channels : int array, (streams, 64), the offline channel of each; no channel twice.
    planes : int array, (streams, 64), 0, 1 or 2.

    Raises
    ------
    ValueError : shapes that do not fit, a plane that is not there, a channel twice or below 0.
    """

    def __init__(self, chain: Chain, channels: NDArray[np.integer], planes: NDArray[np.integer]) -> None:
        _check(channels, planes)
        self.chain = chain
        self.streams = FastStreams(chain, channels, planes)
        self.dropped = Dropped()
        self.made = 0
        offline = chain.offline(channels)  # below 0 where 16 bits wrap: as an index, that counts from the end
        self._planes = np.zeros(max(int(channels.max()) + 1, 1 << 16), np.int64)
        self._planes[offline] = planes

    def process(
        self, frames: NDArray[np.uint64], missing: NDArray[np.bool_] | None = None
    ) -> NDArray[np.void]:
        """Return the TPs that close in these frames and are kept: TP array, in upstream's order in each frame.

        Parameters
        ----------
        frames : uint64 array, (streams, n, 900), in the order of time.
        missing : bool array, (n, streams): frames that are not there; the streams go on as if they had not been.
        """
        tps = self.streams.process(frames, missing)
        kept, dropped = apply(self.chain.cuts, tps, lambda some: self._planes[some["channel"]])
        self.dropped = Dropped(*(a + b for a, b in zip(self.dropped, dropped, strict=True)))
        self.made += len(kept)
        return kept


def _check(channels: NDArray[np.integer], planes: NDArray[np.integer]) -> None:
    if channels.ndim != 2 or channels.shape[1] != CHANNELS or planes.shape != channels.shape:
        raise ValueError(
            f"channels {channels.shape}, planes {planes.shape}: want (streams, {CHANNELS}) of both"
        )
    if planes.size and not (planes.min() >= 0 and planes.max() <= 2):
        raise ValueError(f"planes: got {int(planes.min())} to {int(planes.max())}, want 0 (U), 1 (V), 2 (X)")
    if channels.size == 0 or channels.min() < 0 or len(np.unique(channels)) != channels.size:
        raise ValueError("channels: want at least one stream, each channel once, none below 0")
