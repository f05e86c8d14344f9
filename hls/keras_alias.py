"""The one place where ``keras`` means ``tf_keras``.

QKeras models are ``tf_keras`` models, but hls4ml 1.3 asks ``import keras; keras.__version__`` which parser to use,
and with Keras 3 installed sends them to the wrong one. While it looks, ``sys.modules["keras"]`` must be ``tf_keras``.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from trigger.legacy_keras import load_tf_keras


def install() -> ModuleType | None:
    """Make ``import keras`` give ``tf_keras``; return what it gave before, for ``restore``."""
    before = sys.modules.get("keras")
    sys.modules["keras"] = load_tf_keras()
    return before


def restore(before: ModuleType | None) -> None:
    """Undo ``install``."""
    if before is None:
        sys.modules.pop("keras", None)
    else:
        sys.modules["keras"] = before


@contextmanager
def legacy_keras() -> Iterator[Any]:
    """Yield ``tf_keras``, which is also what ``import keras`` gives inside; its warnings on quantizers are dropped.

    >>> import sys
    >>> before = sys.modules.get("keras")
    >>> with legacy_keras() as keras:
    ...     keras.__version__[:2], sys.modules["keras"] is keras
    ('2.', True)
    >>> sys.modules.get("keras") is before
    True
    """
    before = install()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # QKeras gives Keras quantizers where it wants constraints
            yield sys.modules["keras"]
    finally:
        restore(before)
