"""Readers of layers with several sources.

>>> sorted(READERS)
[]
"""

from __future__ import annotations

from hls.reading import Reader

READERS: dict[str, Reader] = {}
