"""The fast version and the clear one give the same TPs, order included, on any frames and any chain."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from streams.daq import adc_words, wibeth
from trigger.baselines.chain import Chain
from trigger.baselines.clear import ClearStream
from trigger.baselines.fast import FastStreams
from trigger.baselines.hits import FallingEdge, Integral16, Integral32
from trigger.baselines.pedestal import Fixed, Frugal
from trigger.baselines.running_sum import FdRunSum, RunSum
from trigger.baselines.threshold import Threshold

INT16 = st.one_of(st.integers(-32768, 32767), st.integers(-20, 20))
PLANES = st.tuples(INT16, INT16, INT16)
LIMITS = st.one_of(st.integers(1, 3), st.integers(1, 32766))
THRESHOLDS = st.one_of(st.integers(-30, 200), st.integers(-32768, 32767))
INITIAL = st.one_of(st.none(), st.integers(0, 0x4000))
PEDESTALS = st.one_of(
    st.builds(Frugal, INITIAL, LIMITS), st.builds(Fixed, st.integers(0, 0x4000), LIMITS, st.integers(0, 200))
)
SECOND = st.one_of(
    st.builds(Frugal, st.integers(-32768, 32767), LIMITS),
    st.builds(Fixed, st.integers(-32768, 32767), LIMITS, st.integers(0, 200)),
)
RUN_SUMS = st.builds(RunSum, st.booleans(), PLANES, PLANES)
FD_RUN_SUMS = st.builds(FdRunSum, st.booleans(), PLANES, INT16, LIMITS)
THRESHOLD = st.builds(Threshold, st.tuples(THRESHOLDS, THRESHOLDS, THRESHOLDS))
DETIDS = st.one_of(st.none(), st.just(0xFF))


@st.composite
def tpglibs_chains(draw: st.DrawFn) -> Chain:
    """Return a pedestal, then any steps in any order, then a threshold or none."""
    between = draw(st.lists(st.one_of(RUN_SUMS, SECOND, THRESHOLD, FD_RUN_SUMS), max_size=3))
    last = draw(st.lists(THRESHOLD, max_size=1))
    closing, version = draw(st.sampled_from([(Integral16(), 1), (Integral32(), 2)]))
    return Chain((draw(PEDESTALS), *between, *last), closing, version, detid=draw(DETIDS))


@st.composite
def fd_chains(draw: st.DrawFn) -> Chain:
    """Return a pedestal, mostly a running sum or nothing, and the closing of fdreadoutlibs."""
    sums = draw(
        st.one_of(
            st.lists(FD_RUN_SUMS, max_size=1), st.lists(st.one_of(RUN_SUMS, FD_RUN_SUMS, SECOND), max_size=2)
        )
    )
    closing = FallingEdge(draw(THRESHOLDS), draw(st.booleans()))
    return Chain((draw(PEDESTALS), *sums), closing, 1, 2, draw(DETIDS))


def samples(kind: str, n: int, rng: np.random.Generator) -> NDArray[np.uint16]:
    """Return (n, 64, 64) counts: noise with pulses, the ends of the range, long plateaus, or anything."""
    size = (n * 64, 64)
    if kind == "noise":
        adc = rng.normal(900, 5, size) + 300 * (rng.random(size) < 0.05)
    elif kind == "ends":
        adc = np.where(rng.random(size) < rng.random(), 0, 16383)
    elif kind == "plateaus":
        adc = np.repeat(rng.integers(0, 16384, (n * 4, 64)), 16, axis=0)
    elif kind == "slow":
        adc = 900 + rng.integers(-2, 3, size) + 40 * (np.arange(n * 64)[:, None] // 20 % 2)
    else:
        adc = rng.integers(0, 16384, size)
    return np.clip(adc, 0, 16383).astype(np.uint16).reshape(n, 64, 64)


def frames_of(adc: NDArray[np.uint16], first: int, jumps: NDArray[np.integer]) -> NDArray[np.uint64]:
    """Return the frames of a stream; ``jumps`` are added to the timestamps from their frame on."""
    frames = wibeth.empty_frames(len(adc))
    adc_words.pack(adc, frames)
    wibeth.set_field(frames, "det_id", 3)
    steps = 2048 * np.arange(len(adc)) + np.cumsum(jumps)
    frames[:, 1] = np.uint64(first) + steps.astype(np.uint64)
    return frames


KINDS = ("noise", "ends", "plateaus", "slow", "anything")
MANY = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
)


@MANY
@given(
    chain=st.one_of(tpglibs_chains(), fd_chains()),
    kind=st.sampled_from(KINDS),
    seed=st.integers(0, 2**32),
    first=st.sampled_from([0, 1_000_000_000_000, 2**64 - 2048]),
)
def test_any_chain_on_any_frames(chain: Chain, kind: str, seed: int, first: int) -> None:
    rng = np.random.default_rng(seed)
    frames = frames_of(samples(kind, 3, rng), first, rng.integers(0, 2, 3) * 1_000_000)
    channels, planes = rng.permutation(2560)[:64], rng.integers(0, 3, 64)
    want = ClearStream(chain, channels, planes).process(frames)
    streams = FastStreams(chain, channels[None], planes[None])
    got = np.concatenate([streams.process(frames[None, :2]), streams.process(frames[None, 2:])])
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("by_register", [False, True])
def test_many_streams_with_missing_frames_in_any_chunks(by_register: bool) -> None:
    rng = np.random.default_rng(1)
    if by_register:
        chain = Chain((Frugal(None), FdRunSum()), FallingEdge(40, True), 1)
    else:
        chain = Chain((Frugal(900), Threshold((60, 40, 20))), Integral32(), 2)
    frames = np.stack([frames_of(samples("noise", 6, rng), 0, np.zeros(6, int)) for _ in range(3)])
    channels, planes = rng.permutation(2560)[:192].reshape(3, 64), rng.integers(0, 3, (3, 64))
    missing = rng.random((6, 3)) < 0.3
    alone = [ClearStream(chain, channels[s], planes[s]) for s in range(3)]
    want = [alone[s].process(frames[s, f : f + 1]) for f in range(6) for s in range(3) if not missing[f, s]]
    for edges in ([0, 6], [0, 1, 2, 5, 6]):
        streams = FastStreams(chain, channels, planes)
        cuts = [slice(low, high) for low, high in itertools.pairwise(edges)]
        got = [streams.process(frames[:, cut], missing[cut]) for cut in cuts]
        np.testing.assert_array_equal(np.concatenate(got), np.concatenate(want))
    assert missing.any() and len(np.concatenate(want)) > 100


def test_more_tps_than_there_is_room_for_at_once() -> None:
    adc = np.zeros((4, 64, 64), np.uint16)
    adc[:, ::2] = 16383
    chain = Chain((Fixed(0, start_period=0), Threshold((0, 0, 0))), Integral16(), 1)
    streams = FastStreams(chain, np.arange(64 * 40).reshape(40, 64), np.zeros((40, 64), int))
    frames = np.stack([frames_of(adc, 0, np.zeros(4, int))] * 40)
    tps = streams.process(frames)
    assert len(tps) == 40 * 4 * 64 * 32
    assert np.array_equal(np.bincount(tps["channel"], minlength=2560), np.full(2560, 128))


def test_frames_in_any_kind_of_memory() -> None:
    adc = samples("noise", 3, np.random.default_rng(2))
    frames = frames_of(adc, 0, np.zeros(3, int))
    chain = Chain((Frugal(900), Threshold((60, 60, 60))), Integral32(), 2)

    def run(given_frames: NDArray[np.uint64]) -> NDArray[np.void]:
        return FastStreams(chain, np.arange(64)[None], np.zeros((1, 64), int)).process(given_frames[None])

    want = run(frames)
    assert len(want)
    odd = np.empty(frames.nbytes + 3, np.uint8)
    odd[3:] = frames.view(np.uint8).ravel()
    unaligned = odd[3:].view("<u8").reshape(frames.shape)
    spread = np.repeat(frames, 2, axis=0)[::2]
    read_only = np.frombuffer(frames.tobytes(), "<u8").reshape(frames.shape)
    for other in (unaligned, spread, read_only):
        np.testing.assert_array_equal(run(other), want)
