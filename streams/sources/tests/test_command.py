"""The list of sources that a person sees."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.sources.command import sources


def listed(*arguments: str) -> str:
    import typer

    app = typer.Typer()
    app.command()(sources)
    done = CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})
    if done.exception:
        raise done.exception
    return done.output


def test_every_source_has_its_rate_and_its_origin(tmp_path: Path) -> None:
    text = listed()
    assert "Ar39" in text and "1.401e+05" in text and "1.01 Bq/kg" in text
    assert "decays per second of detector time" in text
    config = tmp_path / "run.toml"
    config.write_text(
        'position = "outer"\n[backgrounds]\nall = 0.0\nKr85 = 1.0\n[[signals]]\nkind = "burst"\n'
    )
    text = listed(str(config))
    assert "Ar39" not in text and "7949" in text and "1.59e+06" in text  # half of 15 900 Bq; 200 faces
    assert "nue_cc" in text and "at most" in text


def test_a_bad_table_is_one_sentence(tmp_path: Path) -> None:
    from streams.errors import ConfigError

    config = tmp_path / "run.toml"
    config.write_text('model = "nothing.toml"')
    with pytest.raises(ConfigError, match=r"nothing\.toml"):
        listed(str(config))
