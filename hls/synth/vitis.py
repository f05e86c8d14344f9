"""Synthesis of the hls4ml project with Vitis HLS, where it is installed.

>>> options({"reset": True, "csim": False})
'array set opt {\\n    reset 1\\n    csim 0\\n}\\n'
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from hls.synth.vitis_report import CoSimulation, CSynthesis, cosim, csynth
from streams.errors import UserError

#: Command line of each tool, the newer first (since 2024.1 ``vitis-run`` replaces ``vitis_hls``).
TOOLS = {
    "vitis-run": ("--mode", "hls", "--tcl", "build_prj.tcl"),
    "vitis_hls": ("-f", "build_prj.tcl"),
}
_STEPS = {
    "reset": True, "csim": False, "synth": True, "cosim": False,
    "validation": False, "export": False, "vsynth": False, "fifo_opt": False,
}  # fmt: skip


def synthesise(project: Path) -> CSynthesis:
    """Run Vitis HLS on an hls4ml project; return what its report says. The log is ``<project>/vitis.log``.

    Raises
    ------
    UserError : no Vitis on PATH, no project, the tool fails, or its report cannot be read.
    """
    tool = next((name for name in TOOLS if shutil.which(name)), None)
    if tool is None:
        raise UserError(
            f"no {' or '.join(TOOLS)} on PATH: install Vitis and source its settings64.sh, or use --tool yosys"
        )
    if not (project / "build_prj.tcl").is_file():
        raise UserError(f"no hls4ml project in {project} (build_prj.tcl is missing): convert the model again")
    (project / "build_opt.tcl").write_text(options(_STEPS))
    log = project / "vitis.log"
    with log.open("w") as stream:
        done = subprocess.run(
            [tool, *TOOLS[tool]], cwd=project, stdout=stream, stderr=subprocess.STDOUT, check=False
        )
    if done.returncode != 0:
        errors = [line for line in log.read_text(errors="replace").splitlines() if "ERROR" in line]
        told = errors[0] if errors else f"exit code {done.returncode}, no error line"
        raise UserError(f"{tool} failed on {project}: {told}: see {log}")
    return read_csynth(project)


def options(steps: Mapping[str, bool]) -> str:
    """Return ``build_opt.tcl``: which steps hls4ml's ``build_prj.tcl`` goes through."""
    return "array set opt {\n" + "".join(f"    {name} {int(on)}\n" for name, on in steps.items()) + "}\n"


def read_csynth(project: Path) -> CSynthesis:
    """Return the project's synthesis report: the XML, or the text where there is no XML.

    Raises
    ------
    UserError : neither is there, or it is damaged.
    """
    folder = _solution(project) / "syn" / "report"
    found = [*sorted(folder.glob("*_csynth.xml")), *sorted(folder.glob("*_csynth.rpt"))]
    tops = [path for path in found if path.name.startswith(f"{_top(project)}_csynth")]
    if not tops:
        raise UserError(f"no report {folder / (_top(project) + '_csynth.xml')}: run the synthesis first")
    return csynth(tops[0].read_text(errors="replace"), str(tops[0]))


def read_cosim(project: Path) -> CoSimulation | None:
    """Return the project's co-simulation report; None where that was not run.

    Raises
    ------
    UserError : it is damaged.
    """
    path = _solution(project) / "sim" / "report" / f"{_top(project)}_cosim.rpt"
    return cosim(path.read_text(errors="replace"), str(path)) if path.is_file() else None


def verilog(project: Path) -> Path:
    """Return the folder of the Verilog that Vitis wrote."""
    return _solution(project) / "syn" / "verilog"


def _solution(project: Path) -> Path:
    return project / f"{_top(project)}_prj" / "solution1"


def _top(project: Path) -> str:
    """Return the name of the project's top function: ``set project_name`` in ``project.tcl``.

    Raises
    ------
    UserError : no such file or line.
    """
    try:
        lines = (project / "project.tcl").read_text().splitlines()
    except OSError as error:
        raise UserError(
            f"no hls4ml project in {project}: {error.strerror}: convert the model again"
        ) from error
    for line in lines:
        if line.startswith("set project_name"):
            return line.split()[-1].strip('"')
    raise UserError(f"{project / 'project.tcl'}: no project_name in it: convert the model again")
