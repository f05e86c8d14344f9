"""The validation: what a row allows, what the report says, and that a wrong simulation fails."""

from __future__ import annotations

import json
import math
from pathlib import Path

import msgspec
import numpy as np
import pytest

from streams.config import ElectronicsConfig
from streams.detector import load_detector
from streams.errors import ConfigError, UserError
from streams.response.electronics import Chain, configured
from streams.response.kernel import plane_kernel
from streams.response.models import Electronics
from streams.transport.argon import argon_tables
from streams.validation import (
    beta,
    captures,
    command,
    geometry,
    neutrinos,
    noise,
    report,
    response,
    subjects,
    transport,
)
from streams.validation.row import Findings, Plot, Row, Run, absent

ROW = Row("s", "q", 100.0, "paper", 101.0, 0.5, 1.0, "keV")


@pytest.mark.parametrize(
    ("found", "sigma", "allowed", "verdict"),
    [
        (102.4, 0.5, 1.0, "yes"),
        (97.6, 0.5, 1.0, "yes"),
        (102.6, 0.5, 1.0, "NO"),
        (97.4, 0.5, 1.0, "NO"),
        (101.6, 0.5, 0.0, "NO"),
        (math.nan, 0.5, 1.0, "NO"),
        (100.0, math.nan, 1.0, "NO"),
        (100.0, math.inf, 1.0, "NO"),
        (500.0, 0.5, None, "stated"),
        (None, 0.5, 1.0, "not compared"),
    ],
)
def test_verdict(found: float | None, sigma: float, allowed: float | None, verdict: str) -> None:
    row = msgspec.structs.replace(ROW, found=found, sigma=sigma, allowed=allowed)
    assert row.verdict == verdict


def test_absent_file_is_not_held(tmp_path: Path) -> None:
    assert Run(1, 1, tmp_path).file("physics/x.root") is None
    rows = [absent("s", "q", "paper", "physics/x.root"), ROW]
    assert report.counts(rows) == {"yes": 1, "NO": 0, "stated": 0, "not compared": 1}
    assert "file absent: physics/x.root" in report.markdown(rows)


def _fake(monkeypatch: pytest.MonkeyPatch, rows: list[Row]) -> None:
    plot = Plot("one", "t", "x", "y", (("a", np.array([1, 2]), np.array([3, 4])),), (), log_y=True)
    monkeypatch.setattr(subjects, "SUBJECTS", {"s": "fake"})
    monkeypatch.setattr(subjects, "load", lambda name: lambda run: Findings(rows, [plot]))


def _validate(output: Path, **options: object) -> None:
    chosen = {"size": "small", "only": [], "data": None, "seed": 1, "document": None, **options}
    command.validate("streams", output, **chosen)


def test_command_writes_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _fake(monkeypatch, [ROW])
    document = tmp_path / "validation.md"
    document.write_text(f"before {report.BEGIN} old {report.END} after")
    _validate(tmp_path / "out", document=document)
    assert {p.name for p in (tmp_path / "out").iterdir()} == {
        "table.md",
        "table.json",
        "one.png",
        "manifest.json",
    }
    (row,) = json.loads((tmp_path / "out/table.json").read_text())
    assert (row["found"], row["wanted"], row["holds"]) == (101.0, 100.0, "yes")
    assert report.names_in(document.read_text()) == [("s", "q [keV]")]
    assert document.read_text().startswith("before") and document.read_text().endswith("after")


def test_failing_row_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _fake(monkeypatch, [ROW, msgspec.structs.replace(ROW, quantity="wrong", found=103.0)])
    with pytest.raises(UserError, match=r"1 of 2 rows fail: s: wrong \(found 103, wanted 100\)") as error:
        _validate(tmp_path / "out")
    assert error.value.exit_code == 1
    assert (tmp_path / "out/table.md").is_file()  # the report is there all the same


@pytest.mark.parametrize(
    ("package", "options", "sentence"),
    [
        ("stream", {}, "unknown package 'stream', allowed is streams"),
        ("streams", {"size": "big"}, "--size: got 'big', allowed are small, full"),
        ("streams", {"only": ["betas"]}, "--only: unknown subject 'betas', allowed are geometry, transport"),
        ("streams", {"data": Path("nowhere")}, "--data: no folder nowhere"),
    ],
)
def test_usage(tmp_path: Path, package: str, options: dict[str, object], sentence: str) -> None:
    chosen = {"size": "small", "only": [], "data": None, "seed": 1, "document": None, **options}
    with pytest.raises(ConfigError, match=sentence):
        command.validate(package, tmp_path / "out", **chosen)
    assert not (tmp_path / "out").exists()


def test_transport() -> None:
    rows = transport.check(Run(0.05, 1, None)).rows
    assert [row.quantity for row in rows if row.verdict == "NO"] == []
    assert sum(row.verdict == "yes" for row in rows) > 40


def test_wrong_argon_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon that is 4 percent too dense fails the ranges, and attenuation per mass stays what it is."""
    volume = transport.volume_of(transport.load_detector("fd1-hd-apa"))
    denser = argon_tables(1.396 * 1.04)
    monkeypatch.setattr(transport, "volume_of", lambda detector: volume._replace(argon=denser))
    rows = transport._ranges()
    assert all(row.verdict == "NO" for row in rows), [(row.quantity, row.found) for row in rows]


def test_beta() -> None:
    rows = beta.check(Run(0.1, 1, None)).rows
    assert [row.quantity for row in rows if row.verdict == "NO"] == []
    assert sum(row.verdict == "yes" for row in rows) >= 2 * len(beta.BETAS)


def test_beside_the_root_spectra() -> None:
    data = Path(__file__).parents[3] / "shared/data"
    if not (data / "physics/radiological_Argon_39.root").is_file():
        pytest.skip("the published spectra are not here (shared/data/physics)")
    pytest.importorskip("uproot")
    row, plot = beta.beside("Argon_39", {"Ar39": beta.sample("Ar39", 10_000, 1)}, Run(1, 1, data))
    assert row.wanted == pytest.approx(225.3, abs=0.1)  # reference 9.1.4: 3 percent above ICRP-107
    assert len(plot.points) == 1


def test_captures() -> None:
    rows = captures.check(Run(0.1, 1, None)).rows
    assert [row.quantity for row in rows if row.verdict != "yes"] == []
    assert len(rows) == 18


def test_geometry() -> None:
    data = Path(__file__).parents[3] / "shared/data"
    rows = geometry.check(Run(1, 1, data if data.is_dir() else None)).rows
    assert [row.quantity for row in rows if row.verdict == "NO"] == []
    assert sum(row.verdict == "yes" for row in rows) >= 12
    without = geometry.check(Run(1, 1, None)).rows
    assert [row.quantity for row in without] == [row.quantity for row in rows]  # named, compared or not
    assert sum(row.verdict == "not compared" for row in without) == 4


def test_neutrinos() -> None:
    data = Path(__file__).parents[3] / "shared/data"
    rows = neutrinos.check(Run(0.1, 1, data if data.is_dir() else None)).rows
    assert [row.quantity for row in rows if row.verdict == "NO"] == []
    without = neutrinos.check(Run(0.01, 1, None)).rows
    assert [row.quantity for row in without] == [row.quantity for row in rows]
    assert sum(row.verdict == "yes" for row in without) >= 20  # what needs no file


def test_noise() -> None:
    rows = noise.check(Run(1, 1, None)).rows
    assert [row.quantity for row in rows if row.verdict == "NO"] == []
    assert sum(row.verdict == "yes" for row in rows) == 26
    assert next(row.quantity for row in rows if row.verdict == "not compared").startswith("U, spectrum")


def test_wrong_noise_is_seen() -> None:
    """Noise that is 4 percent too large, white, or comes back shifted fails its rows."""
    wave = np.random.default_rng(1).normal(0, 1.04 * noise.RMS["X"], (8192, 40))
    wrong = [row.quantity for row in noise.size_rows("X", wave) if row.verdict == "NO"]
    assert wrong == ["X, r.m.s.", *(f"X, autocorrelation at lag {lag}" for lag in (1, 2, 3, 4, 5))]
    again = noise.independence_rows("X", wave, np.roll(wave, 100, axis=0))
    assert again[0].verdict == "NO"
    assert noise.independence_rows("X", wave, wave + 0.1 * np.roll(wave, 7, axis=1))[1].verdict == "NO"


def test_response() -> None:
    data = Path(__file__).parents[3] / "shared/data"
    rows = response.check(Run(1, 1, data if data.is_dir() else None)).rows
    assert [row.quantity for row in rows if row.verdict == "NO"] == []
    without = response.check(Run(1, 1, None)).rows
    assert [row.quantity for row in without] == [row.quantity for row in rows]
    assert sum(row.verdict == "yes" for row in without) == 15


def test_wrong_gain_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six percent more gain fails every area and every peak."""

    def wrong(preset: Electronics, config: ElectronicsConfig) -> Chain:
        right = configured(preset, config)
        return right._replace(adc_per_electron=1.06 * right.adc_per_electron)

    monkeypatch.setattr(response, "configured", wrong)
    assert {row.verdict for row in response._areas(load_detector("fd1-hd-apa"))} == {"NO"}
    kernel = plane_kernel(load_detector("fd1-hd-apa"), "X", ElectronicsConfig(shaper="nominal"))
    louder = kernel._replace(table=np.float32(1.07) * kernel.table)
    assert sum(row.verdict == "NO" for row in response._plane(louder, "X", "built-in", 0.05)) == 3


@pytest.mark.parametrize(("name", "size", "held"), [("external", 0.2, 16), ("particles", 0.1, 5)])
def test_what_is_drawn(name: str, size: float, held: int) -> None:
    data = Path(__file__).parents[3] / "shared/data"
    check = subjects.load(name)
    rows = check(Run(size, 1, data if data.is_dir() else None)).rows
    assert [row.quantity for row in rows if row.verdict == "NO"] == []
    without = check(Run(size, 1, None)).rows
    assert [row.quantity for row in without] == [row.quantity for row in rows]
    assert sum(row.verdict == "yes" for row in without) == held
