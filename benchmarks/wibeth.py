"""Speed of the WIBEth formats on one thread: samples of frames, spans of an assembly, replay of a file.

Each is measured five times, memcpy of the same frame bytes before each; shown are GB/s of frame bytes (median), the
ratio to memcpy (median over median) and the smallest and largest ratio of a pair. Arrays exist before, as they do for
memcpy; ``unpack_new`` makes its own. ``open`` is headers, frame checks, samples in channel order, ``close`` its
reverse, both from and to arrays that no cache holds. ``replay`` is a file in the page cache through the receiver with
all checks; ``faults`` the receiver alone on the same frames in memory, one in a hundred of which has each fault.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from streams import channel_map, replay
from streams.block import Block
from streams.daq import adc_words, spans, wibeth
from streams.files.links import FileLinks
from streams.files.writer import Plan, write_file
from streams.injection.faults import Faults
from streams.injection.injection import Injected
from streams.receiver.receive import Links, identity, receive
from streams.receiver.report import Report

BLOCKS = 192
SPAN = 16  # blocks that are opened or closed at once
N_FRAMES = 40 * BLOCKS  # 55.3 MB, more than a cache holds
N_BYTES = wibeth.FRAME_BYTES * N_FRAMES
FILE_TIMES = 4  # the file that is replayed is so much larger: 221 MB in one record
FAULTY = 0.01  # chance of a frame to have each of the faults
REPEATS = 5


def seconds(work: Callable[[], object]) -> float:
    """Return the time of ``work``."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def report(name: str, work: Callable[[], object], copy: Callable[[], object], times: int = 1) -> None:
    """Print the speed of ``work`` and its ratio to ``copy``, both on ``times`` the frames; a first run compiles."""
    work()
    pairs = [(seconds(copy) / times, seconds(work) / times) for _ in range(REPEATS)]
    memcpy, median = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratios = [one / other for one, other in pairs]
    print(f"wibeth_{name}_speed {N_BYTES / median / 1e9:.2f} GB/s")
    print(f"wibeth_{name}_to_memcpy {memcpy / median:.3f} ratio")
    print(f"wibeth_{name}_to_memcpy_least {min(ratios):.3f} ratio")
    print(f"wibeth_{name}_to_memcpy_most {max(ratios):.3f} ratio")


def made_up() -> Iterator[Block]:
    """Yield blocks of random samples without end."""
    rng = np.random.default_rng(1)
    adc = rng.integers(0, 1 << 14, (64, 2560), np.uint16)
    number = 0
    while True:
        induction = {"U": adc[:, :800], "V": adc[:, 800:1600]}
        yield Block(64 * number, 2048 * number, adc[:, 1600:], induction=induction)
        number += 1


def frames_alone(frames: np.ndarray, copy: Callable[[], object]) -> None:
    """Measure packing and unpacking, channels in the order of the frames."""
    adc = np.random.default_rng(1).integers(0, 1 << 14, (N_FRAMES, 64, 64), np.uint16)
    report("pack", lambda: adc_words.pack(adc, frames), copy)
    report("unpack", lambda: adc_words.unpack(frames, adc), copy)
    report("unpack_new", lambda: adc_words.unpack(frames), copy)


def spans_of_an_assembly(frames: np.ndarray, copy: Callable[[], object]) -> None:
    """Measure frames to and from spans of 16 blocks, channels in the order of the wires."""
    table = spans.places(channel_map.offline_channels())
    samples = np.random.default_rng(2).integers(0, 1 << 14, (BLOCKS, spans.SAMPLES_PER_BLOCK), np.uint16)
    by_span = frames.reshape(-1, 40, SPAN, wibeth.FRAME_WORDS)
    by_span[..., :2] = 0
    wibeth.set_field(by_span, "seq_id", np.arange(SPAN))
    wibeth.set_field(by_span, "timestamp", wibeth.TIMESTAMP_PER_FRAME * np.arange(SPAN))

    def close() -> None:
        for k, part in enumerate(by_span):
            spans.close_frames(samples[SPAN * k : SPAN * (k + 1)], table, part)

    report("close", close, copy)
    report("checks", lambda: spans.frame_checks(by_span), copy)
    checks, word0, room = spans.frame_checks(by_span), np.zeros(40, np.uint64), samples[:SPAN].copy()
    pieces = [list(part.view(np.uint8).reshape(40, -1)) for part in by_span]

    def opened() -> None:
        for part, wanted in zip(pieces, checks, strict=True):
            good, _ = spans.open_span(part, word0, 0, wanted, table, room)
            assert good.min() == SPAN

    report("open", opened, copy)


@dataclass
class Taken:
    """The bytes of a window in memory, as they came from a source."""

    links: Links
    name: str = "memory"
    left: dict[int, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.begin = self.links.begin
        self.links.until(self.begin)
        for stream in range(40):
            pieces = []
            while len(more := self.links.take(stream, SPAN)):
                pieces.append(more.copy())
            self.left[stream] = np.concatenate(pieces)

    def until(self, timestamp: int) -> bool:
        """All is there."""
        return False

    def take(self, stream: int, frames: int) -> np.ndarray:
        """Return the next bytes."""
        size = wibeth.FRAME_BYTES * frames
        piece, self.left[stream] = self.left[stream][:size], self.left[stream][size:]
        return piece

    def checks(self, stream: int, timestamp: int, count: int) -> np.ndarray:
        """Return those of the source."""
        return self.links.checks(stream, timestamp, count)


def files(folder: Path) -> None:
    """Measure the replay of a file, and the receiver on its frames with faults."""
    path = folder / "run.h5"
    write_file(path, made_up(), Plan(windows=1, window_blocks=FILE_TIMES * BLOCKS))
    copy = memcpy_of(np.fromfile(path, np.uint64, FILE_TIMES * N_BYTES // 8))
    report("replay", lambda: sum(1 for _ in replay.blocks(path)), copy, FILE_TIMES)
    kinds = ("lost", "duplicated", "reordered", "late", "truncated", "flipped", "header", "jump")
    with FileLinks(replay.windows(path)[0]) as links:
        faulty = Taken(Injected(links, Faults(seed=1, **dict.fromkeys(kinds, FAULTY))))
        here, kept = identity(), dict(faulty.left)

        def received() -> None:
            faulty.left = dict(kept)
            counts = Report()
            for _ in receive([faulty], here, counts):
                pass
            assert counts.total("missing") > 4 * FAULTY * FILE_TIMES * N_FRAMES

        report("faults", received, copy, FILE_TIMES)


def memcpy_of(words: np.ndarray) -> Callable[[], None]:
    """Return what copies these words to another array; both are in memory of their own, and written once."""
    target = np.ones_like(words)
    return lambda: np.copyto(target, words)


def main() -> None:
    """Measure and print."""
    frames = np.ones((N_FRAMES, wibeth.FRAME_WORDS), np.uint64)
    copy = memcpy_of(frames)
    memcpy = statistics.median(seconds(copy) for _ in range(REPEATS))
    print(f"wibeth_memcpy_speed {N_BYTES / memcpy / 1e9:.2f} GB/s")
    frames_alone(frames, copy)
    spans_of_an_assembly(frames, copy)
    with tempfile.TemporaryDirectory() as folder:
        files(Path(folder))


if __name__ == "__main__":
    main()
