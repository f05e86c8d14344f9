"""Built-in responses of a user's own preset: what cannot be is refused, the rest follows the numbers."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from streams.detector import load_detector
from streams.errors import ConfigError
from streams.response import strips, thin_wires

WIRES = load_detector("fd1-hd-apa").response
STRIPS = load_detector("fd2-vd-bottom").response


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("height_mm", (9.0, 4.7, 0.0), "height_mm: want 4 heights"),
        ("height_mm", (14.0, 9.0, 4.7, 1.0), "height_mm: want 4 heights"),
        ("height_mm", (9.0, 14.0, 4.7, 0.0), "height_mm: want each plane below"),
        ("bias_v", (0.0,), "bias_v: want 4"),
        ("pitch_mm", 0.0, "pitch_mm: want more than 0"),
        ("radius_mm", 0.0, "radius_mm: want more than 0"),
        ("radius_mm", 2.0, "radius_mm: want more than 0"),
        ("mesh_mm", 0.0, "mesh_mm: want more than"),
        ("start_mm", 14.0, "start_mm: want at least a pitch above"),
        ("starts", (0.0, 0.1, 0.2, 0.3, 0.4, 0.47), "starts: want 6 rising"),
        ("starts", (0.01, 0.1, 0.3, 0.2, 0.4, 0.47), "starts: want 6 rising"),
        ("field_kv_per_cm", 0.0, "want more than 0"),
        ("velocity_mm_per_us", float("nan"), "want more than 0"),
        ("bias_v", (-665.0, -370.0, 0.0, -500.0), "electrons do not end on the wires of X"),
        ("bias_v", (665.0, -370.0, 0.0, 820.0), "electrons do not end on the wires of X"),
    ],
)
def test_wires_that_cannot_be(name, value, said):
    with pytest.raises(ConfigError, match=f"preset: response.*{said}"):
        thin_wires.field_response(msgspec.structs.replace(WIRES, **{name: value}))


@pytest.mark.parametrize("name", ["board_us", "gap_us", "gap_power", "blur"])
def test_strips_that_cannot_be(name):
    for value in (0.0, -1.0, float("nan")):
        with pytest.raises(ConfigError, match=rf"response\.{name}: got {value:g}, want more than 0"):
            strips.field_response(msgspec.structs.replace(STRIPS, **{name: value}))


def test_the_charge_of_an_electron_is_the_change_of_potential():
    # Shockley and Ramo: all of it on the wire that collects, nothing on the others, less what the start had already.
    response = thin_wires.field_response(WIRES)
    charge = {name: current.sum(axis=2) * response.period_us for name, current in response.current.items()}
    assert charge["X"][:, 10] == pytest.approx(1.0, abs=1e-3)
    assert np.abs(np.delete(charge["X"], 10, axis=1)).max() < 3e-3
    assert np.abs(charge["U"]).max() < 5e-3
    assert np.abs(charge["V"]).max() < 2e-3
    # A plane shields what is behind it: before X has its charge, U and V have had theirs and given it back.
    passed = {
        name: current[:, 10].mean(axis=0).cumsum() * response.period_us
        for name, current in response.current.items()
    }
    assert passed["U"].max() > 0.25
    assert passed["V"].max() > 0.25
    assert passed["U"].argmax() < passed["V"].argmax() < np.flatnonzero(passed["X"] > 0.9)[0]


def test_a_stronger_collection_bias_is_faster():
    slow = thin_wires.field_response(WIRES)
    fast = thin_wires.field_response(msgspec.structs.replace(WIRES, bias_v=(-665.0, -370.0, 0.0, 1200.0)))
    assert fast.current["X"][:, 10].max(axis=1).mean() > 1.05 * slow.current["X"][:, 10].max(axis=1).mean()
