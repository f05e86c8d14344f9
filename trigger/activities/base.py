"""What an algorithm of trigger activities (TAs) and candidates (TCs) is, and how one is configured by name.

An algorithm is a file with one ``Algorithm`` and a line of the entry points ``lartrig.activities``, of this package
or of yours. Its parameters are the fields of a struct, with the names and defaults of DUNE's configuration.
Source of names, defaults and logic: DUNE-DAQ/triggeralgs @ab71739b (2024-10-15).

>>> from streams.daq.tp import TP
>>> maker = configure("adc_simple_window", {"window_length": 100, "adc_threshold": 50})
>>> tps = np.zeros(3, TP)
>>> tps["time_start"], tps["adc_integral"] = [0, 64, 128], 30
>>> [(int(ta.data["adc_integral"]), len(ta.inputs)) for ta in maker(tps)]
[(60, 2)]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import entry_points
from typing import Annotated, Any, NamedTuple, Protocol

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from streams import toml
from streams.errors import ConfigError

GROUP = "lartrig.activities"

U16 = Annotated[int, Meta(ge=0, le=2**16 - 1)]
U32 = Annotated[int, Meta(ge=0, le=2**32 - 1)]
U63 = Annotated[
    int, Meta(ge=0, le=2**63 - 1)
]  # upstream: 64 bits; the top one would be a time of 4 600 years


class Activity(NamedTuple):
    """One TA.

    Attributes
    ----------
    data : its fields, dtype ``streams.daq.trigger_objects.TA``.
    inputs : the TPs in it, TP array (n,).
    """

    data: np.void
    inputs: NDArray[np.void]


class Candidate(NamedTuple):
    """One TC.

    Attributes
    ----------
    data : its fields, dtype ``streams.daq.trigger_objects.TC``.
    inputs : the TAs in it without their TPs, TA array (n,).
    """

    data: np.void
    inputs: NDArray[np.void]


class Maker(Protocol):
    """Makes TAs of TPs, in the order in which they come; any chunks of the input give the same output."""

    def __call__(self, tps: NDArray[np.void]) -> list[Activity]:
        """Return the TAs that end with one of ``tps``, TP array (n,)."""


class CandidateMaker(Protocol):
    """Makes TCs of TAs, in the order in which they come."""

    def __call__(self, activities: Sequence[Activity]) -> list[Candidate]:
        """Return the TCs that end with one of ``activities``."""


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every maker understands (TriggerActivityMaker.hpp, TriggerCandidateMaker.hpp)."""

    prescale: U63 = 1  # every n-th TA (TC) is kept, the others dropped; 0 keeps all


class ActivityParameters(Parameters, frozen=True, kw_only=True):
    """What every maker of TAs understands (TriggerActivityMaker.hpp)."""

    max_time_over_threshold: U32 = 2**32 - 1  # longer TPs are dropped [62.5 MHz counts]


class Stage(NamedTuple):
    """The TA or the TC half of an algorithm.

    Attributes
    ----------
    parameters : struct of its parameters, frozen, which forbids unknown fields.
    build : makes a maker from them.
    """

    parameters: type[msgspec.Struct]
    build: Callable[[Any], Any]


class Algorithm(NamedTuple):
    """What an entry point names; a half that an algorithm does not have is None."""

    activity: Stage | None
    candidate: Stage | None


def names() -> list[str]:
    """Return the names of all algorithms, sorted."""
    return sorted({point.name for point in entry_points(group=GROUP)})


def algorithm(name: str) -> Algorithm:
    """Return an algorithm by its name.

    Raises
    ------
    ConfigError : no such algorithm.
    """
    for point in entry_points(group=GROUP, name=name):
        found: Algorithm = point.load()
        return found
    if not names():
        raise ConfigError(
            "algorithms of trigger activities: none is installed: install lartrig again (pip install .)"
        )
    raise ConfigError(f"algorithm of trigger activities: got {name!r}, want one of {', '.join(names())}")


def configure(name: str, parameters: Mapping[str, object] | None = None) -> Maker:
    """Return a new maker of TAs; parameters that are not given have DUNE's defaults.

    Raises
    ------
    ConfigError : no such algorithm or parameter, a value out of range, or values that DUNE's code refuses.

    >>> configure("adc_simple_window", {"window": 100})
    Traceback (most recent call last):
    streams.errors.ConfigError: adc_simple_window (TA): got the parameter window, want one of prescale, \
max_time_over_threshold, window_length, adc_threshold
    """
    from trigger.activities.framed import FramedMaker

    stage = _stage(name, "TA")
    settings = read(f"{name} (TA)", stage, parameters or {})
    process: Maker = stage.build(settings)
    return FramedMaker(process, settings)


def configure_candidates(name: str, parameters: Mapping[str, object] | None = None) -> CandidateMaker:
    """Return a new maker of TCs, as ``configure``."""
    from trigger.activities.framed import FramedCandidateMaker

    stage = _stage(name, "TC")
    settings = read(f"{name} (TC)", stage, parameters or {})
    process: CandidateMaker = stage.build(settings)
    return FramedCandidateMaker(process, settings)


def _stage(name: str, kind: str) -> Stage:
    found = algorithm(name)
    stage = found.activity if kind == "TA" else found.candidate
    if stage is None:
        raise ConfigError(f"algorithm {name}: it makes no {kind}s: choose another one for them")
    return stage


def read(where: str, stage: Stage, parameters: Mapping[str, object]) -> msgspec.Struct:
    """Return the struct of some parameters.

    Raises
    ------
    ConfigError : an unknown parameter, a wrong type or a value out of range.
    """
    return toml.convert(parameters, stage.parameters, where)
