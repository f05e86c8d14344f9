from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from streams import manifest, toml
from streams.errors import ConfigError
from streams.output import fresh


def test_failure_leaves_nothing(tmp_path: Path) -> None:
    for folder in (True, False):
        with pytest.raises(RuntimeError), fresh(tmp_path / "out", folder=folder) as part:
            (part / "x" if folder else part).write_text("half")
            raise RuntimeError
        assert list(tmp_path.iterdir()) == []


def test_refuses_what_exists_and_what_has_no_place(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("kept")
    with pytest.raises(ConfigError, match="exists already"), fresh(tmp_path / "out", folder=True):
        pass
    with pytest.raises(ConfigError, match="create it first"), fresh(tmp_path / "no" / "out", folder=True):
        pass
    assert (tmp_path / "out").read_text() == "kept"


def test_hash_of_a_folder_sees_names_and_contents(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
    (tmp_path / "a" / "x").write_text("1")
    (tmp_path / "b" / "x").write_text("2")
    (tmp_path / "c" / "y").write_text("1")
    hashes = {manifest.sha256(tmp_path / name) for name in ("a", "b", "c")}
    assert len(hashes) == 3
    (tmp_path / "b" / "x").write_text("1")
    (tmp_path / "b" / "manifest.json").write_text("not counted")
    assert manifest.sha256(tmp_path / "a") == manifest.sha256(tmp_path / "b")


class _Config(msgspec.Struct, forbid_unknown_fields=True):
    seed: int = 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"seed = 'x'", r"Expected `int`, got `str` - at `\$.seed`"),
        (b"sed = 1", "unknown field `sed`"),
        (b"seed = ", "run.toml"),
        (b"\xff", "not UTF-8|run.toml"),
    ],
    ids=["type", "unknown", "syntax", "bytes"],
)
def test_bad_toml_is_one_sentence(tmp_path: Path, text: bytes, sentence: str) -> None:
    path = tmp_path / "run.toml"
    path.write_bytes(text)
    with pytest.raises(ConfigError, match=sentence):
        toml.load(path, _Config)
