"""The support table: equal to what is checked, drawn, read and documented."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from hls.keras_check import SUPPORTED
from hls.random_plans import KINDS
from hls.support import MARKERS, ROWS, filled, markdown

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "convert.md"


def test_every_supported_layer_has_a_row() -> None:
    named = {name for row in ROWS for name in row.layers} - {"any layer"}
    assert named == set(SUPPORTED)


def test_every_row_is_drawn_by_fuzz_and_nothing_else() -> None:
    kinds = Counter(kind for row in ROWS for kind in row.kinds)
    assert set(kinds) == set(KINDS) and max(kinds.values()) == 1
    assert all(row.kinds for row in ROWS)


def test_the_document_has_this_table() -> None:
    text = DOCUMENT.read_text()
    assert [text.count(marker) for marker in MARKERS] == [1, 1]
    assert filled(text) == text, "docs/convert.md: print hls.support.markdown() between its markers"
    assert markdown().count("\n") == len(ROWS) + 1
