"""The one error of the bench: what is missing or wrong outside the design, in one sentence.

>>> str(BenchError("Icarus Verilog is missing: install it"))
'Icarus Verilog is missing: install it'
"""

from __future__ import annotations


class BenchError(RuntimeError):
    """A tool or a file is missing, or of a wrong version; the text says what, got, want, and what to do."""
