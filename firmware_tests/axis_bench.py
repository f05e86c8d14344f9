"""What the benches of the chain's modules share: source -> dut -> sink, a monitor on the input feeds the reference."""

from __future__ import annotations

from typing import Any, Self

from cocotb.triggers import ClockCycles

from firmware_tests.axis import AxisPair
from hls.bench.clocked import ClockedBench
from hls.bench.scoreboard import Scoreboard

_PATIENCE_CLK = 100_000  # for what is expected to come
_AFTER_CLK = 100  # in which nothing more may come


class AxisBench(ClockedBench):
    """Drives ``s_axis``, drains ``m_axis``; the reference is fed by what the device accepted.

    A bench of a module says what the reference makes of a packet (``accepted``), what came out (``_follow_output``)
    and which counters the device must show (``counters``).

    Attributes
    ----------
    boards : a scoreboard for each stream that is compared; ``restart_reference`` makes them.
    """

    boards: dict[str, Scoreboard]

    def __init__(self, dut: Any) -> None:
        super().__init__(dut)
        self.axis = AxisPair(dut)
        self.restart_reference()
        self.begin(self._follow_input(), self._follow_output())

    @classmethod
    async def started(cls, *args: Any, idle: bool = False, stall: bool = False) -> Self:
        """Return a bench behind its first reset, with idle cycles and back-pressure as wanted."""
        bench = cls(*args)
        await bench.reset()
        if idle:
            bench.axis.idle()
        if stall:
            bench.axis.stall()
        return bench

    def forget(self) -> None:
        """A reset empties the streams and starts the reference anew."""
        self.axis.clear()
        self.restart_reference()

    def restart_reference(self) -> None:
        """Make the reference and its scoreboards."""
        raise NotImplementedError

    def accepted(self, beats: list[int], user: list[int]) -> None:
        """Expect what must come of a packet."""
        raise NotImplementedError

    def counters(self) -> dict[str, int]:
        """Return what each counter of the device must say."""
        raise NotImplementedError

    async def finish(self, **at_least: int) -> None:
        """Wait until all is out, then a bit longer for what should not come; check the counters.

        ``at_least`` : by name of a scoreboard, beats that must have been compared.
        """
        await self.axis.all_sent()
        for _ in range(_PATIENCE_CLK // _AFTER_CLK):
            await ClockCycles(self.dut.clk, _AFTER_CLK)
            if not any(board.waiting for board in self.boards.values()):
                break
        await ClockCycles(self.dut.clk, _AFTER_CLK)
        for name, board in self.boards.items():
            board.finish(at_least[name])
        want = self.counters()
        got = {name: int(getattr(self.dut, name).value) for name in want}
        assert got == want, f"counters: got {got}, want {want}"

    async def _follow_input(self) -> None:
        while True:
            self.accepted(*await self.axis.accepted_packet())

    async def _follow_output(self) -> None:
        raise NotImplementedError
