"""The subjects of the validation, each a module of this package that is loaded when it is asked for.

A subject's module has ``check(run: Run) -> Findings``.

>>> load("transport").__name__
'check'
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from streams.errors import ConfigError
from streams.validation.row import Findings, Run

SUBJECTS = {
    "geometry": "volume, wires and channel map",
    "transport": "electrons and gammas in liquid argon",
    "beta": "decays: energies of betas and gammas",
    "captures": "neutron captures: their gammas",
    "particles": "muons and alphas",
    "neutrinos": "neutrinos on argon",
    "rates": "rates of the backgrounds, counted in the stream",
    "external": "gammas and neutrons from outside",
    "response": "electronics and field response",
    "drift": "drift, diffusion and pulses in the stream",
    "noise": "noise of the planes",
}


def load(name: str) -> Callable[[Run], Findings]:
    """Return the check of a subject.

    Raises
    ------
    ConfigError : there is no such subject.
    """
    if name not in SUBJECTS:
        raise ConfigError(f"--only: unknown subject {name!r}, allowed are {', '.join(SUBJECTS)}")
    check: Callable[[Run], Findings] = import_module(f"streams.validation.{name}").check
    return check
