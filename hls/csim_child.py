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
OUTPUT = "network output"  # no layer has a blank in its name


class _Traced(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("data", ctypes.c_void_p)]


def main(job_file: Path) -> None:
    """Run the job in ``job_file``: store ``network output``, (n, size) float64, and one array per traced layer."""
    job = json.loads(job_file.read_text())
    library = ctypes.CDLL(job["library"])
    images = np.load(job["images"]).astype(np.float64) * 2.0 ** -job["fraction"]
    top = getattr(library, job["top"] + "_double")
    pointer = np.ctypeslib.ndpointer(ctypes.c_double, flags="C_CONTIGUOUS")
    top.argtypes, top.restype = [pointer, pointer], None
    results: dict[str, list[NDArray[Any]]] = {OUTPUT: [], **{name: [] for name in job["layers"]}}
    traced = (_Traced * _MAX_TRACED)()
    if job["layers"]:
        library.allocate_trace_storage(ctypes.c_size_t(8))
    for image in images:
        output = np.zeros(job["size"])
        top(np.ascontiguousarray(image.ravel()), output)
        results[OUTPUT].append(output)
        if job["layers"]:
            library.collect_trace_output(traced)
            for entry in traced:
                name = entry.name.decode() if entry.name else ""
                if name in job["layers"]:
                    data = ctypes.cast(entry.data, ctypes.POINTER(ctypes.c_double))
                    results[name].append(np.ctypeslib.as_array(data, shape=(job["layers"][name],)).copy())
    stored: Any = {name: np.array(arrays) for name, arrays in results.items() if arrays}
    np.savez(job["results"], **stored)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
