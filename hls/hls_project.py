"""NetworkSpec -> hls4ml project, without a Keras model: level 1 of networks that no front end made.

>>> import tempfile
>>> from trigger.network_spec import Format, Input, Quantize
>>> byte = Format(signed=False, width=8, fraction=0)
>>> cast = Quantize(name="act", input_shape=(4, 4, 1), output_shape=(4, 4, 1), output=byte)
>>> spec = NetworkSpec(name="n", inputs=(Input(shape=(4, 4, 1), number=byte),), layers=(cast,))
>>> with tempfile.TemporaryDirectory() as folder:
...     write(spec, Path(folder) / "project")
...     (Path(folder) / "project" / "firmware" / "network.cpp").is_file()
True
"""

from __future__ import annotations

import contextlib
import io
import warnings
from pathlib import Path
from typing import Any

from hls.csim import TOP
from trigger.network_spec import NetworkSpec


def graph_of(spec: NetworkSpec, folder: Path) -> Any:
    """Return an hls4ml ``ModelGraph`` of backend ``StreamRTL`` that computes ``spec`` and writes to ``folder``."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import hls4ml
        from hls4ml.model.graph import HLSConfig, ModelGraph

        from hls.mend import mend

        backend = hls4ml.backends.get_backend("StreamRTL")
        config = super(type(backend), backend).create_initial_config(io_type="io_stream")
        config |= {
            "Backend": "StreamRTL", "OutputDir": str(folder), "ProjectName": TOP, "WriteRTL": False,
            "HLSConfig": {"Model": {"Precision": "ap_fixed<16,6>", "ReuseFactor": 1, "Strategy": "Latency"}},
        }  # fmt: skip
        graph = ModelGraph(HLSConfig(config))
        graph.stream_rtl_spec = spec
        mend(graph, spec)
        graph.config.trace_output = True
        graph.apply_flow("streamrtl:ip")
    return graph


def write(spec: NetworkSpec, folder: Path) -> None:
    """Write the hls4ml project of ``spec`` into ``folder``."""
    graph = graph_of(spec, folder)
    with contextlib.redirect_stdout(io.StringIO()):
        graph.write()
