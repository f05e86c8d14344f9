"""Random networks up the ladder of truth, seed after seed: a failed one is told in a line and the others go on.

>>> def fails_on_two(seed, folder):
...     if seed == 2:
...         raise ValueError("2 is not exact")
>>> lines = []
>>> done = fuzz([1, 2, 3], fails_on_two, lines.append)
>>> done.failed, lines[1]
([2], 'seed 2: FAILED: ValueError: 2 is not exact; again: make fuzz SEED=2')
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from hls.convert import Conversion, convert
from hls.random_networks import network
from hls.random_plans import KINDS, plan
from hls.verify import verify

#: What is done with one seed in a folder of its own; a difference is an exception.
Climb = Callable[[int, Path], object]


@dataclass
class Fuzz:
    """Seeds that passed and failed, and how often each kind of layer was among those that passed."""

    passed: list[int] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)

    @property
    def summary(self) -> str:
        """Return how often each kind was seen, and the line that repeats the failures."""
        seen = ", ".join(f"{kind} {self.kinds[kind]}" for kind in KINDS if self.kinds[kind])
        never = [kind for kind in KINDS if not self.kinds[kind]]
        lines = [f"{len(self.passed)} seeds exact, {len(self.failed)} failed", f"layers seen: {seen}"]
        lines += [f"never seen: {', '.join(never)}"] if never else []
        lines += [f"again: make fuzz SEED={seed}" for seed in self.failed]
        return "\n".join(lines)


def fuzz(seeds: Iterable[int], climb: Climb, tell: Callable[[str], object]) -> Fuzz:
    """Run ``climb`` on every seed; ``tell`` is given a line for each."""
    done = Fuzz()
    for seed in seeds:
        start = time.perf_counter()
        try:
            with tempfile.TemporaryDirectory() as folder:
                climb(seed, Path(folder) / "firmware")
        except Exception as error:  # whatever it is: the other seeds go on
            done.failed.append(seed)
            text = " ".join(str(error).split())[:600]
            tell(f"seed {seed}: FAILED: {type(error).__name__}: {text}; again: make fuzz SEED={seed}")
            continue
        done.passed.append(seed)
        done.kinds.update(plan(seed).kinds)
        tell(f"seed {seed}: exact, {len(plan(seed).steps)} layers, {time.perf_counter() - start:.1f} s")
    return done


def levels(seed: int, folder: Path, *, outputs: int = 300) -> Conversion:
    """Convert the network of ``seed`` into ``folder`` and compare levels 0, 1 and 2 on ``outputs`` outputs.

    Raises
    ------
    UserError : the network cannot be converted.
    AssertionError : a level differs; the text says where.
    """
    drawn = plan(seed)
    made = convert(network(drawn), folder, hls_config=drawn.hls_config)
    report = verify(folder, outputs=outputs, seed=seed)
    wrong = [f"levels {c.levels}: {c.difference}" for c in report.comparisons if c.mismatches]
    compared = min((c.outputs for c in report.comparisons), default=0)
    if wrong or not compared:
        raise AssertionError("; ".join(wrong) or "nothing was compared")
    return made
