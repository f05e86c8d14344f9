"""What a suite holds: ``suite.json`` describes streams and runs, ``vectors.npz`` has the numbers.

>>> stream = Stream(name="pixels", prefix="s_axis", rows=2, columns=3, channels=1, width=8, signed=False)
>>> stream.beats, stream.bits
(6, 8)
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from .differences import Frames
from .errors import BenchError

VERSION = 1
#: Bits of a row's number, where rows come without end.
ROW_BITS = 32


@dataclass(frozen=True)
class Stream:
    """Frames of rows x columns beats.

    Attributes
    ----------
    name : of the input, or of the layer that sends it.
    prefix : of its signals in module ``network``: ``<prefix>_tdata`` of a port, ``<prefix>_data`` inside.
    """

    name: str
    prefix: str
    rows: int
    columns: int
    channels: int
    width: int
    signed: bool

    @property
    def beats(self) -> int:
        """Beats per frame."""
        return self.rows * self.columns

    @property
    def bits(self) -> int:
        """Bits per beat."""
        return self.channels * self.width

    def frames(self, kind: str) -> Frames:
        """Return its shape under a name for people."""
        return Frames(f"{kind} {self.name} ({self.prefix})", self.rows, self.columns, self.channels)


@dataclass(frozen=True)
class Run:
    """Frames that are sent one behind the other.

    Attributes
    ----------
    name : of the traffic.
    frames : numbers of frames in ``vectors.npz``; of rows without end one, that holds them all.
    users : ``tuser`` with the last beat of each frame; of rows: the number with the first beat of each.
    lengths : for each input, beats sent of each frame (row): fewer or more than it has make a short or a long one.
    valid, ready : for each input and output, a text of 1 and 0 by clock, repeated for ever; what is offered stays
        offered.
    """

    name: str
    frames: list[int]
    users: list[int]
    lengths: list[list[int]]
    valid: list[str]
    ready: list[str]


@dataclass(frozen=True)
class Suite:
    """A network's streams, what is sent, and what must come.

    Attributes
    ----------
    rtl : the ``.f`` list of the network's sources, relative to the suite's folder.
    taps : streams between the layers, in the order of the layers.
    traffic, bad, reset : runs of whole frames by name; one with short and long frames; one behind each reset.
    latency_clk, latency_first_clk : by output, of the run ``always``: clocks from the acceptance of the last beat that
        an output beat depends on to that beat; the largest, and the largest of the frames' first beats.
    clocks_per_frame : from a frame's first beat to the next frame's.
    counters : what the counters of short and long frames must say after ``bad``, by port of the network.
    fields : of rows without end, by output: rows of input that one of its rows depends on, and from one to the next;
        empty: frames.
    arrays : ``in.<prefix>``, ``out.<prefix>``, ``tap.<prefix>`` : integers (frames, beats, channels);
        ``taken.<run>.<prefix>``, ``given.<run>.<prefix>`` : clock of every beat of a run, 0 is the first after reset;
        ``needed.<output>.<input>`` : for each beat of an output's frame, the last beat of the input that it needs.
    """

    network: str
    rtl: str
    inputs: list[Stream]
    outputs: list[Stream]
    taps: list[Stream]
    traffic: list[Run]
    bad: Run
    reset: Run
    latency_clk: dict[str, int]
    latency_first_clk: dict[str, int]
    clocks_per_frame: int
    counters: dict[str, int]
    arrays: dict[str, NDArray[Any]]
    fields: dict[str, list[int]] = field(default_factory=dict)


def read(folder: Path) -> Suite:
    """Read ``suite.json`` and ``vectors.npz`` of a folder.

    Raises
    ------
    BenchError : one of them is missing, damaged, or of another version.
    """
    path = folder / "suite.json"
    try:
        raw = json.loads(path.read_text())
        version = raw.pop("version")
        if version != VERSION:
            raise BenchError(f"{path}: version {version}, want {VERSION}: convert the model again")
        for key in ("inputs", "outputs", "taps"):
            raw[key] = [Stream(**stream) for stream in raw[key]]
        raw["traffic"] = [Run(**run) for run in raw["traffic"]]
        raw |= {key: Run(**raw[key]) for key in ("bad", "reset")}
        path = folder / "vectors.npz"
        with np.load(path) as file:
            raw["arrays"] = {name: file[name] for name in file.files}
        return Suite(**raw)
    except OSError as error:
        raise BenchError(f"cannot read {path}: {error.strerror}: copy the whole folder again") from error
    except (KeyError, TypeError, ValueError, AttributeError, BadZipFile) as error:
        raise BenchError(f"{path} is damaged ({error}): copy it again, or convert the model again") from error


def write(suite: Suite, folder: Path) -> None:
    """Write ``suite.json`` and ``vectors.npz`` into a folder."""
    plain = {key: value for key, value in vars(suite).items() if key != "arrays"}
    text = json.dumps({"version": VERSION, **plain}, default=vars, indent=1)
    (folder / "suite.json").write_text(text + "\n")
    arrays: dict[str, Any] = dict(suite.arrays)
    np.savez_compressed(folder / "vectors.npz", **arrays)
