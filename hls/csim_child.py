"""Run a compiled C simulation: a child process of ``csim``, which needs NumPy and nothing else.

Usage: python csim_child.py job.json

The job names the library, an array of integer images, and where to store results. A crash of the C++ code ends this
process only.
"""

from __future__ import annotations

import ctypes
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MAX_TRACED = 4096
OUTPUT = "network output"  # and its number; no layer is called so


class _Traced(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("data", ctypes.c_void_p)]


def main(job_file: Path) -> None:
    """Run the job in ``job_file``: store ``network output i``, (n, size) float64, and one array per traced layer."""
    job = json.loads(job_file.read_text())
    library = ctypes.CDLL(job["library"])
    with np.load(job["images"]) as stored:
        images = [
            stored[str(i)].astype(np.float64) * 2.0**-fraction for i, fraction in enumerate(job["fractions"])
        ]
    top = getattr(library, job["top"] + "_double")
    pointer = np.ctypeslib.ndpointer(ctypes.c_double, flags="C_CONTIGUOUS")
    top.argtypes, top.restype = [pointer] * (len(images) + len(job["sizes"])), None
    results: dict[str, list[NDArray[Any]]] = {name: [] for name in job["layers"]}
    results |= {f"{OUTPUT} {i}": [] for i in range(len(job["sizes"]))}
    if job["layers"]:
        library.allocate_trace_storage(ctypes.c_size_t(8))
    for each in zip(*images, strict=True):
        made = [np.zeros(size) for size in job["sizes"]]
        top(*(np.ascontiguousarray(image.ravel()) for image in each), *made)
        for i, array in enumerate(made):
            results[f"{OUTPUT} {i}"].append(array)
        if job["layers"]:
            _collect(library, job["layers"], results)
    np.savez(job["results"], **{name: np.array(arrays) for name, arrays in results.items() if arrays})  # type: ignore[arg-type]


def _collect(library: ctypes.CDLL, sizes: dict[str, int], results: dict[str, list[NDArray[Any]]]) -> None:
    """Append what each traced layer gave for the image that has just run."""
    traced = (_Traced * _MAX_TRACED)()
    library.collect_trace_output(traced)
    for entry in traced:
        name = entry.name.decode() if entry.name else ""
        if name in sizes:
            data = ctypes.cast(entry.data, ctypes.POINTER(ctypes.c_double))
            results[name].append(np.ctypeslib.as_array(data, shape=(sizes[name],)).copy())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
