"""Algorithms by name, their parameters and refusals, and how another package adds one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from streams.daq.tp import TP, TP_V1, TP_V2
from streams.errors import ConfigError
from trigger.baselines import algorithms
from trigger.baselines.algorithms import make
from trigger.baselines.chain import Chain
from trigger.baselines.clear import ClearStream
from trigger.baselines.generator import Generator
from trigger.baselines.hits import FallingEdge, Integral16, Integral32
from trigger.baselines.pedestal import Fixed, Frugal
from trigger.baselines.records import as_upstream
from trigger.baselines.running_sum import FdRunSum, RunSum
from trigger.baselines.threshold import Threshold
from trigger.tests.baselines_cases import frames

CHANNELS, PLANES = np.arange(64)[None], np.repeat([0, 2], 32)[None]


def test_defaults_are_those_of_dune() -> None:
    """Re-typed from DUNE-DAQ/appmodel trigger.schema.xml and DUNE-DAQ/readoutlibs readoutconfig.jsonnet."""
    assert make("simple_threshold").steps == (Frugal(0x4000, 10), Threshold((100, 100, 100)))
    run_sum = RunSum(True, (8, 8, 8), (10, 10, 10))
    assert make("abs_rs", "tpglibs_v1").steps == (Frugal(0x4000, 10), run_sum, Threshold((100, 100, 100)))
    assert isinstance(make("abs_rs", "tpglibs_v1").closing, Integral16)
    fd = make("AbsRS", "fdreadoutlibs")
    assert fd.steps == (Frugal(None, 10), FdRunSum(True, (8, 8, 8), 5, 10))
    assert (fd.closing, fd.cuts.tp_timeout, fd.algorithm) == (FallingEdge(120, True), 218_750, 2)
    assert make("StandardRS", "fdreadoutlibs").algorithm == 3


def test_parameters_by_the_names_of_dune() -> None:
    given = {
        "pedestal": "fixed",
        "start_period": "500",
        "accum_limit": 5,
        "second_pedestal": "true",
        "plane2": 30,
    }
    chain = make("standard_rs", "tpglibs_v2", given | {"memory_factor_plane1": 7, "sot_minimum_plane0": 3})
    first, second, third, last = chain.steps
    assert (first, third) == (Fixed(0x4000, 5, 500), Frugal(0x4000, 5))
    assert (second, last) == (RunSum(False, (8, 7, 8), (10, 10, 10)), Threshold((100, 100, 30)))
    assert chain.cuts.sot_minima == (3, 1, 1)
    fd = make("abs_rs", "fdreadoutlibs", {"tpg_rs_memory_factor": 0.7, "tpg_rs_scale_factor": 3})
    assert fd.steps[1] == FdRunSum(True, (7, 7, 7), 3, 10)
    flat = make("abs_rs", "fdreadoutlibs", {"enable_simple_threshold_on_collection": True})
    assert flat.steps[1] == FdRunSum(True, (0, 8, 8), 5, 10)


@pytest.mark.parametrize(
    ("name", "numerics", "parameters", "said"),
    [
        (
            "simple",
            "tpglibs_v2",
            {},
            "unknown algorithm simple: there are abs_rs, simple_threshold, standard_rs",
        ),
        (
            "abs_rs",
            "tpglibs",
            {},
            "unknown numerics tpglibs: there are fdreadoutlibs, tpglibs_v1, tpglibs_v2",
        ),
        (
            "abs_rs",
            "tpglibs_v2",
            {"threshold": 5},
            "abs_rs: got the parameter threshold, want one of plane0, plane1",
        ),
        ("abs_rs", "tpglibs_v2", {"plane0": 40000}, "plane0: got 40000, want int <= 32767"),
        ("abs_rs", "tpglibs_v2", {"plane0": "x"}, "plane0: got x, want int"),
        (
            "abs_rs",
            "tpglibs_v2",
            {"memory_factor_plane2": 11},
            "memory_factor_plane2: got 11, want int <= 10",
        ),
        ("abs_rs", "tpglibs_v1", {"accum_limit": 0}, "accum_limit: got 0, want int >= 1"),
        (
            "abs_rs",
            "fdreadoutlibs",
            {"tpg_rs_scale_factor": 0},
            "tpg_rs_scale_factor: got 0, want int >= 1",
        ),
        ("simple_threshold", "tpglibs_v2", {"second_pedestal": True}, "has no running sum: leave it out"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    name: str, numerics: str, parameters: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError) as error:
        make(name, numerics, parameters)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_cuts_are_counted() -> None:
    pulses = {
        0: [900, 1100, 900],
        1: [900, 1100, 1100, 900],
        40: [900, 1100, 900],
        41: [900, *[1100] * 9, 900],
    }
    made = frames(pulses, 900)[None]
    found = Generator(make("simple_threshold", "fdreadoutlibs", {"tp_timeout": 64}), CHANNELS, PLANES)
    assert found.process(made)["channel"].tolist() == [0, 1, 40]
    assert (found.made, found.dropped) == (3, (0, 1, 0))
    found.process(made)
    assert (found.made, found.dropped) == (6, (0, 2, 0))
    given = {"sot_minimum_plane0": 2, "channel_mask": [41], "accum_limit": 1}
    chain = make("simple_threshold", "tpglibs_v2", given)
    steps = (Frugal(900), *chain.steps[1:])
    found = Generator(Chain(steps, chain.closing, 2, cuts=chain.cuts), CHANNELS, PLANES)
    assert found.process(made)["channel"].tolist() == [40, 1]
    assert found.dropped == (1, 0, 1)


def test_old_channel_numbers_wrap_and_are_still_cut_by_their_plane() -> None:
    chain = make("simple_threshold", "tpglibs_v1", {"sot_minimum_plane0": 2})
    chain = Chain((Frugal(900), *chain.steps[1:]), chain.closing, 1, cuts=chain.cuts, old=True)
    found = Generator(chain, CHANNELS + 39_990, PLANES)
    tps = found.process(frames({10: [900, 1100, 900], 40: [900, 1100, 900]}, 900)[None])
    assert (tps["channel"].tolist(), found.dropped.too_short) == ([40_030 - 65536], 1)


def test_records_as_upstream_leaves_them() -> None:
    tps = np.zeros(1, TP)
    tps["channel"], tps["samples_over_threshold"], tps["samples_to_peak"], tps["time_start"] = 5, 3, 1, 320
    (old,) = as_upstream(make("abs_rs", "tpglibs_v1"), tps)
    (new,) = as_upstream(make("abs_rs", "tpglibs_v2"), tps)
    (fd,) = as_upstream(make("abs_rs", "fdreadoutlibs"), tps)
    assert (old.dtype, fd.dtype, new.dtype) == (TP_V1, TP_V1, TP_V2)
    assert (old["time_over_threshold"], old["time_peak"]) == (3, 352)
    assert (fd["time_over_threshold"], fd["time_peak"]) == (96, 352)
    assert int(new["word0"]) >> 48 == 3


@pytest.mark.parametrize(
    ("channels", "planes", "said"),
    [
        (CHANNELS[:, :32], PLANES[:, :32], "want \\(streams, 64\\)"),
        (CHANNELS, PLANES + 1, "got 1 to 3, want 0"),
        (CHANNELS // 2, PLANES, "each channel once"),
        (CHANNELS - 1, PLANES, "none below 0"),
    ],
)
def test_channels_that_do_not_fit(channels: NDArray[Any], planes: NDArray[Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Generator(make("abs_rs"), channels, planes)


def test_frames_that_do_not_fit() -> None:
    found = Generator(make("abs_rs"), CHANNELS, PLANES)
    with pytest.raises(ValueError, match="want \\(1, n, 900\\)"):
        found.process(np.zeros((2, 1, 900), np.uint64))
    assert len(found.process(np.zeros((1, 0, 900), np.uint64))) == 0


class Halves:
    """A step from elsewhere: half of the value of this sample and the one before; fast if ``quick``."""

    def __init__(self, quick: bool) -> None:
        if quick:
            self.lanes = HalfLanes

    def channel(self, plane: int) -> HalfChannel:
        return HalfChannel()


class HalfChannel:
    def __init__(self) -> None:
        self.last = 0

    def step(self, value: int) -> int:
        result, self.last = (value + self.last) >> 1, value
        return result


class HalfLanes:
    def __init__(self, planes: NDArray[Any]) -> None:
        self.last = np.zeros((1, len(planes)), np.int16)

    def rows(self, values: NDArray[np.int16]) -> None:
        before = np.concatenate([self.last, values[:-1]])
        self.last = values[-1:].copy()
        values[:] = (values.astype(np.int32) + before) >> 1


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("closing", [Integral32(), FallingEdge(60)])
def test_a_step_of_another_package_gives_the_same_in_both_versions(
    quick: bool, closing: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make_chain(numerics: str, parameters: Any) -> Chain:
        steps = (Frugal(900), Halves(quick), RunSum(), Halves(quick), Threshold((60, 60, 60)))
        return Chain(steps, closing, 2)

    point = SimpleNamespace(name="halves", value="nowhere:make", load=lambda: make_chain)
    monkeypatch.setattr(
        algorithms, "entry_points", lambda group, name="halves": [point] if name == "halves" else []
    )
    assert "halves" in algorithms.names()
    rng = np.random.default_rng(3)
    adc = (900 + 30 * rng.standard_normal((4 * 64, 64))).astype(int)
    made = np.stack([frames({c: adc[:, c + k].tolist() for c in range(60)}, 900) for k in range(2)])
    channels, planes = np.arange(128).reshape(2, 64), np.zeros((2, 64), int)
    chain = make("halves")
    missing = np.zeros((4, 2), np.bool_)
    missing[1, 1] = True
    got = Generator(chain, channels, planes).process(made, missing)
    alone = [ClearStream(chain, channels[s], planes[s]) for s in range(2)]
    want = [alone[s].process(made[s, f : f + 1]) for f in range(4) for s in range(2) if not missing[f, s]]
    np.testing.assert_array_equal(got, np.concatenate(want))
    assert len(got) > 20


def test_a_chain_begins_with_a_pedestal() -> None:
    for steps in ((Threshold(),), (Frugal(), Frugal(None))):
        with pytest.raises(TypeError, match="chain: "):
            Generator(Chain(steps, Integral32(), 2), CHANNELS, PLANES)
