"""The writer: Vitis's HLS project, and beside it ``network.json`` and ``rtl/`` from the same graph."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

CONFIG_FILE = "hls4ml_config.yml"


def writer_class() -> type:
    """Return the writer class (made here, because hls4ml is imported only when it is used)."""
    from hls4ml.writer.vitis_writer import VitisWriter

    class StreamRTLWriter(VitisWriter):  # type: ignore[misc]
        """Writes the HLS project into the output folder, with ``network.json`` and ``rtl/`` in it."""

        def write_hls(self, model: Any, is_multigraph: bool = False) -> None:
            super().write_hls(model)
            if model.config.config.get("WriteRTL", True):
                from hls.graph import reuse_factors

                folder = Path(model.config.get_output_dir())
                write_network(model.stream_rtl_spec, folder, reuse=reuse_factors(model))

        def write_build_script(self, model: Any) -> None:
            super().write_build_script(model)
            _write_compile_script(model)

        def write_yml(self, model: Any) -> None:
            _write_config(model)

    return StreamRTLWriter


def write_network(
    spec: Any, folder: Path, *, reuse: dict[str, int] | None = None, continuous: bool = False
) -> Any:
    """Write ``network.json``, ``rtl/``, ``plan.json`` and the suite ``cocotb/`` into ``folder``; return the plan.

    Parameters
    ----------
    reuse : clocks per window of kernels, by layer, where ``hls_config`` states a reuse factor.
    continuous : for rows without end, instead of frames.
    """
    from hls import plan
    from hls.rtl_writer import write_rtl
    from hls.suite import write_suite
    from trigger import network_spec

    for name in ("rtl", "cocotb"):  # hls4ml writes a project again before each compilation
        shutil.rmtree(folder / name, ignore_errors=True)
    network_spec.write(spec, folder / "network.json")
    made = write_rtl(spec, folder / "rtl", reuse=reuse or None, continuous=continuous)
    plan.write(made, folder / "plan.json")
    write_suite(spec, made, folder / "rtl", folder / "cocotb")
    return made


_COMPILE = """\
#!/bin/sh
# One call of g++: the headers are read once. -O1, because -O3 compiles three times longer for a few per cent of speed.
set -e
cd "$(dirname "$0")"
g++ -O1 -fPIC -std=c++14 -w -fno-gnu-unique -Ifirmware/ap_types/ -I. -D WEIGHTS_DIR="\\"$PWD/firmware/weights\\"" \\
  -shared -x c++ - -o firmware/{name}-{stamp}.so <<END
#include "firmware/{name}.cpp"
#include "{name}_bridge.cpp"
END
"""


def _write_compile_script(model: Any) -> None:
    """Write ``build_lib.sh``, which hls4ml's ``compile`` runs."""
    script = Path(model.config.get_output_dir()) / "build_lib.sh"
    name, stamp = model.config.get_project_name(), model.config.get_config_value("Stamp")
    script.write_text(_COMPILE.format(name=name, stamp=stamp))


def _write_config(model: Any) -> None:
    """Write hls4ml's configuration as YAML: plain data only, and no path of this machine."""
    import yaml  # type: ignore[import-untyped]

    plain = {key: value for key, value in model.config.config.items() if _is_plain(value)}
    plain["OutputDir"] = "."
    path = Path(model.config.get_output_dir()) / CONFIG_FILE
    path.write_text(yaml.safe_dump(plain, sort_keys=True))


def _is_plain(value: Any) -> bool:
    """Return whether ``value`` is built of what YAML holds.

    >>> _is_plain({"a": [1, "b", None]}), _is_plain({"a": object()})
    (True, False)
    """
    if isinstance(value, dict):
        return all(_is_plain(item) for pair in value.items() for item in pair)
    if isinstance(value, list):
        return all(_is_plain(item) for item in value)
    return value is None or type(value) in (str, int, float, bool)
