"""TAs and TCs of a file of TPs, and what they are like.

>>> from streams.daq.tp import INVALID_CHANNEL, TP
>>> tps = np.zeros(3, TP)
>>> tps["time_start"], tps["adc_integral"] = [0, 64, 128], 30
>>> task = Task("adc_simple_window", {"window_length": 100, "adc_threshold": 50})
>>> result = Result()
>>> [len(batch.activities) for batch in batches(task, [[tps]], result)], result.activities, result.sizes
([1], 1, [2])
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.daq.tp import INVALID_CHANNEL, TP
from streams.errors import ConfigError
from trigger.activities.base import Maker, configure, configure_candidates
from trigger.activities.intake import Counts, Intake
from trigger.activities.rows import INVALID_TIME
from trigger.activities.ta_file import Batch

COUNTS_PER_S = 62_500_000  # reference section 1.1


class Task(NamedTuple):
    """What is to be made.

    Attributes
    ----------
    algorithm, parameters : of the TA maker.
    candidates : algorithm of the TC maker, "" for none; its parameters are ``candidate_parameters``.
    detid : the detector whose TPs are wanted, None if there is only one.
    flush : whether a TP without charge at the end of time closes the last window, as DUNE/dunetrigger does.
    """

    algorithm: str
    parameters: Mapping[str, object]
    candidates: str = ""
    candidate_parameters: Mapping[str, object] = {}
    detid: int | None = None
    flush: bool = False


@dataclass
class Result:
    """What was made of what.

    Attributes
    ----------
    counts : of the TPs that came.
    activities, candidates : how many were made.
    sizes, channels : TPs in each TA, and different channels in it.
    lost : TPs that the algorithm itself loses, as upstream.
    ended : whether DUNE's program would have crashed.
    """

    counts: Counts = field(default_factory=Counts)
    activities: int = 0
    candidates: int = 0
    sizes: list[int] = field(default_factory=list)
    channels: list[int] = field(default_factory=list)
    lost: int = 0
    ended: bool = False


def batches(
    task: Task, records: Iterable[Sequence[NDArray[np.void]]], result: Result, where: str = "TPs"
) -> Iterator[Batch]:
    """Yield the TAs and TCs of each record of TPs; ``result`` grows with them.

    Raises
    ------
    ConfigError : no such algorithm or parameter, or a value out of range.
    UserError : TPs of more than one detector.
    """
    maker = configure(task.algorithm, task.parameters)
    finish = configure_candidates(task.candidates, task.candidate_parameters) if task.candidates else None
    intake = Intake(task.detid, where, result.counts)
    version = 2
    for tps in _given(intake, records, task.flush):
        version = int(tps["version"][0]) or version
        activities = maker(tps)
        candidates = finish(activities) if finish else []
        _count(result, maker, activities, candidates)
        yield Batch(activities, candidates, version if version in (1, 2) else 2)


def _given(
    intake: Intake, records: Iterable[Sequence[NDArray[np.void]]], flush: bool
) -> Iterator[NDArray[np.void]]:
    for record in records:
        tps = intake(record)
        if len(tps):
            yield tps
    if flush:
        yield last_tp()


def last_tp() -> NDArray[np.void]:
    """Return the TP without charge at the end of time that closes any window, TP array (1,); without a channel."""
    tps = np.zeros(1, TP)
    tps["time_start"], tps["channel"] = INVALID_TIME, INVALID_CHANNEL
    return tps


def _count(result: Result, maker: Maker, activities: Sequence[Any], candidates: Sequence[Any]) -> None:
    result.activities += len(activities)
    result.candidates += len(candidates)
    result.sizes += [len(ta.inputs) for ta in activities]
    result.channels += [len(np.unique(ta.inputs["channel"])) for ta in activities]
    process = getattr(maker, "process", None)
    result.lost = getattr(process, "lost", 0)
    result.ended = getattr(process, "ended", False)


def summary(task: Task, result: Result) -> dict[str, str]:
    """Return the rows of the table: rates, multiplicities, and what was odd, if anything."""
    counts = result.counts
    span_s = (counts.last - counts.first) / COUNTS_PER_S if counts.used > 1 else 0.0
    rows = {
        "TPs": _rate(counts.used, span_s),
        "TAs": _rate(result.activities, span_s),
        "TPs in a TA": _spread(result.sizes),
        "channels in a TA": _spread(result.channels),
    }
    if task.candidates:
        rows["TCs"] = _rate(result.candidates, span_s)
    odd = {
        "other detectors, left out": counts.other,
        "tardy, left out": counts.tardy,
        "out of order, sorted": counts.out_of_order,
        "of zero length": counts.zero_length,
        "without a channel": counts.no_channel,
        "lost by the algorithm, as upstream": result.lost,
    }
    rows |= {f"TPs {name}": str(count) for name, count in odd.items() if count}
    if result.ended:
        rows["stopped"] = "DUNE's program would have crashed: no TAs from there on (docs/activities.md)"
    return rows


def _rate(count: int, span_s: float) -> str:
    return f"{count} in {span_s:.6g} s: {count / span_s:.6g} Hz" if span_s > 0 else str(count)


def _spread(values: Sequence[int]) -> str:
    if not values:
        return "-"
    return f"{min(values)} to {max(values)}, median {np.median(values):g}, mean {np.mean(values):.4g}"


def values(option: str, given: Sequence[str]) -> dict[str, object]:
    """Return parameters from texts NAME=VALUE: integers, true, false, or the text itself.

    Raises
    ------
    ConfigError : another form, or a name twice.

    >>> values("--set", ["adjacency_threshold=15", "trigger_on_adc=true"])
    {'adjacency_threshold': 15, 'trigger_on_adc': True}
    """
    found: dict[str, object] = {}
    for text in given:
        name, sign, value = (part.strip() for part in text.partition("="))
        if not sign or not name or not value:
            raise ConfigError(f"{option}: got {text!r}, want NAME=VALUE")
        if name in found:
            raise ConfigError(f"{option}: got {name} twice, want each name once")
        found[name] = {"true": True, "false": False}.get(value.lower(), value)
        if value.removeprefix("-").isdecimal():
            found[name] = int(value)
    return found
