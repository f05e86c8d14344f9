"""``lartrig compare``: each cause on files made for it, no cause on files that are the same, and DUNE's vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streams import channel_map
from trigger.compare import report
from trigger.compare.comparison import compare
from trigger.tests.compare_files import (
    COUNT,
    FIRST,
    SLOT,
    causes,
    made,
    of,
    of_files,
    write,
    write_in_samples,
)


@pytest.mark.parametrize("versions", [(1, 1), (2, 2), (1, 2), (2, 1)])
def test_the_same_tps_are_equal_in_any_versions(tmp_path: Path, versions: tuple[int, int]) -> None:
    found = of(tmp_path, made(), made(), versions)
    assert found.equal and not causes(found)
    assert found.tally.total == {"a": COUNT, "b": COUNT, "pairs": COUNT, "same": COUNT}


def test_a_shift_of_all_starts_is_found(tmp_path: Path) -> None:
    for shift in (-32, 64, 10_000_000):
        folder = tmp_path / str(shift)
        folder.mkdir()
        b = made()
        b["time_start"] = b["time_start"].astype(np.int64) + shift
        found = of(folder, made(), b)
        assert (found.shift, causes(found)) == (shift, {"shift": (COUNT, 0, 0)})
        assert found.tally.fields["time_start"] == COUNT and not found.equal


def test_a_shift_of_a_few_is_no_constant(tmp_path: Path) -> None:
    b = made()
    b["time_start"][::10] += 32
    b["samples_over_threshold"][::10] += 3  # the pair overlaps in any case
    found = of(tmp_path, made(), b)
    assert found.shift == 0 and causes(found)["values"][0] >= 380


def test_the_unit_of_the_time_over_threshold(tmp_path: Path) -> None:
    a = write(tmp_path / "a.h5", made(), version=1)
    b = write_in_samples(tmp_path / "b.h5", made())
    assert causes(compare(a, b)) == {"unit": (COUNT, 0, 0)}
    c = write(tmp_path / "c.h5", made(), version=2)
    assert causes(compare(b, c)) == {"unit": (COUNT, 0, 0)}
    assert compare(a, c).equal


def test_an_integral_that_wraps_and_one_whose_tp_is_dropped(tmp_path: Path) -> None:
    a = made()
    a["adc_integral"][:20] += 65_536
    a["adc_integral"][20:23] = 65_536
    b = a[np.arange(COUNT) % COUNT != 21].copy()
    b["adc_integral"] %= 65_536
    b["adc_integral"][[20, 21]] = 65_536
    found = of(tmp_path, a, b)
    assert causes(found) == {"wrapped": (20, 1, 0)}
    assert found.tally.fields == {"adc_integral": 20} | {
        name: 0 for name in found.tally.fields if name != "adc_integral"
    }


def test_an_integral_that_saturates_splits_the_pulse(tmp_path: Path) -> None:
    """9 000 ADC counts in 10 samples: reference section 1.8b.10, the start one sample early."""
    a = made()[::2].copy()
    a["samples_over_threshold"][5], a["adc_integral"][5], a["adc_peak"][5] = 10, 90_000, 9_000
    b = np.insert(a, 6, a[5])
    start = a["time_start"][5]
    b["time_start"][5:7] = start - np.uint64(32), start + np.uint64(256)
    b["samples_over_threshold"][5:7], b["adc_integral"][5:7] = (8, 2), (65_535, 18_000)
    assert causes(of(tmp_path, a, b)) == {"saturated": (1, 0, 1)}
    b["adc_integral"][5] = 72_000
    (tmp_path / "other").mkdir()
    assert causes(of(tmp_path / "other", a, b)) == {"divided": (1, 0, 1)}


def test_the_start_up_of_a_pedestal(tmp_path: Path) -> None:
    """Pedestals from 0x4000 reach level P after (16384 - P) x 11 samples: reference section 1.8b.2."""
    a = made()
    level = np.random.default_rng(3).integers(900, 9_400, 2560)
    settled = FIRST + (16_384 - level[a["channel"]]) * 11 * 32
    b = a[a["time_start"] > settled].copy()
    late = np.setdiff1d(np.arange(COUNT), np.flatnonzero(a["time_start"] > settled))
    early_again = a[late[-1:]].copy()  # a tall pulse over a pedestal that is nearly there
    early_again["adc_integral"] -= 50
    b = np.sort(np.concatenate([b, early_again]), order="time_start")
    found = of(tmp_path, a, b)
    assert causes(found) == {"startup": (1, len(late) - 1, 0)}
    assert len(late) > 200


def test_tps_missing_at_random_are_no_start_up_and_stay_unexplained(tmp_path: Path) -> None:
    keep = np.random.default_rng(8).random(COUNT) > 0.05
    keep[0], keep[1:60:3], keep[-1] = True, False, True
    found = of(tmp_path, made(), made()[keep])
    assert causes(found) == {"alone": (0, int((~keep).sum()), 0)}


def test_a_pedestal_that_is_off(tmp_path: Path) -> None:
    b = made()
    b["adc_peak"][:9] -= 2
    b["adc_integral"][:9] -= 2 * b["samples_over_threshold"][:9]
    b["adc_integral"][9] += 1
    assert causes(of(tmp_path, made(), b)) == {"pedestal": (9, 0, 0), "values": (1, 0, 0)}


def test_another_order_alone(tmp_path: Path) -> None:
    b = made()
    b[[10, 11]], b[[2000, 2003]] = b[[11, 10]], b[[2003, 2000]]
    found = of(tmp_path, made(), b)
    assert causes(found) == {"order": (3, 0, 0)} and found.tally.total["same"] == COUNT
    assert not found.equal


def test_channel_numbers_of_16_bits_and_of_another_assembly(tmp_path: Path) -> None:
    a, b = made(), made()
    a["channel"] += 15 * 2560
    b["channel"] = a["channel"].astype(np.int16)
    found = of(tmp_path, a, b, (1, 1))
    assert found.numbering.wrapped and causes(found) == {"channel": (COUNT, 0, 0)}
    (tmp_path / "other").mkdir()
    found = of(tmp_path / "other", a, made())
    assert found.numbering.offset == -15 * 2560 and causes(found) == {"channel": (COUNT, 0, 0)}


@pytest.mark.parametrize(("version", "invalid"), [(2, 0xFFFFFF), (1, 2**31 - 1)])
def test_tps_without_a_channel_have_no_plane_and_no_partner(
    tmp_path: Path, version: int, invalid: int
) -> None:
    b = made()
    b["channel"][100:107] = invalid
    found = of(tmp_path, made(), b, (version, version))
    assert causes(found) == {"unplaced": (0, 0, 7), "alone": (0, 7, 0)}
    assert found.b.no_channel == 7 and report.counts(found)["b has"] == "7 without a channel"
    assert sum(row["b"] for row in report.planes(found).values()) == COUNT - 7
    (tmp_path / "both").mkdir()
    assert of(tmp_path / "both", b, b, (version, version)).equal
    (tmp_path / "moved").mkdir()
    other = made()
    other["channel"] += 15 * 2560
    found = of(tmp_path / "moved", other, b, (version, version))  # they do not hide which assembly it is
    assert found.numbering.offset == -15 * 2560 and causes(found)["unplaced"] == (0, 0, 7)


def test_files_without_a_channel_in_common_are_no_start_up(tmp_path: Path) -> None:
    a, b = made()[:400], made()[:400]
    a["channel"], b["channel"] = 100, 1700
    assert causes(of(tmp_path, a, b)) == {"missing": (0, 400, 400)}
    a["channel"][3], b["channel"][3] = 0xFFFFFF, 0xFFFFFF  # which is none
    (tmp_path / "none").mkdir()
    assert causes(of(tmp_path / "none", a, b)) == {"missing": (0, 399, 399)}


def test_a_higher_threshold(tmp_path: Path) -> None:
    b = made()[made()["adc_peak"] > 300]
    found = of(tmp_path, made(), b)
    assert causes(found) == {"threshold": (0, COUNT - len(b), 0)}
    assert all(one["a"]["adc_peak"] <= 300 for one in found.tally.examples["threshold"])


def test_frames_that_one_file_lacks(tmp_path: Path) -> None:
    a = made()
    stream = channel_map.offline_channels()[7]
    lost = np.isin(a["channel"], stream) & (np.arange(COUNT) > 1000) & (np.arange(COUNT) < 2500)
    assert lost.sum() > 20
    found = of(tmp_path, a, a[~lost])
    assert causes(found) == {"missing": (0, int(lost.sum()), 0)}
    some = lost & (np.cumsum(lost) < 5)  # four are no run
    (tmp_path / "four").mkdir()
    assert causes(of(tmp_path / "four", a, a[~some])) == {"alone": (0, 4, 0)}


def test_a_file_that_ends_early(tmp_path: Path) -> None:
    assert causes(of(tmp_path, made(), made()[:3000])) == {"range": (0, 1000, 0)}


def test_a_file_that_begins_late_or_ends_early_and_is_shifted(tmp_path: Path) -> None:
    assert causes(of(tmp_path, made(), made()[1000:])) == {"range": (0, 1000, 0)}
    b = made()[:3000]
    b["time_start"] += 10_000_000
    (tmp_path / "shifted").mkdir()
    found = causes(of(tmp_path / "shifted", made(), b))
    assert found == {"shift": (3000, 0, 0), "range": (0, 1000, 0)}


def test_an_endless_tp_of_the_start_up_on_a_channel_that_agreed_before(tmp_path: Path) -> None:
    a = made()
    a["channel"][100] = a["channel"][60]
    b = a[30:].copy()
    b["samples_over_threshold"][70] = 32_767
    assert causes(of(tmp_path, a, b)) == {"startup": (1, 30, 0)}


def test_type_and_algorithm_are_compared_in_version_1_only(tmp_path: Path) -> None:
    b = made()
    b["type"][:9], b["algorithm"][9] = 2, 3
    assert causes(of(tmp_path, made(), b, (1, 1))) == {"labels": (10, 0, 0)}
    (tmp_path / "mixed").mkdir()
    assert of(tmp_path / "mixed", b, made(), (1, 2)).equal


def test_the_order_is_followed_from_piece_to_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trigger.compare.work.STEP", SLOT // 2)
    b = made()[:200]
    b[[150, 151]] = b[[151, 150]]
    assert causes(of(tmp_path, made()[:200], b)) == {"order": (1, 0, 0)}


def test_labels(tmp_path: Path) -> None:
    b = made()
    b["detid"][:5] = 10
    b["flag"][5] = 1
    assert causes(of(tmp_path, made(), b)) == {"labels": (6, 0, 0)}
    a, b = made(), made()
    a["detid"], b["detid"] = 0xFF, 0xFFFF  # nobody set it: version 2, version 1
    (tmp_path / "none").mkdir()
    assert of(tmp_path / "none", a, b, (2, 1)).equal


@pytest.mark.parametrize("seed", range(6))
def test_several_causes_at_once_and_every_tp_has_one(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    a = made(seed)
    b = made(seed)[rng.random(COUNT) > 0.1]
    b["adc_integral"][rng.random(len(b)) < 0.2] += 7
    extra = made(seed + 100)[rng.random(COUNT) < 0.05]
    extra["time_start"] += SLOT // 2
    b = np.sort(np.concatenate([b, extra]), order="time_start")
    found = of(tmp_path, a, b)
    alone = sum(cause.only_a for cause in found.causes()), sum(cause.only_b for cause in found.causes())
    total = found.tally.total
    assert (total["a"], total["b"]) == (COUNT, len(b))
    assert alone == (COUNT - total["pairs"], len(b) - total["pairs"])
    assert total["pairs"] - total["same"] == sum(c.pairs for c in found.causes() if c.name != "order")
    back = of_files(tmp_path / "b.h5", tmp_path / "a.h5")
    assert back == {name: (pairs, b, a) for name, (pairs, a, b) in causes(found).items()}


def test_pieces_do_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a = made()[:1500]
    a["channel"] = channel_map.offline_channels()[a["channel"] % 2, a["channel"] % 64]
    b = a[np.random.default_rng(2).random(1500) > 0.6].copy()
    b["samples_over_threshold"][::7] += 900
    want = causes(of(tmp_path, a, b))
    assert want["missing"][1] > 100 < want["alone"][1]
    for step in (1 << 15, 1 << 18, 1 << 30):
        monkeypatch.setattr("trigger.compare.work.STEP", step)
        assert of_files(tmp_path / "a.h5", tmp_path / "b.h5") == want


def test_tps_out_of_time_order_are_compared_all_the_same(tmp_path: Path) -> None:
    b = made()[np.random.default_rng(2).permutation(COUNT)]
    found = of(tmp_path, made(), b)
    assert set(causes(found)) == {"order"} and found.tally.total["same"] == COUNT
    assert found.b.late > SLOT * COUNT // 2


def test_exact_starts_only(tmp_path: Path) -> None:
    b = made()
    b["time_start"][::10] += 32
    b["samples_over_threshold"] += 3
    write(tmp_path / "a.h5", made())
    write(tmp_path / "b.h5", b)
    assert compare(tmp_path / "a.h5", tmp_path / "b.h5", "exact").tally.total["pairs"] == COUNT * 9 // 10
    assert compare(tmp_path / "a.h5", tmp_path / "b.h5", "overlap").tally.total["pairs"] >= COUNT - 12
