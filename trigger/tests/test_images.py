from __future__ import annotations

import numpy as np
import pytest

from streams.block import CHARGE_DTYPE
from trigger.images import (
    IGNORED,
    MAP_COLUMNS,
    MAP_ROWS,
    NEGATIVE,
    POSITIVE,
    crops,
    end_early,
    labels,
)

NEUTRINOS = np.array([3, 7], np.uint64)
ARGON39 = 9


def _labels(*charge: tuple[int, int, int, float], first_tick: int = 0) -> np.ndarray:
    return labels(np.array(list(charge), CHARGE_DTYPE), NEUTRINOS, first_tick)


@pytest.mark.parametrize(
    ("electrons", "label"), [(20_000.0, POSITIVE), (19_999.0, IGNORED), (1.0, IGNORED), (0.0, NEGATIVE)]
)
def test_label_by_charge_of_one_neutrino(electrons: float, label: int) -> None:
    assert _labels((3, 0, 0, electrons))[0, 0] == label


def test_charge_of_a_cell_is_summed_over_its_ticks_and_channels_only() -> None:
    found = _labels((3, 0, 0, 10e3), (3, 31, 3, 10e3), (3, 32, 0, 19e3), (3, 0, 4, 19e3))
    assert found[0, 0] == POSITIVE
    assert found[1, 0] == IGNORED and found[0, 1] == IGNORED
    assert (found != NEGATIVE).sum() == 3


def test_two_neutrinos_do_not_add_up() -> None:
    assert _labels((3, 0, 0, 15e3), (7, 0, 0, 15e3))[0, 0] == IGNORED
    assert _labels((3, 0, 0, 15e3), (7, 0, 0, 21e3))[0, 0] == POSITIVE


@pytest.mark.parametrize("neutrino", [0.0, 15e3, 25e3])
@pytest.mark.parametrize("argon", [6e3, 50e3])
def test_argon39_beside_a_neutrino_changes_nothing(neutrino: float, argon: float) -> None:
    alone = _labels((3, 5, 5, neutrino))
    beside = _labels((3, 5, 5, neutrino), (ARGON39, 5, 5, argon), (ARGON39, 40, 9, argon))
    assert np.array_equal(alone, beside)


def test_faces_and_frames_stay_apart() -> None:
    found = _labels(
        (3, 512, 479, 30e3), (3, 1023, 480, 30e3), (3, 511, 0, 30e3), (3, 1024, 0, 30e3), first_tick=512
    )
    assert found.shape == (MAP_ROWS, MAP_COLUMNS)
    assert np.argwhere(found != NEGATIVE).tolist() == [[0, 119], [15, 124]]  # cells 120-123 are the guard


@pytest.mark.parametrize("width", [160, 164, 992])
def test_crops_judge_every_cell_once_and_hide_what_a_cut_falsifies(width: int) -> None:
    random = np.random.default_rng(1)
    pixels = random.integers(0, 256, (64, 992), dtype=np.uint8)
    cells = np.arange(MAP_ROWS * MAP_COLUMNS, dtype=np.int64).reshape(MAP_ROWS, MAP_COLUMNS)
    margin, judged = 16, []
    for crop in crops(pixels, cells, width, margin):
        start = next(
            s for s in range(0, 993 - width, 4) if np.array_equal(pixels[:, s : s + width], crop.pixels)
        )
        shown = cells[:, start // 4 : (start + width) // 4].astype(np.int8)
        seen = crop.labels != IGNORED
        assert np.array_equal(crop.labels[seen], shown[seen])
        columns = np.flatnonzero(seen.any(axis=0))
        assert start == 0 or columns[0] >= margin // 4
        assert start + width == 992 or columns[-1] < (width - margin) // 4
        judged += [start // 4 + c for c in columns]
    assert judged == list(range(MAP_COLUMNS))


def test_a_frame_that_ends_early_is_filled_with_zeros_and_holds_nothing() -> None:
    pixels, cells = np.full((64, 992), 16, np.uint8), np.full((MAP_ROWS, MAP_COLUMNS), POSITIVE, np.int8)
    cut, left = end_early(pixels, cells, 24)
    assert cut[:24].min() == 16 and cut[24:].max() == 0
    assert (left[:6] == POSITIVE).all() and (left[6:] == NEGATIVE).all()
    assert pixels.min() == 16 and (cells == POSITIVE).all()  # the originals are untouched
