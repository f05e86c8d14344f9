"""TPs of windows that are looked at one by one, as DUNE/dunetrigger does with the events of a simulation.

Each channel of a window begins with the most frequent count of the whole window as its pedestal. SimpleThreshold
begins at sample 0; AbsRS goes over the first 1 000 samples first, keeps what its pedestals and its sum then are, and
begins again at sample 0 (TPAlgTPCSimpleThreshold.hh, TPAlgTPCAbsRunningSum.hh). A hit that is not over at the window's
end is not reported. Here that is one run over a head and the window: the head is the pedestal, which changes nothing,
and the rehearsal.

>>> begin(np.array([[7], [5], [7], [5], [9]])).tolist()
[5]
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from streams import channel_map
from streams.block import TICKS_PER_BLOCK, TIMESTAMP_PER_TICK, Block
from streams.daq import spans
from streams.daq.frames import frames_of
from trigger.baselines.chain import Chain
from trigger.baselines.generator import Generator
from trigger.baselines.yields_published import SAMPLES

BLOCKS = -(-SAMPLES // TICKS_PER_BLOCK)
_FIRST_OF_V_AND_X = np.cumsum(list(channel_map.PLANE_CHANNELS.values()))[:2]
#: Samples that each algorithm goes over before it begins.
REHEARSAL = {"simple_threshold": 0, "abs_rs": 1_000}


def begin(samples: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Return each channel's most frequent count, the lowest of several: uint16 (channels,)."""
    return np.array([np.bincount(channel).argmax() for channel in samples.T], np.uint16)


def with_head(samples: NDArray[np.uint16], rehearsal: int) -> NDArray[np.uint16]:
    """Return a window, uint16 (6000, channels), after its head, both in whole blocks, filled up with pedestals."""
    pedestal = begin(samples)
    still = np.broadcast_to(pedestal, (TICKS_PER_BLOCK, len(pedestal)))
    head = still[: TICKS_PER_BLOCK - rehearsal % TICKS_PER_BLOCK]
    end = still[: -SAMPLES % TICKS_PER_BLOCK]
    return np.concatenate([head, samples[:rehearsal], samples, end])


def chopped(planes: Mapping[str, NDArray[np.uint16]]) -> list[Block]:
    """Return samples of the planes, uint16 (n * 64, channels), as blocks from tick 0 on."""
    blocks = []
    for tick in range(0, len(planes["X"]), TICKS_PER_BLOCK):
        cut = {name: samples[tick : tick + TICKS_PER_BLOCK] for name, samples in planes.items()}
        x = cut.pop("X")
        blocks.append(Block(tick, tick * TIMESTAMP_PER_TICK, x, induction=cut))
    return blocks


def joined(blocks: list[Block]) -> dict[str, NDArray[np.uint16]]:
    """Return the first 6 000 samples of the blocks of a window by plane: uint16 (6000, channels)."""
    planes = [{**block.induction, "X": block.adc} for block in blocks]
    return {name: np.concatenate([plane[name] for plane in planes])[:SAMPLES] for name in channel_map.PLANES}


def generator(chain: Chain) -> Generator:
    """Return what makes the TPs of an assembly."""
    table = channel_map.offline_channels()
    return Generator(chain, table.astype(np.int64), plane_of(table))


def plane_of(channels: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the planes of offline channels: 0, 1, 2."""
    return np.searchsorted(_FIRST_OF_V_AND_X, channels, side="right")


def frames(blocks: list[Block]) -> NDArray[np.uint64]:
    """Return the frames of blocks of an assembly: uint64 (40, blocks, 900)."""
    return frames_of(blocks, spans.places(channel_map.offline_channels()), channel_map.CRATE)


def count(planes: Mapping[str, NDArray[np.uint16]], chain: Chain, rehearsal: int) -> NDArray[np.int64]:
    """Return the TPs of a window, uint16 (6000, channels) of each plane, by plane and sample: int64 (3, 6000)."""
    blocks = chopped({name: with_head(samples, rehearsal) for name, samples in planes.items()})
    head = (len(blocks) - BLOCKS) * TICKS_PER_BLOCK
    tps = generator(chain).process(frames(blocks))
    first = tps["time_start"].astype(np.int64) // TIMESTAMP_PER_TICK - head
    end = first + tps["samples_over_threshold"]
    seen = (end > 0) & (end < SAMPLES)
    found = np.zeros((3, SAMPLES), np.int64)
    np.add.at(found, (plane_of(tps["channel"][seen]), np.maximum(first[seen], 0)), 1)
    return found
