"""Files of TPs to files of TAs and TCs; bad input of all kinds is one sentence, or counted and shown."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from streams.cli import app
from streams.daq import fragment, tp
from streams.errors import ConfigError, UserError
from streams.files.tp_file import TpPlan, write_tps
from trigger.activities import base, run, ta_file
from trigger.activities.base import GROUP, configure, configure_candidates, names


def made(count=400, seed=1, **fields):
    """TPs at neighbouring channels, in bursts."""
    rng = np.random.default_rng(seed)
    tps = np.zeros(count, tp.TP)
    tps["version"], tps["detid"] = 2, 3
    tps["time_start"] = 10**9 + np.cumsum(rng.integers(1, 400, count))
    tps["channel"] = 1600 + np.arange(count) % 90
    tps["adc_integral"], tps["samples_over_threshold"] = rng.integers(1, 5000, count), 9
    for name, values in fields.items():
        tps[name] = values
    return tps


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "tps.h5"
    write_tps(path, np.array_split(made(), 4))
    return path


def command(*given):
    return CliRunner().invoke(app, ["activities", *map(str, given)])


def result(batches, **task):
    task = run.Task("adc_simple_window", {"window_length": 3000, "adc_threshold": 9000}, **task)
    found = run.Result()
    return list(run.batches(task, batches, found)), found


@pytest.mark.parametrize("version", [1, 2])
def test_a_file_has_the_tas_and_tcs_of_the_makers(tmp_path, version):
    path, output = tmp_path / "tps.h5", tmp_path / "tas.h5"
    tps = made(version=version)
    write_tps(path, np.array_split(tps, 4), TpPlan(version=version))
    chosen = ("-s", "adjacency_threshold=8", "-s", "window_length=6000", "--set-tc", "trigger_on_adc=true")
    done = command(
        path,
        "-a",
        "channel_adjacency",
        *chosen,
        "--set-tc",
        "adc_threshold=60000",
        "--candidates",
        "-o",
        output,
    )
    assert done.exit_code == 0, done.output
    maker = configure("channel_adjacency", {"adjacency_threshold": 8, "window_length": 6000})
    finish = configure_candidates("channel_adjacency", {"trigger_on_adc": True, "adc_threshold": 60_000})
    tas = maker(tps)
    tcs = finish(tas)
    assert len(tas) > 5 and len(tcs) > 2
    found = list(ta_file.read(output))
    assert {batch.tp_version for batch in found} == {version}
    read = [ta for batch in found for ta in batch.activities]
    assert all(
        a.data == b.data and np.array_equal(a.inputs, b.inputs) for a, b in zip(read, tas, strict=True)
    )
    read = [tc for batch in found for tc in batch.candidates]
    for a, b in zip(read, tcs, strict=True):
        assert a.data == b.data
        assert a.inputs.tolist() == b.inputs.tolist()
    assert f"{len(tas)} in" in done.output and f"{len(tcs)} in" in done.output


def test_the_file_is_laid_out_as_dunes(source, tmp_path):
    assert (
        command(
            source, "-a", "prescale", "-s", "prescale=9", "--candidates", "-o", tmp_path / "tas.h5"
        ).exit_code
        == 0
    )
    with h5py.File(tmp_path / "tas.h5") as file:
        raw = file["TimeSlice000001/RawData"]
        kinds = {"Trigger_0x000003e8_Trigger_Activity": 7, "Trigger_0x000007d0_Trigger_Candidate": 8}
        assert sorted(raw) == ["TR_Builder_0x00000000_TimeSliceHeader", *sorted(kinds)]
        for name, kind in kinds.items():
            header = fragment.parse(raw[name][:72].tobytes(), fragment.FRAGMENT_HEADER)
            assert header["fragment_type"] == kind and header["size"] == raw[name].size
            assert header["element_id"] == (2, 3, {7: 1000, 8: 2000}[kind])
        assert (
            '{"fragment_type":8,"sourceids":[{"id":2000,"subsys":3}]}'
            in file["TimeSlice000001"].attrs["fragment_type_source_id_map"]
        )
        assert file.attrs["record_type"] == "TimeSlice"


def test_damage_of_a_file_of_tas_is_one_sentence(source, tmp_path):
    path = tmp_path / "tas.h5"
    command(source, "-a", "bundle", "-s", "bundle_size=50", "-o", path)
    with h5py.File(path, "r+") as file:
        file["TimeSlice000001/RawData/Trigger_0x000003e8_Trigger_Activity"][100] ^= 1
    with pytest.raises(UserError, match="do not fit their check"):
        list(ta_file.read(path))
    with pytest.raises(UserError, match="got no TAs or TCs"):
        list(ta_file.read(source))


def test_tps_out_of_order_are_sorted_and_tardy_ones_left_out_and_counted():
    first, second = made(40), made(40, seed=2)
    second["time_start"] += first["time_start"][-1] - 10**9
    mixed = first.copy()
    mixed[[3, 7]] = first[[7, 3]]
    late = np.concatenate([first[:5], second])
    batches, found = result([[mixed], [late]])
    want, _ = result([[first], [second]])
    assert [ta.data.tolist() for b in batches for ta in b.activities] == [
        ta.data.tolist() for b in want for ta in b.activities
    ]
    assert (found.counts.out_of_order, found.counts.tardy, found.counts.used) == (4, 5, 80)


def test_sources_of_a_record_are_merged_by_time_and_channel():
    tps = made(100, time_start=10**9 + np.arange(100) // 3 * 400)
    sources = [tps[0::2], tps[1::2]]
    (batch,), found = result([sources])
    (want,), _ = result([[tps]])
    assert [ta.inputs["channel"].tolist() for ta in batch.activities] == [
        ta.inputs["channel"].tolist() for ta in want.activities
    ]
    assert batch.activities and not found.counts.out_of_order and not found.counts.tardy


def test_odd_tps_are_used_as_upstream_does_and_counted(tmp_path):
    tps = made(60)
    tps["samples_over_threshold"][:7], tps["channel"][5:10] = 0, 0xFFFFFF
    path = tmp_path / "tps.h5"
    write_tps(path, [tps])
    shown = command(path, "-a", "prescale").output
    assert "TPs of zero length" in shown and " 7 " in shown
    assert "TPs without a channel" in shown and " 5 " in shown
    assert "60 in" in shown


def test_two_detectors_at_once_must_be_chosen_from(tmp_path):
    path = tmp_path / "tps.h5"
    tps = made(60, detid=np.arange(60) % 2 + 10)
    write_tps(path, [tps])
    done = command(path, "-a", "prescale", "-o", tmp_path / "tas.h5")
    assert isinstance(done.exception, UserError)
    assert str(done.exception) == (
        f"{path}: got TPs of detectors 10 and 11 at once, want one: choose it with --detector 10 or --detector 11"
    )
    assert sorted(p.name for p in tmp_path.iterdir()) == ["tps.h5", "tps.h5.manifest.json"]
    done = command(path, "-a", "prescale", "--detector", 11)
    assert "30 in" in done.output and "other detectors, left out" in done.output
    two = [[tps[::2]], [tps[1::2]]]
    with pytest.raises(UserError, match="detectors 10 and 11 at once"):
        result(two)


def test_tps_of_a_future_version_are_one_sentence(source):
    with h5py.File(source, "r+") as file:
        name = "TimeSlice000001/RawData/Trigger_0x00000000_Trigger_Primitive"
        data = file[name]
        data[72] = 3
        del data.attrs["crc32"]
    done = command(source, "-a", "prescale")
    assert isinstance(done.exception, UserError) and "TPs of version 3, want 1 or 2" in str(done.exception)


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        (("-a", "adjacent"), ConfigError, "got 'adjacent', want one of adc_simple_window, bundle, "),
        (
            ("-a", "prescale", "-s", "factor=2"),
            ConfigError,
            "got the parameter factor, want one of ",
        ),
        (("-a", "prescale", "-s", "prescale"), ConfigError, "--set: got 'prescale', want NAME=VALUE"),
        (
            ("-a", "prescale", "-s", "prescale=1", "-s", "prescale=2"),
            ConfigError,
            "--set: got prescale twice",
        ),
        (
            ("-a", "prescale", "-s", "prescale=few"),
            ConfigError,
            "prescale: got ",
        ),
        (("-a", "prescale", "-s", "prescale=-1"), ConfigError, "prescale: got -1, want int >= 0"),
        (("-a", "prescale", "--set-tc", "prescale=1"), ConfigError, "give --candidates too"),
        (("-a", "horizontal_muon", "--candidates"), ConfigError, "both false, which DUNE's code refuses"),
        (("-a", "channel_adjacency", "--candidates"), ConfigError, "it triggers on nothing"),
        (
            ("-a", "plane_coincidence"),
            UserError,
            "got TPs of detector 3, want 10 or 11 for the map VDColdboxChannelMap",
        ),
        (
            ("-a", "plane_coincidence", "-s", "channel_map_name=HD"),
            ConfigError,
            "want one of VDColdboxChannelMap, ",
        ),
    ],
)
def test_what_cannot_be_used_is_one_sentence(source, given, kind, words):
    error = command(source, *given).exception
    assert type(error) is kind and words in str(error) and "\n" not in str(error)


def test_channels_that_a_map_does_not_have_are_of_another_detector():
    maker = configure("plane_coincidence", {"channel_map_name": "PD2VDBottomTPCChannelMap"})
    with pytest.raises(UserError, match="got channels 7000 to 7003, want 0 to 6143 for the map PD2VD"):
        maker(made(4, channel=np.arange(7000, 7004), detid=0))


def test_the_last_window_is_closed_on_demand():
    assert sum(len(batch.activities) for batch in result([[made(3)]])[0]) == 0
    task = run.Task("adc_simple_window", {"window_length": 3000, "adc_threshold": 1}, flush=True)
    (_, batch) = run.batches(task, [[made(3)]], run.Result())
    assert [len(ta.inputs) for ta in batch.activities] == [3]


@pytest.mark.parametrize(("name", "made_before"), [("prescale", 3), ("bundle", 1)])
def test_what_has_no_window_has_nothing_to_close(name, made_before):
    parameters = {"bundle_size": 2} if name == "bundle" else {}
    found = run.Result()
    task = run.Task(name, parameters, flush=True)
    assert [len(batch.activities) for batch in run.batches(task, [[made(3)]], found)] == [made_before, 0]
    assert found.activities == made_before


def test_an_algorithm_of_another_package_is_found_by_its_entry_point(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(
        "from trigger.activities import adc_simple_window\n"
        "ALGORITHM = adc_simple_window.ALGORITHM._replace(candidate=None)\n"
    )
    points = tmp_path / "mine-1.0.dist-info"
    points.mkdir()
    (points / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (points / "entry_points.txt").write_text(f"[{GROUP}]\nmine = mine:ALGORITHM\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert (
        "mine" in names() and len(configure("mine", {"adc_threshold": 0, "window_length": 1})(made(9))) == 8
    )
    with pytest.raises(ConfigError, match="algorithm mine: it makes no TCs"):
        configure_candidates("mine")


def test_an_installation_without_algorithms_is_one_sentence(monkeypatch):
    monkeypatch.setattr(base, "entry_points", lambda **_: ())
    with pytest.raises(ConfigError, match="none is installed: install lartrig again"):
        configure("prescale")
