"""The algorithms by name: DUNE's three, and those that other packages add.

A package adds one by a function ``make(numerics, parameters) -> Chain`` and an entry point of group ``lartrig.tpg``
whose name is the algorithm's:

    [project.entry-points."lartrig.tpg"]
    my_filter = "my_package.my_filter:make"

>>> chain = make("simple_threshold", "tpglibs_v2", {"plane0": 60, "plane1": 60, "plane2": 30})
>>> chain.steps[-1]
Threshold(threshold=(60, 60, 30))
>>> make("SimpleThreshold", "fdreadoutlibs").closing
FallingEdge(threshold=120, saturating=False)
>>> make("simple")
Traceback (most recent call last):
streams.errors.ConfigError: unknown algorithm simple: there are abs_rs, simple_threshold, standard_rs
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import Any

import numpy as np

from streams.errors import ConfigError
from trigger.baselines.chain import Chain, Step
from trigger.baselines.cuts import Cuts
from trigger.baselines.hits import FallingEdge, Integral16, Integral32
from trigger.baselines.pedestal import Fixed, Frugal
from trigger.baselines.running_sum import FdRunSum, RunSum
from trigger.baselines.settings import Fdreadoutlibs, Tpglibs, read
from trigger.baselines.threshold import Threshold

GROUP = "lartrig.tpg"
NUMERICS = ("tpglibs_v2", "tpglibs_v1", "fdreadoutlibs")  # the first is the default
Maker = Callable[[str, Mapping[str, Any]], Chain]
#: Numbers in TP version 1, which fdreadoutlibs sets (trgdataformats TriggerPrimitive.hpp).
SIMPLE_THRESHOLD, ABSOLUTE_RUNNING_SUM, RUNNING_SUM = 1, 2, 3


def simple_threshold(numerics: str, parameters: Mapping[str, Any]) -> Chain:
    """A pedestal and a threshold (SimpleThreshold)."""
    if numerics == "fdreadoutlibs":
        return _fd(read(Fdreadoutlibs, parameters, "simple_threshold"), None, SIMPLE_THRESHOLD)
    return _tpglibs(read(Tpglibs, parameters, "simple_threshold"), None, numerics)


def abs_rs(numerics: str, parameters: Mapping[str, Any]) -> Chain:
    """A running sum of absolute values between pedestal and threshold (AbsRS)."""
    if numerics == "fdreadoutlibs":
        return _fd(read(Fdreadoutlibs, parameters, "abs_rs"), True, ABSOLUTE_RUNNING_SUM)
    return _tpglibs(read(Tpglibs, parameters, "abs_rs"), True, numerics)


def standard_rs(numerics: str, parameters: Mapping[str, Any]) -> Chain:
    """A running sum between pedestal and threshold (StandardRS)."""
    if numerics == "fdreadoutlibs":
        return _fd(read(Fdreadoutlibs, parameters, "standard_rs"), False, RUNNING_SUM)
    return _tpglibs(read(Tpglibs, parameters, "standard_rs"), False, numerics)


BUILT_IN: dict[str, Maker] = {
    "abs_rs": abs_rs,
    "simple_threshold": simple_threshold,
    "standard_rs": standard_rs,
}


def names() -> list[str]:
    """Return the names of all algorithms there are."""
    return sorted({*BUILT_IN, *(point.name for point in entry_points(group=GROUP))})


def make(name: str, numerics: str = NUMERICS[0], parameters: Mapping[str, Any] | None = None) -> Chain:
    """Return the chain of an algorithm; DUNE's spelling of its three names is known too.

    Raises
    ------
    ConfigError : an algorithm, numerics or parameter that is not known, or a value out of range.
    """
    if numerics not in NUMERICS:
        raise ConfigError(f"unknown numerics {numerics}: there are {', '.join(sorted(NUMERICS))}")
    plain = {known.replace("_", ""): known for known in names()}
    known = plain.get(name.lower().replace("_", ""))
    if known is None:
        raise ConfigError(f"unknown algorithm {name}: there are {', '.join(names())}")
    maker = BUILT_IN.get(known)
    if maker is None:
        (point,) = entry_points(group=GROUP, name=known)
        maker = point.load()
    return maker(numerics, parameters or {})


def _tpglibs(settings: Tpglibs, absolute: bool | None, numerics: str) -> Chain:
    steps: list[Step] = [Frugal(accum_limit=settings.accum_limit)]
    if settings.pedestal == "fixed":
        steps = [Fixed(accum_limit=settings.accum_limit, start_period=settings.start_period)]
    if absolute is not None:
        steps.append(RunSum(absolute, settings.memory_factors, settings.scale_factors))
        if settings.second_pedestal:
            steps.append(Frugal(accum_limit=settings.accum_limit))
    elif settings.second_pedestal:
        raise ConfigError("second_pedestal: got true, but simple_threshold has no running sum: leave it out")
    steps.append(Threshold(settings.thresholds))
    cuts = Cuts(sot_minima=settings.sot_minima, channel_mask=settings.channel_mask)
    if numerics == "tpglibs_v1":
        return Chain(tuple(steps), Integral16(), tp_version=1, cuts=cuts, old=True)
    return Chain(tuple(steps), Integral32(), tp_version=2, cuts=cuts)


def _fd(settings: Fdreadoutlibs, absolute: bool | None, algorithm: int) -> Chain:
    limit = settings.tpg_frugal_streaming_accumulator_limit
    steps: list[Step] = [Frugal(initial=None, accum_limit=limit)]
    if absolute is not None:
        memory = int(np.float32(10) * np.float32(settings.tpg_rs_memory_factor))
        first = 0 if settings.enable_simple_threshold_on_collection else memory
        steps.append(FdRunSum(absolute, (first, memory, memory), 10 // settings.tpg_rs_scale_factor, limit))
    cuts = Cuts(tp_timeout=settings.tp_timeout, channel_mask=settings.tpg_channel_mask)
    closing = FallingEdge(settings.tpg_threshold, saturating=absolute is not None)
    return Chain(tuple(steps), closing, tp_version=1, algorithm=algorithm, cuts=cuts)
