"""Let another process read a file's structure before this one does: damage can make HDF5 itself crash or hang.

Seen with HDF5 1.14.6 (h5py 3.14): of 3 000 of our files with five flipped bits in their structures 25 ended the program
(SIGABRT, SIGSEGV), and single bits can do it too: texts of attributes lie in a heap that HDF5 keeps no check of. All
others were errors that h5py reports, or did no harm. So a file that is new to this process is first read by a child
that does nothing else (0.3 s once for the child, then about 0.1 ms for each dataset). The child stays for the next
file; a file that did not change since is not read again.

>>> import tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     path = Path(folder) / "no.h5"
...     _ = path.write_bytes(b"no HDF5")
...     try_out(path)
"""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
from pathlib import Path

from streams.errors import UserError

#: Without a sign of life, for a disk that stalls; a hang of HDF5 ends the child's fork much sooner.
PATIENCE_S = 600.0
_CHILD = Path(__file__).with_name("probe_child.py")
_KEPT = 10_000  # files remembered

State = tuple[str, int, int, int, int]  # path, device, inode, bytes, time of the last change


class _Prober:
    """The child, and which files it has survived."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.owner = os.getpid()
        self.child: subprocess.Popen[bytes] | None = None
        self.survived: set[State] = set()

    def start(self) -> subprocess.Popen[bytes]:
        if self.child is not None and self.child.poll() is not None:
            self.stop()
        if self.child is None:
            pipe = subprocess.PIPE  # without buffers: ``select`` sees what has not been read
            self.child = subprocess.Popen(
                [sys.executable, "-P", str(_CHILD)],
                env={
                    **os.environ,
                    "MALLOC_PERTURB_": "165",
                },  # what is used after it is freed shows at once (glibc)
                bufsize=0,
                stdin=pipe,
                stdout=pipe,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # its forks end with it
            )
        return self.child

    def stop(self) -> int:
        """End the child; return its exit code."""
        child, self.child = self.child, None
        if child is None or os.getpid() != self.owner:
            return 0
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdout.close()
        with contextlib.suppress(BrokenPipeError):
            child.stdin.close()
        try:
            return child.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            child.kill()
            return child.wait()


_prober = _Prober()
atexit.register(lambda: _prober.stop())


def try_out(path: Path) -> None:
    """Read the structure of an HDF5 file in another process.

    Raises
    ------
    UserError : HDF5 crashes or hangs on it, or finds its structure damaged. A file that cannot be opened, and
        damaged values, are left to be found by the one who asks.
    """
    global _prober
    if _prober.owner != os.getpid():  # after a fork the child is the parent's
        _prober = _Prober()
    with _prober.lock:
        try:
            found = path.stat()
        except OSError:
            return
        state = (str(path.resolve()), found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
        if state in _prober.survived or "\n" in state[0]:
            return
        _ask(path, state[0])
        if len(_prober.survived) >= _KEPT:
            _prober.survived.clear()
        _prober.survived.add(state)


def _ask(path: Path, resolved: str) -> None:
    child = _prober.start()
    assert child.stdin is not None
    assert child.stdout is not None
    said, word = "", b"more"
    try:
        child.stdin.write(os.fsencode(resolved) + b"\n")
        child.stdin.flush()
        while word == b"more" or word.startswith(b"bad "):
            if not select.select([child.stdout], [], [], PATIENCE_S)[0]:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                _prober.stop()
                raise UserError(
                    f"cannot read {path}: got no answer in {PATIENCE_S:g} s: its disk stalls, or HDF5 hangs on it: "
                    "try again"
                )
            word = child.stdout.readline().rstrip(b"\n")
            said = said or word.removeprefix(b"bad ").decode() if word.startswith(b"bad ") else said
    except BrokenPipeError:
        word = b""
    if word != b"done":
        code = int(word.split()[1]) if word.startswith(b"died ") else _prober.stop()
        why = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        verb = "hangs" if why == "SIGPROF" else "crashes"
        raise UserError(f"{path} is damaged: HDF5 {verb} on it ({why})")
    if said:
        raise UserError(f"{path} is damaged or cut short: HDF5 says: {said}")
