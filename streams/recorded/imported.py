"""Bring a file of recorded waveforms into the stream: as blocks, or as a DUNE-DAQ HDF5 file like a simulated one.

Which kind of file it is, its first bytes say: an array of ADC counts (``.npy``, ``.npz``), or an archive of
electrons (``.tar``, ``.tar.bz2``, ``.tar.gz`` of ``.npy``), as Wire-Cell's signal processing writes it.

>>> import tempfile
>>> import numpy as np
>>> from itertools import islice
>>> with tempfile.TemporaryDirectory() as folder:
...     np.save(Path(folder) / "adc.npy", np.full((3, 200), 900, np.int16))
...     sample = read_sample(Path(folder) / "adc.npy", ImportConfig())
>>> next(recorded.blocks(sample, ImportConfig(seed=4))).adc[:2, :3].tolist()
[[900, 900, 900], [900, 900, 900]]
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from streams.block import TICKS_PER_BLOCK
from streams.detector import load_detector
from streams.errors import UserError
from streams.recorded import blocks as recorded
from streams.recorded import npy
from streams.recorded.archive import is_archive
from streams.recorded.config import ImportConfig, checked, readout_config
from streams.recorded.counts import ZIP_MAGIC, read_counts
from streams.recorded.frames import read_electrons
from streams.recorded.sample import Sample


def read_file(path: Path) -> bytes:
    """Return the bytes of a file that is not empty."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    if not data:
        raise UserError(f"{path}: the file is empty: fetch it again")
    return data


def read_sample(path: Path, config: ImportConfig) -> Sample:
    """Return what a file gives to the stream.

    Raises
    ------
    UserError : a file of another kind, or one that is damaged; names the file.
    """
    detector = load_detector(config.detector)
    data = read_file(path)
    if data.startswith((npy.MAGIC, ZIP_MAGIC)):
        return read_counts(path, data, config.counts, detector)
    if is_archive(data):
        return read_electrons(path, data, config)
    raise UserError(
        f"{path}: neither counts (.npy, .npz) nor electrons (.tar, .tar.bz2, .tar.gz): it begins with {data[:8]!r}"
    )


def _windows(sample: Sample, config: ImportConfig, path: Path) -> tuple[int, int]:
    """Return how many records of how many blocks there are; what is left over is told."""
    ticks = sample.ticks * config.repeat
    blocks = ticks // TICKS_PER_BLOCK
    window = config.window_blocks or blocks
    if not 0 < window <= blocks:
        raise UserError(
            f"{path}: got {ticks} ticks, want at least {max(window, 1) * TICKS_PER_BLOCK} for one record: give a"
            " longer sample, a larger repeat or a smaller window_blocks"
        )
    sample.told["left over"] = f"{ticks - blocks // window * window * TICKS_PER_BLOCK} ticks at the end"
    return blocks // window, window


def import_file(source: Path, output: Path, config: ImportConfig, shown: str | None = None) -> dict[str, Any]:
    """Write the waveforms of ``source`` as a DUNE-DAQ HDF5 file with a manifest beside; return rows for a summary.

    Parameters
    ----------
    source : file of counts or of electrons.
    output : HDF5 file; it must not exist, and appears when it is whole.
    config : how it is done.
    shown : label of a progress bar on stderr; without it nothing is shown.

    Raises
    ------
    ConfigError : a value that cannot be used, a detector that cannot be written, or an output that exists.
    UserError : a file that cannot be used.
    """
    from streams.files.plan import plan_of
    from streams.files.writer import summary, write_file

    like = plan_of(readout_config(checked(config)))  # before the file is read: what cannot be written
    sample = read_sample(source, config)
    windows, window_blocks = _windows(sample, config, source)
    settings = msgspec.json.encode(config).decode()
    count = windows * window_blocks
    made = islice(recorded.blocks(sample, config), count)
    if shown:
        from streams.console import progress

        made = progress(made, shown, total=count)  # type: ignore[assignment]
    facts = {"command": "import", "config": msgspec.to_builtins(config), "seed": config.seed,
             "source": {"name": source.name, **sample.told}, "inputs": [source]}  # fmt: skip
    plan = replace(
        like,
        windows=windows,
        window_blocks=window_blocks,
        run_number=config.run_number,
        config_json=settings,
    )
    written = write_file(output, made, plan, facts)
    next(iter(made), None)  # nothing is left: this ends the progress bar
    return {**sample.told, **summary(written)}
