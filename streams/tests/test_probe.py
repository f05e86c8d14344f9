"""Files that HDF5 itself does not survive: another process finds out, and the user gets a sentence."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from streams.errors import UserError
from streams.files import catalogue, hdf5, probe
from streams.tests.made_up import write


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return write(tmp_path_factory.mktemp("probe") / "run.h5", windows=1, window_blocks=2)


def test_hdf5_that_crashes_or_hangs_is_a_sentence(tmp_path, run, monkeypatch):
    path = shutil.copy(run, tmp_path / "run.h5")
    with hdf5.opened(path):
        pass
    os.utime(path, (1, 1))
    os.kill(probe._prober.child.pid, signal.SIGSTOP)
    monkeypatch.setattr(probe, "PATIENCE_S", 0.05)
    with pytest.raises(UserError, match=r"cannot read .*run\.h5: got no answer in 0\.05 s: its disk stalls"):
        catalogue.read(path)
    monkeypatch.setattr(probe, "PATIENCE_S", 30.0)
    with hdf5.opened(path):  # a new child, which is there for the next file
        pass
    os.utime(path, (2, 2))
    monkeypatch.setattr(probe._Prober, "start", lambda self: crashing(self))
    with pytest.raises(UserError, match=r"run\.h5 is damaged: HDF5 crashes on it \(SIGABRT\)"):
        catalogue.read(path)


@pytest.mark.parametrize(("visit", "code"), [("while True: pass", -signal.SIGPROF), ("time.sleep(0.6)", 0)])
def test_a_hang_is_time_of_the_processor_and_not_of_a_slow_disk(run, visit, code):
    words = f"""
import time
from streams.files import probe_child
probe_child._PATIENCE_S = 0.2
def visit(*_):
    {visit}
probe_child.visit = visit
probe_child.read({str(run)!r})
"""
    assert subprocess.run([sys.executable, "-c", words], check=False, timeout=60).returncode == code


def crashing(prober):
    prober.stop()
    words = ["sh", "-c", "read line; kill -ABRT $$"]
    prober.child = subprocess.Popen(words, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    return prober.child


def test_a_file_is_tried_out_once(run, monkeypatch):
    with hdf5.opened(run):
        pass
    start = time.perf_counter()
    monkeypatch.setattr(probe, "_ask", lambda *_: pytest.fail("asked again"))
    with hdf5.opened(run):
        assert time.perf_counter() - start < 5
