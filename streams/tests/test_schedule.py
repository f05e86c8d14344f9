"""When things happen: as often as asked, where the steps say, and the same however the run is cut."""

from __future__ import annotations

import numpy as np
import pytest

from streams.rng import exponential, stream
from streams.schedule import Schedule, Steps, key_of, schedule, schedule_of

BLOCK_NS = 32_768.0


def plan_of(*sources: tuple[str, float, Steps]) -> Schedule:
    names, rates, steps = zip(*sources, strict=True)
    return schedule_of(names, rates, steps)


def test_intervals_are_exponential_and_counts_poisson() -> None:
    rows, time_ns = schedule(plan_of(("a", 2e5, ())), 3, -1000, 3000, BLOCK_NS)
    want = 2e5 * 3000 * BLOCK_NS * 1e-9
    assert abs(len(rows) - want) < 4 * np.sqrt(want)
    counts = np.bincount(rows[:, 1] + 1000, minlength=3000)
    assert abs(counts.var() / counts.mean() - 1) < 4 * np.sqrt(2 / 3000)
    gaps = np.diff(time_ns)
    assert abs(gaps.mean() / 5000 - 1) < 0.03 and abs(gaps.std() / 5000 - 1) < 0.04
    within = (time_ns - rows[:, 1] * BLOCK_NS) / BLOCK_NS
    assert within.min() >= 0 and within.max() < 1
    assert np.abs(np.histogram(within, 10, (0, 1))[0] / len(rows) - 0.1).max() < 4 * np.sqrt(0.09 / len(rows))


def test_rows_are_in_time_order_and_numbered_from_one_in_each_block() -> None:
    rows, time_ns = schedule(plan_of(("a", 3e5, ()), ("b", 2e5, ())), 3, 0, 50, BLOCK_NS)
    assert (np.diff(time_ns) >= 0).all() and set(rows[:, 0]) == {0, 1}
    for source in (0, 1):
        for block in range(50):
            mine = rows[(rows[:, 0] == source) & (rows[:, 1] == block)]
            assert mine[:, 2].tolist() == list(range(1, len(mine) + 1))


@pytest.mark.parametrize("step", [1, 7])
def test_the_cut_changes_nothing(step: int) -> None:
    plan = plan_of(("a", 2e5, ()), ("b", 0.0, [(-1e5, 4e5, 3e5), (4e5, 8e5, 1e5)]))
    whole = schedule(plan, 3, -10, 35, BLOCK_NS)
    parts = [schedule(plan, 3, first, step, BLOCK_NS) for first in range(-10, 25, step)]
    assert np.array_equal(np.concatenate([rows for rows, _ in parts]), whole[0])
    assert np.array_equal(np.concatenate([times for _, times in parts]), whole[1])


def test_a_source_is_its_own_and_seeds_differ() -> None:
    _, alone = schedule(plan_of(("b", 2e5, ())), 3, 0, 40, BLOCK_NS)
    rows, both = schedule(plan_of(("a", 2e5, ()), ("b", 2e5, ())), 3, 0, 40, BLOCK_NS)
    assert np.array_equal(both[rows[:, 0] == 1], alone)
    assert not np.isin(both[rows[:, 0] == 0], alone).any()
    _, other = schedule(plan_of(("b", 2e5, ())), 4, 0, 40, BLOCK_NS)
    assert not np.isin(other, alone).any()
    of_block = [alone[rows[rows[:, 0] == 1][:, 1] == block] % BLOCK_NS for block in (0, 1)]
    assert not np.isin(np.round(of_block[0], 3), np.round(of_block[1], 3)).any()
    assert key_of("a") != key_of("b") and 0 <= key_of("a") < 1 << 62


def test_a_step_begins_and_ends_at_the_block_whose_middle_it_covers() -> None:
    steps = [(10.5 * BLOCK_NS, 20.5 * BLOCK_NS, 1e6), (20.5 * BLOCK_NS, 30.4 * BLOCK_NS, 4e6)]
    rows, _ = schedule(plan_of(("a", 0.0, []), ("b", 0.0, steps)), 3, 0, 60, BLOCK_NS)
    counts = np.bincount(rows[:, 1], minlength=60)
    assert set(np.flatnonzero(counts)) == set(range(10, 30)) and set(rows[:, 0]) == {1}
    for low, high, rate in ((10, 20, 1e6), (20, 30, 4e6)):
        want = (high - low) * rate * BLOCK_NS * 1e-9
        assert abs(counts[low:high].sum() - want) < 4 * np.sqrt(want)


def test_constant_and_steps_add_up() -> None:
    rows, _ = schedule(plan_of(("a", 1e6, [(0.0, 100 * BLOCK_NS, 2e6)])), 3, 0, 200, BLOCK_NS)
    counts = np.bincount(rows[:, 1], minlength=200)
    for part, rate in ((counts[:100], 3e6), (counts[100:], 1e6)):
        want = 100 * rate * BLOCK_NS * 1e-9
        assert abs(part.sum() - want) < 4 * np.sqrt(want)


def test_nothing_happens_without_a_rate() -> None:
    for plan in (schedule_of((), (), ()), plan_of(("a", 0.0, ())), plan_of(("a", 0.0, [(1e9, 2e9, 5.0)]))):
        rows, time_ns = schedule(plan, 3, 0, 100, BLOCK_NS)
        assert rows.shape == (0, 3) and time_ns.shape == (0,)


@pytest.mark.parametrize(
    ("begin", "end", "blocks"), [(10.4, 20.6, (10, 21)), (10.6, 20.4, (11, 20)), (10.5, 20.5, (10, 20))]
)
def test_a_step_is_there_if_it_covers_the_middle(begin: float, end: float, blocks: tuple[int, int]) -> None:
    rows, _ = schedule(plan_of(("a", 0.0, [(begin * BLOCK_NS, end * BLOCK_NS, 1e6)])), 3, 0, 60, BLOCK_NS)
    assert set(rows[:, 1]) == set(range(*blocks))


def test_events_and_the_times_of_a_block_have_streams_of_their_own() -> None:
    """Number 0 of a block is for the times; events count from one (``streams.generate``)."""
    plan = plan_of(("a", 1e6, ()))
    _, time_ns = schedule(plan, 3, 5, 1, BLOCK_NS)
    assert time_ns[0] == 5 * BLOCK_NS + exponential(stream(3, plan.key[0], 5, 0)) * 1000


def test_keys_have_62_bits_and_differ() -> None:
    keys = [key_of(f"source {n}") for n in range(1000)]
    assert len(set(keys)) == 1000 and 2**61 < max(keys) < 2**62
    assert len({key & 0xFF for key in keys}) > 200  # low bits differ as well
