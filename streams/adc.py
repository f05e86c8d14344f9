"""From the analogue sum to counts: gain, AC coupling, common noise, pedestal, rounding, clipping; a tile at a time.

A tile is 32 channels x 64 ticks (``streams.white``). What differs from channel to channel lies in six rows of 32
numbers: gain, droop of the coupling, pedestal, r.m.s. of the channel's own noise, and of the noise that it shares
with the first and the second group that have channels in the tile. Each loop below does one thing to
a tile and writes to few arrays: so the machine code works on 8 or 16 channels at once.

>>> lanes = new_lanes(40)
>>> lanes.shape
(2, 192)
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.block import TICKS_PER_BLOCK
from streams.compiled import Integers, Singles, compiled
from streams.noise_filter import filter_tile
from streams.white import TILE, fill_white

GAIN, DROOP, PEDESTAL, OWN, FIRST, SECOND = (TILE * row for row in range(6))  # where a tile's rows begin
_ROWS = TICKS_PER_BLOCK * TILE


class Source(NamedTuple):
    """Filtered noise of many channels (or groups of channels)."""

    start: np.uint64  # key of seed, purpose and plane
    table: Singles  # quantiles
    taps: Singles  # a multiple of 16
    history: Singles  # (tiles, len(taps) * 32), the white numbers of the ticks before


class Chain(NamedTuple):
    """The channels of one plane behind their wires."""

    lanes: Singles  # (tiles, 6 * 32)
    slot: Integers  # (tiles, most), place of the tile's groups in the common noise of tick 0
    share: (
        Singles  # (tiles, most, 32), r.m.s. of the common noise of that group, 0 for channels of other groups
    )
    coupling: np.float32  # tick / RC; 0: none
    top: np.float32  # highest count
    clipped: Integers  # (channels,), samples so far


def new_lanes(channels: int) -> Singles:
    """Return zeros for the tiles of ``channels``: float32 (tiles, 192)."""
    return np.zeros((-(-channels // TILE), 6 * TILE), np.float32)


def by_tile(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return one value per channel as float64 (tiles, 32), filled up with zeros.

    >>> by_tile(np.ones(40)).sum(axis=1).tolist()
    [32.0, 8.0]
    """
    whole = np.zeros((-(-len(values) // TILE), TILE))
    whole.reshape(-1)[: len(values)] = values
    return whole


def by_group(values: NDArray[np.float64], group: Integers) -> tuple[Integers, Singles]:
    """Return ``slot`` and ``share`` of a ``Chain`` for channels with ``values`` in the groups ``group``.

    >>> slot, share = by_group(np.ones(40), np.arange(40) // 20)
    >>> slot.tolist(), share.sum(axis=2).tolist()
    ([[0, 1], [1, 0]], [[20.0, 12.0], [8.0, 0.0]])
    """
    tiles = [group[first : first + TILE] for first in range(0, len(group), TILE)]
    members = [np.unique(tile) for tile in tiles]
    most = max(2, *(len(found) for found in members))
    slot = np.zeros((len(tiles), most), np.int64)
    share = np.zeros((len(tiles), most, TILE), np.float32)
    for tile, found in enumerate(members):
        slot[tile, : len(found)] = found // TILE * _ROWS + found % TILE
        for member, number in enumerate(found):
            mine = np.flatnonzero(tiles[tile] == number)
            share[tile, member, mine] = values[tile * TILE + mine]
    return slot, share


@compiled
def restart(source: Source, first_tick: int) -> None:
    """Make the history of ``first_tick``, so that the next block can be any."""
    for tile in range(len(source.history)):
        fill_white(source.start, tile, first_tick - len(source.taps), source.table, source.history[tile])


@compiled
def noise_tile(source: Source, tile: int, first_tick: int, white: Singles, out: Singles) -> None:
    """Fill ``out`` (64 * 32,) with noise of r.m.s. 1 and go on; ``white`` is room of (len(taps) + 64) * 32."""
    before = len(source.taps) * TILE
    history = source.history[tile]
    white[:before] = history
    fill_white(source.start, tile, first_tick, source.table, white[before:])
    filter_tile(white, source.taps, out)
    history[:] = white[_ROWS:]


@compiled
def couple(chain: Chain, signal: Singles) -> None:
    """Let the AC coupling follow ``signal`` (64, channels), nothing else."""
    for tile in range(len(chain.lanes)):
        lanes, first = chain.lanes[tile], tile * TILE
        for t in range(TICKS_PER_BLOCK):
            wires = signal[t, first : min(first + TILE, signal.shape[1])]
            for c in range(len(wires)):
                lanes[DROOP + c] += chain.coupling * (wires[c] * lanes[GAIN + c] - lanes[DROOP + c])


@compiled
def _add_signal(chain: Chain, tile: int, signal: Singles, common: Singles, noise: Singles) -> None:
    """Scale a tile's own noise; add common noise, coupled signal and pedestal; 0 where the plane has no channel."""
    lanes, first, coupling = chain.lanes[tile], tile * TILE, chain.coupling
    for t in range(TICKS_PER_BLOCK):
        wires, row = signal[t, first : min(first + TILE, signal.shape[1])], noise[t * TILE : (t + 1) * TILE]
        one, two = common[chain.slot[tile, 0] + t * TILE], common[chain.slot[tile, 1] + t * TILE]
        for c in range(len(wires)):
            coupled = wires[c] * lanes[GAIN + c] - lanes[DROOP + c]
            lanes[DROOP + c] += coupling * coupled
            shared = one * lanes[FIRST + c] + two * lanes[SECOND + c]
            row[c] = row[c] * lanes[OWN + c] + shared + coupled + lanes[PEDESTAL + c]
        row[len(wires) :] = np.float32(0.0)


@compiled
def _add_common(chain: Chain, tile: int, common: Singles, noise: Singles) -> None:
    """Add the noise of the third and further groups that have channels in the tile."""
    for member in range(2, chain.slot.shape[1]):
        share = chain.share[tile, member]
        for t in range(TICKS_PER_BLOCK):
            row, value = noise[t * TILE : (t + 1) * TILE], common[chain.slot[tile, member] + t * TILE]
            for c in range(TILE):
                row[c] += value * share[c]


@compiled
def _round_tile(chain: Chain, tile: int, noise: Singles, out: NDArray[np.uint16]) -> None:
    """Round half up and clip; count what is clipped."""
    first, last, top = tile * TILE, min(tile * TILE + TILE, out.shape[1]), chain.top
    outside = np.int64(0)
    for i in range(_ROWS):
        outside += np.int64((noise[i] < np.float32(0.0)) | (noise[i] > top))
    for t in range(TICKS_PER_BLOCK):
        row, counts = noise[t * TILE : (t + 1) * TILE], out[t, first:last]
        for c in range(len(counts)):
            value = min(max(row[c], np.float32(0.0)), top)
            counts[c] = np.uint16(np.int32(value + np.float32(0.5)))
    if outside > 0:
        for i in range(_ROWS):
            if noise[i] < np.float32(0.0) or noise[i] > top:
                chain.clipped[first + i % TILE] += 1


@compiled
def digitise(
    own: Source, groups: Source, chain: Chain, first_tick: int, signal: Singles, out: NDArray[np.uint16]
) -> None:
    """Fill ``out``, uint16 (64, channels), with the block at ``first_tick``, which follows the one before."""
    common = np.zeros(max(len(groups.history), 1) * _ROWS, np.float32)
    white = np.empty(len(groups.taps) * TILE + _ROWS, np.float32)
    for tile in range(len(groups.history)):
        noise_tile(groups, tile, first_tick, white, common[tile * _ROWS : (tile + 1) * _ROWS])
    white = np.empty(len(own.taps) * TILE + _ROWS, np.float32)
    noise = np.empty(_ROWS, np.float32)
    for tile in range(len(own.history)):
        noise_tile(own, tile, first_tick, white, noise)
        _add_signal(chain, tile, signal, common, noise)
        _add_common(chain, tile, common, noise)
        _round_tile(chain, tile, noise, out)
