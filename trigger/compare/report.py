"""What a comparison says: tables for a person, names and values for JSON.

>>> from trigger.compare.facts import Facts
>>> from trigger.compare.alignment import Numbering
>>> from trigger.compare.tally import Tally
>>> import numpy as np
>>> found = Comparison(Facts(), Facts(), "overlap", 0, Numbering(), Tally(np.zeros(0, np.int64)))
>>> content(found)["equal"], content(found)["pairs"], counts(found)["result"]
(True, 0, 'equal')
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streams import channel_map
from trigger.compare.causes import TEXT, UNEXPLAINED
from trigger.compare.comparison import Comparison
from trigger.compare.tally import plane_of

if TYPE_CHECKING:
    from rich.table import Table

_CLOCK_HZ = 62.5e6  # of timestamps (reference section 1.4)


def content(found: Comparison) -> dict[str, Any]:
    """Return all that was found, for JSON."""
    tally = found.tally
    return {
        "equal": found.equal,
        "a": found.a.content(),
        "b": found.b.content(),
        "match": found.match,
        "shift": found.shift,
        "channel_numbers": found.numbering._asdict(),
        "pairs": tally.total["pairs"],
        "same": tally.total["same"],
        "only_a": tally.total["a"] - tally.total["pairs"],
        "only_b": tally.total["b"] - tally.total["pairs"],
        "fields": {
            name: {"pairs": count, "first": tally.field_examples[name]}
            for name, count in tally.fields.items()
            if count
        },
        "causes": [
            {**cause._asdict(), "text": TEXT[cause.name], "first": tally.examples[cause.name]}
            for cause in found.causes()
        ],
        "unexplained_values": dict(tally.signatures.most_common()),
        "planes": planes(found),
    }


def planes(found: Comparison) -> dict[str, dict[str, float]]:
    """Return TPs of a and b, and the rate of a channel that has any [Hz], by plane.

    The time is from the first start in either file to the last.
    """
    some = [one for one in (found.a, found.b) if one.count]
    span = max((one.last for one in some), default=0) - min((one.first for one in some), default=0)
    seconds = max(span, 1) / _CLOCK_HZ
    by_channel, plane = found.tally.by_channel, plane_of(found.tally.channels)
    rows = {}
    for number, name in enumerate(channel_map.PLANES):
        counts = by_channel[:, plane == number]
        if counts.any():
            channels = counts.shape[1]  # each has some
            a, b = (int(side.sum()) for side in counts)
            rates = {f"{side}_hz_per_channel": n / seconds / channels for side, n in (("a", a), ("b", b))}
            rows[name] = {"channels": channels, "a": a, "b": b, **rates}
    return rows


def counts(found: Comparison) -> dict[str, object]:
    """Return the rows of the first table."""
    tally = found.tally
    rows: dict[str, object] = {
        "result": "equal" if found.equal else "different",
        "TPs of a, of b": f"{found.a.count} (version {found.a.version}), {found.b.count} (version {found.b.version})",
        "pairs": f"{tally.total['pairs']}, of them {tally.total['same']} the same in every field",
        "only in a, only in b": f"{found.a.count - tally.total['pairs']}, {found.b.count - tally.total['pairs']}",
    }
    if found.shift:
        rows["shift"] = f"b is {found.shift} counts of 16 ns later: taken out for the pairs"
    if found.numbering.wrapped:
        rows["channels"] = "numbers of 16 bits in one file"
    if found.numbering.offset:
        rows["channels"] = f"numbers of b are {found.numbering.offset} more"
    for name, one in (("a", found.a), ("b", found.b)):
        strange = {"of length 0": one.no_length, "without a channel": one.no_channel}
        strange = {what: number for what, number in strange.items() if number}
        if strange:
            rows[f"{name} has"] = ", ".join(f"{number} {what}" for what, number in strange.items())
        if len(one.detectors) > 1:
            rows[f"{name} is of"] = f"detectors {', '.join(map(str, sorted(one.detectors)))}"
    for name, row in planes(found).items():
        rows[f"plane {name}"] = (
            f"{row['a']} and {row['b']} in {row['channels']} channels: "
            f"{row['a_hz_per_channel']:.2f} and {row['b_hz_per_channel']:.2f} Hz each"
        )
    return rows


def tables(found: Comparison) -> list[Table]:
    """Return the tables of causes and of fields; without differences there are none."""
    from rich.table import Table

    made = []
    why = found.causes()
    if why:
        shown = Table("cause", title="Why", title_justify="left")
        for name in ("pairs", "only a", "only b"):
            shown.add_column(name, justify="right")
        shown.add_column("first")
        for cause in why:
            name = TEXT[cause.name] + (" (!)" if cause.name in UNEXPLAINED else "")
            first = found.tally.examples[cause.name]
            shown.add_row(name, *map(str, cause[1:]), _place(first[0]) if first else "")
        made.append(shown)
    fields = {name: count for name, count in found.tally.fields.items() if count}
    if fields:
        shown = Table("field", title="Pairs that differ", title_justify="left")
        shown.add_column("pairs", justify="right")
        shown.add_column("first: a -> b")
        for name, count in fields.items():
            first = found.tally.field_examples[name]
            shown.add_row(
                name, str(count), ", ".join(f"{one['a'][name]} -> {one['b'][name]}" for one in first)
            )
        made.append(shown)
    return made


def _place(one: dict[str, Any]) -> str:
    side = "a" if one["a"] else "b"
    return f"{side} {one[side]['number']}: channel {one[side]['channel']}, start {one[side]['time_start']}"
