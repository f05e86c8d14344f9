"""The two ends of a network, driven and sampled one clock at a time, and the taps between its layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from .vectors import Stream


class Beat(NamedTuple):
    """One beat of an AXI stream; None where the simulator says X."""

    data: int | None
    last: int | None
    user: int | None


def number(handle: Any) -> int | None:
    """Return what a signal holds; None where bits of it are unknown."""
    value = handle.value
    try:
        return int(value)
    except ValueError:
        return None


class Source:
    """Sends beats; ``taken`` notes the clock in which each was accepted."""

    def __init__(self, dut: Any, prefix: str) -> None:
        self._data, self._last, self._user, self._valid, self._ready = (
            getattr(dut, f"{prefix}_{end}") for end in ("tdata", "tlast", "tuser", "tvalid", "tready")
        )
        self.load([], "1")

    def load(self, beats: Sequence[Beat], valid: str) -> None:
        """Queue ``beats``; ``valid`` says in which clocks one may be offered."""
        self._queue, self._pattern = list(reversed(beats)), [bit == "1" for bit in valid]
        self._offered = False
        self.taken: list[int] = []

    @property
    def empty(self) -> bool:
        """Whether all was accepted."""
        return not self._queue

    def drive(self, clock: int) -> None:
        """Offer the next beat, or none."""
        if not self._offered:
            self._offered = bool(self._queue) and self._pattern[clock % len(self._pattern)]
            self._valid.value = int(self._offered)
            if self._offered:
                beat = self._queue[-1]
                self._data.value, self._last.value, self._user.value = beat.data, beat.last, beat.user

    def sample(self, clock: int) -> bool:
        """Note whether the beat is accepted in this clock."""
        moves = self._offered and bool(self._ready.value == 1)
        if moves:
            self.taken.append(clock)
            self._queue.pop()
            self._offered = False
        return moves

    def stop(self) -> None:
        """Offer nothing."""
        self._valid.value = 0
        self._offered = False


class Sink:
    """Takes beats; ``given`` notes the clock of each."""

    def __init__(self, dut: Any, prefix: str) -> None:
        self._prefix = prefix
        self._data, self._last, self._user, self._valid, self._ready = (
            getattr(dut, f"{prefix}_{end}") for end in ("tdata", "tlast", "tuser", "tvalid", "tready")
        )
        self.load("1")

    def load(self, ready: str) -> None:
        """Forget what came; ``ready`` says in which clocks a beat is taken."""
        self._pattern = [bit == "1" for bit in ready]
        self._wanted: bool | None = None
        self._held: Beat | None = None
        self.beats: list[Beat] = []
        self.given: list[int] = []

    def drive(self, clock: int) -> None:
        """Set ready."""
        wanted = self._pattern[clock % len(self._pattern)]
        if wanted is not self._wanted:
            self._ready.value = int(wanted)
            self._wanted = wanted

    def sample(self, clock: int) -> bool:
        """Note the beat that is taken in this clock; fail if one that waited has changed or gone."""
        shown = self._valid.value == 1
        beat = Beat(number(self._data), number(self._last), number(self._user)) if shown else None
        if self._held is not None and beat != self._held:
            raise AssertionError(
                f"{self._prefix}, clock {clock}: got {beat}, but {self._held} was offered and not taken"
            )
        self._held = None if self._wanted else beat
        if beat is None or not self._wanted:
            return False
        self.beats.append(beat)
        self.given.append(clock)
        return True

    def stop(self) -> None:
        """Take nothing."""
        self._ready.value = 0
        self._wanted = None


class Tap:
    """Listens to a stream between two layers."""

    def __init__(self, dut: Any, stream: Stream) -> None:
        self.stream = stream
        self._data, self._valid, self._ready = (
            getattr(dut, f"{stream.prefix}_{end}") for end in ("data", "valid", "ready")
        )
        self.data: list[int | None] = []

    def sample(self) -> None:
        """Note the beat that passes in this clock."""
        if self._valid.value == 1 and self._ready.value == 1:
            self.data.append(number(self._data))
