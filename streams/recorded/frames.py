"""Frames of electrons onto the planes of an assembly: whose channel is which, what is bad, what it becomes.

The channel numbers of ProtoDUNE-HD (2 560 for each assembly: U 0 to 799, V 800 to 1599, X 1600 to 2559) and of
ProtoDUNE-VD (anodes of 476, 476 and 584 strips, two in each 3 072 numbers) are known; others are given as
``electrons.planes``. A frame of ProtoDUNE-VD gets the field response of strips (preset ``fd2-vd-bottom``) and goes onto
the first channels of each plane: no assembly of its own has a published place in files here.

>>> layout_of(np.arange(2560, 5120)).planes["V"]
(3360, 4160)
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from streams.block import TICK_NS, TICKS_PER_BLOCK
from streams.detector import Detector, load_detector
from streams.errors import UserError
from streams.recorded.archive import Frame, read_frame
from streams.recorded.config import LEAST_TICK_NS, MOST_TICK_NS, ImportConfig
from streams.recorded.electrons import Fold, folded
from streams.recorded.sample import Part, Sample
from streams.response.kernel import plane_kernel

MOST_ELECTRONS = 1e8  # in one wire and tick; a stopping alpha leaves less than 1e6


class Layout(NamedTuple):
    """Which channels of an archive are which plane's (first, one past the last), and how they lie."""

    planes: dict[str, tuple[int, int]]
    rings: tuple[str, ...] = ()  # planes whose wires go round: the last channel is beside the first one
    faces: int = 1  # of the planes that do not: the channels of each are apart
    response: str = ""  # preset with the field response


def _hd(base: int) -> Layout:
    planes = {"U": (base, base + 800), "V": (base + 800, base + 1600), "X": (base + 1600, base + 2560)}
    return Layout(planes, ("U", "V"), 2)


def _vd(base: int, half: int) -> Layout:
    starts = {"U": (0, 476), "V": (952, 476), "X": (1904, 584)}  # of the first half, and how many
    planes = {
        name: (base + first + half * n, base + first + (half + 1) * n) for name, (first, n) in starts.items()
    }
    return Layout(planes, response="fd2-vd-bottom")


def layout_of(channels: NDArray[np.int64]) -> Layout | None:
    """Return the layout of the known detector that has just these channels, if there is one."""
    low = int(channels.min())
    known = [_hd(low // 2560 * 2560), *(_vd(low // 3072 * 3072, half) for half in (0, 1))]
    for layout in known:
        own = np.concatenate([np.arange(*ends) for ends in layout.planes.values()])
        if np.array_equal(np.sort(channels), own):
            return layout
    return None


def _layout(frame: Frame, config: ImportConfig, path: Path) -> Layout:
    """Return the layout of a frame; each of its channels is in one plane."""
    given = config.electrons.planes
    layout = Layout(given) if given else layout_of(frame.channels)
    low, high = int(frame.channels.min()), int(frame.channels.max())
    if layout is None:
        raise UserError(
            f"{path}: frame {frame.name}: got {len(frame.channels)} channels from {low} to {high}, of no detector "
            "known here (ProtoDUNE-HD, ProtoDUNE-VD): say which are which as electrons.planes"
        )
    planes = np.sum(
        [(frame.channels >= first) & (frame.channels < end) for first, end in layout.planes.values()], 0
    )
    if (planes != 1).any():
        wrong = np.flatnonzero(planes != 1)[0]
        raise UserError(
            f"{path}: frame {frame.name}: channel {frame.channels[wrong]} is in {planes[wrong]} of the planes of "
            "electrons.planes, want each in one"
        )
    return layout


def _lines(layout: Layout, name: str, channels: int) -> list[slice]:
    """Return the channels of a plane in stretches of neighbours."""
    if name in layout.rings:
        return [slice(0, channels)]
    each = channels // layout.faces
    return [slice(face * each, (face + 1) * each) for face in range(layout.faces)]


def _check(frame: Frame, path: Path) -> None:
    if not LEAST_TICK_NS <= frame.tick_ns <= MOST_TICK_NS:
        raise UserError(
            f"{path}: frame {frame.name}: got a tick of {frame.tick_ns} ns, want {LEAST_TICK_NS} to {MOST_TICK_NS}"
        )
    most = float(np.abs(frame.values).max())
    if most > MOST_ELECTRONS:
        raise UserError(
            f"{path}: frame {frame.name}: got {most:g} electrons in one tick, want at most {MOST_ELECTRONS:g}: damaged?"
        )


class _Making(NamedTuple):
    """What all planes of a frame have in common."""

    frame: Frame
    layout: Layout
    config: ImportConfig
    detector: Detector  # with the field response that is used
    bad: NDArray[np.int64]  # channel numbers of the archive
    ticks: int


def _part(making: _Making, name: str) -> Part:
    """Return what a frame gives to one plane."""
    frame, settings = making.frame, making.config.electrons
    first, end = making.layout.planes[name]
    rows = np.flatnonzero((frame.channels >= first) & (frame.channels < end))
    place = frame.channels[rows] - first
    charge = np.zeros((frame.values.shape[1], end - first), np.float32)
    charge[:, place] = frame.values[rows].T
    channels = making.detector.planes[name].channels
    signal = np.zeros((making.ticks, channels), np.float32)
    fold = Fold(
        plane_kernel(making.detector, name, making.config.electronics),
        frame.tick_ns, name in making.layout.rings, settings.neighbours, settings.low_pass_mhz,
    )  # fmt: skip
    for line in _lines(making.layout, name, end - first):
        signal[:, line] = folded(charge[:, line], fold, making.ticks, wrap=making.config.repeat > 1)
    taken, bad = np.zeros(channels, np.bool_), np.zeros(channels, np.bool_)
    taken[place] = True
    own = making.bad[(making.bad >= first) & (making.bad < end)]
    bad[own - first] = True
    return Part(taken, signal=signal, bad=bad & taken)


def read_electrons(path: Path, data: bytes, config: ImportConfig) -> Sample:
    """Return what an archive of electrons gives to the stream, in whole blocks (with zero charge at the end).

    Raises
    ------
    UserError : a file that is damaged, or a frame that cannot be used.
    ConfigError : a frame of something else than electrons.
    """
    frame = read_frame(data, config.electrons.tag, path)
    _check(frame, path)
    layout = _layout(frame, config, path)
    detector = load_detector(config.detector)
    response = config.electrons.response or layout.response
    if response and not config.electronics.field_response:
        detector = replace(detector, response=load_detector(response).response)
    samples = frame.values.shape[1]
    ticks = -(-samples * frame.tick_ns // (TICK_NS * TICKS_PER_BLOCK)) * TICKS_PER_BLOCK
    masked = np.unique(frame.masks.get("bad", np.zeros((0, 3), np.int64))[:, 0])
    making = _Making(frame, layout, config, detector, masked, ticks)
    parts = {name: _part(making, name) for name in layout.planes}
    inside = int(np.isin(masked, frame.channels).sum())
    told = {
        "read": f"frame {frame.name}, {len(frame.channels)} channels, {samples} ticks of {frame.tick_ns} ns",
        "electrons": f"{frame.values.sum(dtype=np.float64):.4g}",
        "bad channels": f"{inside} {config.electrons.bad}, {len(masked) - inside} of other assemblies",
        "field response": config.electronics.field_response or response or config.detector,
    }
    others = sorted(kind for kind in frame.masks if kind != "bad")
    if others:
        told["masks not used"] = ", ".join(others)
    return Sample(ticks, parts, told)
