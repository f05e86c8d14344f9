"""``lartrig compare``: DUNE's vectors, the command, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from streams.errors import ConfigError, UserError
from trigger.compare import rows
from trigger.compare.command import compare as command
from trigger.compare.comparison import compare
from trigger.tests.compare_files import COUNT, VECTORS, made, of_files, table_rows, vector, write

needs_vectors = pytest.mark.skipif(not VECTORS.is_dir(), reason=f"{VECTORS} is absent")


@needs_vectors
def test_tpglibs_16_and_32_bit_differ_in_the_unit_only(tmp_path: Path) -> None:
    a = vector(tmp_path / "a.h5", "tpglibs_v1_frugal_threshold60")
    b = vector(tmp_path / "b.h5", "tpglibs_v2_frugal_threshold60")
    assert of_files(a, b) == {"unit": (4925, 0, 0)}


@needs_vectors
def test_fdreadoutlibs_and_tpglibs_differ_by_start_up_length_and_order(tmp_path: Path) -> None:
    a = vector(tmp_path / "a.h5", "fdreadoutlibs_simplethreshold60")
    b = vector(tmp_path / "b.h5", "tpglibs_v2_frugal_threshold60")
    assert of_files(a, b) == {
        "startup": (132, 1979, 0),
        "pedestal": (1, 0, 0),
        "range": (0, 0, 3452),
        "order": (161, 0, 0),
    }


@needs_vectors
def test_the_table_in_the_docs_is_what_is_found(tmp_path: Path) -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "compare.md").read_text()
    for row in table_rows(tmp_path):
        assert row in text


def run(*arguments: object) -> typer.testing.Result:
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, [str(one) for one in arguments])


def test_the_command_says_equal_or_not_by_its_exit_code(tmp_path: Path) -> None:
    a = write(tmp_path / "a.h5", made())
    other = made()
    other["adc_integral"][3] += 5
    b = write(tmp_path / "b.h5", other, version=1)
    assert run(a, a).exit_code == 0
    result = run(a, b, "-o", tmp_path / "out", "--report", tmp_path / "found.json")
    assert result.exit_code == 1, result.output
    written = json.loads((tmp_path / "found.json").read_text())
    assert written == json.loads((tmp_path / "out" / "compare.json").read_text())
    (cause,) = written["causes"]
    assert (cause["name"], cause["pairs"], cause["first"][0]["b"]["number"]) == ("values", 1, 3)
    assert written["fields"]["adc_integral"]["pairs"] == 1 and not written["equal"]
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"compare.json", "rates.png", "differences.png", "scatter.png"}


def test_a_file_of_empty_fragments_is_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a = write(tmp_path / "a.h5", made())
    monkeypatch.setattr("trigger.compare.rows.payloads", lambda path: [("x", b"")])
    assert compare(a, a).equal
    monkeypatch.undo()
    real = rows.payloads
    monkeypatch.setattr(
        "trigger.compare.rows.payloads", lambda path: real(path) if path == a else [("x", b"")]
    )
    assert of_files(a, tmp_path / "b.h5") == {"range": (0, COUNT, 0)}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["absent.h5"], "cannot read"),
        (["a.h5", "--match", "near"], "--match: got near, want overlap or exact"),
        (["a.h5", "-o", "a.h5"], "exists already"),
        (["a.h5", "--report", "none/x.json"], "does not exist"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a.h5", made()[:5])
    result = run("a.h5", *arguments)
    assert isinstance(result.exception, UserError | ConfigError) and said in str(result.exception)
    assert [path.name for path in tmp_path.iterdir() if path.name != "a.h5.manifest.json"] == ["a.h5"]
