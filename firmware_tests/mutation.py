"""A one-line fault that is planted in RTL, to see that the cases catch it.

>>> import tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     source = Path(folder) / "adder.sv"
...     _ = source.write_text("assign y = a + b;")
...     Mutation("adder.sv", "a + b", "a - b", "subtracts").plant(Path(folder))
...     source.read_text()
'assign y = a - b;'
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Mutation(NamedTuple):
    """A fault.

    Attributes
    ----------
    file : where.
    old, new : text, found there exactly once, and what replaces it.
    why : what is wrong then.
    case : regular expression of the cocotb cases that must catch it (fewer cases, faster); '' runs all.
    """

    file: str
    old: str
    new: str
    why: str
    case: str = ""

    def plant(self, folder: Path) -> None:
        """Put the fault into the file in ``folder``."""
        source = folder / self.file
        text = source.read_text()
        if text.count(self.old) != 1:
            raise ValueError(
                f"{self.why}: {self.old!r} is {text.count(self.old)} times in {self.file}, want once"
            )
        source.write_text(text.replace(self.old, self.new))


def name_of(mutation: Mutation) -> str:
    """Return the name of its test."""
    return mutation.why.replace(" ", "_")
