"""What comes from outside: spectra and rates of the planes around the detector.

>>> check(Run(0.1, 1, None)).rows[0].verdict
'yes'
"""

from __future__ import annotations

import math
from itertools import islice
from pathlib import Path

import numpy as np

from streams.block import TICKS_PER_BLOCK
from streams.compiled import Floats, compiled
from streams.config import ElectronicsConfig, SimulationConfig
from streams.detector import load_detector
from streams.rng import stream as random_stream
from streams.simulate import stream
from streams.sources.spectra import Spectra, draw_spectrum, spectrum_tables
from streams.sources.table import sources
from streams.validation.row import Curve, Findings, Plot, Row, Run, absent

_DETECTOR = "fd1-hd-apa"
_FILE = "physics/DUNE_cavern_gammas.txt"
#: MeV, share of cavern gammas above, and half a unit of the last digit given (reference 9.5).
SHARES = (
    (0.5, 0.41, 0.005),
    (1.0, 0.22, 0.005),
    (2.0, 0.059, 0.0005),
    (2.5, 0.035, 0.0005),
    (2.65, 0.0002, 0.00005),
)
#: Events per second of one assembly: position, source, rate, half a unit of the last digit given (reference 9.5).
#: Neutrons: captures of those that go in, half of the isotropic 0.049 and 0.015.
RATES = (
    ("top", "cavern-gammas-top", 190_000, 5_000), ("top", "foam-gammas-top", 8_000, 500),
    ("top", "cryo-ngammas-top", 0.30, 0.005), ("top", "rock-ngammas-top", 0.098, 0.0005),
    ("top", "neutron-top + neutron36-top", 0.0245, 0.00025), ("outer", "cavern-gammas-wall", 3_800, 50),
    ("outer", "foam-gammas-wall", 153, 0.5), ("outer", "cryo-ngammas-wall", 0.020, 0.0005),
    ("outer", "rock-ngammas-wall", 0.005, 0.0005), ("outer", "neutron-wall + neutron36-wall", 0.0075, 0.00025),
)  # fmt: skip


@compiled
def _draw(spectra: Spectra, count: int, seed: int) -> Floats:
    found, particles = np.empty(count), np.zeros((4, 6))
    for i in range(count):
        draw_spectrum(spectra, 0, random_stream(seed, 29, i, 0), particles)
        found[i] = particles[0, 1]
    return found


def _published(path: Path) -> Floats:
    """Return energy [MeV] and weight of the published spectrum (float64, (2, n)); its energies are in keV."""
    energy, weight = np.loadtxt(path).T
    return np.array([energy / 1000, weight])


def _spectrum(run: Run) -> tuple[list[Row], Plot]:
    """Return the shares of cavern gammas above some energies, and the spectrum beside the published one."""
    drawn = _draw(spectrum_tables(("cavern_gammas",)), run.count(100_000), run.seed)
    rows = []
    for energy, wanted, half in SHARES:
        found, sigma = float((drawn > energy).mean()), math.sqrt(wanted * (1 - wanted) / len(drawn))
        what = f"cavern gammas, share above {energy:g} MeV"
        rows.append(Row("external", what, wanted, "reference 9.5", found, sigma, 0.03 * wanted + half))
    edges = np.arange(0, 3.05, 0.05)
    density = np.maximum(np.histogram(drawn, edges)[0] / len(drawn) / 0.05, 1e-4)
    middles = (edges[1:] + edges[:-1]) / 2
    plot = Plot(
        "cavern_gammas",
        "gammas of the cavern",
        "MeV",
        "per MeV",
        (("built-in", middles, density),),
        log_y=True,
    )
    what, path = "cavern gammas, largest difference of the cumulated spectra at every 50 keV", run.file(_FILE)
    source = "lmanzanillas/ProtoDUNE-VD DUNE_cavern_gammas.txt"
    if path is None:
        return [*rows, absent("external", what, source, _FILE)], plot
    energy, weight = _published(path)
    ours = np.searchsorted(np.sort(drawn), edges) / len(drawn)
    theirs = np.interp(edges, energy + 0.0005, np.cumsum(weight) / weight.sum())
    far = float(np.abs(ours - theirs).max())
    rows.append(Row("external", what, 0, source, far, 0.5 / math.sqrt(len(drawn)), 0.01))
    counts = np.histogram(energy, edges, weights=weight)[0] / weight.sum() / 0.05
    points: Curve = (path.name, middles, np.maximum(counts, 1e-4))
    return rows, plot._replace(points=(points,))


def _rates() -> list[Row]:
    """Return the rates of the planes from the table of sources."""
    detector, rows = load_detector(_DETECTOR), []
    for position, names, wanted, half in RATES:
        config = SimulationConfig(position=position)
        rate = {source.name: source.rate_hz for source in sources(config, detector)}
        found = sum(rate[name] for name in names.split(" + "))
        what = f"{names}, {position} assembly"
        rows.append(Row("external", what, wanted, "reference 9.5", found, 0, 0.01 * wanted + half, "Hz"))
    config = SimulationConfig(position="top")
    rate = {source.name: source.rate_hz for source in sources(config, detector)}
    share = rate["neutron36-top"] / (rate["neutron36-top"] + rate["neutron-top"])
    rows.append(
        Row("external", "share of neutron captures on 36Ar", 0.026, "reference 9.1.10", share, 0, 0.0005)
    )
    return rows


def _reaching(run: Run) -> list[Row]:
    """Return what a top assembly sees of the gammas from above: events by the energy left, in the real stream."""
    rate = {
        source.name: source.rate_hz
        for source in sources(SimulationConfig(position="top"), load_detector(_DETECTOR))
    }
    name = "cavern-gammas-top"
    config = SimulationConfig(
        seed=run.seed, position="top", planes=("X",), backgrounds={"all": 0.0, name: 1.0}
    )
    blocks = run.count(4_000)
    events = np.concatenate([block.events for block in islice(stream(config), blocks)])
    seconds = 1e-9 * 512 * TICKS_PER_BLOCK * blocks
    left = events["deposited_mev"].astype(float)
    rows = []
    for energy in (0.1, 0.5, 1.0, 2.0):
        n = int((left > energy).sum())
        what = f"top assembly, events of cavern gammas with more than {energy:g} MeV in the argon"
        note = f"of {rate[name]:.3g} Hz on the plane"
        rows.append(Row("external", what, None, "none published", n / seconds, math.sqrt(max(n, 1)) / seconds, None,
                        "Hz", note))  # fmt: skip
    return rows


def _wall_side(run: Run) -> Row:
    """Return that the side of an outer assembly that has no drift reads nothing but its pedestal."""
    quiet = ElectronicsConfig(noise_scale=0.0)
    config = SimulationConfig(seed=run.seed, position="outer", planes=("X",), electronics=quiet)
    samples = np.concatenate([block.adc[:, 480:] for block in islice(stream(config), 80)]).astype(float)
    seen = float(np.abs(samples - samples[0]).max())
    what = "outer assembly without noise, largest signal of the wall side"
    return Row("external", what, 0, "no drift there", seen, 0, 0.0, "ADC")


def check(run: Run) -> Findings:
    """Return the spectrum of the cavern's gammas, the rates of the planes, and what an assembly sees of them."""
    rows, plot = _spectrum(run)
    return Findings([*rows, *_rates(), *_reaching(run), _wall_side(run)], [plot])
