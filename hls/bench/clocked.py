"""What every bench of a module with ``clk`` and ``rst`` begins with: a clock, a seed, a reset."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge

PERIOD_NS = 4


class ClockedBench:
    """A clock on ``dut.clk``, random numbers of the run's seed, and ``dut.rst``.

    Attributes
    ----------
    tasks : what runs beside the case; kept, so that a failure in one of them is seen.
    """

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.rng = np.random.default_rng(cocotb.RANDOM_SEED)
        self.tasks: list[Any] = []
        self.begin(self._clock())

    def begin(self, *jobs: Coroutine[Any, Any, None]) -> None:
        """Let ``jobs`` run beside the case."""
        self.tasks += [cocotb.start_soon(job) for job in jobs]

    def quiet(self) -> None:
        """Take back what drives the device; called when a reset begins."""

    def forget(self) -> None:
        """Start the reference anew; called when a reset ends."""

    async def reset(self, clocks: int = 4) -> None:
        """Hold ``rst`` for some clocks."""
        self.dut.rst.value = 1
        self.quiet()
        for _ in range(clocks):
            await RisingEdge(self.dut.clk)
        self.forget()
        self.dut.rst.value = 0

    async def _clock(self) -> None:
        await Clock(self.dut.clk, PERIOD_NS, unit="ns").start()
