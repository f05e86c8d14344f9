"""Say what a fresh machine lacks, and how to get it. It runs before anything is installed."""

from __future__ import annotations

import importlib.util
import shutil
import sys

_TOOLS = {"g++": "g++", "make": "make", "perl": "perl"}  # command: Debian package


def missing() -> list[str]:
    """Return one sentence for each thing that is missing.

    >>> all("install" in sentence for sentence in missing())
    True
    """
    found = []
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        got = ".".join(map(str, sys.version_info[:2]))
        found.append(
            f"Python {got} is not supported, want 3.11 to 3.13: install one and run make PYTHON=python3.12"
        )
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            found.append(f"Python has no {module}: install it, on Debian with apt-get install python3-venv")
    for tool, package in _TOOLS.items():
        if shutil.which(tool) is None:
            found.append(f"{tool} is missing: install it, on Debian with apt-get install {package}")
    return found


if __name__ == "__main__":
    sys.exit("\n".join(f"error: {sentence}" for sentence in missing()) or None)
