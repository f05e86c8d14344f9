"""The simulated detector stream: endless blocks of the planes of one assembly, in constant memory.

At tick 0 the detector is in its steady state: decays from one drift time before are included, with negative times.
The samples of a plane do not depend on which other planes are read, nor on how many blocks are made at once.

>>> from itertools import islice
>>> from streams.config import SimulationConfig
>>> blocks = list(islice(stream(SimulationConfig(seed=5)), 2))
>>> [b.first_tick for b in blocks], blocks[0].adc.shape, blocks[0].adc.dtype, blocks[0].induction["U"].shape
([0, 64], (64, 960), dtype('uint16'), (64, 800))
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import numpy as np
from numpy.typing import NDArray

from streams.block import CHARGE_DTYPE, EVENT_DTYPE, TICKS_PER_BLOCK, TIMESTAMP_PER_TICK, Block
from streams.compiled import Floats
from streams.config import SimulationConfig, checked
from streams.detector import Detector, load_detector
from streams.errors import ConfigError
from streams.generate import Generator, Happened
from streams.geometry.planes import plane_geometry
from streams.readout import PlaneReadout
from streams.response.arrivals import begin_tick, longest_spread
from streams.response.kernel import plane_kernel
from streams.response.wires import WireSignal

#: Blocks simulated in one go; any number gives the same bytes.
_BLOCKS_AT_ONCE = 16
#: Blocks before the first charge of the run arrives; the same for any planes, since the coupling remembers them.
_LEAD = 8


class _Plane:
    """One plane: arrivals that wait, the running signal, the readout."""

    def __init__(
        self, config: SimulationConfig, detector: Detector, name: str, max_sigma_tick: float
    ) -> None:
        self.name = name
        kernel = plane_kernel(detector, name, config.electronics)
        self._signal = WireSignal(kernel, plane_geometry(detector, name), max_sigma_tick)
        self._readout = PlaneReadout(config, detector, name)
        self._waiting = np.zeros((0, 7))
        self._begin = np.zeros(0, np.int64)
        #: Ticks by which a waveform begins before its charge arrives, at most.
        self.ahead = self._signal.before + longest_spread(max_sigma_tick)

    def add(self, arrivals: Floats) -> None:
        """Take in arrivals of events after all that are here."""
        begin = np.concatenate((self._begin, begin_tick(arrivals, self._signal.before)))
        order = np.argsort(begin, kind="stable")
        self._begin, self._waiting = begin[order], np.concatenate((self._waiting, arrivals))[order]

    def skip_to(self, tick: int) -> None:
        """Begin the signal at ``tick``: forget what would begin before."""
        n = int(np.searchsorted(self._begin, tick))
        self._begin, self._waiting = self._begin[n:], self._waiting[n:]

    def block(self, first_tick: int) -> NDArray[np.uint16]:
        """Return the samples of the block at ``first_tick`` and go on to the next."""
        n = int(np.searchsorted(self._begin, first_tick + TICKS_PER_BLOCK))
        self._signal.add(self._waiting[:n], first_tick)
        self._begin, self._waiting = self._begin[n:], self._waiting[n:]
        return self._readout.block(first_tick, self._signal.take())


class _Truth:
    """Events and charge that wait for their block, in the order of tick, then of event."""

    def __init__(self, tick_ns: float) -> None:
        self._tick_ns = tick_ns
        self.events, self._event_tick = np.zeros(0, EVENT_DTYPE), np.zeros(0, np.int64)
        self.charge = np.zeros(0, CHARGE_DTYPE)

    def add(self, happened: Happened) -> None:
        """Take in what happened after everything that is here already."""
        charge = np.concatenate((self.charge, happened.charge))
        self.charge = charge[np.argsort(charge["tick"], kind="stable")]
        events = happened.events
        own = np.floor(events["time_ns"] / self._tick_ns).astype(np.int64)
        tick = np.where(events["electrons"] > 0, events["tick_first"], own)
        last = np.where(events["electrons"] > 0, events["tick_last"], own)
        # What began before the run but ends in it comes with the first block.
        tick = np.where((tick < 0) & (last >= 0), 0, tick)
        ticks, events = np.concatenate((self._event_tick, tick)), np.concatenate((self.events, events))
        order = np.argsort(ticks, kind="stable")
        self._event_tick, self.events = ticks[order], events[order]

    def before(self, tick: int) -> tuple[NDArray[np.void], NDArray[np.void]]:
        """Take out the events and the charge before ``tick``."""
        n = int(np.searchsorted(self._event_tick, tick))
        events, self.events, self._event_tick = self.events[:n], self.events[n:], self._event_tick[n:]
        n = int(np.searchsorted(self.charge["tick"], tick))
        charge, self.charge = self.charge[:n], self.charge[n:]
        return events, charge


def stream(config: SimulationConfig, *, blocks_at_once: int = _BLOCKS_AT_ONCE) -> Iterator[Block]:
    """Yield blocks of 64 ticks of the planes of ``config`` without end, with their truth.

    Parameters
    ----------
    config : checked first, and every file that it names is read: what is wrong is said before the first block.
    blocks_at_once : blocks simulated in one go; the stream is the same for any number.

    Raises
    ------
    ConfigError, UserError : a value, or a file, that cannot be used.
    """
    detector, generator = load_detector(checked(config).detector), Generator(config)
    planes = [_Plane(config, detector, name, generator.max_sigma_tick) for name in config.planes]
    ahead = 2 + max(plane.ahead for plane in planes) // TICKS_PER_BLOCK  # waveforms begin before their charge
    if ahead > _LEAD:
        raise ConfigError(
            f"detector {config.detector}: waveforms begin {ahead} blocks before their charge, want at most {_LEAD}: "
            "give a smaller drift.longitudinal_cm2_per_s or a shorter response"
        )
    return _blocks(config, generator, planes, ahead, blocks_at_once)


def _blocks(
    config: SimulationConfig, generator: Generator, planes: list[_Plane], ahead: int, blocks_at_once: int
) -> Iterator[Block]:
    truth = _Truth(load_detector(config.detector).tick_ns)
    first = -generator.drift_blocks - _LEAD
    generated = first  # blocks of time that have happened
    for number in count(first):
        while generated < number + ahead:
            happened = generator.run(generated, blocks_at_once)
            truth.add(happened)
            for plane in planes:
                plane.add(happened.arrivals)
            generated += blocks_at_once
        tick = number * TICKS_PER_BLOCK
        if number == first:
            for plane in planes:
                plane.skip_to(tick)
        events, charge = truth.before(tick + TICKS_PER_BLOCK)
        samples = {plane.name: plane.block(tick) for plane in planes}
        if number >= 0:
            stamp = config.first_timestamp + TIMESTAMP_PER_TICK * tick
            collection = samples.pop("X", np.zeros((TICKS_PER_BLOCK, 0), np.uint16))
            yield Block(tick, stamp, collection, events, charge, samples)
