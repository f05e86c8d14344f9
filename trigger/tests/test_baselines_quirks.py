"""The directed cases on both versions, and each of them broken on purpose: a case of that quirk has to fail.

Of the list in reference section 1.8b, 14 has no case: it warns of tpglibs' Naive processors (a pedestal from 0, an
output that is left as it was below the threshold), which DUNE does not run and which are not rebuilt here.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from trigger.baselines import fast
from trigger.tests import baselines_fd_cases
from trigger.tests.baselines_cases import CASES

SOURCES = Path(fast.__file__).parent
FD_CASES = {"a", "b", "c", "d", "e", "golden"}
assert set(CASES) > FD_CASES, baselines_fd_cases.__name__
CLEAR = ("arithmetic", "pedestal", "running_sum", "threshold", "hits", "cuts", "chain", "clear")
PLANES = np.repeat([0, 2], 32)

#: Quirk, file, what stands there, how it is broken.
MUTATIONS = [
    ("1", "clear", "adc[:, c]", "adc[:, c ^ 1]"),
    ("2", "pedestal", "TPGLIBS_INITIAL = 0x4000", "TPGLIBS_INITIAL = 0"),
    ("2", "pedestal", "TPGLIBS_INITIAL = 0x4000", "TPGLIBS_INITIAL = 0x3FFF"),
    ("3", "pedestal", "self.accum > self.accum_limit", "self.accum >= self.accum_limit"),
    ("3", "pedestal", "self.accum < -self.accum_limit", "self.accum <= -self.accum_limit"),
    ("3", "pedestal", "(sample > pedestal) - (sample < pedestal)", "1 if sample >= pedestal else -1"),
    ("3", "pedestal", "saturated(pedestal + 1), 0", "saturated(pedestal + 1), self.accum"),
    (
        "3",
        "pedestal",
        "return wrapped(sample - pedestal)",
        "return wrapped(sample - (pedestal - (self.accum == 0)))",
    ),
    ("3", "pedestal", "return wrapped(sample - pedestal)", "return sample - pedestal"),
    ("3", "pedestal", "        if self.left:", "        if True:"),
    ("4", "threshold", "value > self.threshold", "value >= self.threshold"),
    ("4", "threshold", "return value if", "return value - self.threshold if"),
    ("4", "threshold", "self.threshold[plane]", "self.threshold[0]"),
    ("5", "arithmetic", "((value * TENTH >> 14) + 1) >> 1", "(value + 5) // 10"),
    ("5", "arithmetic", "((value * TENTH >> 14) + 1) >> 1", "value * TENTH >> 15"),
    ("6", "running_sum", "tenth(sample) * self.scale_factor", "tenth(sample * self.scale_factor)"),
    ("6", "running_sum", "tenth(self.total) * self.memory_factor", "tenth(self.total * self.memory_factor)"),
    ("6", "running_sum", "self.total = saturated(remembered", "self.total = wrapped(remembered"),
    ("6", "running_sum", "sample = wrapped(abs(sample))", "sample = saturated(abs(sample))"),
    (
        "6",
        "running_sum",
        "wrapped(tenth(sample) * self.scale_factor)",
        "saturated(tenth(sample) * self.scale_factor)",
    ),
    (
        "6",
        "running_sum",
        "        if self.absolute:\n            sample",
        "        if True:\n            sample",
    ),
    ("7", "hits", "closes = samples != 0 and processed == 0", "closes = samples != 0 and processed <= 0"),
    ("7", "hits", "if processed > 0:", "if processed != 0:"),
    ("7", "hits", "(integral & 0xFFFF) + (processed & 0xFFFF)", "(integral & 0xFFFF) + max(processed, 0)"),
    ("8", "clear", "int(frame[1]) + ticks", "int(frame[1]) // 2048 * 2048 + max(ticks, 0)"),
    (
        "8",
        "clear",
        "(found.sample - hit.samples_over_threshold)",
        "(found.sample - 1 - hit.samples_over_threshold)",
    ),
    ("8", "clear", "% 2**64", "% 2**63"),
    ("9", "hits", "if processed > peak:", "if processed >= peak:"),
    ("10", "hits", "closes = closes or integral == 0xFFFF", "closes = closes or integral > 0xFFFF"),
    ("10", "hits", "min(integral + (processed & 0xFFFF), 0xFFFF)", "integral + (processed & 0xFFFF)"),
    ("10", "hits", "if low > 0xFFFF:", "if low >= 0xFFFF:"),
    ("10", "hits", "high = min(high + 1, 0xFFFF)", "high = high + 1 & 0xFFFF"),
    ("11", "hits", "min(samples + 1, INT16_MAX)", "samples + 1"),
    (
        "11",
        "hits",
        "if over:\n            samples = min(samples + 1, INT16_MAX)",
        "if over:\n            samples = samples + 1",
    ),
    ("12", "clear", "return found.sample, found.channel", "return found.channel, found.sample"),
    ("13", "chain", "channels.astype(np.int16)", "channels"),
    ("13", "chain", "channels & 0xFFFFFF if", "channels if"),
    ("13", "clear", "TYPE_TPC = 1", "TYPE_TPC = 0"),
    ("13", "cuts", 'kept["samples_over_threshold"] >= least', 'kept["samples_over_threshold"] > least'),
    ("15", "hits", "closes = closes or integral == 0xFFFF", "closes = closes or integral > 0x7FFF"),
    ("15", "hits", "closes = samples != 0 and processed == 0", "closes = samples > 1 and processed == 0"),
    ("15", "hits", "over = processed > self.threshold", "over = processed >= self.threshold"),
    (
        "a",
        "pedestal",
        "pedestal = sample if self.pedestal is None else self.pedestal",
        "pedestal = self.pedestal or 0",
    ),
    (
        "b",
        "clear",
        "return register, found.sample, LANE_OF[channel]",
        "return register, found.sample, channel",
    ),
    (
        "b",
        "clear",
        "return register, found.sample, LANE_OF[channel]",
        "return found.sample, register, LANE_OF[channel]",
    ),
    ("c", "hits", "else wrapped(charge + signal)", "else saturated(charge + signal)"),
    ("c", "hits", "if left and charge else None", "if left else None"),
    (
        "d",
        "running_sum",
        "tenth(wrapped(self.total * self.memory_factor + new))",
        "tenth(self.total * self.memory_factor + new)",
    ),
    (
        "d",
        "running_sum",
        "self.total * self.memory_factor + new",
        "self.total * self.memory_factor + tenth(new) * 10",
    ),
    (
        "d",
        "running_sum",
        "wrapped(abs(sample)) * self.scale_factor) if",
        "wrapped(abs(sample)) * self.scale_factor) * 10 if",
    ),
    ("d", "running_sum", "self.total = self.pedestal.step(", "self.total = (lambda total: total)("),
    ("d", "running_sum", "if self.absolute else sample", "if self.absolute else sample * 10"),
    ("d", "hits", "if signal > peak:", "if over and signal > peak:"),
    ("d", "hits", "saturated(charge + signal) if", "saturated(charge + processed) if"),
    ("d", "hits", "saturated(charge + signal) if", "wrapped(charge + signal) if"),
    (
        "e",
        "cuts",
        "<= cuts.tp_timeout",
        "< cuts.tp_timeout",
    ),
    ("a", "hits", "if signal > peak:", "if signal >= peak:"),
    ("golden", "pedestal", "saturated(pedestal + 1), 0", "saturated(pedestal + 2), 0"),
]


assert {quirk for quirk, *_ in MUTATIONS} == set(CASES) == {*map(str, range(1, 14)), "15"} | FD_CASES


def library(package: str) -> SimpleNamespace:
    """Return the clear version in a package as the cases want it."""
    modules = {name: importlib.import_module(f"{package}.{name}") for name in CLEAR}
    taken = {key: value for module in modules.values() for key, value in vars(module).items()}

    def run(
        chain: Any, frames: NDArray[np.uint64], only: tuple[int, ...], first: int = 0
    ) -> NDArray[np.void]:
        return modules["clear"].ClearStream(chain, first + np.arange(64), PLANES, only).process(frames)

    return SimpleNamespace(**taken, run=run)


def fast_library() -> SimpleNamespace:
    """Return the fast version: the same configuration, run by ``FastStreams``."""
    given = library("trigger.baselines")

    def run(
        chain: Any, frames: NDArray[np.uint64], only: tuple[int, ...], first: int = 0
    ) -> NDArray[np.void]:
        streams = fast.FastStreams(chain, first + np.arange(64)[None], PLANES[None])
        return streams.process(frames[None])

    given.run = run
    return given


@pytest.mark.parametrize("version", ["clear", "fast"])
@pytest.mark.parametrize("quirk", CASES)
def test_directed_cases(quirk: str, version: str) -> None:
    lib = library("trigger.baselines") if version == "clear" else fast_library()
    for directed in CASES[quirk]:
        directed(lib)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("broken")
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))


@pytest.mark.parametrize(
    "number", range(len(MUTATIONS)), ids=[f"{q}-{f}-{new}" for q, f, _, new in MUTATIONS]
)
def test_a_broken_quirk_is_seen(number: int, place: Path) -> None:
    quirk, file, old, new = MUTATIONS[number]
    package = f"broken_{number}"
    (place / package).mkdir()
    for name in CLEAR:
        text = (SOURCES / f"{name}.py").read_text()
        if name == file:
            assert old in text
            text = text.replace(old, new)
        (place / package / f"{name}.py").write_text(text.replace("trigger.baselines", package))
    importlib.invalidate_caches()
    lib = library(package)
    seen = 0
    for directed in CASES[quirk]:
        try:
            directed(lib)
        except (AssertionError, OverflowError, TypeError):
            seen += 1
    assert seen, f"no case of quirk {quirk} sees it"
