"""Our view of AXI streams: integers, one per beat. The only file that imports cocotbext-axi.

``send_packet`` and ``received_packet`` work on whole packets (up to ``tlast``); a stream without ``tlast``
has packets of one beat.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Sequence
from typing import Any

from cocotbext.axi import AxiStreamBus, AxiStreamFrame, AxiStreamMonitor, AxiStreamSink, AxiStreamSource

_IDLE = (1, 1, 0)  # 1 = pause
_STALL = (1, 0, 1, 1, 0)


class AxisPair:
    """Drive ``s_axis``, drain ``m_axis``, and listen to what ``s_axis`` really accepted.

    Parameters
    ----------
    dut : the device: ports ``clk``, ``rst``, ``s_axis_*``, ``m_axis_*``.
    source, sink : prefixes of the two streams.
    """

    def __init__(self, dut: Any, source: str = "s_axis", sink: str = "m_axis") -> None:
        for prefix in (source, sink):
            logging.getLogger(f"cocotb.{dut._name}.{prefix}").setLevel(logging.ERROR)  # a line per packet
        ports = {"clock": dut.clk, "reset": dut.rst, "byte_lanes": 1}  # 1 lane: one item per beat
        self._source = AxiStreamSource(AxiStreamBus.from_prefix(dut, source), **ports)
        self._accepted = AxiStreamMonitor(AxiStreamBus.from_prefix(dut, source), **ports)
        self._sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, sink), **ports)

    def idle(self, pattern: Sequence[int] = _IDLE) -> None:
        """Leave gaps between beats on the way in (1 = pause, repeated for ever)."""
        self._source.set_pause_generator(itertools.cycle(pattern))

    def stall(self, pattern: Sequence[int] = _STALL) -> None:
        """Hold ready low now and then on the way out (1 = pause, repeated for ever)."""
        self._sink.set_pause_generator(itertools.cycle(pattern))

    async def send(self, value: int) -> None:
        """Queue a packet of one beat."""
        await self.send_packet([value])

    async def send_packet(self, beats: Sequence[int], user: Sequence[int] | None = None) -> None:
        """Queue the beats of one packet; ``tlast`` goes with the last; ``user`` has one value per beat."""
        await self._source.send(AxiStreamFrame(list(beats), tuser=None if user is None else list(user)))

    async def all_sent(self) -> None:
        """Wait until every queued packet is accepted."""
        await self._source.wait()

    async def accepted(self) -> int:
        """Return the next packet of one beat that the device accepted."""
        (value,) = (await self._accepted.recv()).tdata
        return int(value)

    async def accepted_packet(self) -> tuple[list[int], list[int]]:
        """Return (tdata, tuser) of the next packet that the device accepted."""
        return _packet(await self._accepted.recv(compact=False))

    async def received(self) -> int:
        """Return the next packet of one beat that the device sent."""
        (value,) = (await self._sink.recv()).tdata
        return int(value)

    async def received_packet(self) -> tuple[list[int], list[int]]:
        """Return (tdata, tuser) of the next packet that the device sent."""
        return _packet(await self._sink.recv(compact=False))

    def clear(self) -> None:
        """Forget everything queued, as a reset does."""
        for end in (self._source, self._accepted, self._sink):
            end.clear()


def _packet(frame: Any) -> tuple[list[int], list[int]]:
    user = frame.tuser if isinstance(frame.tuser, list) else [frame.tuser or 0] * len(frame.tdata)
    return [int(v) for v in frame.tdata], [int(v) for v in user]


class AxisTap:
    """Listens to a stream inside the device."""

    def __init__(self, dut: Any, prefix: str) -> None:
        logging.getLogger(f"cocotb.{dut._name}.{prefix}").setLevel(logging.ERROR)
        ports = {"clock": dut.clk, "reset": dut.rst, "byte_lanes": 1}
        self._monitor = AxiStreamMonitor(AxiStreamBus.from_prefix(dut, prefix), **ports)

    async def packet(self) -> tuple[list[int], list[int]]:
        """Return (tdata, tuser) of the next packet that passed."""
        return _packet(await self._monitor.recv(compact=False))

    def clear(self) -> None:
        """Forget everything heard, as a reset does."""
        self._monitor.clear()
