"""A Keras model as hls4ml's parser gives it: the ModelGraph before any backend has touched it."""

from __future__ import annotations

import contextlib
import io
import warnings
from typing import Any

from hls.keras_alias import legacy_keras


def parsed(model: Any, hls_config: dict[str, Any] | None = None, name: str = "network") -> Any:
    """Return hls4ml's ``ModelGraph`` of a model that is ``prepared``; no flow is run on it, nothing is written.

    Parameters
    ----------
    hls_config : as for hls4ml's ``convert_from_keras_model``.
    name : project name, which the NetworkSpec takes.
    """
    with legacy_keras(), warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")  # hls4ml's and TensorFlow's own
        import hls4ml

        from hls.readers.parsers import register_handlers

        register_handlers()
        return hls4ml.converters.convert_from_keras_model(
            model, output_dir=name, project_name=name, backend="Vitis", io_type="io_stream",
            hls_config={**(hls_config or {}), "Flows": []},
        )  # fmt: skip
