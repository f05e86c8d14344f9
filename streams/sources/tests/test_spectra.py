"""Spectra of external gammas: shares of reference 9.5, the published file, attenuation, draws, files refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streams.compiled import compiled
from streams.errors import ConfigError
from streams.rng import stream
from streams.sources.spectra import NAMES, Spectra, bins, draw_spectrum, share_above, spectrum_tables

PUBLISHED = Path(__file__).parents[4] / "shared/data/physics/DUNE_cavern_gammas.txt"


@compiled
def drawn(spectra: Spectra, index: int, n: int) -> np.ndarray:
    state, particles, out = stream(1, index, 0, 0), np.ones((3, 6)), np.zeros((n, 6))
    for i in range(n):
        if draw_spectrum(spectra, index, state, particles) == 1:
            out[i] = particles[0]
    return out


@pytest.mark.parametrize(
    ("above", "want"), [(0.5, 0.406), (1.0, 0.2216), (2.0, 0.0588), (2.5, 0.0355), (2.65, 0.000185)]
)
def test_cavern_gammas_have_the_published_shares(above: float, want: float) -> None:
    assert abs(share_above("cavern_gammas", above) / want - 1) < 0.02
    assert bins("cavern_gammas")[2].sum() == pytest.approx(10_000, rel=1e-3)


def test_cavern_gammas_follow_the_published_file() -> None:
    if not PUBLISHED.is_file():
        pytest.skip(f"{PUBLISHED.name} is not here")
    energy, weight = np.loadtxt(PUBLISHED).T
    assert weight.sum() * 1e-9 == pytest.approx(0.25597, rel=1e-4)
    for above in np.arange(100, 2600, 50):  # keV
        want = weight[energy > above].sum() / weight.sum()
        assert abs(share_above("cavern_gammas", above / 1000) - want) < 0.003
    low, high, content = bins("cavern_gammas")
    mean = ((low + high) / 2 * content).sum() / content.sum()
    assert mean * 1000 == pytest.approx((energy * weight).sum() / weight.sum(), rel=0.005)


def test_forty_centimetres_of_argon() -> None:
    """The published model has 0.0254278 of 1.05104 behind the wall, by its own fit of the mean free path."""
    before, after = bins("cavern_gammas")[2].sum(), bins("cavern_gammas_wall")[2].sum()
    assert abs(after / before / (0.0254278 / 1.05104) - 1) < 0.1
    assert share_above("cavern_gammas_wall", 2.5) > 5 * share_above("cavern_gammas", 2.5)
    for name, want in (("cryostat_ngammas", 1.3384e-7 / 1.6793e-6), ("cavern_ngammas", 3.424e-8 / 5.439e-7)):
        before, after = bins(name)[2].sum(), bins(f"{name}_wall")[2].sum()
        assert abs(after / before / want - 1) < 0.02


def test_draws() -> None:
    spectra = spectrum_tables(("cryostat_ngammas", "cavern_gammas"))
    got = drawn(spectra, 1, 40_000)
    assert (got[:, 0] == 2).all() and (got[:, 2:] == 0).all()  # one gamma, its direction not yet drawn
    for above in (0.2, 1.0, 2.5):
        want = share_above("cavern_gammas", above)
        assert abs(np.mean(got[:, 1] > above) - want) < 4 * np.sqrt(want * (1 - want) / 40_000)
    assert abs(np.mean(got[:, 1] == 2.6145) - 0.0320) < 0.004
    iron = drawn(spectra, 0, 8000)[:, 1]
    assert set(iron[iron > 3.6]) == {4.2183, 5.9204, 6.0185, 7.2788, 7.6311, 7.6455}
    assert abs(np.mean(iron > 7) - 0.377 * 56.4 / 111) < 0.02


@pytest.mark.parametrize("name", NAMES)
def test_every_spectrum_is_in_order(name: str) -> None:
    low, high, weight = bins(name)
    assert (
        (low <= high).all()
        and (weight >= 0).all()
        and weight.sum() > 0
        and low.min() > 0.01
        and high.max() < 10
    )


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "mine.txt"
    file.write_text("# energy_mev weight\n1.0 0\n2.0 2\n3.0 0\n")
    got = drawn(spectrum_tables((str(file),)), 0, 20_000)[:, 1]
    assert abs(got.mean() - 2) < 0.02 and abs(got.std() - 1 / np.sqrt(6)) < 0.02
    assert got.min() >= 1.0 and got.max() <= 3.0


@pytest.mark.parametrize(
    "text",
    [
        "# energy weight\n1 1\n2 1\n", "# energy_mev weight\n1 1\n2 -1\n", "# energy_mev weight\n300 1\n400 1\n",
        "# energy_mev weight\n2 1\n1 1\n", "# energy_mev weight\n1 1\n1.1 1\n9 1\n9.1 1\n",
        "# energy_mev weight\n1 0\n2 0\n",
    ],
)  # fmt: skip
def test_bad_files_are_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "mine.txt"
    file.write_text(text)
    with pytest.raises(ConfigError, match=r"mine\.txt"):
        spectrum_tables((str(file),))


def test_unknown_spectra_are_refused() -> None:
    with pytest.raises(ConfigError, match="spectrum: got 'attic'"):
        spectrum_tables(("attic",))
