"""All sources as flat arrays, so that compiled code can sample any of them the same way.

>>> from streams.config import SimulationConfig
>>> tables = source_tables(SimulationConfig())
>>> tables.rate_hz.shape, int(tables.branch_first[-1]) == len(tables.branch_level)
((7,), True)
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.block import ORIGINS
from streams.config import BACKGROUNDS, SimulationConfig
from streams.detector import load_detector
from streams.sources import neutrino
from streams.sources.beta import ELECTRON_MEV, beta_spectrum, coulomb, quantile_table
from streams.sources.levels import Scheme, load_scheme


class SourceTables(NamedTuple):
    """Rates by origin (index 0 is the signal), branches by origin, levels of all daughters one after the other."""

    rate_hz: NDArray[np.float64]  # (7,)
    branch_first: NDArray[np.int64]  # (8,), branches of origin o are first[o] to first[o + 1]
    branch_share: NDArray[np.float64]  # cumulated within the origin, last one 1
    branch_level: NDArray[np.int64]  # level fed
    beta_mev: NDArray[np.float64]  # (branches, QUANTILES)
    level_mev: NDArray[np.float64]
    gamma_first: NDArray[np.int64]  # (levels + 1,)
    gamma_share: NDArray[np.float64]  # cumulated within the level
    gamma_level: NDArray[np.int64]  # level reached
    converted: NDArray[np.float64]  # chance that an electron goes instead of the gamma
    neutrino_mev: NDArray[np.float64]  # (QUANTILES,)
    strength: NDArray[np.float64]  # (n, 2): excitation energy MeV, strength
    strength_level: NDArray[np.int64]  # (n,) level of 40K, or -1 above the particle threshold
    fermi: NDArray[np.float64]  # F(19, T) at T = 0, 0.1, 0.2 ... MeV


class _Builder:
    """Collects levels and branches of one scheme after the other."""

    def __init__(self) -> None:
        self.level: list[float] = []
        self.gamma_first = [0]
        self.gamma_share: list[float] = []
        self.gamma_level: list[int] = []
        self.converted: list[float] = []
        self.branch_first = [0]
        self.branch_share: list[float] = []
        self.branch_level: list[int] = []
        self.beta: list[NDArray[np.float64]] = []

    def levels(self, scheme: Scheme) -> int:
        """Append the levels of ``scheme``; return the index of its first one."""
        offset = len(self.level)
        for level in scheme.level:
            self.level.append(level.energy_kev / 1000)
            shares = np.cumsum([share for _, share, _ in level.gammas])
            self.gamma_share += [float(share / shares[-1]) for share in shares]
            self.gamma_level += [offset + reached for reached, _, _ in level.gammas]
            self.converted += [c / (1 + c) for _, _, c in level.gammas]
            self.gamma_first.append(len(self.gamma_level))
        return offset

    def branches(self, scheme: Scheme) -> None:
        """Append the beta branches of ``scheme`` as those of the next origin."""
        offset = self.levels(scheme)
        fed = [(index, level) for index, level in enumerate(scheme.level) if level.fed > 0]
        shares = np.cumsum([level.fed for _, level in fed])
        for (index, level), share in zip(fed, shares, strict=True):
            end = (scheme.q_kev - level.energy_kev) / 1000
            spectrum = beta_spectrum(end, scheme.z_daughter, scheme.a, unique=level.unique)
            self.beta.append(quantile_table(*spectrum))
            self.branch_share.append(float(share / shares[-1]))
            self.branch_level.append(offset + index)
        self.branch_first.append(len(self.branch_level))


def _fermi_table() -> NDArray[np.float64]:
    kinetic = np.maximum(np.arange(1001) * 0.1, 0.01) / ELECTRON_MEV
    return coulomb(1, 19, 40, np.sqrt(kinetic * (kinetic + 2)))


def source_tables(config: SimulationConfig) -> SourceTables:
    """Return the tables of every source of ``config``, scales and signal included."""
    detector = load_detector(config.detector)
    build = _Builder()
    build.branch_first.append(0)  # the signal has no branches of its own
    rates = [0.0 if config.signal is None else config.signal.rate_hz]
    for name in BACKGROUNDS:
        build.branches(load_scheme(name))
        rates.append(detector.activity_bq[name] * config.backgrounds.get(name, 1.0))
    potassium = load_scheme("K40_star")
    first = build.levels(potassium)
    known = np.array([level.energy_kev / 1000 for level in potassium.level])
    strength = np.array(neutrino.STRENGTHS)
    reached = [
        first + int(np.abs(known - excitation).argmin())
        if excitation < neutrino.PARTICLE_THRESHOLD_MEV
        else -1
        for excitation in strength[:, 0]
    ]
    energies = np.zeros_like(build.beta[0])
    if config.signal is not None:
        s = config.signal
        range_mev = (s.min_energy_mev, s.max_energy_mev)
        energies = quantile_table(
            *neutrino.interaction_spectrum(s.alpha, s.mean_energy_mev, *range_mev, flat=s.flat)
        )
    assert len(rates) == len(ORIGINS)
    return SourceTables(
        np.array(rates), np.array(build.branch_first), np.array(build.branch_share), np.array(build.branch_level),
        np.array(build.beta), np.array(build.level), np.array(build.gamma_first), np.array(build.gamma_share),
        np.array(build.gamma_level), np.array(build.converted), energies, strength, np.array(reached), _fermi_table(),
    )  # fmt: skip
