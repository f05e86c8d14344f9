"""The table of sources: rates against section 9.4, scales, branching, positions, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streams.config import SimulationConfig
from streams.detector import load_detector
from streams.errors import ConfigError
from streams.limits import MAX_RATE_HZ
from streams.rng import stream
from streams.sources.chains import CHAINS
from streams.sources.decays import decay_tables, draw_decay
from streams.sources.model import load_model, model_names
from streams.sources.places import size
from streams.sources.table import cost, sources
from streams.transport.argon import GAMMA

DETECTOR = load_detector("fd1-hd-apa")


def rates(**settings: object) -> dict[str, float]:
    found = sources(SimulationConfig(**settings), DETECTOR)  # type: ignore[arg-type]
    return {source.name: source.rate_hz for source in found}


@pytest.mark.parametrize(
    ("name", "becquerel"),
    [
        # Reference section 9.4, per two-face assembly; rounded there to two or three figures.
        ("Ar39", 140_100), ("Kr85", 15_900), ("Ar42", 12.8), ("K42", 2.55), ("Rn222", 139), ("Po218", 120),
        ("Pb214", 82), ("Bi214", 45.5), ("Pb212", 15.2), ("K42-plated", 12.8), ("K40-cathode", 153),
        ("Bi214-cathode", 112), ("Ac228-cathode", 157), ("Po218-plated", 24), ("Pb214-plated", 70),
        ("Bi214-plated", 116), ("Pb210-plated", 116), ("Bi210-plated", 116), ("Po210-plated", 116),
        ("Pb212-plated", 39), ("Pb210-pds", 1.19), ("Bi214-boards", 132.8), ("Ac228-boards", 187.5),
    ],
)  # fmt: skip
def test_rates_of_section_9_4(name: str, becquerel: float) -> None:
    assert rates()[name] == pytest.approx(becquerel, rel=0.015)


def test_39ar_per_drift_and_per_channel() -> None:
    argon = rates()["Ar39"]
    assert argon * 2.25e-3 == pytest.approx(315, rel=0.002)
    assert argon / 960 == pytest.approx(146, rel=0.002)


@pytest.mark.parametrize(
    ("position", "name", "per_second"),
    [
        ("top", "cavern-gammas-top", 190_000), ("top", "foam-gammas-top", 8_000), ("top", "cryo-ngammas-top", 0.30),
        ("bottom", "rock-ngammas-bottom", 0.098), ("outer", "cavern-gammas-wall", 3_800),
        ("outer", "foam-gammas-wall", 153), ("outer", "cryo-ngammas-wall", 0.020),
        ("outer", "rock-ngammas-wall", 0.005),
    ],
)  # fmt: skip
def test_external_rates_of_section_9_5(position: str, name: str, per_second: float) -> None:
    assert rates(position=position)[name] == pytest.approx(per_second, rel=0.04)


def test_neutrons_go_inward_and_are_captured_by_two_isotopes() -> None:
    top = rates(position="top")
    inward = 0.5 * 2.6996e-7 * size(DETECTOR, "top", "top")
    assert top["neutron-top"] + top["neutron36-top"] == pytest.approx(inward, rel=1e-9)
    assert top["neutron36-top"] == pytest.approx(0.026 * inward)
    assert inward == pytest.approx(0.049 / 2, rel=0.01)


def test_a_central_assembly_gets_nothing_from_outside() -> None:
    found = sources(SimulationConfig(), DETECTOR)
    assert not {source.group for source in found} & {"external", "neutrons"}


def test_one_face_has_half_the_argon() -> None:
    assert rates(position="outer")["Ar39"] == pytest.approx(rates()["Ar39"] / 2)


def test_branching() -> None:
    physical, fcl = rates(), rates(chain_branching="fcl")
    assert fcl["Tl208"] == pytest.approx(15.2, rel=0.01)
    assert physical["Tl208"] == pytest.approx(5.45, rel=0.01)
    changed = {name for name in fcl if fcl[name] != physical[name]}
    assert changed == {name for name in fcl if name.startswith("Tl208")}


def test_the_most_exact_scale_counts() -> None:
    assert set(rates(backgrounds={"all": 0.0, "Ar39": 2.0})) == {"Ar39"}
    found = rates(backgrounds={"all": 0.0, "radon": 1.0, "Rn222": 0.5})
    assert found["Rn222"] == pytest.approx(rates()["Rn222"] / 2)
    assert found["Bi214"] == rates()["Bi214"]
    assert "Ar39" not in found
    assert rates(backgrounds={"all": 0.0}) == {}


def test_cost_grows_with_the_rates() -> None:
    few, many = (cost(sources(SimulationConfig(backgrounds={"Ar39": f}), DETECTOR)) for f in (1.0, 10.0))
    assert 160_000 < few.events < 165_000
    assert 3 < few.cpu_seconds < 30
    assert many.events - few.events == pytest.approx(9 * 140_107, rel=1e-3)


@pytest.mark.parametrize(
    ("backgrounds", "sentence"),
    [
        ({"Ar93": 1.0}, r"unknown source 'Ar93', allowed are Ar39, Kr85, .*, the groups argon, .* and all"),
        ({"Ar39": -1.0}, r"backgrounds.Ar39: got -1.0, want a factor of at least 0"),
        ({"argon": float("nan")}, r"backgrounds.argon: got nan, want a factor of at least 0"),
        (
            {"Ar39": 1e6},
            r"backgrounds.Ar39: .* 1.4e\+11 events .* 48.6 days of one core .* want at most 71.4",
        ),
        ({"all": 1e6}, r"backgrounds.all: a factor of 1e\+06 makes 1.4e\+11 events of Ar39"),
    ],
)
def test_scales_that_are_refused(backgrounds: dict[str, float], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence) as error:
        rates(backgrounds=backgrounds)
    assert "\n" not in str(error.value)


def test_a_million_times_a_rare_source_is_allowed() -> None:
    assert rates(backgrounds={"K42": 1e6})["K42"] == pytest.approx(2.55e6, rel=0.01)
    assert max(rates(backgrounds={"K42": 1e6}).values()) < MAX_RATE_HZ


ROW = {
    "name": '"Mine"',
    "group": '"own"',
    "nuclide": '"Bi214"',
    "place": '"argon"',
    "activity": "1e-6",
    "unit": '"Bq/cm3"',
}


def written(folder: Path, *rows: dict[str, str]) -> str:
    path = folder / "own.toml"
    text = ("[[source]]\n" + "".join(f"{key} = {value}\n" for key, value in row.items()) for row in rows)
    path.write_text("\n".join(text))
    return str(path)


def test_a_table_of_ones_own(tmp_path: Path) -> None:
    point = ROW | {"name": '"lamp"', "place": '"point:100,0,500"', "activity": "10.0", "unit": '"Bq"'}
    path = written(tmp_path, ROW, point)
    assert rates(model=path) == {"Mine": pytest.approx(99.4, rel=1e-3), "lamp": 10.0}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"nuclide": '"Bi2l4"'}, r"own.toml: source 2 \('Mine2'\): unknown nuclide 'Bi2l4', allowed are Ac228, Ar39"),
        ({"place": '"anode"'}, r"source 2 \('Mine2'\): unknown place 'anode', allowed are argon, "),
        ({"activity": "-1.0"}, r"source 2 \('Mine2'\): activity: got -1.0, want at least 0"),
        ({"activity": "nan"}, r"source 2 \('Mine2'\): activity: got nan, want at least 0"),
        ({"activity": '"a lot"'}, r"own.toml: Expected `float`, got `str` - at `\$.source\[1\].activity`"),
        ({"unit": '"Bq/kg"'}, r"source 2 \('Mine2'\): unit: got 'Bq/kg', want Bq/cm3 or Bq for place argon"),
        ({"unit": '"1/cm2/s"'}, r"source 2 \('Mine2'\): unit: got '1/cm2/s', want Bq/cm3 or Bq"),
        ({"place": '"top"'}, r"source 2 \('Mine2'\): unit: got 'Bq/cm3', want 1/cm2/s or Bq for place top"),
        ({"name": '"Mine"'}, r"source 2 \('Mine'\): the name 'Mine' is there twice"),
        ({"name": '"a name that is much too long"'}, r"name 'a name .*': want 1 to 24 ASCII letters"),
        ({"name": '"Grün"'}, r"name 'Grün': want 1 to 24 ASCII letters"),
        ({"name": '""'}, r"name '': want 1 to 24 ASCII letters"),
        ({"group": '"Mine"'}, r"own.toml: 'Mine' is the name of a source and of a group"),
        ({"group": '""'}, r"source 2 \('Mine2'\): group: got nothing"),
        ({"chain": '"U238"'}, r"got nuclide and chain of nuclide, chain, beta, capture, spectrum, want one"),
        ({"capture": '"Ar40_n"', "nuclide": '""', "places": '["top"]'}, r"want either place or places"),
        ({"capture": '"Bi214"', "nuclide": '""'}, r"unknown capture 'Bi214', allowed are Ar36_n, Ar40_n"),
        ({"chain": '"U235"', "nuclide": '""'}, r"unknown chain 'U235', allowed are U238, Th232, Rn220, Pb210"),
        ({"spectrum": '"cavern"', "nuclide": '""'}, r"unknown spectrum 'cavern', allowed are .* or the path of a .txt"),
        ({"activty": "1.0"}, r"own.toml: Object contains unknown field `activty` - at `\$.source\[1\]`"),
        ({"place": '"point:1,2"', "unit": '"Bq"'}, r"source Mine2: place: got 'point:1,2', want 3 numbers in mm"),
    ],
)  # fmt: skip
def test_rows_that_are_refused(change: dict[str, str], sentence: str, tmp_path: Path) -> None:
    path = written(tmp_path, ROW, ROW | {"name": '"Mine2"'} | change)
    with pytest.raises(ConfigError, match=sentence) as error:
        rates(model=path)
    assert "\n" not in str(error.value)
    assert error.value.exit_code == 2


def test_tables_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError,
        match=r"model: no table 'v9', allowed are v2.8, v3.6, v3.6-vd and the path of a .toml file",
    ):
        rates(model="v9")
    with pytest.raises(ConfigError, match=r"cannot read configuration .*none.toml"):
        rates(model=str(tmp_path / "none.toml"))


def spectrum(folder: Path, text: str) -> str:
    (folder / "mine.txt").write_text(text)
    return written(
        folder, {key: value for key, value in ROW.items() if key != "nuclide"} | {"beta": '"mine.txt"'}
    )


def test_a_spectrum_of_ones_own(tmp_path: Path) -> None:
    path = spectrum(tmp_path, "# energy_kev weight\n0 0\n500 1\n1000 0\n")
    (source,) = sources(SimulationConfig(model=path), DETECTOR)
    assert (source.kind, source.what) == ("decay", str(tmp_path / "mine.txt"))
    decays, particles = decay_tables(("Ar39", source.what)), np.zeros((64, 6))
    energies = []
    for i in range(2000):
        assert draw_decay(decays, 1, stream(1, 1, i, 1), particles) == 1
        energies.append(particles[0, 1])
    assert abs(np.mean(energies) - 0.5) < 4 * 0.204 / np.sqrt(2000)
    assert max(energies) < 1.0


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", r"mine.txt: line 1: got '', want '# energy_kev weight' or '# energy_mev weight'"),
        ("energy weight\n1 1\n2 1\n", r"mine.txt: line 1: got 'energy weight', want"),
        ("# energy_mev weight\n100 1\n2000 1\n", r"energies reach 2000 MeV, want .* check the unit in line 1"),
        ("# energy_kev weight\n1e-6 1\n5e-4 1\n", r"energies reach 0.0005 keV, want"),
        ("# energy_kev weight\n1 1\n2 -1\n", r"line 3: got energy 2 and weight -1, want numbers of at least 0"),
        ("# energy_kev weight\n1 1\n2 nan\n", r"line 3: got energy 2 and weight nan"),
        ("# energy_kev weight\n1 1\n3 1\n2 1\n", r"line 4: got energy 2 after 3, want energies that increase"),
        ("# energy_kev weight\n1 1\n2 1\n3 1\n300 1\n301 1\n302 1\n", r"line 4: a gap from 3 to 300 keV"),
        ("# energy_kev weight\n1 0\n2 0\n", r"every weight is 0"),
        ("# energy_kev weight\n1 1\n", r"got 1 rows, want at least 2"),
        ("# energy_kev weight\n1 1\n2 1 1\n", r"line 3: got '2 1 1', want two numbers"),
    ],
)  # fmt: skip
def test_spectra_that_are_refused(text: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=sentence) as error:
        rates(model=spectrum(tmp_path, text))
    assert "source 1 ('Mine')" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", model_names())
def test_every_row_of_the_tables_has_a_source(name: str) -> None:
    for entry in load_model(name):
        assert entry.note, entry.name


def test_the_old_table() -> None:
    found = rates(model="v2.8")
    # Section 5: 222Rn 5.584e-6, 60Co 8.2e-5 and 40K 2.7195e-3 per cm3 of boxes of 1 cm.
    assert found["Rn222"] == pytest.approx(5.584e-6 * 99.4e6, rel=1e-3)
    assert found["Co60-frame"] == pytest.approx(8.2e-5 * 600 * 232.5, rel=1e-3)
    assert found["K40-cathode"] == pytest.approx(2.7195e-3 * 600 * 232.5, rel=0.02)
    assert rates(model="v2.8", position="top")["neutron-top"] == pytest.approx(0.67, rel=0.01)


def test_the_vertical_drift_keeps_what_drifts_to_its_cathode() -> None:
    config = SimulationConfig(detector="fd2-vd-bottom", model="v3.6-vd")
    found = {source.name: source.rate_hz for source in sources(config, load_detector("fd2-vd-bottom"))}
    assert found["K42"] + found["K42-plated"] == pytest.approx(found["Ar42"], rel=1e-3)
    for name in ("Po218", "Pb214", "Bi214"):
        assert found[name] + found[f"{name}-plated"] == pytest.approx(found["Rn222"], rel=1e-3)


def test_gammas_of_the_boards() -> None:
    """Section 9.4: U 294, Th 526 and K 19 gammas per second and edge; the model counts the dominant ones."""
    found, particles = sources(SimulationConfig(), DETECTOR), np.zeros((64, 6))
    boards = {source.what: source.rate_hz for source in found if source.place == "boards"}
    decays = decay_tables(tuple(boards))
    gammas = dict.fromkeys(boards, 0.0)
    for index, (what, rate_hz) in enumerate(boards.items()):
        for i in range(2000):
            n = draw_decay(decays, index, stream(2, index, i, 1), particles)
            gammas[what] += rate_hz / 2000 * np.count_nonzero(particles[:n, 0] == GAMMA)
    thorium = sum(gammas[member.nuclide] for member in CHAINS["Th232"])
    assert gammas["K40"] == pytest.approx(19, rel=0.2)
    assert thorium == pytest.approx(526, rel=0.08)
    assert sum(gammas.values()) - gammas["K40"] - thorium == pytest.approx(294, rel=0.05)
