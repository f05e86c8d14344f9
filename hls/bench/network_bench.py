"""A network under test: plays a story of resets, noise and runs, and says where the first wrong number came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from cocotb.triggers import FallingEdge, RisingEdge

from .bulk import unpack
from .clocked import ClockedBench
from .differences import SHOWN, differences
from .network_ports import Beat, Sink, Source, Tap
from .traffic import beats, flags, noise
from .vectors import Run, Stream, Suite

_QUIET = 100  # clocks after the last beat in which no other may come
_SLOW = 100  # clocks per beat that RTL of another tool may need


class Reset(NamedTuple):
    """Hold ``rst`` for some clocks."""

    clocks: int = 3


class Noise(NamedTuple):
    """Send noise for some clocks, with a short frame in it; the outputs are stalled half of the time."""

    clocks: int


Step: TypeAlias = Reset | Noise | Run


class Played(NamedTuple):
    """What a run did: the clocks of each input's and each output's beats."""

    taken: list[list[int]]
    given: list[list[int]]


class WrongNumbers(AssertionError):
    """Outputs are wrong; ``traced`` says what the taps heard."""

    def __init__(self, sentences: list[str], traced: str) -> None:
        super().__init__("\n".join(sentences))
        self.traced = traced


class NetworkBench(ClockedBench):
    """Drives and samples every port clock by clock; what must come is in the suite.

    ``values_only`` : for RTL that another tool made; no flags are compared, no layer is heard, and it may be slow.
    """

    def __init__(self, dut: Any, suite: Suite, *, values_only: bool = False) -> None:
        super().__init__(dut)
        self.suite, self.values_only = suite, values_only
        self.sources = [Source(dut, stream.prefix) for stream in suite.inputs]
        self.sinks = [Sink(dut, stream.prefix) for stream in suite.outputs]
        self.ends: list[Source | Sink] = [*self.sources, *self.sinks]
        self.taps: list[Tap] = []

    def quiet(self) -> None:
        """Offer nothing, take nothing."""
        for end in self.ends:
            end.stop()

    def forget(self) -> None:
        """A reset empties the streams between the layers."""
        for tap in self.taps:
            tap.data.clear()

    async def play(self, *story: Step) -> list[Played]:
        """Carry out ``story``; return what its runs did.

        Raises
        ------
        AssertionError : a number, a flag or a counter is wrong. The story was told again with an ear on every layer:
            the text names the first layer, in their order, that sends something wrong.
        """
        seed = int(self.rng.integers(1 << 32))
        try:
            return await self._play(story, seed)
        except AssertionError as error:
            if self.values_only:
                raise
            failure = str(error)
        self.taps = [Tap(self.dut, stream) for stream in self.suite.taps]
        await self.reset()
        try:
            await self._play(story, seed)
        except WrongNumbers as error:
            raise AssertionError(f"{failure}\n{error.traced}") from None
        except AssertionError as error:
            raise AssertionError(f"{failure}\ntold once more: {error}") from None
        raise AssertionError(f"{failure}\nbut told once more, after a reset, the same story passed")

    async def _play(self, story: Sequence[Step], seed: int) -> list[Played]:
        rng = np.random.default_rng(seed)
        runs = []
        for step in story:
            if isinstance(step, Reset):
                await self.reset(step.clocks)
            elif isinstance(step, Noise):
                await self._disturb(step.clocks, rng)
            else:
                runs.append(await self._run(step, rng))
        return runs

    async def _run(self, run: Run, rng: np.random.Generator) -> Played:
        for source, stream, lengths, valid in zip(
            self.sources, self.suite.inputs, run.lengths, run.valid, strict=True
        ):
            source.load(beats(self.suite, stream, run, lengths, rng), valid)
        for sink, ready in zip(self.sinks, run.ready, strict=True):
            sink.load(ready)
        try:
            await self._clocks([len(run.frames) * stream.beats for stream in self.suite.outputs])
        finally:
            self.quiet()
        wrong = [sentence for sentence in self._wrong(run) if sentence]
        if wrong:
            raise WrongNumbers(wrong, self._traced(run))
        return Played([source.taken for source in self.sources], [sink.given for sink in self.sinks])

    async def _clocks(self, wanted: list[int]) -> None:
        """Run until all beats came and none more does, or until nothing has moved for long."""
        patience, silence = 600 + 2 * self.suite.clocks_per_frame, _QUIET
        if self.values_only:
            beats = max(stream.beats for stream in (*self.suite.inputs, *self.suite.outputs))
            patience, silence = 10_000 + _SLOW * beats, 10 * _QUIET
        clock = quiet = still = 0
        while quiet <= silence and still <= patience:
            for end in self.ends:
                end.drive(clock)
            await FallingEdge(self.dut.clk)
            moved = [end.sample(clock) for end in self.ends]
            for tap in self.taps:
                tap.sample()
            done = all(len(sink.beats) >= n for sink, n in zip(self.sinks, wanted, strict=True))
            quiet = quiet + 1 if done and all(source.empty for source in self.sources) else 0
            still = 0 if any(moved) else still + 1
            await RisingEdge(self.dut.clk)
            clock += 1

    def _wrong(self, run: Run) -> list[str]:
        """Return a sentence for each output that sent something wrong."""
        sentences = []
        for sink, stream in zip(self.sinks, self.suite.outputs, strict=True):
            want = _numbers(self.suite.arrays[f"out.{stream.prefix}"][run.frames])
            got = _split([beat.data for beat in sink.beats], stream)
            sentences.append(differences(stream.frames("output"), got, want))
            if not self.values_only:
                sentences.append(_flags(stream, sink.beats, flags(self.suite, stream, run)))
        return sentences

    def _traced(self, run: Run) -> str:
        """Return what the taps say: the first layer that sends something wrong."""
        for tap in self.taps:
            want = _numbers(self.suite.arrays[f"tap.{tap.stream.prefix}"][run.frames])
            sentence = differences(tap.stream.frames("layer"), _split(tap.data, tap.stream), want)
            if sentence:
                return f"it begins in {sentence}"
        return "every layer sends what it must: look behind the last one"

    async def _disturb(self, clocks: int, rng: np.random.Generator) -> None:
        words = [noise(stream, clocks, rng) for stream in self.suite.inputs]
        for source, sent in zip(self.sources, words, strict=True):
            source.load([Beat(word, int(k == 2), 1) for k, word in enumerate(sent)], "1")
        for sink in self.sinks:
            sink.load("01")
        for clock in range(clocks):
            for end in self.ends:
                end.drive(clock)
            await FallingEdge(self.dut.clk)
            for source in self.sources:
                source.sample(clock)
            await RisingEdge(self.dut.clk)


def _numbers(frames: Any) -> list[list[int | None]]:
    """Return (frames, beats, channels) as one list of beats."""
    beats: list[list[int | None]] = frames.reshape(-1, frames.shape[-1]).tolist()
    return beats


def _split(words: list[int | None], stream: Stream) -> list[list[int | None]]:
    nothing: list[int | None] = [None] * stream.channels
    known = unpack([word or 0 for word in words], stream.channels, stream.width, stream.signed).tolist()
    return [nothing if word is None else beat for word, beat in zip(words, known, strict=True)]


def _flags(stream: Stream, got: Sequence[Beat], wanted: Sequence[tuple[int, int]]) -> str:
    """Compare ``tlast`` and ``tuser`` of each beat."""
    wrong = [
        f"{stream.frames('').place(k, 0)}: got {(beat.last, beat.user)}, want {want}"
        for k, (beat, want) in enumerate(zip(got, wanted, strict=False))
        if (beat.last, beat.user) != want
    ]
    if not wrong:
        return ""
    told = "; ".join(wrong[:SHOWN])
    return f"output {stream.name} ({stream.prefix}): (tlast, tuser) of {len(wrong)} beats differ: {told}"
