"""Electrons of signal processing back into waveforms: the right wires, times and areas; and the charge comes back."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from streams import replay
from streams.config import ElectronicsConfig
from streams.detector import load_detector
from streams.errors import UserError
from streams.readout import PlaneReadout
from streams.recorded import frames
from streams.recorded.blocks import blocks
from streams.recorded.config import ElectronsConfig, ImportConfig, checked, readout_config
from streams.recorded.electrons import Fold, folded
from streams.recorded.imported import import_file, read_sample
from streams.response.kernel import PlaneKernel, plane_kernel
from streams.tests import made_up_frames

SHARED = Path(__file__).parents[3] / "shared/data/real/protodunehd-sp-frames-anode1.tar.bz2"
VD = SHARED.with_name("protodunevd-sp-frames-anode0.tar.bz2")
QUIET = ElectronicsConfig(noise_scale=0.0, ac_coupling_ms=0.0)
#: Electrons on X, summed from the published frames.
CHARGE = {SHARED.name: 220058896.0, VD.name: 55193500.0}
DETECTOR = load_detector("fd1-hd-apa")


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return made_up_frames.hd(tmp_path_factory.mktemp("frames") / "frames.tar.bz2")


def gaussian_kernel(shift=(0.0, 0.0, 0.0), sigma=2.0):
    """Return a kernel of three wires, each a Gaussian at its own tick and height: band-limited."""
    ticks = np.arange(-20, 21)
    rows = [(k + 1) * np.exp(-0.5 * ((ticks - s) / sigma) ** 2) for k, s in enumerate(shift)]
    return PlaneKernel(np.array([rows] * 10, np.float32), -20, 1, np.zeros((1, 3, 2), np.int64))


def fold_of(kernel, tick_ns=500, *, ring=False, neighbours=True, low_pass_mhz=0.12):
    return Fold(kernel, tick_ns, ring, neighbours, low_pass_mhz)


@pytest.mark.parametrize("sample", [100, 101, 137, 200])
def test_a_charge_gives_the_waveform_at_its_time_between_the_ticks(sample):
    charge = np.zeros((300, 5), np.float32)
    charge[sample, 2] = 10.0
    got = folded(charge, fold_of(gaussian_kernel((-3.0, 0.0, 4.0))), 320)
    tick = np.arange(320) - sample * 500 / 512
    for k, shift in ((-1, -3.0), (0, 0.0), (1, 4.0)):
        want = 10 * (k + 2) * np.exp(-0.5 * ((tick - shift) / 2.0) ** 2)
        np.testing.assert_allclose(got[:, 2 + k], want, atol=2e-4)
    assert not got[:, [0, 4]].any()


def test_neighbours_end_at_the_edge_or_go_round():
    charge = np.zeros((300, 6), np.float32)
    charge[128, [0, 5]] = [50.0, 100.0]
    line = folded(charge, fold_of(gaussian_kernel()), 320).max(axis=0)
    np.testing.assert_allclose(line, [100, 150, 0, 0, 100, 200], rtol=0.01, atol=1e-3)
    ring = folded(charge, fold_of(gaussian_kernel(), ring=True), 320).max(axis=0)
    np.testing.assert_allclose(ring, [100 + 300, 150, 0, 0, 100, 200 + 50], rtol=0.01, atol=1e-3)
    alone = folded(charge, fold_of(gaussian_kernel(), neighbours=False), 320).max(axis=0)
    np.testing.assert_allclose(alone, [100, 0, 0, 0, 0, 200], rtol=0.01, atol=1e-3)


def test_the_ends_are_put_together_when_the_sample_is_played_again():
    charge = np.zeros((128, 1), np.float32)
    charge[[2, 126]] = [[1.0], [5.0]]
    once = folded(np.tile(charge, (5, 1)), fold_of(gaussian_kernel(), 512), 640)
    wrapped = folded(charge, fold_of(gaussian_kernel(), 512), 128, wrap=True)
    np.testing.assert_allclose(wrapped, once[256:384], atol=1e-4)
    cut = folded(charge, fold_of(gaussian_kernel(), 512), 128)
    np.testing.assert_allclose(cut[:100], once[:100], atol=1e-4)


def test_sharpening_puts_one_low_pass_in_the_place_of_the_other():
    clock = np.arange(600)

    def blurred(mhz):
        sigma = 1 / (2 * np.pi * mhz) / 0.5
        pulse = np.exp(-0.5 * ((clock - 300.25) / sigma) ** 2)
        return (1e4 * pulse / pulse.sum())[:, None]

    kernel = plane_kernel(DETECTOR, "X", ElectronicsConfig())
    want = folded(blurred(0.25), fold_of(kernel), 640)
    got = folded(blurred(0.12), fold_of(kernel, low_pass_mhz=0.25), 640)
    plain = folded(blurred(0.12), fold_of(kernel), 640)
    assert np.abs(got - want).max() < 0.001 * want.max()
    assert plain.max() < 0.8 * want.max()


@pytest.mark.parametrize(("shaper", "area"), [("nominal", 143.1), ("measured", 130.1)])
def test_area_for_the_charge_is_that_of_the_gain(shaper, area):
    """Areas: reference 9.6; all charge is collected on X, 1.4 % of it is induced beyond the ten neighbours."""
    charge = np.zeros((256, 41), np.float32)
    charge[128, 20] = 1e3
    kernel = plane_kernel(DETECTOR, "X", ElectronicsConfig(shaper=shaper))
    assert folded(charge, fold_of(kernel), 500).sum() == pytest.approx(area, rel=0.03)


def played(path, config):
    """Return (signal found in the blocks, sample) by plane: counts above the pedestal, over the gain."""
    sample = read_sample(path, checked(config))
    got = list(itertools.islice(blocks(sample, config), sample.ticks // 64))
    found = {}
    for name in "UVX":
        readout = PlaneReadout(readout_config(config), DETECTOR, name)
        counts = np.concatenate([b.adc if name == "X" else b.induction[name] for b in got])
        found[name] = (counts - readout.pedestal) / readout.gain
    return found, sample


def truth(path_values, name):
    first, count = {"U": (0, 800), "V": (800, 800), "X": (1600, 960)}[name]
    return path_values[first : first + count].T


def deconvolved(signal, plane, ring):
    """Return charge (ticks, channels) of a signal, by spectra, where the response is not small; and its low-pass."""
    mean = plane_kernel(DETECTOR, plane, ElectronicsConfig()).table.mean(axis=0)
    kernel = plane_kernel(DETECTOR, plane, ElectronicsConfig())
    response = np.zeros(signal.shape)
    rows = (kernel.first + np.arange(mean.shape[1])) % len(signal)
    for k in range(-kernel.reach, kernel.reach + 1):
        response[rows, k % signal.shape[1]] += mean[k + kernel.reach]
    spectrum = np.fft.rfft2(response, axes=(1, 0))
    good = np.abs(spectrum) > 0.2 * np.abs(spectrum).max()
    out = np.where(good, np.fft.rfft2(signal, axes=(1, 0)) / np.where(good, spectrum, 1), 0)
    return np.fft.irfft2(out, (signal.shape[1], signal.shape[0]), axes=(1, 0)), good


@pytest.mark.parametrize("plane", ["U", "V", "X"])
def test_the_charge_comes_back_from_the_counts(archive, plane):
    config = ImportConfig(electronics=QUIET, electrons=ElectronsConfig(low_pass_mhz=0.12))
    found, sample = played(archive, config)
    charge = made_up_frames.electrons()
    faces = [slice(0, 480), slice(480, 960)] if plane == "X" else [slice(0, 800)]
    for face in faces:
        signal = np.zeros((sample.ticks + 400, face.stop - face.start))
        signal[: sample.ticks] = found[plane][:, face]
        if plane == "X":  # neighbours end at the edges of a face: room for what is induced beyond
            signal = np.pad(signal, ((0, 0), (0, 20)))
        got, good = deconvolved(signal, plane, plane != "X")
        want = np.zeros(signal.shape)
        exact = truth(charge, plane)[:, face]
        inside = np.arange(390)  # the charge at the new ticks
        want[inside, : exact.shape[1]] = CubicSpline(np.arange(400), exact)(inside * 512 / 500) * 512 / 500
        want = np.fft.irfft2(
            np.where(good, np.fft.rfft2(want, axes=(1, 0)), 0), (want.shape[1], want.shape[0]), axes=(1, 0)
        )
        edge = 11 if plane == "X" else 0  # what is induced beyond the edge of a face is not read out
        inner = slice(edge, face.stop - face.start - edge)
        assert np.abs(got - want)[:, inner].max() < 0.02 * want.max()
        if plane == "X":
            assert got.sum() == pytest.approx(exact.sum(), rel=0.02)  # edges of the face


def test_the_file_holds_what_the_archive_says(archive, tmp_path):
    rows = import_file(archive, tmp_path / "run.h5", ImportConfig(seed=3))
    assert rows["bad channels"] == "1 dead, 1 of other assemblies" and rows["left over"].startswith("0 ticks")
    assert rows["read"] == "frame gauss1_7, 2560 channels, 400 ticks of 500 ns"
    got = np.concatenate([block.adc for block in replay.blocks(tmp_path / "run.h5")])
    sample = read_sample(archive, ImportConfig())
    want = [block.adc for block in itertools.islice(blocks(sample, ImportConfig(seed=3)), 7)]
    np.testing.assert_array_equal(got, np.concatenate(want))
    assert sample.ticks == 448
    noise = got[:, sample.parts["X"].signal.max(axis=0) < 0.1]
    assert noise.std(axis=0).mean() == pytest.approx(10.83, rel=0.03)  # reference 9.1.6


@pytest.mark.parametrize("others", ["noise", "missing"])
def test_bad_channels_are_dead_or_missing(archive, others):
    for bad, want in (("dead", False), ("missing", True)):
        config = ImportConfig(others=others, electrons=ElectronsConfig(bad=bad))
        block = next(blocks(read_sample(archive, config), config))
        gone = block.missing.get("U", np.zeros(800, bool))
        assert gone[5] == want and not np.delete(gone, 5).any()
        assert block.induction["U"][:, 5].std() == 0 and (block.induction["U"][0, 5] == 0) == want
        assert (block.induction["U"].std(axis=0) > 5).sum() == 799


def test_channels_of_one_plane_by_their_numbers(tmp_path):
    parts = made_up_frames.members(made_up_frames.electrons(40), np.arange(1000, 1040), bad=())
    path = made_up_frames.write(tmp_path / "few.tar.gz", parts, "gz")
    settings = ElectronsConfig(planes={"X": (990, 1100)})
    config = checked(ImportConfig(others="missing", electrons=settings, electronics=QUIET))
    block = next(blocks(read_sample(path, config), config))
    np.testing.assert_array_equal(np.flatnonzero(~block.missing["X"]), np.arange(10, 50))
    assert block.missing["U"].all() and block.missing["V"].all()
    wrong = ImportConfig(electrons=ElectronsConfig(planes={"X": (990, 1030)}))
    with pytest.raises(UserError, match="channel 1030 is in 0 of the planes"):
        read_sample(path, wrong)
    with pytest.raises(UserError, match="got 40 channels from 1000 to 1039, of no detector known"):
        read_sample(path, ImportConfig())


def test_anodes_of_the_two_prototypes():
    assert frames.layout_of(np.arange(2560, 5120)).planes == {
        "U": (2560, 3360),
        "V": (3360, 4160),
        "X": (4160, 5120),
    }
    first = np.r_[0:476, 952:1428, 1904:2488]  # anode 0 of ProtoDUNE-VD, by its published frame
    second = np.r_[476:952, 1428:1904, 2488:3072] + 3072
    assert frames.layout_of(first).planes == {"U": (0, 476), "V": (952, 1428), "X": (1904, 2488)}
    assert frames.layout_of(second).planes["X"] == (3072 + 2488, 3072 + 3072)
    assert frames.layout_of(first[1:]) is frames.layout_of(np.arange(1, 2561)) is None


def test_a_sample_that_is_played_again_has_new_noise_and_the_same_signal(archive):
    config = ImportConfig(repeat=2)
    sample = read_sample(archive, config)
    got = [block.adc.astype(int) for block in itertools.islice(blocks(sample, config), 14)]
    one, two = np.concatenate(got[:7]), np.concatenate(got[7:])
    quiet = sample.parts["X"].signal.max(axis=0) < 0.1
    assert (one - two)[:, quiet].std() == pytest.approx(10.83 * np.sqrt(2), rel=0.03)
    loud = sample.parts["X"].signal > 100
    assert loud.sum() > 100
    assert abs((one - two)[loud].mean()) < 5


@pytest.mark.parametrize(("path", "planes"), [(SHARED, (800, 800, 960)), (VD, (476, 476, 584))])
def test_the_frames_of_the_prototypes_as_they_were_read_here(path, planes):
    if not path.exists():
        pytest.skip("the frames of ProtoDUNE are not here (shared/data/real)")
    sample = read_sample(path, ImportConfig(electronics=QUIET))
    assert tuple(int(part.taken.sum()) for part in sample.parts.values()) == planes
    bad = [int(part.bad.sum()) for part in sample.parts.values()]
    assert bad == ([5, 6, 4] if path == SHARED else [48, 42, 9])
    area = 1e-3 * 130.1  # ADC tick per electron at 14 mV/fC (reference 9.6)
    electrons = CHARGE[path.name]
    assert sample.parts["X"].signal.sum(dtype=float) / area == pytest.approx(electrons, rel=0.03)
    assert sample.ticks == (5888 if path == SHARED else 6272)
