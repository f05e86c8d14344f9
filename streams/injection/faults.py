"""Which faults a replay shall have: chances per frame, links that fall silent, clocks that step.

A text of the command line, ``name=value`` with commas between, or a TOML file with the same names:

- ``lost``, ``duplicated``, ``reordered``, ``late``, ``truncated``, ``flipped``, ``header``, ``jump``: chance per frame;
- ``silent=LINK@FIRST+FRAMES``: link 0 to 9 (four streams each) sends nothing from frame FIRST of the run on (0 if left
  out), for FRAMES frames (for ever if left out);
- ``step=STREAM@FIRST+COUNTS`` (or ``-COUNTS``): the clock of a stream is wrong by COUNTS of 62.5 MHz from FIRST on,
  that of all streams with ``step=all@FIRST+COUNTS``;
- ``seed``: which frames are hit.

>>> parse("lost=0.01,flipped=0.02,silent=3@10+5,seed=7").silent
(Silence(link=3, first=10, frames=5),)
>>> parse("lsot=0.01")
Traceback (most recent call last):
streams.errors.ConfigError: --faults: got 'lsot', want one of seed, lost, duplicated, reordered, late, truncated, \
flipped, header, jump, silent, step
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec

from streams import toml
from streams.channel_map import N_STREAMS
from streams.errors import ConfigError
from streams.limits import refuse, within

STREAMS_PER_LINK = 4  # streams of one link (reference section 1.5: wibframechan 0 to 255)
N_LINKS = N_STREAMS // STREAMS_PER_LINK

ALL_STREAMS = -1
MOST_FRAMES = 2**51  # 2**62 counts of 62.5 MHz
#: What can happen to a frame by chance; a frame is hit by one of them at most.
CHANCES = ("lost", "duplicated", "reordered", "late", "truncated", "flipped", "header", "jump")


class Silence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A link that sends nothing from frame ``first`` of the run on, for ``frames`` frames; 0: for ever."""

    link: int
    first: int = 0
    frames: int = 0


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A clock that is wrong by ``counts`` of 62.5 MHz from frame ``first`` of the run on; stream -1: that of all."""

    stream: int
    first: int
    counts: int


class Faults(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to do to the frames of a stream.

    Attributes
    ----------
    seed : which frames are hit, and how.
    lost : chance that a frame never comes.
    duplicated : that it comes twice: a copy at once, or up to 15 frames later.
    reordered : that it comes 1 to 15 frames later than it should.
    late : that it comes 48 to 63 frames later: too late for a reader that waits for 16.
    truncated : that it breaks off at any of its bytes.
    flipped : that one of its 57 600 bits is flipped.
    header : that one of the 256 bits of its headers is flipped.
    jump : that its timestamp is wrong, and only its own.
    silent, step : links that fall silent, and clocks that step for good.
    """

    seed: int = 1
    lost: float = 0.0
    duplicated: float = 0.0
    reordered: float = 0.0
    late: float = 0.0
    truncated: float = 0.0
    flipped: float = 0.0
    header: float = 0.0
    jump: float = 0.0
    silent: tuple[Silence, ...] = ()
    step: tuple[Step, ...] = ()

    @property
    def chances(self) -> tuple[float, ...]:
        """The chances in the order of ``CHANCES``."""
        return tuple(getattr(self, name) for name in CHANCES)


def checked(faults: Faults) -> Faults:
    """Return ``faults`` if every value can be used.

    Raises
    ------
    ConfigError : names the first value that cannot.
    """
    refuse(not 0 <= faults.seed < 2**63, f"faults: seed: got {faults.seed}, want 0 to 2**63 - 1")
    for name, chance in zip(CHANCES, faults.chances, strict=True):
        within(f"faults: {name}", chance, 0, 1)
    total = sum(faults.chances)
    refuse(total > 1, f"faults: got chances of {total:g} together, want at most 1: a frame is hit once")
    for silence in faults.silent:
        within("faults: silent: link", silence.link, 0, N_LINKS - 1)
        for number in (silence.first, silence.frames):
            within("faults: silent: frames", number, 0, MOST_FRAMES)
    for step in faults.step:
        within("faults: step: stream", step.stream, ALL_STREAMS, N_STREAMS - 1)
        within("faults: step: frame", step.first, 0, MOST_FRAMES)
        limit = 2**62  # as of a first timestamp
        refuse(
            not 0 < abs(step.counts) < limit,
            f"faults: step: got {step.counts} counts, want some, under 2**62",
        )
    return faults


def parse(text: str) -> Faults:
    """Return the faults that a text of the command line asks for; a text that ends in ``.toml`` names a file.

    Raises
    ------
    ConfigError : a name or a value that cannot be used.
    """
    if text.endswith(".toml"):
        return checked(toml.load(Path(text), Faults))
    values: dict[str, Any] = {"silent": [], "step": []}
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, _, value = part.partition("=")
        if name == "silent":
            values["silent"].append(_silence(value))
        elif name == "step":
            values["step"].append(_step(value))
        elif name not in Faults.__struct_fields__:
            raise ConfigError(f"--faults: got {name!r}, want one of {', '.join(Faults.__struct_fields__)}")
        elif name in values:
            raise ConfigError(f"--faults: got {name} twice, want it once")
        else:
            values[name] = _number(name, value)
    return checked(Faults(**{**values, "silent": tuple(values["silent"]), "step": tuple(values["step"])}))


def _number(name: str, value: str) -> float:
    try:
        return int(value) if name == "seed" else float(value)
    except ValueError:
        want = "a whole number" if name == "seed" else "a chance per frame, such as 0.01"
        raise ConfigError(f"--faults: {name}: got {value!r}, want {want}") from None


def _silence(value: str) -> Silence:
    found = re.fullmatch(r"(\d+)(?:@(\d+)(?:\+(\d+))?)?", value)
    if found is None:
        raise ConfigError(f"--faults: silent: got {value!r}, want LINK, LINK@FIRST or LINK@FIRST+FRAMES")
    return Silence(*(int(number) for number in found.groups() if number is not None))


def _step(value: str) -> Step:
    found = re.fullmatch(r"(\d+|all)@(\d+)([+-]\d+)", value)
    if found is None:
        raise ConfigError(f"--faults: step: got {value!r}, want STREAM@FIRST+COUNTS or all@FIRST+COUNTS")
    stream, first, counts = found.groups()
    return Step(ALL_STREAMS if stream == "all" else int(stream), int(first), int(counts))
