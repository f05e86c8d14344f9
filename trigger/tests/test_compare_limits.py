"""Limits of ``trigger.compare``, each part alone: alignment, pairs, runs, causes and what is told in the end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from streams.daq import tp
from streams.errors import UserError
from trigger.compare import causes, facts, report, runs
from trigger.compare.alignment import Numbering, numbering, shift_of
from trigger.compare.causes import NUMBER, Clusters
from trigger.compare.comparison import compare
from trigger.compare.feed import Feed
from trigger.compare.matching import Spans, match
from trigger.compare.rows import ROW, read
from trigger.compare.tally import Tally
from trigger.compare.work import Setting, Work
from trigger.tests.compare_files import made, of


def rows(starts: list[int], channel: int = 5, **columns: object) -> NDArray[np.void]:
    made = np.zeros(len(starts), ROW)
    made["start"], made["channel"], made["number"] = starts, channel, np.arange(len(starts))
    for name, values in columns.items():
        made[name] = values
    return made


@pytest.mark.parametrize(
    ("a", "b", "found"),
    [
        ([-5, 7], [3, 7], Numbering(wrapped=True)),
        ([-5, 7], [-5, 9], Numbering()),  # both are of 16 bits
        ([5], [2565], Numbering(offset=2560)),
        ([5], [2566], Numbering()),  # nothing in common with it
        ([5, 2565], [5125], Numbering()),  # two assemblies
    ],
)
def test_numbering(a: list[int], b: list[int], found: Numbering) -> None:
    assert numbering(np.array(a), np.array(b)) == found


@pytest.mark.parametrize(
    ("a", "b", "shift"),
    [
        ([0, 1000, 5000, 8000, 12_000], [132, 1132], 132),  # of those of the file that has fewer
        ([0, 1000, 3000], [1, 1003, 3007], 0),  # each by another
        ([0, 1000], [0, 1032], 0),  # as many are where they were
        ([0, 100, 200], [132, 232], 32),  # the first of a lacks in b
        ([], [5], 0),
    ],
)
def test_a_shift_is_of_half_of_the_tps_at_least(a: list[int], b: list[int], shift: int) -> None:
    assert shift_of(rows(a), rows(b)) == shift


def test_versions_that_are_mixed_in_a_file_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    fragments = [(name, tp.encode(np.zeros(1, tp.TP), version)) for name, version in (("one", 1), ("two", 2))]
    monkeypatch.setattr("trigger.compare.rows.payloads", lambda path: fragments)
    with pytest.raises(UserError, match="two: got TPs of version 2, want 1 as before: versions are mixed"):
        list(read(Path("a.h5")))


def test_facts_go_on_from_batch_to_batch() -> None:
    found = facts.look([rows([100, 300], length=[0, 32]), rows([40, 200], version=2, length=33)])
    assert (found.first, found.last, found.late, found.no_length, found.unit) == (40, 300, 260, 1, "counts")
    assert facts.Facts().seconds == 0


def test_a_feed_gives_what_nothing_earlier_can_follow() -> None:
    feed = Feed(iter([rows([50]), rows([30, 10]), rows([], 5), rows([90]), rows([60])]), late=40)
    assert feed.next_start == 10
    assert feed.before(50)["start"].tolist() == [10, 30]
    assert feed.before(61)["start"].tolist() == [50, 60]
    assert feed.next_start == 90


def pairs(a: list[tuple[int, int]], b: list[tuple[int, int]]) -> list[int]:
    spans = [Spans(np.full(len(some), 5), *np.array(some).T) for some in (a, b)]
    return match(*spans).partner_a.tolist()


@pytest.mark.parametrize(
    ("a", "b", "partners"),
    [
        ([(0, 320)], [(320, 400)], [-1]),  # they touch
        ([(0, 321)], [(320, 400)], [0]),
        ([(400, 500)], [(320, 400)], [-1]),
        ([(0, 100), (50, 100)], [(50, 100)], [-1, 0]),  # the same start first
        ([(0, 100), (10, 90)], [(20, 30), (40, 50)], [0, 1]),  # each once
        ([(0, 100)], [(10, 20), (30, 90)], [0]),  # the earliest
        ([(5, 9), (5, 9)], [(5, 9), (5, 9)], [0, 1]),
    ],
)
def test_pairs(a: list[tuple[int, int]], b: list[tuple[int, int]], partners: list[int]) -> None:
    assert pairs(a, b) == partners


def test_a_length_that_no_tp_can_have_counts_as_the_longest() -> None:
    setting = Setting((facts.Facts(), facts.Facts()), 0, Numbering(), exact=False)
    spans = Work(setting, Tally(np.array([5])))._spans(rows([7, 8, 9], length=[2**50, 0, 64]))
    assert (spans.end - spans.start).tolist() == [65_536 * 32, 1, 64]


def test_a_run_goes_on_in_the_next_piece_on_its_side_only() -> None:
    a, b, pair = runs.ONLY_A, runs.ONLY_B, runs.PAIRED
    stream = np.zeros(5, np.int64)
    one = runs.Runs(2)
    assert one.classify(stream, np.full(5, a), final=False).tolist() == [2] * 5
    assert one.classify(stream[:2], np.array([a, b]), final=False).tolist() == [2, 3]
    assert one.classify(stream[:2], np.array([b, pair]), final=False).tolist() == [1, 0]
    two = runs.Runs(2)
    two.classify(stream, np.full(5, a), final=False)
    assert two.classify(stream[:1], np.array([b]), final=True).tolist() == [1]
    assert two.classify(stream[:4], np.full(4, a), final=True).tolist() == [1] * 4
    two.classify(stream, np.full(5, a), final=False)
    assert two.classify(np.array([0, 1]), np.full(2, a), final=True).tolist() == [2, 1]  # another stream


def test_streams_of_different_assemblies_are_different() -> None:
    assert np.diff(runs.stream_of(np.array([7, 2567, 5127]))).tolist() == [40, 40]


def cause(a: dict[str, int], b: dict[str, int], **held: bool) -> str:
    one, other = (rows([100], **{"length": 64, "peak": 90, "integral": 170, **given}) for given in (a, b))
    differs = {name: one[column] != other[column] for name, column in causes.FIELDS.items()}
    flags = Clusters(*(np.array([held.get(name, False)]) for name in Clusters._fields))
    (number,) = causes.of_pairs(differs, one, other, flags)
    return "" if number < 0 else causes.CAUSES[number]


@pytest.mark.parametrize(
    ("a", "b", "held", "found"),
    [
        ({}, {}, {}, ""),
        ({"detid": 4}, {}, {}, "labels"),
        ({"detid": 4, "peak": 80}, {}, {}, "values"),
        ({"peak": 94, "integral": 178}, {}, {}, "pedestal"),  # 4 in each of two samples
        ({"peak": 95, "integral": 178}, {}, {}, "values"),
        ({"peak": 94, "integral": 179}, {}, {}, "values"),
        ({"peak": 94, "integral": 169}, {}, {}, "values"),  # to the other side
        ({"peak": 86, "integral": 162}, {}, {}, "pedestal"),
        ({"peak": 94, "integral": 178}, {}, {"uneven": True}, "divided"),
        ({"integral": 178}, {}, {}, "values"),
        ({"integral": 170 + 65_536}, {}, {}, "wrapped"),
        ({"integral": 170 + 65_536}, {}, {"uneven": True}, "divided"),
        ({"integral": 170 + 65_536, "peak": 91}, {}, {}, "values"),
        ({"start": 132}, {}, {"full": True}, "saturated"),
        ({"start": 132}, {}, {"full": True, "endless": True}, "startup"),
    ],
)
def test_causes_of_a_pair(a: dict[str, int], b: dict[str, int], held: dict[str, bool], found: str) -> None:
    assert cause(a, b, **held) == found


def test_a_full_integral_needs_more_in_the_other_file() -> None:
    def full(a: list[int], b: list[int]) -> tuple[bool, bool]:
        of = [rows([0] * len(some), integral=some, length=320) for some in (a, b)]
        spans = [Spans(some["channel"], some["start"], some["start"] + 320) for some in of]
        held = causes.clusters(*of, match(*spans))
        return bool(held.full[0]), bool(held.uneven[0])

    assert full([65_535], [65_535]) == (False, False)
    assert full([65_535], [65_536]) == (True, False)
    assert full([65_535, 7], [70_000]) == (True, True)
    assert full([65_535, 7], []) == (False, False)


def test_an_endless_tp_has_all_the_samples_that_there_are() -> None:
    of = rows([0], length=32_767 * 32), rows([0], length=32_766 * 32)
    spans = [Spans(some["channel"], some["start"], some["start"] + 320) for some in of]
    nothing = Spans(*(np.zeros(0, np.int64),) * 3)
    none = rows([])
    assert causes.clusters(of[0], none, match(spans[0], nothing)).endless.tolist() == [True]
    assert causes.clusters(of[1], none, match(spans[1], nothing)).endless.tolist() == [False]


@pytest.mark.parametrize(
    ("later", "length", "seen"), [(1023, 2000, True), (1024, 2000, False), (0, causes.ENDLESS, False)]
)
def test_both_files_see_a_pulse_if_it_starts_within_1024_counts(later: int, length: int, seen: bool) -> None:
    a, b = rows([100], length=length), rows([100 + later], length=length)
    work = Work(Setting((facts.Facts(), facts.Facts()), 0, Numbering(), exact=False), Tally(np.array([5])))
    work._warm(a, b, match(work._spans(a), work._spans(b)))
    assert (work.first_close == 100) == seen


def settled(single: list[int], run: list[int], paired: int | None = 100) -> dict[str, int]:
    tally = Tally(np.array([5]))
    if paired is not None:
        tally.least[0, 0] = paired
    for in_run, peaks in ((False, single), (True, run)):
        tally.add_undecided(0, in_run, np.zeros(len(peaks), np.int64), rows([0] * len(peaks), peak=peaks))
    tally.settle()
    return {name: int(tally.alone_of[0, k]) for name, k in NUMBER.items() if tally.alone_of[0, k]}


@pytest.mark.parametrize(
    ("single", "run", "paired", "found"),
    [
        ([98, 99], [], 100, {"threshold": 2}),
        ([99, 100], [], 100, {"alone": 2}),  # one is not below
        ([99], [99] * 3 + [200] * 3, 100, {"threshold": 4, "missing": 3}),
        ([99], [99] * 3 + [200] * 4, 100, {"threshold": 1, "missing": 7}),  # more above than below
        ([], [99] * 5, 100, {"threshold": 5}),
        ([], [99] * 5 + [100], 100, {"missing": 6}),
        ([200], [99] * 5, 100, {"alone": 1, "missing": 5}),
        ([99], [99] * 5, None, {"alone": 1, "missing": 5}),  # nothing has a partner
    ],
)
def test_what_a_threshold_explains(
    single: list[int], run: list[int], paired: int | None, found: dict[str, int]
) -> None:
    assert settled(single, run, paired) == found


def test_examples_of_what_is_settled_in_the_end_are_five_of_each() -> None:
    tally = Tally(np.array([5]))
    tally.least[0, 0] = 100
    tally.add_undecided(0, False, np.zeros(10, np.int64), rows(list(range(10)), peak=[99] * 3 + [100] * 7))
    tally.settle()
    assert [len(tally.examples[name]) for name in ("alone", "threshold")] == [5, 0]


def test_examples_of_a_run_are_told_apart_by_the_lowest_peak_with_a_partner() -> None:
    tally = Tally(np.array([5]))
    tally.least[0, 0] = 100
    tally.add_undecided(0, False, np.zeros(1, np.int64), rows([0], peak=99))
    tally.add_undecided(0, True, np.zeros(4, np.int64), rows([1, 2, 3, 4], peak=[100, 99, 99, 100]))
    tally.settle()
    starts = {
        name: [one["a"]["time_start"] for one in tally.examples[name]] for name in ("threshold", "missing")
    }
    assert starts == {"threshold": [0, 2, 3], "missing": [1, 4]}


def test_a_tp_alone_without_charge_was_not_dropped_for_it() -> None:
    nothing = Clusters(*(np.zeros(2, np.bool_) for _ in Clusters._fields))
    found = causes.of_alone(rows([1, 2], integral=[0, 65_536]), nothing, np.zeros(2, np.bool_))
    assert found.tolist() == [-1, NUMBER["wrapped"]]


def test_a_shift_longer_than_the_files_between_other_channels_is_found_and_can_be_forbidden(
    tmp_path: Path,
) -> None:
    a, b = made()[:500], made()[:500]
    a["channel"] += 15 * 2560
    b["time_start"] += 10**9
    found = of(tmp_path, a, b)
    assert (found.shift, found.numbering.offset) == (10**9, -15 * 2560)
    assert compare(tmp_path / "a.h5", tmp_path / "b.h5", shift=0).shift == 0


def test_what_is_told_of_each_file(tmp_path: Path) -> None:
    a, b = made()[:500], made()[:400]
    b["detid"][:50] = 4
    found = of(tmp_path, a, b)
    assert [report.content(found)[name] for name in ("only_a", "only_b")] == [100, 0]
    told = report.counts(found)
    assert (told["only in a, only in b"], told["b is of"]) == ("100, 0", "detectors 3, 4")
    assert "a is of" not in told


def test_values_are_drawn_b_less_a_in_samples() -> None:
    tally = Tally(np.array([5]))
    a, b = rows([320], length=64, peak=15, integral=255), rows([384], length=64, peak=17, integral=254)
    tally.add_values(a, b, np.zeros(1, np.bool_))
    assert {name: int(np.flatnonzero(found)[0]) - 101 for name, found in tally.apart.items()} == {
        "time_start": 2,
        "time_over_threshold": 0,
        "adc_integral": -1,
        "adc_peak": 2,
    }
    assert np.argwhere(tally.scatter["adc_peak"]).tolist() == [[32, 33]]  # 16 and 18 are 4 and 4.17 octaves
