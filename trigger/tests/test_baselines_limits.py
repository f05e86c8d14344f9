"""Limits of what stands around the algorithms: parameters, cuts, planes of channels, pieces of a file, the summary."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streams.block import Block
from streams.channel_map import PLANES
from streams.daq.tp import TP
from streams.errors import ConfigError, UserError
from streams.files.writer import Plan, write_file
from streams.receiver.report import Report
from trigger.baselines import fast, from_file
from trigger.baselines.chain import Chain
from trigger.baselines.cuts import Cuts, Dropped, apply
from trigger.baselines.fast_closings import MOST_OF_FRAME
from trigger.baselines.from_file import Task, batches
from trigger.baselines.generator import Generator, make, one_stream
from trigger.baselines.options import settled, summary
from trigger.baselines.pedestal import Frugal
from trigger.tests.baselines_cases import frames


def test_parameters_of_fdreadoutlibs_are_cut_to_whole_numbers_and_each_algorithm_has_its_own() -> None:
    def chain(name: str = "abs_rs", **given: Any) -> Chain:
        return make(name, "fdreadoutlibs", given)

    assert chain(tpg_rs_memory_factor=0.79).steps[1].memory_factor == (7, 7, 7)
    assert chain(tpg_rs_scale_factor=6).steps[1].scale_factor == 1  # 10 / 6
    assert [chain(name).algorithm for name in ("simple_threshold", "abs_rs", "standard_rs")] == [1, 2, 3]


def test_the_balance_of_a_pedestal_leaves_room_for_one_more() -> None:
    assert make("abs_rs", "tpglibs_v2", {"accum_limit": 32_766}).steps[0].accum_limit == 32_766
    with pytest.raises(ConfigError, match="<= 32766"):
        make("abs_rs", "tpglibs_v2", {"accum_limit": 32_767})


def test_a_settled_chain_keeps_the_balance_of_its_pedestal() -> None:
    assert settled(make("abs_rs", "tpglibs_v2", {"accum_limit": 3})).steps[0] == Frugal(None, 3)


def test_each_reason_to_drop_a_tp_has_its_number() -> None:
    tps = np.zeros(7, TP)
    tps["channel"], tps["samples_over_threshold"] = [1, 2, 3, 4, 8, 8, 9], [1, 2, 11, 12, 5, 5, 5]
    cuts = Cuts(sot_minima=(3, 3, 3), tp_timeout=320, channel_mask=(8,))
    kept, dropped = apply(cuts, tps, lambda some: np.zeros(len(some), int))
    assert (kept["channel"].tolist(), dropped) == ([9], (2, 2, 2))


def test_channels_whose_16_bits_wrap_have_planes_of_their_own() -> None:
    # 40 000 is -25 536, which from the end of the 40 064 channels up to the last one would be 14 528
    chain = make("simple_threshold", "tpglibs_v1", {"sot_minimum_plane0": 2})
    chain = Chain((Frugal(900), *chain.steps[1:]), chain.closing, 1, cuts=chain.cuts, old=True)
    channels = np.stack([np.arange(14_500, 14_564), np.arange(40_000, 40_064)])
    planes = np.repeat([[0], [2]], 64, axis=1)
    pulse = np.stack([frames({28: [900, 1100, 900]}, 900), frames({0: [900, 1100, 900]}, 900)])
    found = Generator(chain, channels, planes)
    assert found.process(pulse)["channel"].tolist() == [40_000 - 65_536]
    assert found.dropped.too_short == 1


def test_the_summary_says_when_pedestals_are_settled_and_what_was_dropped() -> None:
    chain = make("abs_rs", "tpglibs_v2")
    rows = summary(chain, dict.fromkeys(PLANES, 0), Dropped(0, 2, 0), Report())
    assert rows["dropped"] == "2 too long"
    assert "settled after 92 ms at most" in rows["pedestals"]  # 16 384 x 11 samples
    rows = summary(settled(chain), dict.fromkeys(PLANES, 0), Dropped(), Report())
    assert "dropped" not in rows and "pedestals" not in rows


def test_a_frame_waits_if_there_may_be_no_room_for_its_tps(monkeypatch: pytest.MonkeyPatch) -> None:
    pulses = {
        c: [900, 1100, 900] * 21 for c in range(64)
    }  # 21 TPs each: 1 344 of a frame, of which 4 do not fit
    made = np.concatenate([frames(pulses, 900)] * 8)[None]
    chain = settled(make("simple_threshold"))
    want = Generator(chain, *one_stream()).process(made)
    monkeypatch.setattr(fast, "ROOM", MOST_OF_FRAME + 1000)
    np.testing.assert_array_equal(Generator(chain, *one_stream()).process(made), want)
    assert len(want) == 8 * 1344


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of two windows of 20 blocks with pulses, of crate 0."""
    path = tmp_path_factory.mktemp("limits") / "run.h5"
    adc = np.full((64, 2560), 900, np.uint16)
    adc[10:12, ::50] = 1100
    planes = {"U": adc[:, :800], "V": adc[:, 800:1600]}
    made = (Block(64 * k, 2048 * (1000 + k), adc[:, 1600:], induction=planes) for k in range(40))
    write_file(path, made, Plan(windows=2, window_blocks=20, crate=0))
    return path


@pytest.fixture
def first_assembly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(from_file, "_assembly", lambda task, crate: 0)


@pytest.mark.parametrize(
    ("name", "most", "spans"),
    [
        ("BATCH", 1, [16, 4, 16, 4]),
        ("BATCH", 52 * 16, [16, 20, 4]),  # 52 TPs a block
        ("SLICE", 2048 * 16, [16, 20, 4]),
        ("SLICE", 2048 * 20, [20, 20]),
        ("SLICE", 2048 * 40, [40]),
    ],
)
@pytest.mark.usefixtures("first_assembly")
def test_batches_end_when_they_are_large_or_long(
    run: Path, monkeypatch: pytest.MonkeyPatch, name: str, most: int, spans: list[int]
) -> None:
    monkeypatch.setattr(from_file, name, most)
    task = Task(run, settled(make("simple_threshold")))
    found = [tps for tps, _ in batches(task, Report())]
    assert [len(tps) for tps in found] == [52 * n for n in spans]
    assert len(np.unique(np.concatenate(found)[["time_start", "channel"]])) == 52 * 40


def test_crate_0_has_no_offline_channels_of_its_own(run: Path) -> None:
    with pytest.raises(UserError, match="crate 0 has no offline channels: give a map with --channel-map"):
        list(batches(Task(run, make("simple_threshold")), Report()))
