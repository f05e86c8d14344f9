from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from streams import cli
from streams.block import CHARGE_DTYPE, EVENT_DTYPE, Block
from streams.config import SimulationConfig
from streams.errors import UserError
from streams.signals import NeutrinoSignal
from streams.simulate import stream
from trigger import network_spec, replay, report, settings
from trigger.network_spec import Conv2D, Format, Input, MaxPool2D, NetworkSpec, Quantize
from trigger.physics import feldman_cousins


def brightest() -> NetworkSpec:
    """A made-up network: the brightest pixel of each cell, minus the pedestal of 16."""
    pixel, score = Format(signed=False, width=8, fraction=0), Format(signed=True, width=10, fraction=0)
    half, whole = (32, 496, 1), (16, 248, 1)
    pool = {"pool": (2, 2), "stride": (2, 2), "padding": (0, 0, 0, 0), "output": pixel}
    shape = {"input_shape": whole, "output_shape": whole}
    one = {"kernel": (1, 1), "stride": (1, 1), "padding": (0, 0, 0, 0), "weights": [1], "bias": [-16]}
    return NetworkSpec(
        name="brightest",
        inputs=(Input(shape=(64, 992, 1), number=pixel),),
        layers=[
            MaxPool2D(name="pool1", input_shape=(64, 992, 1), output_shape=half, **pool),
            MaxPool2D(name="pool2", input_shape=half, output_shape=whole, **pool),
            Conv2D(
                name="minus", **shape, **one, weight=Format(signed=True, width=2, fraction=0), output=score
            ),
            Quantize(name="score", **shape, output=score),
        ],
    )


def firmware(threshold: int = 60) -> replay.Firmware:
    return replay.Firmware(brightest(), settings.TriggerSettings(threshold=threshold))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "firmware"
    made.mkdir()
    network_spec.write(brightest(), made / "network.json")
    settings.write(settings.TriggerSettings(threshold=60), made / "trigger.json")
    return made


def _blocks(n: int, pulses: list[tuple[int, str, int, int]], energy: float = 12.0) -> Iterator[Block]:
    """``n`` quiet blocks; a pulse (event, origin, tick, channel) is 8 ticks of 400 ADC and 30 ke-."""
    for i in range(n):
        adc = np.full((64, 960), 900, np.uint16)
        mine = [p for p in pulses if p[2] // 64 == i]
        events, charge = np.zeros(len(mine), EVENT_DTYPE), np.zeros(len(mine), CHARGE_DTYPE)
        for k, (event, origin, tick, channel) in enumerate(mine):
            adc[tick % 64 : tick % 64 + 8, channel] += 400
            events[k]["id"], events[k]["origin"], events[k]["energy_mev"] = event, origin, energy
            events[k]["tick_first"], events[k]["tick_last"] = tick, tick + 7
            charge[k] = (event, tick, channel, 30e3)
        yield Block(64 * i, 2048 * i, adc, events, charge)


def test_candidates_carry_time_channel_and_what_they_are() -> None:
    pulses = [(1, "nue_cc", 64, 100), (2, "nue_cc", 640, 700), (3, "Tl208", 1024, 300)]
    result = replay.run(_blocks(24, pulses), firmware())
    rows = [report.row(found) for found in result.found]
    assert [(r["event"], r["origin"], r["tick"], r["channel"], r["energy_mev"]) for r in rows] == [
        (1, "nue_cc", 64, 100, 12.0),
        (2, "nue_cc", 640, 700, 12.0),
        (3, "Tl208", 1024, 300, 12.0),
    ]
    assert rows[0]["time_us"] == pytest.approx(64 * 0.512) and rows[0]["electrons"] == 30_000
    assert result.interactions == {1: 12.0, 2: 12.0} and result.found_ids == {1, 2}
    assert (result.ticks, result.frames, result.records) == (24 * 64, 3, 3)
    assert result.snapshot is not None and result.snapshot.found.match.event == 2


def test_efficiency_and_background_count_each_primary_once() -> None:
    twice = [
        (1, "nue_cc", 64, 100),
        (1, "nue_cc", 64, 200),
        (3, "Tl208", 640, 300),
        (3, "Tl208", 640, 400),
        (3, "Tl208", 1000, 300),
    ]
    unseen = [(9, "nue_cc", 300, 800)]
    result = replay.run(_blocks(24, twice), firmware())
    content = report.report(result)
    assert content["candidates"] == 5
    assert content["background"]["candidates"] == 1 and content["background"]["by_origin"] == {"Tl208": 1}
    assert (content["efficiency"]["found"], content["efficiency"]["tried"]) == (1, 1)
    missed = report.report(replay.run(_blocks(24, unseen), firmware(threshold=200)))
    assert (missed["efficiency"]["found"], missed["efficiency"]["tried"]) == (0, 1)
    assert missed["background"]["candidates"] == 0


def test_rate_has_its_interval_and_exposure() -> None:
    result = replay.run(_blocks(24, [(3, "Tl208", 640, 300)]), firmware())
    back = report.background(result)
    seconds = 24 * 64 * 512e-9
    assert back["exposure_apa_s"] == pytest.approx(seconds)
    assert back["hz_per_10kt"] == pytest.approx(100 / seconds)
    assert back["interval_90_hz_per_10kt"] == pytest.approx(
        [0.11 * 100 / seconds, 4.36 * 100 / seconds], rel=0.05
    )
    assert back["exposure_needed_apa_s"] == pytest.approx(2440, rel=0.01)


def test_an_interaction_cut_by_the_end_of_the_stream_is_not_tried() -> None:
    blocks = list(_blocks(16, [(1, "nue_cc", 64, 100)]))
    late = np.zeros(1, EVENT_DTYPE)
    late["id"], late["origin"] = 5, "nue_cc"
    late["tick_first"], late["tick_last"] = 1000, 16 * 64
    blocks[-1] = Block(15 * 64, 15 * 2048, blocks[-1].adc, late, blocks[-1].charge)
    assert set(replay.run(blocks, firmware()).interactions) == {1}


def test_a_candidate_across_two_frames_is_one() -> None:
    result = replay.run(_blocks(24, [(1, "nue_cc", 504, 100), (1, "nue_cc", 512, 101)]), firmware())
    assert [len(f.candidate.cells) for f in result.found] == [2]


def test_a_gap_ends_candidates_and_windows() -> None:
    blocks = [
        b
        for b in _blocks(40, [(1, "nue_cc", 8 * 64 - 8, 100), (2, "nue_cc", 17 * 64, 100)])
        if not 8 <= b.first_tick // 64 < 16
    ]
    result = replay.run(blocks, firmware())
    assert [f.match.event for f in result.found] == [1, 2] and result.ticks == 32 * 64


def test_a_new_window_knows_no_dead_region_of_the_old_one() -> None:
    # Cells at 480 and 576: dead until 576 if nothing lay between.
    pulses = [(1, "nue_cc", 504, 100), (2, "nue_cc", 584, 100)]
    assert [f.match.event for f in replay.run(_blocks(16, pulses), firmware()).found] == [1]
    cut = [b for b in _blocks(16, pulses) if b.first_tick != 512]
    assert [f.match.event for f in replay.run(cut, firmware()).found] == [1, 2]


def test_a_stream_without_truth_says_so() -> None:
    blocks = [Block(b.first_tick, b.timestamp, b.adc) for b in _blocks(16, [(1, "nue_cc", 64, 100)])]
    content = report.report(replay.run(blocks, firmware()))
    assert content["candidates"] == 1 and not content["has_truth"]
    assert "efficiency" not in content and "background" not in content


def test_limits_end_an_endless_stream_and_runs_repeat() -> None:
    config = SimulationConfig(seed=8, planes=("X",), signals=(NeutrinoSignal(rate_hz=20_000.0),))
    one = replay.run(stream(config), firmware(), interactions=20)
    two = replay.run(stream(config), firmware(), interactions=20)
    assert report.report(one) == report.report(two)
    assert 20 <= len(one.interactions) < 60 and len(one.found_ids) > 10
    timed = replay.run(stream(config), firmware(), exposure_s=1e-3)
    assert 1e-3 <= timed.exposure_s < 1.3e-3


def test_a_simulation_is_streamed_in_constant_memory() -> None:
    quiet = firmware(threshold=511)
    state = replay._Replay(quiet)
    sizes = []
    blocks = islice(stream(SimulationConfig(seed=8, planes=("X",))), 160)
    for frame in replay.stream_frames(state.truth.watch(blocks), replay.FastFrontEnd()):
        state.take(frame)
        sizes.append((len(state.truth._charge), len(state.truth._events)))
    # One block before the frame's end is kept, for the margin of a candidate that begins in the next frame.
    assert max(n for n, _ in sizes) <= 2
    assert sizes[-1][1] < 3 * max(n for _, n in sizes[:4])


def _call(*arguments: object) -> str:
    result = CliRunner().invoke(cli.app, ["replay", *map(str, arguments)])
    if isinstance(result.exception, UserError):
        return str(result.exception)
    assert result.exit_code == 0, result.output
    return ""


def test_the_command_writes_report_and_pictures(folder: Path, tmp_path: Path) -> None:
    source = tmp_path / "replay.toml"
    source.write_text('seed = 3\nposition = "outer"\n[[signals]]\nkind = "neutrinos"\nrate_hz = 40000.0\n')
    made, pictures = tmp_path / "report.json", tmp_path / "pictures"
    said = _call(source, "--firmware", folder, "--interactions", 20, "--report", made, "--pictures", pictures)
    assert said == ""
    content = json.loads(made.read_text())
    assert content["efficiency"]["tried"] >= 20 and content["threshold"] == 60
    low = content["background"]["interval_90_hz_per_10kt"][0] * content["exposure_s"]
    assert content["per_10kt"] == 200.0 and low == pytest.approx(
        200.0 * feldman_cousins(content["background"]["candidates"])[0]
    )
    assert len(content["candidate_list"]) == content["candidates"] > 10
    assert {p.name for p in pictures.iterdir()} == {"event.png", "efficiency.png"}


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        (None, (), "cannot read"),
        ("seed = 1\n", (), "a simulation has no end: give --interactions N or --exposure SECONDS"),
        ("seed = 1\n", ("--interactions", 5), "needs neutrinos: give a signal of that kind a rate_hz over 0"),
        ("sead = 1\n", ("--exposure", 1), "unknown field `sead`"),
        (
            '[[signals]]\nkind = "neutrinos"\nrate_hz = -1.0\n',
            ("--interactions", 5),
            "signals[0].rate_hz: got -1.0",
        ),
        ('detector = "fd2-vd-bottom"\n', ("--exposure", 1), "detector: got fd2-vd-bottom with 1 face(s)"),
        ("channels = 900\n", ("--exposure", 1), "unknown field `channels`"),
    ],
)
def test_bad_sources_are_one_sentence(
    folder: Path, tmp_path: Path, text: str | None, options: tuple[object, ...], said: str
) -> None:
    source = tmp_path / "replay.toml"
    if text is not None:
        source.write_text(text)
    told = _call(source, "--firmware", folder, *options, "--report", tmp_path / "out.json")
    assert said in told and "\n" not in told
    assert not (tmp_path / "out.json").exists()


def test_bad_firmware_and_outputs_are_one_sentence(folder: Path, tmp_path: Path) -> None:
    source = tmp_path / "absent.h5"
    assert "no such folder: make it with `lartrig convert`" in _call(
        source, "--firmware", tmp_path / "nothing"
    )
    assert "absent.h5" in _call(source, "--firmware", folder)
    assert "leave out --interactions" in _call(source, "--firmware", folder, "--interactions", 3)
    (tmp_path / "old.json").write_text("{}")
    assert "exists already" in _call(source, "--firmware", folder, "--report", tmp_path / "old.json")
    assert "does not exist: create it" in _call(
        source, "--firmware", folder, "--report", tmp_path / "no" / "r.json"
    )
    (folder / "trigger.json").unlink()
    assert "cannot read trigger settings" in _call(source, "--firmware", folder)
    pixel = brightest().input
    pool = MaxPool2D(
        name="pool", input_shape=(64, 64, 1), output_shape=(32, 32, 1), output=pixel, pool=(2, 2), stride=(2, 2),
        padding=(0, 0, 0, 0),
    )  # fmt: skip
    cut = NetworkSpec(name="small", inputs=(Input(shape=(64, 64, 1), number=pixel),), layers=[pool])
    network_spec.write(cut, folder / "network.json")
    assert "want (64, 992, 1) to (16, 248)" in _call(source, "--firmware", folder)


def test_replay_never_imports_tensorflow() -> None:
    import subprocess
    import sys

    code = "import sys, trigger.report, trigger.commands, trigger.plots; print('tensorflow' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"
