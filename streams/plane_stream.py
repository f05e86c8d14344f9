"""One plane of a running simulation: arrivals that wait, the sum of their waveforms, the readout.

>>> from streams.config import SimulationConfig
>>> from streams.detector import load_detector
>>> plane = PlaneStream(SimulationConfig(), load_detector("fd1-hd-apa"), "U", max_sigma_tick=3.0)
>>> plane.block(0).shape, sorted(plane.state())
((64, 800), ['U.clipped', 'U.droop', 'U.signal', 'U.waiting'])
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.block import TICKS_PER_BLOCK
from streams.compiled import Floats, Singles
from streams.config import SimulationConfig
from streams.detector import Detector
from streams.geometry.planes import plane_geometry
from streams.readout import PlaneReadout
from streams.response.arrivals import begin_tick, longest_spread
from streams.response.kernel import plane_kernel
from streams.response.wires import WireSignal

#: What a stream needs to go on, as plain arrays by name.
Arrays = dict[str, NDArray[Any]]


class PlaneStream:
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

    def lead(self, first_tick: int) -> None:
        """Go on to the next block without reading this one, at ``first_tick``: the coupling follows it."""
        self._readout.skip(self._wires(first_tick))

    def block(self, first_tick: int) -> NDArray[np.uint16]:
        """Return the samples of the block at ``first_tick`` and go on to the next."""
        return self._readout.block(first_tick, self._wires(first_tick))

    def _wires(self, first_tick: int) -> Singles:
        n = int(np.searchsorted(self._begin, first_tick + TICKS_PER_BLOCK))
        self._signal.add(self._waiting[:n], first_tick)
        self._begin, self._waiting = self._begin[n:], self._waiting[n:]
        return self._signal.take()

    def state(self) -> Arrays:
        """Return what is needed to go on."""
        droop, clipped = self._readout.kept()
        kept: Arrays = {
            "waiting": self._waiting,
            "signal": self._signal.kept(),
            "droop": droop,
            "clipped": clipped,
        }
        return {f"{self.name}.{name}": array for name, array in kept.items()}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from ``state``."""
        waiting, signal, droop, clipped = (
            state[f"{self.name}.{name}"] for name in ("waiting", "signal", "droop", "clipped")
        )
        if waiting.ndim != 2 or waiting.shape[1] != 7 or waiting.dtype != np.float64:
            raise ValueError(f"waiting: got {waiting.dtype} {waiting.shape}, want float64 (n, 7)")
        self._waiting, self._begin = waiting, begin_tick(waiting, self._signal.before)
        self._signal.put_back(signal)
        self._readout.put_back(droop, clipped)
