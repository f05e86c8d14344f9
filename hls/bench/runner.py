"""The one place that knows how to build and simulate a module.

>>> Design("network", ["rtl/network.sv"], simulator="icarus").build_args()
[]
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree

from .errors import BenchError
from .simulators import make_runner

#: The folder from which this package is imported: the cases that run inside the simulator need it too.
_HOME = Path(__file__).resolve().parents[(__package__ or "").count(".") + 1]
#: Uninitialised registers start at random values (the seed decides which), and X is assigned at random.
VERILATOR_ARGS = ("--x-initial", "unique", "--x-assign", "unique", "-Wno-fatal", "-O3")


@dataclass(frozen=True)
class Design:
    """What is built: sources, top module and parameters for one simulator.

    Attributes
    ----------
    top : name of the top module.
    sources : Verilog files; a ``.f`` file lists others (relative to it).
    parameters : parameters of the top module.
    simulator : ``verilator`` or ``icarus``.
    public : what cocotb sees: ``all`` signals; those of the ``top`` module; or, for a harness that has its own clock,
        those ``marked`` with ``/* verilator public_flat_rw */``. Less is faster, on Verilator up to 5 times; Icarus
        shows all.
    foreign : folder of RTL that another tool wrote: included files are looked for there, its delays mean nothing, and
        without ``.sv`` files it is Verilog 2005 for Icarus: in SystemVerilog a variable has its first value before any
        process runs, so an ``always @(*)`` that waits for one which never changes again leaves X.
    """

    top: str
    sources: Sequence[str | Path]
    parameters: Mapping[str, int] = field(default_factory=dict)
    simulator: str = "verilator"
    public: Literal["all", "top", "marked"] = "all"
    foreign: Path | None = None

    def build_args(self) -> list[str]:
        """Return the simulator's own options."""
        if self.simulator != "verilator":
            old = self.foreign and not any(path.suffix == ".sv" for path in self.files())
            return ["-g2005"] if old else []
        timing = ["--timing"] if self.public == "marked" else ["--no-timing"] if self.foreign else []
        return [*VERILATOR_ARGS, *timing]

    def place(self, tag: str, seed: int = 1) -> Path:
        """Return the folder in which a run happens; it is made if absent."""
        place = self.folder() / f"{tag}.{seed}"
        place.mkdir(parents=True, exist_ok=True)
        return place

    def files(self) -> list[Path]:
        """Return the source files in order, ``.f`` lists expanded.

        Raises
        ------
        BenchError : a file is missing.
        """
        found: list[Path] = []
        for source in self.sources:
            path = Path(source)
            found += file_list(path) if path.suffix == ".f" else [_there(path, "")]
        return list(dict.fromkeys(found))

    def folder(self) -> Path:
        """Return the build folder: ``build/sim`` below the working folder, keyed by content."""
        facts = [self.top, sorted(self.parameters.items()), self.simulator, self.public, self.build_args()]
        digest = hashlib.sha256(json.dumps(facts).encode())
        for file in self.files():
            digest.update(file.name.encode() + file.read_bytes())
        headers = sorted(self.foreign.glob("*.vh")) if self.foreign else []
        for table in [*headers, *sorted({t for f in self.files() for t in f.parent.glob("*.mem")})]:
            digest.update(table.read_bytes())
        return Path.cwd() / "build" / "sim" / f"{self.top}.{self.simulator}.{digest.hexdigest()[:12]}"


def file_list(path: Path) -> list[Path]:
    """Return the files that a ``.f`` list names (one a line, ``//`` and ``#`` comments)."""
    text = _there(path, "").read_text()
    lines = (line.split("//")[0].split("#")[0].strip() for line in text.splitlines())
    return [_there(path.parent / line, f", which {path.name} names") for line in lines if line]


def _there(path: Path, why: str) -> Path:
    if not path.is_file():
        raise BenchError(
            f"{path}{why}: no such file: copy the whole folder again, or convert the model again"
        )
    return path


def build(design: Design) -> Path:
    """Build ``design`` unless that was done before; return its folder.

    Raises
    ------
    BenchError : a tool or a file is missing, or a tool is of a wrong version.
    RuntimeError : the sources do not build; the text is the end of the log.
    """
    runner = make_runner(design.simulator, {}, all_public=design.public == "all")
    folder = design.folder()
    if design.simulator == "verilator" and " " in str(folder):
        raise BenchError(
            f"Verilator cannot build in {folder}: a folder with a space: use Icarus Verilog or another folder"
        )
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        if (folder / "built").exists():
            return folder
        log = folder / "build.log"
        try:
            runner.build(
                sources=[*_visible(design, folder), *design.files()],
                hdl_toplevel=design.top,
                parameters=design.parameters,
                includes=[design.foreign] if design.foreign else [],
                build_args=design.build_args(),
                build_dir=folder,
                always=True,
                timescale=("1ns", "1ps"),
                log_file=log,
            )
        except RuntimeError as error:
            raise RuntimeError(f"{design.top} does not build ({error}):\n{_tail(log)}") from error
        (folder / "built").touch()
    return folder


def _visible(design: Design, folder: Path) -> list[Path]:
    """Return a Verilator control file that shows the top module's signals, where that is wanted."""
    if design.simulator != "verilator" or design.public != "top":
        return []
    control = folder / "public.vlt"
    control.write_text(f'`verilator_config\npublic_flat_rw -module "{design.top}" -var "*"\n')
    return [control]


def run(design: Design, cases: str, *, tag: str, seed: int = 1, env: Mapping[str, str] | None = None) -> Path:
    """Simulate the cocotb module ``cases`` on a built ``design``; return the folder of this run.

    Raises
    ------
    AssertionError : a case failed, or none ran; the text names the cases and shows the end of the log.
    """
    folder, place = design.folder(), design.place(tag, seed)
    paths = {"PYTHONPATH": os.pathsep.join([str(_HOME), *sys.path]), "COCOTB_ANSI_OUTPUT": "0"}
    paths["COCOTB_REWRITE_ASSERTION_FILES"] = "*_cases.py"  # default: every import, seconds for numba alone
    runner = make_runner(design.simulator, {**paths, **(env or {})}, all_public=design.public == "all")
    results, log = place / "results.xml", place / "run.log"
    chance = [f"+verilator+seed+{seed}", "+verilator+rand+reset+2"]  # random registers before reset
    with suppress(SystemExit, RuntimeError):  # the results file decides
        runner.test(
            hdl_toplevel=design.top,
            hdl_toplevel_lang="verilog",
            test_module=cases,
            build_dir=folder,
            test_dir=place,
            seed=seed,
            plusargs=chance if design.simulator == "verilator" else [],
            results_xml=str(results),
            log_file=log,
        )
    _check(results, log, f"{design.top}.{tag}")
    return place


def _check(results: Path, log: Path, name: str) -> None:
    if not results.is_file():
        raise AssertionError(f"{name}: the simulation ended early:\n{_tail(log)}")
    cases = list(ElementTree.parse(results).getroot().iter("testcase"))
    failed = [(case, bad) for case in cases for bad in (*case.findall("failure"), *case.findall("error"))]
    if not cases:
        raise AssertionError(f"{name}: no case was run:\n{_tail(log)}")
    if failed:
        told = "\n".join(f"{case.get('name')}: {bad.get('message') or bad.text}" for case, bad in failed)
        if "ended prematurely" in told:  # by the design itself: the log has its last words
            told = _tail(log)
        raise AssertionError(f"{name}: {len(failed)} of {len(cases)} cases failed; log: {log}\n{told}")


def _tail(log: Path, lines: int = 60) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else "(no log)"


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as handle:  # two pytest workers may want the same build
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
