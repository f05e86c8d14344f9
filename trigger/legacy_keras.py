"""TensorFlow with Keras 2, which QKeras needs, imported in one place and without its chatter."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from streams.errors import UserError

_FLAG = "TF_USE_LEGACY_KERAS"


def load_tf_keras() -> Any:
    """Import TensorFlow with ``tf_keras`` as its Keras, and return the module ``tf_keras``.

    Raises
    ------
    UserError : TensorFlow was imported before with Keras 3 as its Keras.
    """
    os.environ.setdefault(_FLAG, "1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with warnings.catch_warnings(), _quiet():
        warnings.simplefilter("ignore")  # deprecations inside TensorFlow and QKeras
        import tensorflow
        import tf_keras

        if not tensorflow.keras.layers.Layer.__module__.startswith("tf_keras"):
            raise UserError(
                "TensorFlow runs with Keras 3, want tf_keras, which QKeras is made for: "
                f"set {_FLAG}=1 in the environment before TensorFlow is imported"
            )
        import qkeras  # noqa: F401

        tensorflow.config.list_physical_devices()  # now, for what it writes about GPUs that are not there
    return tf_keras


@contextmanager
def _quiet() -> Iterator[None]:
    """Drop what TensorFlow's C++ code writes to stderr when it is imported for the first time."""
    if "tensorflow" in sys.modules:
        yield
        return
    kept = os.dup(2)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
