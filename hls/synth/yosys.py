"""Synthesis of one module with Yosys, in a child process, remembered by the content of its sources.

The numbers are Yosys's, for UltraScale+ (``xcup``) or ECP5; a vendor's tool gives others.

>>> script([Path("net_fifo.sv")], "net_fifo", "xcup", {"Width": 8}, Path("n.json"), Path("r"))[1]
'hierarchy -top net_fifo -chparam Width 8'
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path

import msgspec

from hls.synth.resources import Family, Resources, count
from streams.errors import UserError

CACHE = Path("build") / "synth"
#: Seconds after which a synthesis is given up: the largest kernel that is unrolled (2 500 weights) takes about 90.
TIME_LIMIT_S = 600
#: Cells at which a path begins and ends: a block memory and a DSP block are registered inside, a distributed memory
#: is taken to be (its read is one level that is not counted).
_ENDS = {
    "xcup": "t:FD* t:RAM* t:SRL* t:DSP48E2",
    "ecp5": "t:TRELLIS_FF t:TRELLIS_DPR16X4 t:DP16KD t:MULT18X18D",
}


class Synthesis(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Result of one synthesis.

    Attributes
    ----------
    cells : number of cells by type.
    levels : cells (LUTs, carry cells, wide multiplexers) on the longest path between registers or ports.
    """

    resources: Resources
    cells: dict[str, int]
    levels: int


def synthesise(
    files: Sequence[Path],
    top: str,
    family: Family = "xcup",
    parameters: Mapping[str, object] | None = None,
    cache: Path | None = None,
    time_limit_s: float = TIME_LIMIT_S,
) -> Synthesis:
    """Return what ``top``, flattened, takes when it stands alone.

    Parameters
    ----------
    files : SystemVerilog sources of ``top`` and of everything in it.
    parameters : values of parameters of ``top``: integers, or Verilog constants as text.
    cache : folder of remembered results; ``build/synth`` where None.

    Raises
    ------
    UserError : a file is missing, Yosys is not installed, refuses the module, or takes longer than the limit.
    """
    folder = CACHE if cache is None else cache
    found = folder / f"{digest(files, top, family, parameters or {})}.json"
    if found.is_file():
        try:
            return msgspec.json.decode(found.read_bytes(), type=Synthesis)
        except msgspec.DecodeError:
            pass  # a damaged memory is made anew
    with tempfile.TemporaryDirectory() as work:
        netlist, report = Path(work) / "netlist.json", Path(work) / "report"
        run(script(files, top, family, parameters or {}, netlist, report), top, time_limit_s)
        made = _read(report, top, family)
    keep(found, msgspec.json.encode(made))
    return made


def digest(files: Sequence[Path], top: str, family: str, parameters: Mapping[str, object]) -> str:
    """Return a name for the synthesis of these contents by this version of Yosys and of this script."""
    text = hashlib.sha256()
    for file in files:
        text.update(_content(file) + b"\0")
    text.update(repr((top, family, sorted((k, str(v)) for k, v in parameters.items()))).encode())
    text.update(version().encode() + Path(__file__).read_bytes())
    return text.hexdigest()[:32]


def version() -> str:
    """Return the version of Yosys.

    Raises
    ------
    UserError : it is not installed.
    """
    try:
        return metadata.version("pyosys")
    except metadata.PackageNotFoundError as error:
        raise UserError("Yosys is not installed: pip install 'lartrig[synth]'") from error


def script(
    files: Sequence[Path],
    top: str,
    family: Family,
    parameters: Mapping[str, object],
    netlist: Path,
    report: Path,
) -> list[str]:
    """Return the passes: read, synthesise, write the netlist, count cells, find the longest path without registers."""
    given = "".join(f" -chparam {name} {value}" for name, value in parameters.items())
    maker = {
        "xcup": f"synth_xilinx -family xcup -flatten -noiopad -noclkbuf -top {top}",
        "ecp5": f"synth_ecp5 -top {top}",
    }
    return [
        "read_verilog -sv " + " ".join(f'"{file}"' for file in files),
        f"hierarchy -top {top}{given}",
        maker[family],
        f'write_json "{netlist}"',
        f'tee -q -o "{report}.stat" stat -json -top {top}',
        f"delete {_ENDS[family]}",
        f'tee -q -o "{report}.ltp" ltp',
    ]


def run(passes: Sequence[str], top: str, time_limit_s: float) -> None:
    """Run Yosys passes in a child process.

    Raises
    ------
    UserError : it fails, or does not end in time.
    """
    version()
    command = [sys.executable, str(Path(__file__).with_name("yosys_child.py")), *passes]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=time_limit_s)
    except subprocess.TimeoutExpired as error:
        raise UserError(
            f"synthesis of {top}: Yosys has not ended after {time_limit_s:g} s: choose the sequential kernel for"
            " this layer, or a larger time limit"
        ) from error
    if done.returncode != 0:
        raise UserError(
            f"synthesis of {top}: Yosys failed: {_reason(done.stdout + done.stderr, done.returncode)}"
        )


def _reason(log: str, code: int) -> str:
    """Return the error line of a log.

    >>> _reason("1. Reading\\nERROR: Module `a' not found!\\n", 1)
    "Module `a' not found!"
    """
    lines = [line for line in log.splitlines() if line.strip()]
    errors = [line for line in lines if "ERROR" in line] or lines[-1:]
    return errors[-1].split("ERROR:")[-1].strip() if errors else f"no message, exit code {code}"


def _read(report: Path, top: str, family: Family) -> Synthesis:
    stat = msgspec.json.decode(report.with_suffix(".stat").read_bytes())
    cells: dict[str, int] = stat["design"].get("num_cells_by_type", {})
    path = re.search(r"\(length=(\d+)\)", report.with_suffix(".ltp").read_text())
    if path is None:
        raise UserError(f"synthesis of {top}: Yosys gave no longest path: use pyosys 0.70")
    kept = {name: number for name, number in sorted(cells.items()) if not name.startswith("$scopeinfo")}
    return Synthesis(count(kept, family), kept, int(path[1]))


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {file}: {error.strerror}: write the RTL again") from error


def keep(path: Path, content: bytes) -> None:
    """Write a remembered result: whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part{os.getpid()}")
    part.write_bytes(content)
    part.replace(path)
