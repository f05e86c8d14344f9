"""Plain arrays of counts on their way into the stream: what is kept, what is changed and by how much."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import h5py
import msgspec
import numpy as np
import pytest

from streams import replay
from streams.config import SimulationConfig
from streams.detector import load_detector
from streams.errors import ConfigError, UserError
from streams.readout import PlaneReadout
from streams.recorded.blocks import blocks
from streams.recorded.config import CountsConfig, ElectronsConfig, ImportConfig, checked
from streams.recorded.imported import import_file, read_sample
from streams.recorded.resample import resampled

SHARED = Path(__file__).parents[3] / "shared/data/real"
MICROBOONE = ImportConfig(
    others="missing", counts=CountsConfig(tick_ns=500, bits=12, plane="U", first_channel=100)
)


def saved(folder, array, name="adc.npy"):
    (np.savez_compressed if name.endswith("z") else np.save)(folder / name, array)
    return folder / name


def counts(seed=1, channels=5, samples=700, bits=14):
    return np.random.default_rng(seed).integers(0, 1 << bits, (channels, samples), np.int16)


def sample_blocks(path, config, n):
    return list(islice(blocks(read_sample(path, checked(config)), config), n))


def test_samples_as_they_are_reach_their_channels(tmp_path):
    array = counts()
    config = ImportConfig(counts=CountsConfig(plane="V", first_channel=790), seed=9)
    got = sample_blocks(saved(tmp_path, array), config, 10)
    v = np.concatenate([block.induction["V"] for block in got])
    np.testing.assert_array_equal(v[:, 790:795], array.T[:640])
    readout = PlaneReadout(SimulationConfig(seed=9), load_detector("fd1-hd-apa"), "V")
    noise = readout.block(0, np.zeros((64, 800), np.float32))
    np.testing.assert_array_equal(got[0].induction["V"][:, :790], noise[:, :790])
    assert [block.first_tick for block in got] == list(range(0, 640, 64))
    assert [block.timestamp for block in got[:2]] == [10**12, 10**12 + 2048]
    assert not got[0].missing and len(got[0].events) == len(got[0].charge) == 0


def test_axes_by_length_or_as_told(tmp_path):
    array = counts(channels=100, samples=70)
    for order, want in (("", array[:64]), ("ticks channels", array[:64]), ("channels ticks", array.T[:64])):
        config = ImportConfig(others="missing", counts=CountsConfig(order=order))
        (block,) = sample_blocks(saved(tmp_path, array), config, 1)
        np.testing.assert_array_equal(block.adc[:, : want.shape[1]], want)


def test_others_are_missing_and_fill_repeats_the_channels(tmp_path):
    array = counts(channels=7)
    once = ImportConfig(others="missing", counts=CountsConfig(first_channel=3))
    (block,) = sample_blocks(saved(tmp_path, array), once, 1)
    assert block.missing["U"].all() and block.missing["V"].all()
    np.testing.assert_array_equal(np.flatnonzero(~block.missing["X"]), np.arange(3, 10))
    assert not block.adc[:, block.missing["X"]].any()
    fill = msgspec.structs.replace(once, counts=CountsConfig(first_channel=3, fill="repeat"))
    (block,) = sample_blocks(tmp_path / "adc.npy", fill, 1)
    np.testing.assert_array_equal(block.adc[:, 3:], array.T[:64, np.arange(957) % 7])
    np.testing.assert_array_equal(np.flatnonzero(block.missing["X"]), np.arange(3))


def test_the_sample_begins_again_and_its_noise_is_new(tmp_path):
    array = counts(samples=100)
    got = sample_blocks(saved(tmp_path, array), ImportConfig(), 7)
    x = np.concatenate([block.adc for block in got])
    np.testing.assert_array_equal(x[:, :5], array.T[np.arange(448) % 100])
    assert np.mean(x[:100, 5:] == x[100:200, 5:]) < 0.1


def test_twelve_bits_become_fourteen(tmp_path):
    path = saved(tmp_path, counts(bits=12))
    for scale, factor in (("full", 4), ("keep", 1)):
        config = ImportConfig(others="missing", counts=CountsConfig(bits=12, scale=scale))
        (block,) = sample_blocks(path, config, 1)
        np.testing.assert_array_equal(block.adc[:, :5], factor * counts(bits=12).T[:64])


def test_time_may_be_kept(tmp_path):
    path = saved(tmp_path, counts())
    kept = ImportConfig(others="missing", counts=CountsConfig(tick_ns=500, ticks="keep"))
    np.testing.assert_array_equal(sample_blocks(path, kept, 1)[0].adc[:, :5], counts().T[:64])
    assert read_sample(path, kept).ticks == 700
    assert read_sample(path, ImportConfig(counts=CountsConfig(tick_ns=500))).ticks == 684  # 683.6


@pytest.mark.parametrize("mhz", [0.0, 0.01, 0.2, 0.5, 0.8, 0.9])
def test_sines_keep_amplitude_and_phase(mhz):
    sine = np.cos(2 * np.pi * mhz * 0.5 * np.arange(2000))[:, None]
    got = resampled(sine, 500, 512)[:, 0]
    want = np.cos(2 * np.pi * mhz * 0.512 * np.arange(len(got)))
    assert np.abs(got - want)[64:-64].max() < 2e-4
    if mhz == 0.0:
        assert np.abs(got - want).max() < 2e-4  # mirrored at the ends: no step


def test_what_the_slower_clock_cannot_hold_is_taken_out():
    sine = np.cos(2 * np.pi * 0.995 * 0.5 * np.arange(4000))[:, None]
    assert np.abs(resampled(sine, 500, 512)[100:-100]).max() < 0.02


def test_counts_beyond_the_adc_after_resampling_are_clipped_and_told(tmp_path):
    step = np.tile(np.repeat([0, 16383], 200), 4).astype(np.int16)[None]
    sample = read_sample(saved(tmp_path, step), ImportConfig(counts=CountsConfig(tick_ns=500)))
    clipped = int(sample.told["clipped"].split()[0])
    assert clipped > 20 and sample.parts["X"].counts.max() == 16383


def test_a_file_is_written_with_its_source_named(tmp_path):
    path = saved(tmp_path, {"adc": counts()}["adc"], "adc.npz")
    config = ImportConfig(window_blocks=3, repeat=2, run_number=77, seed=5)
    rows = import_file(path, tmp_path / "run.h5", config)
    assert rows["left over"] == f"{1400 - 7 * 3 * 64} ticks at the end"
    got = list(replay.blocks(tmp_path / "run.h5"))
    assert len(got) == 21
    x = np.concatenate([block.adc for block in got])
    np.testing.assert_array_equal(x[:, :5], counts().T[np.arange(21 * 64) % 700])
    manifest = json.loads((tmp_path / "run.h5.manifest.json").read_text())
    assert manifest["command"] == "import" and manifest["source"]["name"] == "adc.npz"
    assert len(manifest["inputs"]["adc.npz"]) == 64 and manifest["config"]["repeat"] == 2
    with h5py.File(tmp_path / "run.h5") as file:
        assert file.attrs["run_number"] == 77 and len(file) >= 7


def damaged_npz(data):
    return data[:60] + bytes([data[60] ^ 255]) + data[61:]


def npy_of(array):
    import io

    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


WHOLE = npy_of(counts())
BAD = {
    "empty": (b"", "the file is empty"),
    "another format": (b"\x89HDF\r\n\x1a\n" + bytes(100), "neither counts"),
    "text": (b"1 2 3\n4 5 6\n", "neither counts"),
    "truncated": (WHOLE[:5000], r"truncated: got 4872 bytes after the header, want 7000 for int16 \(5, 700\)"),
    "truncated header": (WHOLE[:40], "damaged header"),
    "too long": (WHOLE + b"x", "too long"),
    "future version": (WHOLE[:6] + b"\x09" + WHOLE[7:], r"numpy format 9\.0, want 1\.0 or 2\.0"),
    "objects": (npy_of(np.array([[None]])), "want numbers"),
    "one axis": (npy_of(np.zeros(9, np.int16)), r"shape \(9,\)"),
    "three axes": (npy_of(np.zeros((2, 3, 4), np.int16)), "shape"),
    "nothing in it": (npy_of(np.zeros((0, 4), np.int16)), "shape"),
    "complex": (npy_of(np.zeros((2, 3), complex)), "want numbers"),
    "negative": (npy_of(np.full((2, 300), -1)), "channel 0, sample 0: got -1, want whole ADC counts of 0 to 16383"),
    "too many bits": (npy_of(np.full((2, 300), 16384)), "got 16384"),
    "not whole": (npy_of(np.full((2, 300), 0.5)), r"got 0\.5"),
    "no number": (npy_of(np.full((2, 300), np.nan)), "got nan"),
    "infinite": (npy_of(np.full((2, 300), np.inf)), "got inf"),
    "too many channels": (npy_of(np.zeros((961, 1000), np.uint8)), "got 961 channels from channel 0 on"),
    "shorter than a block": (npy_of(np.zeros((2, 63), np.uint8)), "got 63 ticks, want at least 64"),
    "two axes alike": (npy_of(np.zeros((70, 70), np.uint8)), "which axis is time"),
    "a zip that ends": (b"PK\x03\x04" + bytes(40), "damaged .npz"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_one_sentence_and_nothing_is_left(tmp_path, name):
    data, sentence = BAD[name]
    (tmp_path / "adc.npy").write_bytes(data)
    with pytest.raises(UserError, match=sentence) as error:
        import_file(tmp_path / "adc.npy", tmp_path / "run.h5", ImportConfig())
    assert "adc.npy" in str(error.value) and "\n" not in str(error.value)
    assert [p.name for p in tmp_path.iterdir()] == ["adc.npy"]


def test_which_array_of_several(tmp_path):
    np.savez(tmp_path / "two.npz", a=counts(1), b=counts(2), c=np.zeros(3))
    with pytest.raises(UserError, match=r"two\.npz: got 2 arrays with two axes, the file has a \(5, 700\)"):
        read_sample(tmp_path / "two.npz", ImportConfig())
    with pytest.raises(UserError, match="got array 'd'"):
        read_sample(tmp_path / "two.npz", ImportConfig(counts=CountsConfig(array="d")))
    (block,) = sample_blocks(tmp_path / "two.npz", ImportConfig(counts=CountsConfig(array="b")), 1)
    np.testing.assert_array_equal(block.adc[:, :5], counts(2).T[:64])


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (ImportConfig(counts=CountsConfig(plane="Y")), "counts.plane: got 'Y', the detector has U, V, X"),
        (ImportConfig(counts=CountsConfig(first_channel=-1)), "counts.first_channel: got -1, want 0 to 959"),
        (ImportConfig(counts=CountsConfig(tick_ns=1)), "counts.tick_ns"),
        (ImportConfig(repeat=0), "repeat: got 0"),
        (ImportConfig(window_blocks=-1), "window_blocks"),
        (ImportConfig(run_number=2**32), "run_number"),
        (ImportConfig(crate=1024), "crate"),
        (ImportConfig(seed=-1), "seed: got -1"),
        (ImportConfig(detector="absent"), "no preset 'absent'"),
        (ImportConfig(detector="fd2-vd-bottom", counts=CountsConfig(plane="U")), "no published map"),
        (ImportConfig(electrons=ElectronsConfig(planes={"Y": (0, 1)})), r"electrons\.planes\.Y"),
        (ImportConfig(electrons=ElectronsConfig(planes={"U": (0, 801)})), "at most 800 channels"),
        (ImportConfig(electrons=ElectronsConfig(response="absent")), "no preset 'absent'"),
    ],
)
def test_a_bad_configuration_is_one_sentence(tmp_path, config, sentence):
    path = saved(tmp_path, counts())
    with pytest.raises(ConfigError, match=sentence):
        import_file(path, tmp_path / "run.h5", config)


def test_microboone_as_it_was_read_here(tmp_path):
    path = SHARED / "microboone_run3493_noisy_adc12.npz"
    if not path.exists():
        pytest.skip("the MicroBooNE waveforms are not here (shared/data/real)")
    adc = np.load(path)["adc"]
    sample = read_sample(path, MICROBOONE)
    assert sample.ticks == 9370  # 9594 * 500 / 512 = 9369.1
    got = sample.parts["U"].counts[:, 100:148]
    mean = 4 * adc.mean(axis=1)
    np.testing.assert_allclose(got.mean(axis=0), mean, atol=1)
    np.testing.assert_allclose(got.std(axis=0), 4 * adc.std(axis=1), rtol=0.02)
