"""A run in parts on a Dask cluster: workers that die, commands that are killed, clusters that cannot be used."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from streams import cli
from streams.cluster import clients, distribute, members
from streams.cluster.partition import Job
from streams.cluster.run import Partition, run_of
from streams.cluster.whole import RUN, Where, digest_of, simulate_run
from streams.errors import UserError
from streams.tests.cluster_runs import CONFIG, SERIAL, SPAN_MS, files_of

APAS = 4
TOML = f"seed = {CONFIG.seed}\nwindows = {CONFIG.windows}\nwindow_blocks = {CONFIG.window_blocks}\n"
LARTRIG = (sys.executable, "-c", "from streams.cli import main; main()")


@pytest.fixture(scope="module")
def digest(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of the run made by one process."""
    return simulate_run(
        run_of(CONFIG, APAS, SPAN_MS), tmp_path_factory.mktemp("serial") / "run", SERIAL
    ).digest


@pytest.fixture
def threads() -> Iterator[str]:
    """Return the address of a scheduler with one worker of three threads, all in this process."""
    from distributed import LocalCluster

    options = {"dashboard_address": None, "processes": False, "protocol": "tcp"}
    with clients._quiet(), LocalCluster(n_workers=1, threads_per_worker=3, **options) as cluster:
        yield cluster.scheduler_address


def children(pid: int) -> list[int]:
    """Return the processes that ``pid`` has begun."""
    rows = subprocess.run(
        ["ps", "-eo", "ppid=,pid="], capture_output=True, text=True, check=True
    ).stdout.split("\n")
    return [
        int(child) for parent, child in (row.split() for row in rows if row.strip()) if int(parent) == pid
    ]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(true, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def test_workers_that_die_take_nothing_with_them(digest: str, tmp_path: Path) -> None:
    """One is killed; what it had in hand is done by the other or by its successor, and the bytes are the same."""
    run = run_of(CONFIG, APAS, SPAN_MS)
    (tmp_path / "run").mkdir()
    job = Job(run, tmp_path / "run", {})
    with clients.local_client(2) as client:
        members.check_members(client, job)
        assert not any(
            client.run(os.environ.get, "MALLOC_TRIM_THRESHOLD_").values()
        )  # Dask's, slow with arrays
        before = set(client.run(os.getpid).values())
        made = []
        for one in distribute.made_by(client, job):
            made.append(one)
            if len(made) == 1:
                os.kill(min(before), signal.SIGKILL)
        client.wait_for_workers(2, timeout=30)
        after = set(client.run(os.getpid).values())
    assert len(before) == len(after) == 2 and min(before) not in after
    assert len({one.name for one in made}) == 12
    wait_until(lambda: not any(map(alive, before | after)), 10)
    assert digest_of({one.name: one.sha256 for one in made}) == digest


def test_a_command_that_is_ended_goes_on(digest: str, tmp_path: Path, monkeypatch, capsys) -> None:
    """Ctrl-C, then the same command, killed, then the same in this process."""
    (tmp_path / "run.toml").write_text(TOML)
    words = ["simulate", "run.toml", "-o", "run", "--apas", str(APAS), "--span-ms", str(SPAN_MS)]
    folder, environment = tmp_path / "run", {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    for how, files in ((signal.SIGINT, 2), (signal.SIGKILL, 5)):
        with subprocess.Popen(
            [*LARTRIG, *words, "--workers", "1"],
            cwd=tmp_path, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True,
        ) as command:  # fmt: skip
            wait_until(lambda n=files: len(files_of(folder)) >= n)
            workers = children(command.pid)
            if how == signal.SIGKILL:
                command.send_signal(how)
            else:
                os.killpg(command.pid, how)  # as a terminal does: to all of them
            said = command.communicate(timeout=30)[1].decode()
        assert workers
        wait_until(lambda ended=workers: not any(map(alive, ended)), 15)
        assert files <= len(files_of(folder)) < 12 and (folder / RUN).exists()
        if how == signal.SIGINT:
            assert command.returncode == 1
            last = [line for line in said.splitlines() if "\r" not in line and line.strip()][-1]
            assert last == "error: stopped: run has what is made so far; the same command goes on"
            assert "Traceback" not in said and "distributed" not in said
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["lartrig", *words, "--serial"])
    with pytest.raises(SystemExit, match="0"):
        cli.main()
    done = capsys.readouterr().out
    assert digest in done and "12: assemblies 4, spans of time 3;" in done and "12 new" not in done
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


def test_threads_of_a_worker_elsewhere_make_the_same_bytes(
    digest: str, tmp_path: Path, threads: str, capfd
) -> None:
    found = simulate_run(run_of(CONFIG, APAS, SPAN_MS), tmp_path / "run", Where(threads))
    assert found.digest == digest and all(one.new for one in found.made)
    assert capfd.readouterr() == ("", "")


def test_no_worker_waits_while_an_assembly_does(tmp_path: Path, monkeypatch) -> None:
    """Three assemblies of eight files on two workers are twelve each, not eight and sixteen; first files come first."""
    from distributed import Client, LocalCluster, get_worker

    def make(job: Job, part: Partition) -> tuple[str, int]:
        time.sleep(0.03)
        return get_worker().address, part.span

    monkeypatch.setattr(distribute, "make", make)
    config = msgspec.structs.replace(CONFIG, windows=8)
    options = {"dashboard_address": None, "processes": False, "protocol": "tcp"}
    with (
        clients._quiet(),
        LocalCluster(n_workers=2, threads_per_worker=1, **options) as cluster,
        Client(cluster) as client,
    ):
        three, five = (
            list(distribute.made_by(client, Job(run_of(config, apas, SPAN_MS), tmp_path, {})))
            for apas in (3, 5)
        )
    assert min(Counter(worker for worker, _ in three).values()) >= 10 and len(three) == 24
    assert 0 not in [span for _, span in five[6:]] and len(five) == 40


def test_what_a_worker_refuses_is_said(tmp_path: Path, threads: str, monkeypatch) -> None:
    from streams.cluster import partition

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(partition.state_file, "save", full)
    with pytest.raises(
        UserError, match=r"cannot write .*crate000\d.hdf5: No space left on device: the same command"
    ):
        simulate_run(run_of(CONFIG, APAS, SPAN_MS), tmp_path / "run", Where(threads))


def refused(tmp_path: Path, address: str, sentence: str) -> None:
    """A run on that cluster is refused with ``sentence``, and nothing is made."""
    with pytest.raises(UserError, match=sentence) as error:
        simulate_run(run_of(CONFIG, APAS, SPAN_MS), tmp_path / "run", Where(address))
    assert "\n" not in str(error.value) and not (tmp_path / "run").exists()


@pytest.mark.parametrize("member", ["worker", "scheduler"])
def test_another_version_is_refused(member: str, tmp_path: Path, threads: str, monkeypatch) -> None:
    from distributed import Client

    ask, own = Client.get_versions, members.code_version

    def older(client, **options):
        said = ask(client, **options)
        for one in said["workers"].values() if member == "worker" else (said["scheduler"],):
            one["packages"] |= {"dask": "2025.5.1", "numba": None}
        return said

    with monkeypatch.context() as patch:
        patch.setattr(Client, "get_versions", older)
        other = r"dask 2025.5.1 \(here .*\): install the same versions there and here"
        refused(tmp_path, threads, rf"^{member} tcp://\S+: numba missing \(here \S+\), {other}")

    def code(dask_worker):  # the worker, or the scheduler: Dask calls both so
        return "other" if type(dask_worker).__name__.lower() == member else own()

    with monkeypatch.context() as patch:
        patch.setattr(members, "code_version", code)
        refused(
            tmp_path,
            threads,
            rf"^{member} tcp://\S+: its code of lartrig, or its HDF5, is not the command's: ",
        )

    def absent(dask_worker):
        if type(dask_worker).__name__.lower() == member:
            raise ModuleNotFoundError("No module named 'streams'")
        return own()

    monkeypatch.setattr(members, "code_version", absent)
    refused(
        tmp_path,
        threads,
        rf"^{member} .* is not the command's \(No module named 'streams'\): install the same",
    )


def test_workers_must_see_the_same_files(tmp_path: Path, threads: str, monkeypatch) -> None:
    sees = members.look
    monkeypatch.setattr(members, "look", lambda job, token: sees(job, token)._replace(token=""))
    refused(
        tmp_path,
        threads,
        r"^worker tcp://\S+ on \S+ does not see the folder \S+run: every worker writes there",
    )


def test_a_scheduler_that_is_not_there(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(clients, "CONNECT_S", 0.5)
    with socket.socket() as other:  # silent
        other.bind(("127.0.0.1", 0))
        other.listen()
        for address in (
            f"tcp://127.0.0.1:{other.getsockname()[1]}",
            "tcp://127.0.0.1:1",
            "nonsense://x",
            "127.0.0.1:99999",
        ):
            with pytest.raises(
                UserError, match=f"--scheduler {address}: no Dask scheduler answers there"
            ) as error:
                simulate_run(run_of(CONFIG, APAS, SPAN_MS), tmp_path / "run", Where(address))
            assert "\n" not in str(error.value) and not (tmp_path / "run").exists()


def test_a_scheduler_without_workers(tmp_path: Path, monkeypatch) -> None:
    from distributed import LocalCluster

    monkeypatch.setattr(clients, "CONNECT_S", 0.5)
    options = {"dashboard_address": None, "processes": False, "protocol": "tcp"}
    with (
        clients._quiet(),
        LocalCluster(n_workers=0, **options) as cluster,
        pytest.raises(UserError, match=r"it has no workers: start some with `dask worker tcp:"),
    ):
        simulate_run(run_of(CONFIG, APAS, SPAN_MS), tmp_path / "run", Where(cluster.scheduler_address))
