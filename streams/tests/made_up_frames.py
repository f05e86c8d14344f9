"""Made-up archives of electrons in the layout of Wire-Cell's FrameFileSink: some tracks, one bad channel."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np

HD_CHANNELS = np.arange(2560, 5120, dtype=np.int32)
NUMBER = 7


def npy(array) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def electrons(channels=2560, ticks=400, seed=1, sigma_ticks=2.65) -> np.ndarray:
    """Return float32 (channels, ticks): straight tracks, as wide in time as signal processing makes them."""
    rng = np.random.default_rng(seed)
    charge = np.zeros((channels, ticks), np.float32)
    clock = np.arange(ticks)
    for _ in range(max(channels // 60, 2)):
        first, length = rng.integers(0, channels), rng.integers(5, 40)
        start, slope = rng.uniform(80, ticks - 120), rng.uniform(-1, 1)
        for k, channel in enumerate(range(first, min(first + length, channels))):
            pulse = np.exp(-0.5 * ((clock - start - slope * k) / sigma_ticks) ** 2)
            charge[channel] += 20e3 * rng.uniform(0.7, 1.5) * pulse / pulse.sum()
    charge[charge < 1.0] = 0.0
    charge[5] = 0.0  # the bad channel
    return charge


def members(values, channels, *, tick_ns=500.0, bad=((2565, 0, 400), (17, 0, 400)), tag="gauss1"):
    return {
        f"frame_{tag}_{NUMBER}.npy": npy(np.asfortranarray(values)),
        f"channels_{tag}_{NUMBER}.npy": npy(channels),
        f"tickinfo_{tag}_{NUMBER}.npy": npy(np.array([0.0, tick_ns, 0.0])),
        f"chanmask_bad_{NUMBER}.npy": npy(np.array(bad, np.int32).reshape(-1, 3)),
    }


def write(path: Path, parts: dict[str, bytes], packing="bz2") -> Path:
    with tarfile.open(path, f"w:{packing}") as archive:
        for name, content in parts.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def hd(path: Path, ticks=400) -> Path:
    return write(path, members(electrons(ticks=ticks), HD_CHANNELS))
