"""Run Yosys passes: a process of its own, because Yosys ends the process on an error and may not end at all.

Run as ``python yosys_child.py PASS PASS ...``; Yosys's log goes to stdout.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(passes: Sequence[str]) -> int:
    """Run ``passes``, in order, on one design."""
    from pyosys import libyosys

    design = libyosys.Design()
    for command in passes:
        libyosys.run_pass(command, design)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
