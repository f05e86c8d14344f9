"""The bench of net_global, net_resize and net_repack: frames of words in, frames of words out, every clock checked.

>>> list(numbers(0b1110, 2, 2, signed=True))
[-2, -1]
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from cocotb.triggers import RisingEdge

from hls.bench.clocked import ClockedBench
from hls.bench.scoreboard import Scoreboard
from hls.cycles_fronts import Front


def numbers(word: int, count: int, width: int, *, signed: bool) -> Iterator[int]:
    """Yield the numbers of a word, the lowest bits first."""
    for k in range(count):
        value = word >> (k * width) & ((1 << width) - 1)
        yield value - (value >> (width - 1) << width) if signed else value


def word(values: Sequence[int], width: int) -> int:
    """Return numbers as one word, the first one in the lowest bits.

    >>> word([-2, 1], 2)
    6
    """
    return sum((value & ((1 << width) - 1)) << (k * width) for k, value in enumerate(values))


class FrontBench(ClockedBench):
    """Plays ready/valid on both sides and compares with a model of the clocks and a reference of the words.

    Parameters
    ----------
    front : makes the model of the clocks, as after reset.
    bits, beats : of a word that goes in; of a frame.
    reference : words of a frame in -> words of the frame out.
    """

    def __init__(
        self,
        dut: Any,
        front: Callable[[], Front],
        bits: int,
        beats: int,
        reference: Callable[[list[int]], list[int]],
    ) -> None:
        super().__init__(dut)
        self.front, self.bits, self.beats, self.reference = front, bits, beats, reference

    def quiet(self) -> None:
        """Offer nothing, take nothing."""
        self.dut.s_valid.value = self.dut.m_ready.value = 0
        self.dut.s_data.value = 0

    def forget(self) -> None:
        """Begin with the model as after reset."""
        self.model = self.front()
        self.board = Scoreboard(f"{self.dut._name}.m")

    def random(self) -> int:
        """Return a random word, sometimes all ones or zeros."""
        if self.rng.random() < 0.2:
            return int(self.rng.integers(2)) * ((1 << self.bits) - 1)
        return int.from_bytes(self.rng.bytes(self.bits // 8 + 1), "little") & ((1 << self.bits) - 1)

    async def play(
        self, frames: int, *, valid: float = 1.0, ready: float = 1.0, cut: int = 0
    ) -> tuple[list[int], list[int]]:
        """Send ``frames`` frames, offering and taking with these probabilities; compare every clock and every word.

        Parameters
        ----------
        cut : beats of the last frame that are not sent; then what came is not waited for.

        Returns
        -------
        taken, given : clock numbers of the beats that went in and came out.
        """
        words = [self.random() for _ in range(frames * self.beats)]
        for frame in range(frames):
            self.board.expect(*self.reference(words[frame * self.beats : (frame + 1) * self.beats]))
        goal = self.board.waiting
        left = words[: len(words) - cut]
        taken: list[int] = []
        given: list[int] = []
        offered, held, clock = False, None, 0
        while (len(given) < goal if not cut else clock < 3 * len(words)) or left:
            offered = bool(left) and (offered or self.rng.random() < valid)
            room = bool(self.rng.random() < ready)
            self.dut.s_valid.value, self.dut.m_ready.value = int(offered), int(room)
            self.dut.s_data.value = left[0] if offered else self.random()
            await RisingEdge(self.dut.clk)
            take, held = self._clock_passed(offered, room, held)
            if take:
                left.pop(0)
                taken.append(clock)
                offered = False
            if held is None and self.gave:
                given.append(clock)
            clock += 1
            assert clock < 40 * (len(words) + goal) + 200, f"stands still after {len(given)} of {goal} beats"
        self.quiet()
        return taken, given

    def _clock_passed(self, offered: bool, room: bool, held: int | None) -> tuple[bool, int | None]:
        """Compare one clock; return whether a beat went in, and the word that must still be there in the next."""
        valid = bool(self.dut.m_valid.value)
        take = offered and bool(self.dut.s_ready.value)
        data = int(self.dut.m_data.value) if valid else None
        assert held is None or data == held, f"stalled word {held:x} became {data}"
        assert valid == self.model.valid, f"m_valid is {valid}, the model says {self.model.valid}"
        self.gave = valid and room
        want = self.model.step(offered, room)
        assert (take, self.gave) == want, f"(take, give) is {(take, self.gave)}, the model says {want}"
        if self.gave:
            self.board.saw(data)
        return take, data if valid and not room else None


async def equals_reference(bench: FrontBench, valid: float, ready: float) -> None:
    """Frames back to back, with pauses and stalls; then again after a reset in the middle of a frame."""
    await bench.reset()
    await bench.play(4, valid=valid, ready=ready)
    bench.board.finish(at_least=4)
    await bench.play(2, valid=valid, ready=ready, cut=1 + bench.beats // 2)
    await bench.reset()
    await bench.play(3, valid=valid, ready=ready)
    bench.board.finish(at_least=3)


async def no_bubble(bench: FrontBench, frames: int, latency: int) -> None:
    """At full rate the side that has more beats moves in every clock."""
    await bench.reset()
    taken, given = await bench.play(frames)
    busy = taken if len(taken) >= len(given) else given
    assert busy == list(range(busy[0], busy[0] + len(busy)))
    assert given[0] <= latency
    bench.board.finish(at_least=frames)
