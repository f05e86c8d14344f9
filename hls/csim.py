"""Level 1 of the ladder of truth: hls4ml's C simulation, compiled with g++ and run in a child process.

The library lies in ``<project>/firmware/network.so``; it reads the weights from ``<project>/firmware/weights``.
"""

from __future__ import annotations

import json
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hls.csim_child import OUTPUT
from streams.errors import UserError
from trigger.integer_network import Images
from trigger.network_spec import NetworkSpec, Reshape

TOP = "network"
OPTIMISE = "-O1"  # -O2 compiles 1.5 times longer for a few per cent of speed
_FLAGS = ["-std=c++14", "-fPIC", "-w", "-Ifirmware/ap_types/"]


def build(project: Path, optimise: str = OPTIMISE) -> Path:
    """Compile the hls4ml project; return the library.

    Raises
    ------
    UserError : no g++, or the code does not compile.
    """
    compiler = shutil.which("g++")
    if compiler is None:
        raise UserError("no g++ found, which compiles the C simulation: install it (Debian: apt install g++)")
    library = project / "firmware" / f"{TOP}.so"
    sources = (
        f'#include "firmware/{TOP}.cpp"\n#include "{TOP}_bridge.cpp"\n'  # one unit reads the headers once
    )
    command = [compiler, optimise, *_FLAGS, "-I.", "-shared", "-x", "c++", "-", "-o", str(library.resolve())]
    done = subprocess.run(command, cwd=project, input=sources, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = done.stderr.splitlines()
        errors = [line for line in lines if "error" in line.lower()] or lines or ["no message"]
        raise UserError(f"g++ cannot compile the C simulation: {errors[0]}")
    return library


def run(project: Path, spec: NetworkSpec, images: Images) -> NDArray[np.float64]:
    """Return the C simulation's (first) output, in units of the output format's last bit.

    Parameters
    ----------
    project : hls4ml project that ``build`` compiled.
    images : integer array, (n, *spec.input_shape); with several inputs: a mapping from each input's name to one.

    Returns
    -------
    float64 array, (n, *spec.output_shape); whole numbers unless the project's output has another format.
    """
    return outputs(project, spec, images)[spec.outputs[0]]


def outputs(project: Path, spec: NetworkSpec, images: Images) -> dict[str, NDArray[np.float64]]:
    """Return every output by name; arguments and units as for ``run``."""
    found = _job(project, spec, images, {})
    return {name: _integers(spec, name, found[f"{OUTPUT} {i}"]) for i, name in enumerate(spec.outputs)}


def trace(project: Path, spec: NetworkSpec, images: Images) -> dict[str, NDArray[np.float64]]:
    """Return every layer's outputs by name, in units of that layer's last bit; Reshape has none of its own."""
    sizes = {layer.name: prod(layer.output_shape) for layer in spec.layers if not isinstance(layer, Reshape)}
    found = _job(project, spec, images, sizes)
    return {
        layer.name: _integers(spec, layer.name, found[layer.name])
        for layer in spec.layers
        if layer.name in found
    }


def _integers(spec: NetworkSpec, name: str, found: NDArray[Any]) -> NDArray[np.float64]:
    return found.reshape(len(found), *spec.shape(name)) * 2.0 ** spec.number(name).fraction


def _job(project: Path, spec: NetworkSpec, images: Images, layers: dict[str, int]) -> dict[str, NDArray[Any]]:
    library = (project / "firmware" / f"{TOP}.so").resolve()
    if not library.is_file():
        raise UserError(f"no compiled C simulation {library}: convert the model again")
    if not isinstance(images, Mapping):
        images = {spec.inputs[0].name: images}
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        arrays: Any = {f"{i}": images[node.name] for i, node in enumerate(spec.inputs)}
        np.savez(work / "images.npz", **arrays)
        job = {
            "library": str(library), "images": str(work / "images.npz"), "results": str(work / "results.npz"),
            "fractions": [node.number.fraction for node in spec.inputs], "top": TOP, "layers": layers,
            "sizes": [prod(spec.shape(name)) for name in spec.outputs],
        }  # fmt: skip
        (work / "job.json").write_text(json.dumps(job))
        child = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("csim_child.py")), str(work / "job.json")],
            cwd=library.parent, capture_output=True, text=True, check=False, preexec_fn=_large_stack,
        )  # fmt: skip
        if child.returncode != 0 or not (work / "results.npz").is_file():
            raise UserError(_died(child))
        with np.load(work / "results.npz") as stored:
            return {name: stored[name] for name in stored.files}


def _large_stack() -> None:
    """Let the child use as much stack as allowed: hls4ml keeps a dense layer's products there."""
    _, most = resource.getrlimit(resource.RLIMIT_STACK)
    resource.setrlimit(resource.RLIMIT_STACK, (most, most))


def _died(child: subprocess.CompletedProcess[str]) -> str:
    """Return one sentence on a child that failed.

    >>> _died(subprocess.CompletedProcess([], -6, "", "network: nnet.h:7: Assertion failed."))
    'the C simulation died of SIGABRT: network: nnet.h:7: Assertion failed.: convert the model again'
    """
    if child.returncode < 0:
        cause = f"died of {signal.Signals(-child.returncode).name}"
    else:
        cause = f"failed with exit code {child.returncode}"
    lines = [line for line in (child.stderr + child.stdout).splitlines() if line.strip()]
    return (
        f"the C simulation {cause}: {lines[-1].strip() if lines else 'no message'}: convert the model again"
    )
