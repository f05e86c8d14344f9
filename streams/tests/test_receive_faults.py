"""Any mixture of faults: what is delivered is right, what is missing is what cannot be delivered, counts are exact.

The oracle walks over the frames in the order in which they arrive, and knows what was done to each. It uses nothing of
the receiver.
"""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.daq import spans
from streams.receiver.receive import receive
from streams.receiver.report import CAUSES, Report
from streams.tests.frames_in_memory import BEGIN, FRAME, HERE, SEQ0, Memory, flip, frames, samples, set_words

WAIT = 16
KINDS = ("lost", "delayed", "copied", "cut", "flipped", "jumped")


def arrivals(blocks, faults):
    """Return the items of a stream in order: (place, kind, detail). ``faults``: {place: (kind, detail)}."""
    items = []
    for place in range(blocks):
        kind, detail = faults.get(place, ("good", 0))
        if kind == "delayed":
            items.append(((place + detail, 1, place), (place, "good", 0)))
        elif kind == "copied":
            items += [((place, 0, 0), (place, "good", 0)), ((place + detail, 1, place), (place, "good", 0))]
        elif kind != "lost":
            items.append(((place, 0, 0), (place, kind, detail)))
    return [item for _, item in sorted(items)]


def make(stream, words, faults):
    """Return the bytes of a stream."""
    parts = []
    for place, kind, detail in arrivals(len(words), faults):
        frame = words[place].tobytes()
        if kind == "cut":
            frame = frame[:detail]
        elif kind == "flipped":
            frame = flip(frame, detail)
        elif kind == "jumped":
            frame = set_words(frame, timestamp=(int(words[place, 1]) + detail) % 2**64)
        parts.append(frame)
    return b"".join(parts)


def expect(words, faults, checked):
    """Return (places delivered, counts) of a stream."""
    newest, delivered, count, cause, tiny = -1, set(), Counter(), {}, False
    for place, kind, detail in arrivals(len(words), faults):
        # Of cut frames with no header between them, one is counted.
        headerless = kind == "cut" and detail < 8
        if not headerless:
            tiny = False
        right = not headerless and kind != "jumped"
        right = right and not (kind == "flipped" and detail < 128) and not (kind == "cut" and detail < 16)
        if kind == "cut":
            cause[place] = "lost" if tiny and headerless else "truncated"
            tiny = True
        elif kind == "jumped":
            true = int(words[place, 1])
            cause[place] = "corrupted" if (true ^ (true + detail) % 2**64).bit_count() == 1 else "jumped"
        elif kind == "flipped" and (checked or not right):
            cause[place] = "corrupted"
        elif place in delivered:
            count["duplicated"] += 1
        elif newest - place > WAIT:
            cause[place] = "late"
        else:
            count["reordered"] += place < newest
            delivered.add(place)
        if right:
            newest = max(newest, place)
    for place in set(range(len(words))) - delivered:
        count[cause.get(place, "lost")] += 1
        count["missing"] += 1
    count["delivered"] = len(delivered)
    return delivered, +count


def check(faults, blocks=60, checked=True, piece=1 << 60, causes=True):
    """Receive streams with ``faults``: {stream: {place: (kind, detail)}}; compare with the oracle.

    causes : whether they have to be right, too, and not only what is delivered and what is missing.
    """
    words = frames(blocks)
    data = [make(stream, words[stream], faults.get(stream, {})) for stream in range(40)]
    memory = Memory(data, spans.frame_checks(words) if checked else None, piece)
    report, sent, got = Report(), samples(blocks), {stream: set() for stream in range(40)}
    last = -1
    for span in receive([memory], HERE, report):
        assert span.timestamp > last
        last = span.timestamp + 2048 * (len(span.samples) - 1)
        first, rest = divmod(span.timestamp - BEGIN, 2048)
        assert rest == 0 and span.samples.shape == (len(span.samples), spans.SAMPLES_PER_BLOCK)
        missing = np.zeros((len(span.samples), 40), bool) if span.missing is None else span.missing
        assert span.missing is None or missing.any()
        want = sent[first : first + len(missing)].copy()
        for row, stream in np.argwhere(missing):
            want[row][HERE.places.first[stream] + np.arange(64)[:, None] * HERE.places.step[stream]] = 0
        flips = [(s, p) for s in faults for p, (kind, _) in faults[s].items() if kind == "flipped"]
        for stream, place in flips if not checked else ():
            if first <= place < first + len(missing):  # a flipped sample is delivered as it came
                spot = HERE.places.first[stream] + np.arange(64)[:, None] * HERE.places.step[stream]
                want[place - first][spot] = span.samples[place - first][spot]
        assert (want == span.samples).all()
        for row, stream in np.argwhere(~missing):
            got[int(stream)].add(first + int(row))
    seen_at_all = set()
    for stream in range(40):
        delivered, count = expect(words[stream], faults.get(stream, {}), checked)
        row = report.counts[stream]
        names = ("delivered", "missing", *CAUSES, "duplicated", "reordered", "stepped")
        seen = {name: int(row[name]) for name in names if row[name]}
        assert got[stream] == delivered, stream
        if not causes:
            seen, count = (
                {name: each.get(name, 0) for name in ("delivered", "missing")} for each in (seen, count)
            )
        assert seen == dict(count), (stream, faults.get(stream))
        seen_at_all |= count.keys() - {"delivered"}
        assert row["missing"] == sum(row[cause] for cause in CAUSES)
    assert report.blocks == blocks
    assert report.good == (report.total("delivered") == 40 * blocks and not seen_at_all)
    listed = Counter()
    for gap in report.gaps:
        listed[gap.stream] += gap.blocks
    assert listed == Counter({s: int(n) for s, n in enumerate(report.counts["missing"]) if n})


def fault(blocks):
    bit = st.one_of(st.integers(0, 127), st.integers(128, 8 * FRAME - 1))
    return st.one_of(
        st.tuples(st.just("lost"), st.just(0)),
        st.tuples(st.just("delayed"), st.integers(1, 30)),
        st.tuples(st.just("copied"), st.integers(0, 30)),
        st.tuples(
            st.just("cut"), st.one_of(st.integers(1, 20), st.integers(1, FRAME - 1), st.integers(7180, 7199))
        ),
        st.tuples(st.just("flipped"), bit),
        st.tuples(st.just("jumped"), st.integers(-(2**40), 2**40).filter(lambda n: n % 2048)),
        st.tuples(st.just("jumped"), st.integers(-(2**30), 2**30).filter(bool).map(lambda n: 2048 * n)),
    )


def says(place, kind, detail):
    """Return seq_id and timestamp of a frame if they disagree, else None."""
    seq, time = (SEQ0 + place) % 4096, BEGIN + 2048 * place
    if kind == "jumped":
        return seq, (time + detail) % 2**64
    if kind == "flipped" and 40 <= detail < 52:
        return seq ^ 1 << detail - 40, time
    return (seq, time ^ 1 << detail - 64) if kind == "flipped" and 64 <= detail < 128 else None


def looks_like_a_step(faults):
    """Return if three frames go on from each other with the same wrong clock."""

    def follows(one, other):
        steps = (other[0] - one[0]) % 4096
        return 0 < steps <= 64 and other[1] - one[1] == 2048 * steps

    odd = [words for place in sorted(faults) if (words := says(place, *faults[place]))]
    return any(follows(a, b) and follows(b, c) for a, b, c in combinations(odd, 3))


def looks_like_a_flip(faults):
    """Return if the timestamp of a frame that jumped is that of a missing one, and seq_id differs by one bit."""
    for place, (kind, detail) in faults.items():
        other, rest = place + detail // 2048, detail % 2048
        missing = kind == "jumped" and rest == 0 and faults.get(other, ("copied", 0))[0] != "copied"
        if missing and ((SEQ0 + place) % 4096 ^ (SEQ0 + other) % 4096).bit_count() == 1:
            return True
    return False


def looks_like_one_frame(faults):
    """Return if what is left of frames that were cut makes up a whole one."""
    for place, (kind, detail) in faults.items():
        if kind == "cut":
            for other in sorted(p for p in faults if place < p < place + 60):
                kind, more = faults[other]
                if kind == "cut":
                    detail += more
                if detail == FRAME:
                    return True
    return False


def decidable(faults):
    """Return faults without those that look like others: the bytes that come are the same."""
    kept = {}
    for place, what in sorted(faults.items()):
        more = kept | {place: what}
        if not (looks_like_a_step(more) or looks_like_a_flip(more) or looks_like_one_frame(more)):
            kept = more
    return kept


def random_faults(rng, blocks, chance):
    """Return faults by chance, each kind alike, of one stream."""
    faults = {}
    for place in np.flatnonzero(rng.random(blocks) < chance).tolist():
        kind = KINDS[rng.integers(6)]
        detail = {
            "delayed": lambda: int(rng.integers(1, 25)),
            "copied": lambda: int(rng.integers(0, 16)),
            "cut": lambda: int(rng.integers(1, FRAME)),
            "flipped": lambda: int(rng.integers(0, 8 * FRAME if rng.random() < 0.5 else 128)),
            "jumped": lambda: int(rng.integers(-(2**40), 2**40)),
        }.get(kind, lambda: 0)()
        faults[place] = (kind, detail)
    return decidable(faults)


@pytest.mark.parametrize("checked", [True, False], ids=["checks", "no checks"])
@pytest.mark.parametrize("chance", [0.05, 0.3])
def test_all_streams(chance, checked):
    rng = np.random.default_rng(int(100 * chance))
    check({stream: random_faults(rng, 60, chance) for stream in range(39)}, checked=checked, piece=100_000)


def test_a_last_frame_that_says_a_later_place():
    """Its seq_id may be wrong in a bit, so it is kept for that place, which never comes."""
    check({3: {59: ("jumped", 2 * 2048)}})


TWO_AGREE = [  # on another place than theirs, and the others of the four first frames say nothing, or the same again
    {0: ("flipped", 43), 1: ("flipped", 43), 2: ("jumped", 64), 3: ("flipped", 64)},
    {0: ("flipped", 43), 1: ("flipped", 43), 2: ("cut", 5)},
    {0: ("flipped", 75), 1: ("copied", 20), 2: ("flipped", 75), 3: ("flipped", 40)},
    {1: ("jumped", -2048), 2: ("flipped", 40), 3: ("flipped", 75), 4: ("jumped", 2048)},
]


@pytest.mark.parametrize("checked", [True, False], ids=["checks", "no checks"])
@pytest.mark.parametrize("faults", TWO_AGREE, ids=str)
def test_two_frames_that_agree_by_chance_do_not_say_where_their_stream_begins(faults, checked):
    check({3: faults}, blocks=20, checked=checked)


def test_two_frames_that_are_far_away_do_not_say_where_the_window_begins():
    check({0: {0: ("jumped", 2048 * 3217)}, 1: {1: ("jumped", 2048 * 5217)}}, blocks=20)


def test_faults_in_a_row():
    out_of_order = {15: ("lost", 0), 16: ("delayed", 1), 17: ("flipped", 41)}  # 17 says seq_id 15, behind 14
    tails = [(5, 5), (6, 5), (7, 7)]  # with the frame before, that lacks its last byte, more than 7 200 + 7
    cuts = [
        {20: ("cut", 7199), 21: ("cut", one), 22: ("cut", other), 23: ("jumped", 64)} for one, other in tails
    ]
    check(dict(enumerate([out_of_order, *cuts])), blocks=30)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(
        st.integers(0, 38), st.dictionaries(st.integers(0, 59), fault(60), max_size=12), max_size=5
    ),
    st.booleans(),
    st.sampled_from([1 << 60, 7200, 20_000]),
)
def test_any_faults(faults, checked, piece):
    check({stream: decidable(listed) for stream, listed in faults.items()}, checked=checked, piece=piece)
