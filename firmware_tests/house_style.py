"""House style that a linter does not know: RTL header contracts, methodology of benches, file lengths.

Run by ``make lint``; prints every finding and ends with exit code 1 if there is one.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MAX_LINES = 300
RTL_CONTRACT = ("Contract", "latency", "reset", "reference")
METHODOLOGY = ("Stimulus:", "Checks:", "Timing:", "Not covered:")


def rtl_findings(path: Path) -> Iterator[str]:
    """Yield what a SystemVerilog file lacks: a header contract, one module of its own name, no implicit nets."""
    text = path.read_text()
    header = text.split("module ", 1)[0]
    for word in RTL_CONTRACT:
        if word.lower() not in header.lower():
            yield f"{path.relative_to(ROOT)}: the header has no '{word}'"
    modules = re.findall(r"^module\s+(\w+)", text, flags=re.MULTILINE)
    if modules != [path.stem]:
        yield f"{path.relative_to(ROOT)}: got modules {modules}, want the one module {path.stem}"
    if "`default_nettype none" not in text:
        yield f"{path.relative_to(ROOT)}: no `default_nettype none"


def case_findings(path: Path) -> Iterator[str]:
    """Yield the methodology lines that a ``*_cases.py`` file lacks."""
    text = path.read_text()
    for word in METHODOLOGY:
        if f"\n{word}" not in text:
            yield f"{path.relative_to(ROOT)}: no line '{word}' in its docstring"


def findings() -> Iterator[str]:
    """Yield every finding in the tree."""
    for path in sorted((ROOT / "hls" / "rtl").glob("*.sv")):
        yield from rtl_findings(path)
    for path in sorted([*(ROOT / "firmware_tests").glob("*_cases.py"), *(ROOT / "hls").rglob("*_cases.py")]):
        yield from case_findings(path)
    for package in ("streams", "trigger", "hls", "firmware_tests", "benchmarks"):
        for path in sorted((ROOT / package).rglob("*")):
            if path.suffix not in {".py", ".sv"}:
                continue
            length = len(path.read_text().splitlines())
            if length > MAX_LINES:
                yield f"{path.relative_to(ROOT)}: {length} lines, want at most {MAX_LINES}: split it by subject"


if __name__ == "__main__":
    sys.exit("\n".join(findings()) or None)
