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
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.console import duration, hz
from streams.daq.tp import INVALID_CHANNEL, TP
from streams.errors import ConfigError
from trigger.activities.base import Activity, CandidateMaker, Maker, configure, configure_candidates
from trigger.activities.intake import Counts, Intake
from trigger.activities.rows import INVALID_TIME
from trigger.activities.ta_file import Batch

#: What makers count, by attribute.
_DROPPED = {
    "lost": "lost by the algorithm, as upstream",
    "late": "too late for their window, left out as upstream",
    "cut": "below the algorithm's cuts",
}
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
    dropped : TPs that the algorithm itself drops, as upstream, by reason.
    ended : whether DUNE's program would have crashed.
    """

    counts: Counts = field(default_factory=Counts)
    activities: int = 0
    candidates: int = 0
    sizes: list[int] = field(default_factory=list)
    channels: list[int] = field(default_factory=list)
    dropped: dict[str, int] = field(default_factory=dict)
    ended: bool = False


def batches(
    task: Task, records: Iterable[Sequence[NDArray[np.void]]], result: Result, where: str = "TPs"
) -> Iterator[Batch]:
    """Yield the TAs and TCs of each record of TPs; ``result`` grows with them.

    Raises
    ------
    ConfigError : no such algorithm or parameter, or a value out of range.
    UserError : TPs of more than one detector, or none of the one that was chosen.
    """
    maker = configure(task.algorithm, task.parameters)
    finish = configure_candidates(task.candidates, task.candidate_parameters) if task.candidates else None
    intake = Intake(task.detid, where, result.counts)
    version = 2  # of TPs that say nothing
    for record in records:
        tps = intake(record)
        if len(tps):
            version = int(tps["version"][0]) or version
            yield _made(maker(tps), maker, finish, result, version)
    intake.close()
    if task.flush:
        yield _made(_flushed(maker), maker, finish, result, version)


def _made(
    activities: list[Activity], maker: Maker, finish: CandidateMaker | None, result: Result, version: int
) -> Batch:
    """Return a batch of TAs and the TCs of them, counted."""
    candidates = finish(activities) if finish else []
    result.activities += len(activities)
    result.candidates += len(candidates)
    result.sizes += [len(ta.inputs) for ta in activities]
    result.channels += [len(np.unique(ta.inputs["channel"])) for ta in activities]
    process = getattr(maker, "process", None)
    result.dropped = {words: getattr(process, name, 0) for name, words in _DROPPED.items()}
    result.ended = getattr(process, "ended", False)
    return Batch(activities, candidates, version)


def _flushed(maker: Maker) -> list[Activity]:
    """Return the TAs that the end of all TPs makes: by the maker's own ``flush``, or by a last TP."""
    own = getattr(getattr(maker, "process", None), "flush", None)
    made: list[Activity] = own() if own else maker(last_tp())
    return made


def last_tp() -> NDArray[np.void]:
    """Return the TP without charge at the end of time that closes any window, TP array (1,); without a channel."""
    tps = np.zeros(1, TP)
    tps["time_start"], tps["channel"] = INVALID_TIME, INVALID_CHANNEL
    return tps


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
        "of other detectors, left out": counts.other,
        "tardy, left out": counts.tardy,
        "out of order, sorted": counts.out_of_order,
        "of zero length": counts.zero_length,
        "without a channel": counts.no_channel,
        **result.dropped,
    }
    rows |= {f"TPs {name}": str(count) for name, count in odd.items() if count}
    if result.ended:
        rows["stopped"] = "DUNE's program would have crashed: no TAs from there on (docs/activities.md)"
    return rows


def _rate(count: int, span_s: float) -> str:
    return f"{count} in {duration(span_s)}: {hz(count / span_s)}" if span_s > 0 else str(count)


def _spread(values: Sequence[int]) -> str:
    if not values:
        return "-"
    return f"{min(values)} to {max(values)}, median {np.median(values):g}, mean {np.mean(values):.4g}"


def values(option: str, given: Sequence[str]) -> dict[str, object]:
    """Return parameters from texts NAME=VALUE: numbers, true, false, or the text itself.

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
        found[name] = _value(value)
    return found


def _value(text: str) -> object:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
