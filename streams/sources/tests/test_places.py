"""Places: sizes against reference 9.4 and 9.5, vertices inside them, what leaves a material, names refused."""

from __future__ import annotations

import math

import numpy as np
import pytest

from streams.compiled import compiled
from streams.config import SimulationConfig
from streams.detector import load_detector
from streams.errors import ConfigError
from streams.rng import stream
from streams.sources.emission import electron_after
from streams.sources.every import every_source
from streams.sources.places import NAMES, Places, absorb, draw_vertex, drifts, place_tables, size
from streams.sources.table import sources
from streams.transport.argon import ALPHA, ELECTRON, GAMMA, argon_tables, at
from streams.transport.electrons import csda_range_mm

DETECTOR = load_detector("fd1-hd-apa")


@compiled
def vertices(places: Places, index: int, n: int) -> np.ndarray:
    out = np.zeros((n, 3))
    for i in range(n):
        draw_vertex(places, index, stream(3, index, i, 0), out[i])
    return out


@compiled
def emitted(places: Places, kind: int, energy: float, n: int) -> np.ndarray:
    """Return vertex, energy and direction of ``n`` single particles from the first place."""
    out = np.zeros((n, 7))
    particles = np.zeros((4, 6))
    for i in range(n):
        state = stream(5, kind, i, 1)
        draw_vertex(places, 0, state, out[i, :3])
        particles[:] = 0.0
        particles[0, 0], particles[0, 1] = kind, energy
        absorb(places, 0, state, out[i, :3], particles, 1)
        out[i, 3:7] = particles[0, 1:5]
    return out


def one(name: str, position: str = "central") -> Places:
    return place_tables(DETECTOR, position, (name,))


@pytest.mark.parametrize(
    ("position", "place", "per_unit", "want"),
    [  # reference 9.4 (Bq per two-face assembly) and 9.5 (per assembly and second), with the activities of section 5
        ("central", "argon", 0.00141, 140_100),
        ("central", "argon_bi214", 4.5756e-7, 45.5),
        ("central", "cathode", 0.0037, 153),
        ("central", "cathode", 2.7e-3, 112),
        ("central", "cathode_surface", 3.1e-4, 12.8),
        ("central", "boards", 0.0197377, 294),
        ("top", "top", 1.05104, 190_000),
        ("bottom", "bottom", 0.0441274, 8_000),
        ("top", "neutron_top", 2.6996e-7, 0.049),
        ("outer", "outer_wall", 0.0254278, 3_800),
        ("outer", "outer_wall", 0.0010171, 153),
        ("outer", "neutron_wall", 9.9313e-8, 0.015),
    ],
)
def test_sizes_give_the_published_rates(position: str, place: str, per_unit: float, want: float) -> None:
    assert abs(per_unit * size(DETECTOR, position, place) / want - 1) < 0.015


def test_one_face_has_half() -> None:
    for place in ("argon", "cathode", "cathode_surface"):
        assert size(DETECTOR, "outer", place) == pytest.approx(size(DETECTOR, "central", place) / 2)
    for place in ("top", "neutron_top", "outer_wall", "neutron_wall", "end"):
        assert size(DETECTOR, "central", place) == 0
    assert size(DETECTOR, "top_outer", "top") == pytest.approx(size(DETECTOR, "top", "top") / 2)


def test_argon_is_even_and_on_active_faces_only() -> None:
    got = vertices(one("argon"), 0, 4000)
    edges = np.array([3600.0, 3000.0, 2300.16])
    assert (abs(got[:, 0]) < edges[0]).all() and (abs(got[:, 1]) < edges[1]).all()
    assert (got[:, 2] >= 0).all() and (got[:, 2] < edges[2]).all()
    for column, low, high in zip(got.T, (-3600, -3000, 0), edges, strict=True):
        assert abs(column.mean() - (low + high) / 2) < 5 * (high - low) / math.sqrt(12 * 4000)
        assert abs(column.std() / ((high - low) / math.sqrt(12)) - 1) < 0.05
    outer = vertices(one("argon", "outer"), 0, 500)
    assert (outer[:, 0] >= 0).all() and outer[:, 0].max() > 3400


def test_profile_of_ions() -> None:
    """The mean |x| of the polynomial of 214Pb, integrated."""
    x = np.linspace(0, 360, 20_001)
    density = 590.016 + x * (1.83392 + x * (0.00012101 + x * -5.42539e-06))
    want, spread = (x * density).sum() / density.sum() * 10, 1050.0
    got = abs(vertices(one("argon_pb214"), 0, 20_000)[:, 0]).mean()
    assert abs(got - want) < 4 * spread / math.sqrt(20_000)
    assert want > 1860  # not the middle


def test_captures_are_exponential_from_their_plane() -> None:
    got = vertices(one("neutron_top", "top"), 0, 20_000)
    depth = 3250 - got[:, 1]
    assert depth.min() >= 0
    assert abs(depth.mean() / 400 - 1) < 0.03
    assert abs(np.mean(depth > 800) - math.exp(-2)) < 0.01
    assert (emitted(one("neutron_top", "top"), GAMMA, 4.0, 100)[:, 3] == 4.0).all()


@pytest.mark.parametrize(("place", "axis", "toward"), [("top", 1, -1), ("bottom", 1, 1), ("end", 2, 1)])
def test_planes_are_isotropic_and_half_is_lost(place: str, axis: int, toward: int) -> None:
    got = emitted(one(place, place), GAMMA, 1.461, 6000)
    inward = got[got[:, 3] > 0]
    assert abs(len(inward) / 6000 - 0.5) < 0.03
    assert (inward[:, 4 + axis] * toward > 0).all()
    assert abs((inward[:, 4 + axis] * toward).mean() - 0.5) < 0.02  # isotropic: flat in the cosine
    np.testing.assert_allclose(np.linalg.norm(inward[:, 4:7], axis=1), 1, rtol=1e-12)


@pytest.mark.parametrize(("place", "axis", "depth"), [("top", 1, 350), ("outer_wall", 0, 100)])
def test_gammas_of_planes_come_down_in_this_assembly(place: str, axis: int, depth: float) -> None:
    """Shifted by whole lengths, none is lost: the places where they come down are even."""
    position = "outer" if place == "outer_wall" else place
    got = emitted(one(place, position), GAMMA, 1.461, 20_000)
    got = got[got[:, 3] > 0]
    down = got[:, 2] + np.minimum(depth / abs(got[:, 4 + axis]), 500) * got[:, 6]
    assert (down > -1e-6).all() and (down < 2300.16 + 1e-6).all()
    counts = np.histogram(down, 10, (0, 2300.16))[0]
    assert abs(counts - counts.mean()).max() < 4.5 * math.sqrt(counts.mean()) + 0.06 * counts.mean()
    outside = (got[:, 2] < -60) | (got[:, 2] > 2360)
    assert 0.01 < outside.mean() < 0.2


def test_gammas_of_the_cathode_are_attenuated() -> None:
    argon = argon_tables(1.396)
    got = emitted(one("cathode"), GAMMA, 0.583, 40_000)
    assert abs(np.mean(got[:, 4] * got[:, 0] < 0) - 0.5) < 0.015
    assert (got[got[:, 4] * got[:, 0] > 0, 3] == 0).all()  # into the other drift
    got = got[got[:, 4] * got[:, 0] < 0]
    mu = sum(at(t, 0.583) for t in (argon.compton, argon.photo, argon.pair)) * 1.75 / 1.396 * 0.515 / 0.4506
    depth, cosine = np.meshgrid((np.arange(300) + 0.5) / 100, (np.arange(300) + 0.5) / 300)
    want = np.exp(-mu * depth / cosine).mean()
    assert 0.9 < want < 0.96
    assert abs(np.mean(got[:, 3] > 0) - want) < 4 * math.sqrt(want * (1 - want) / 20_000)
    assert set(np.unique(got[:, 3])) == {0.0, 0.583}


def test_betas_of_the_cathode_lose_energy() -> None:
    inside = emitted(one("cathode"), ELECTRON, 2.0, 4000)[:, 3]
    surface = emitted(one("cathode_surface"), ELECTRON, 2.0, 4000)[:, 3]
    assert (
        abs(np.mean(surface == 2.0) - 0.25) < 0.03
    )  # half inward, of these half from the near surface: nothing in the way
    assert surface[surface < 2.0].max() < 1.4  # the far one: 3 mm of FR4, at 1.4 MeV cm2/g or more
    assert 0.15 < np.mean(inside > 0) < 0.45 and 0 < inside[inside > 0].min() < inside.max() < 2.0


@pytest.mark.parametrize("energy", [0.3, 1.0, 3.0])
def test_energy_after_a_path(energy: float) -> None:
    """What is left after a path has the range that is left."""
    argon = argon_tables(1.396)
    full = csda_range_mm(argon, energy)
    curves = one("argon").argon
    left = electron_after(curves, energy, 0.4 * full)
    assert abs(csda_range_mm(argon, left) / (0.6 * full) - 1) < 0.01
    assert electron_after(curves, energy, 1.01 * full) == 0.0


def test_gammas_of_one_decay_go_their_own_ways() -> None:
    """Both of two come in from a quarter of the decays, not from all."""
    places, both = one("cathode"), 0
    vertex, particles = np.zeros(3), np.zeros((4, 6))
    for i in range(2000):
        state = stream(6, 0, i, 1)
        draw_vertex(places, 0, state, vertex)
        particles[:] = 0.0
        particles[:2, 0], particles[:2, 1] = GAMMA, (1.173, 1.332)
        absorb(places, 0, state, vertex, particles, 2)
        both += (particles[:2, 1] > 0).all()
    assert abs(both / 2000 - 0.25 * 0.93) < 0.05
    assert drifts("cathode") == 2 and drifts("boards") == 1


def test_a_cathode_is_simulated_whole() -> None:
    """The table has an assembly's share (reference 9.4: 153 Bq of 40K); twice as many decays shine into it."""
    config = SimulationConfig()
    table = {source.name: source.rate_hz for source in sources(config, DETECTOR)}
    run = {source.name: source.rate_hz for source in every_source(config, DETECTOR)}
    assert table.keys() == run.keys() and abs(table["K40-cathode"] / 153 - 1) < 0.01
    for source in sources(config, DETECTOR):
        twice = source.place in ("cathode", "cathode_surface")
        assert run[source.name] == pytest.approx((2 if twice else 1) * table[source.name])


def test_alphas_leave_surfaces_only() -> None:
    assert np.mean(emitted(one("cathode"), ALPHA, 5.3, 4000)[:, 3] > 0) < 0.02
    plated = emitted(one("cathode_surface"), ALPHA, 5.3, 4000)[:, 3]
    assert abs(np.mean(plated == 5.3) - 0.25) < 0.03 and set(np.unique(plated)) == {0.0, 5.3}
    pds = emitted(one("pds"), ALPHA, 5.3, 4000)
    assert abs(np.mean(pds[:, 3] == 5.3) - 0.5) < 0.03
    out = pds[pds[:, 3] > 0]
    assert (out[:, 0] * out[:, 4] > 0).all() and (out[:, 0] > 0).any() and (out[:, 0] < 0).any()


def test_frame_shines_both_ways_through_its_wall() -> None:
    got = emitted(one("frame"), GAMMA, 1.25, 8000)
    assert (got[:, 0] == 0).all() and 0.7 < np.mean(got[:, 3] > 0) < 0.92
    assert abs(np.mean(got[:, 4] > 0) - 0.5) < 0.03


@pytest.mark.parametrize("name", NAMES)
def test_every_place_works_everywhere(name: str) -> None:
    for position in DETECTOR.positions:
        assert size(DETECTOR, position, name) >= 0
        places = place_tables(DETECTOR, position, ("argon", name))
        assert np.isfinite(vertices(places, 1, 20)).all()


def test_places_of_the_vertical_drift() -> None:
    vertical = load_detector("fd2-vd-bottom")
    area = vertical.height_mm * vertical.length_mm
    assert size(vertical, "central", "argon") == pytest.approx(vertical.drift_mm * area / 1000)
    assert size(vertical, "central", "cathode") == pytest.approx(area * 1.5 / 1000)
    assert size(vertical, "bottom", "bottom") == pytest.approx(area / 100)
    assert size(vertical, "central", "frame") == size(vertical, "central", "boards") == 0
    got = vertices(place_tables(vertical, "bottom", ("bottom", "argon")), 0, 100)
    assert (got[:, 0] == -250).all()
    for position in vertical.positions:
        for name in NAMES:
            assert np.isfinite(vertices(place_tables(vertical, position, (name,)), 0, 5)).all()


def test_points_and_boxes() -> None:
    places = place_tables(DETECTOR, "central", ("point:100,-50,700", "box:0,10,20,30,40,50"))
    assert (vertices(places, 0, 3) == [100, -50, 700]).all()
    got = vertices(places, 1, 200)
    assert (got.min(axis=0) >= [0, 20, 40]).all() and (got.max(axis=0) <= [10, 30, 50]).all()
    assert (got.max(axis=0) > [9, 29, 49]).all()


@pytest.mark.parametrize(
    "name", ["kitchen", "point:1,2", "box:0,1,2,3,4,x", "point:0,0,nan", "box:1,0,0,1,0,1", ""]
)
def test_unknown_places_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="place: got"):
        place_tables(DETECTOR, "central", (name,))
