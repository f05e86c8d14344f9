"""TPs that DUNE's compiled code found (``../shared/data/tpg``), reproduced exactly, order included."""

from __future__ import annotations

import io
import itertools
import lzma
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from streams.daq.tp import TP
from streams.daq.wibeth import FRAME_WORDS
from trigger.baselines.chain import Chain
from trigger.baselines.clear import ClearStream
from trigger.baselines.fast import FastStreams
from trigger.baselines.hits import FallingEdge, Integral16, Integral32
from trigger.baselines.pedestal import Frugal
from trigger.baselines.running_sum import FdRunSum, RunSum
from trigger.baselines.threshold import Threshold

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "tpg"
needs_vectors = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"{FOLDER} is absent")
FIRST_TIMESTAMP = 1_000_000_000_000

ABS_RUN_SUM = RunSum(True, (8, 8, 8), (10, 10, 10))
FRUGAL_FD = Frugal(initial=None)
#: file: chain, passes over the frames
VECTORS = {
    "fdreadoutlibs_simplethreshold60": (Chain((FRUGAL_FD,), FallingEdge(60), 1, 1), 2),
    "fdreadoutlibs_absrs_8_5_threshold60": (
        Chain((FRUGAL_FD, FdRunSum()), FallingEdge(60, True), 1, 2),
        2,
    ),
    "tpglibs_v1_frugal_threshold60": (Chain((Frugal(), Threshold((60, 60, 60))), Integral16(), 1), 4),
    "tpglibs_v2_frugal_threshold60": (Chain((Frugal(), Threshold((60, 60, 60))), Integral32(), 2), 4),
    "tpglibs_v2_frugal_absrs_8_10_threshold150": (
        Chain((Frugal(), ABS_RUN_SUM, Threshold((150, 150, 150))), Integral32(), 2),
        4,
    ),
    "tpglibs_v2_frugal_absrs_8_10_frugal_threshold100": (
        Chain((Frugal(), ABS_RUN_SUM, Frugal(), Threshold((100, 100, 100))), Integral32(), 2),
        5,
    ),
}


def frames_of_passes(passes: int) -> NDArray[np.uint64]:
    """Return the frames as they were fed: again and again, with timestamps that go on: uint64 (passes x n, 900)."""
    data = lzma.decompress((FOLDER / "frames.bin.xz").read_bytes())
    once = np.frombuffer(data, "<u8").reshape(-1, FRAME_WORDS)
    frames = np.tile(once, (passes, 1))
    frames[:, 1] = FIRST_TIMESTAMP + 2048 * np.arange(len(frames), dtype=np.uint64)
    return frames


def expected(name: str) -> NDArray[np.int64]:
    """Return the rows of a file: time_start, peak and length as the file has them, channel, integral, peak."""
    text = lzma.decompress((FOLDER / f"{name}.csv.xz").read_bytes()).decode()
    return np.loadtxt(io.StringIO(text), np.int64, delimiter=",", skiprows=1)


def as_written(name: str, tps: NDArray[np.void]) -> NDArray[np.int64]:
    """Return TPs as the rows of such a file: version 1 has the time of the peak; fdreadoutlibs has ticks."""
    start, length, peak = (
        tps[field].astype(np.int64) for field in ("time_start", "samples_over_threshold", "samples_to_peak")
    )
    if "_v2_" not in name:
        peak = start + 32 * peak
    if name.startswith("fdreadoutlibs"):
        length = 32 * length
    others = [tps[field].astype(np.int64) for field in ("channel", "adc_integral", "adc_peak")]
    return np.stack([start, peak, length, *others], axis=1)


@needs_vectors
@pytest.mark.parametrize(("name", "channel"), [(name, 5 + 9 * k) for k, name in enumerate(VECTORS)])
def test_the_clear_version_reproduces_a_channel_of_each_vector(name: str, channel: int) -> None:
    chain, passes = VECTORS[name]
    stream = ClearStream(chain, np.arange(64), np.full(64, 2), only=(channel,))
    tps = stream.process(frames_of_passes(passes))
    assert tps.dtype == TP
    want = expected(name)
    want = want[want[:, 3] == channel]
    assert len(want) > 10
    np.testing.assert_array_equal(as_written(name, tps), want)


@needs_vectors
@pytest.mark.parametrize("name", VECTORS)
def test_the_fast_version_reproduces_each_vector_in_chunks_of_any_size(name: str) -> None:
    chain, passes = VECTORS[name]
    frames = frames_of_passes(passes)
    streams = FastStreams(chain, np.arange(64)[None], np.full((1, 64), 2))
    edges = [0, 1, 2, 700, 2000, 2001, len(frames)]
    parts = [streams.process(frames[None, low:high]) for low, high in itertools.pairwise(edges)]
    np.testing.assert_array_equal(as_written(name, np.concatenate(parts)), expected(name))
