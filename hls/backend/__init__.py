"""``StreamRTL``: the hls4ml backend plug-in that writes an exact HLS project, ``network.json`` and streaming RTL.

Plain hls4ml code gets it with ``convert_from_keras_model(model, backend="StreamRTL", io_type="io_stream", ...)``.
"""

from __future__ import annotations

from typing import Any


def register(*, register_backend: Any, register_writer: Any) -> None:
    """Register backend and writer: the entry point ``StreamRTL`` of group ``hls4ml.backends``.

    >>> names = []
    >>> def note(name, cls):
    ...     names.append(name)
    >>> register(register_backend=note, register_writer=note)
    >>> names
    ['StreamRTL', 'StreamRTL']
    """
    from hls.backend.project_writer import writer_class
    from hls.backend.stream_rtl import backend_class

    register_writer("StreamRTL", writer_class())
    register_backend("StreamRTL", backend_class())
