"""Assemblies by number: places, seeds, crates, channel maps."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec
import numpy as np
import pytest

from streams import channel_map
from streams.cluster.assemblies import ASSEMBLIES, assembly, check_module, place_of
from streams.config import SimulationConfig, checked, seed_of
from streams.detector import load_detector
from streams.errors import ConfigError, UserError
from streams.simulate import stream


def test_places_are_those_that_the_preset_counts():
    found = Counter(place_of(number).position for number in range(ASSEMBLIES))
    positions = load_detector("fd1-hd-apa").positions
    assert found == {name: one.count for name, one in positions.items() if one.count}
    assert len({place_of(number)[:3] for number in range(ASSEMBLIES)}) == 150
    # By hand, from 25 x 2 x 3: corners, ends, the wall sides, the middle.
    assert [place_of(n).position for n in (0, 1, 2, 3, 4, 5, 6, 7, 10, 144, 149)] == [
        "bottom_outer_end", "bottom_end", "bottom_outer_end", "top_outer_end", "top_end", "top_outer_end",
        "bottom_outer", "bottom", "top", "bottom_outer_end", "top_outer_end",
    ]  # fmt: skip


def test_each_assembly_is_another_one_and_the_first_has_the_seed_of_the_run():
    quick = SimulationConfig(seed=11, planes=("X",))
    seeds = {
        seed_of(msgspec.structs.replace(quick, apa=n, seed=seed)) for n in range(150) for seed in (1, 11)
    }
    assert len(seeds) == 300 and {1, 11} < seeds and max(seeds) < 2**63
    blocks = [next(stream(msgspec.structs.replace(quick, apa=n))) for n in (0, 1, 2)]
    # Pedestals differ by 30 ADC from channel to channel, and from assembly to assembly.
    levels = np.array([np.median(block.adc, axis=0) for block in blocks])
    assert np.corrcoef(levels)[np.triu_indices(3, 1)] == pytest.approx(0, abs=0.15)
    noise = np.array([(block.adc - level).ravel() for block, level in zip(blocks, levels, strict=True)])
    assert np.corrcoef(noise)[np.triu_indices(3, 1)] == pytest.approx(0, abs=0.02)
    times = [set(block.events["time_ns"].tolist()) for block in blocks]
    assert all(times) and not times[0] & times[1] and not times[1] & times[2]
    again = next(stream(msgspec.structs.replace(quick, apa=0, crate=7)))
    assert (again.adc == blocks[0].adc).all()


def test_a_configuration_of_one_assembly():
    one = assembly(SimulationConfig(seed=3, crate=10), 8)
    assert (one.apa, one.crate, one.position, one.seed) == (8, 18, "bottom_outer", 3)
    assert checked(one) is one


@pytest.mark.parametrize(
    ("config", "apas", "sentence"),
    [
        (SimulationConfig(), 0, "--apas: got 0, want 1 to 150"),
        (SimulationConfig(), 151, "--apas: got 151, want 1 to 150"),
        (SimulationConfig(position="top"), 4, "position: got 'top'"),
        (SimulationConfig(apa=3), 4, "apa: got 3"),
        (SimulationConfig(crate=1000), 25, "crate: got 1000, so the last one is 1024, want at most 1023"),
        (SimulationConfig(detector="fd2-vd-bottom"), 4, "its positions count 0 assemblies, want the 150"),
    ],
)
def test_what_a_module_cannot_be(config, apas, sentence):
    with pytest.raises(ConfigError, match=sentence):
        check_module(config, apas)
    check_module(SimulationConfig(crate=874), 150)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"apa": -1}, "apa: got -1, want 0 to 999"),
        ({"apa": 1000}, "apa: got 1000, want 0 to 999"),
        ({"crate": 1024}, "crate: got 1024, want 0 to 1023"),
        ({"crate": -1}, "crate: got -1"),
    ],
)
def test_numbers_that_a_frame_cannot_hold(values, sentence):
    with pytest.raises(ConfigError, match=sentence):
        checked(SimulationConfig(**values))


def _map(path: Path, crate: int, rows: slice = slice(None)) -> Path:
    """Write the built-in rule for one crate in the format of DUNE's file."""
    lines = []
    for stream_, (slot, stream_id) in enumerate(channel_map.STREAMS):
        for channel, offline in enumerate(channel_map.offline_channels()[stream_]):
            link, part = divmod(stream_id, 64)
            plane = channel_map.PLANES.index(channel_map.plane_of(int(offline)))
            place = 64 * part + channel
            lines.append(f"{offline} {crate} APA {slot + 1} {link} 1 0 {plane} 0 1 0 0 {place}")
    path.write_text("\n".join(lines[rows]) + "\n")
    return path


def test_a_channel_map_must_have_the_crate_and_all_its_channels(tmp_path: Path):
    whole = _map(tmp_path / "whole.txt", crate=5)
    assert checked(SimulationConfig(crate=5, channel_map=str(whole))).crate == 5
    with pytest.raises(
        ConfigError, match=r"channel_map: .*whole.txt has crates 5, want crate 1: give another file"
    ):
        checked(SimulationConfig(channel_map=str(whole)))
    part = _map(tmp_path / "part.txt", crate=5, rows=slice(0, -1))
    with pytest.raises(
        UserError, match="crate 5 has 2559 channels, want 2560: offline channel 2235 is missing"
    ):
        checked(SimulationConfig(crate=5, channel_map=str(part)))
    with pytest.raises(UserError, match=r"absent.txt: cannot read"):
        checked(SimulationConfig(channel_map=str(tmp_path / "absent.txt")))


def test_a_file_has_the_crate_and_the_map_of_the_configuration(tmp_path: Path):
    import h5py

    from streams.files.writer import write_run

    table = _map(tmp_path / "map.txt", crate=3)  # upright: the built-in rule has crate 3 turned round
    quiet = {"all": 0.0}
    config = SimulationConfig(windows=1, window_blocks=1, crate=3, channel_map=str(table), backgrounds=quiet)
    write_run(config, tmp_path / "given.h5")
    write_run(msgspec.structs.replace(config, channel_map=""), tmp_path / "built-in.h5")
    for name, crate in (("given", 1), ("built-in", 3)):
        with h5py.File(tmp_path / f"{name}.h5") as file:
            assert np.array_equal(file["ChannelMap"], channel_map.offline_channels(crate))
            frames = [d for n, d in file["TriggerRecord000001.0000/RawData"].items() if n.endswith("WIBEth")]
            assert {int(np.asarray(d).ravel()[72:80].view(np.uint64)[0]) >> 12 & 1023 for d in frames} == {3}
