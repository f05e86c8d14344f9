"""What a person reads: units in the headings, whatever looks like markup; no columns of a truth that is not there."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from streams.console import table
from trigger.report import candidate_table

CANDIDATE = {
    "time_us": 12.3, "channel": 7, "cells": 2, "score": 90, "event": 5, "origin": "Ar39", "energy_mev": 0.5,
    "electrons": 14_000,
}  # fmt: skip


def text(shown: object) -> str:
    out = StringIO()
    Console(file=out, width=120).print(shown)
    return out.getvalue()


def test_units_are_shown_though_rich_takes_them_for_markup() -> None:
    said = text(candidate_table({"candidate_list": [CANDIDATE], "has_truth": True}))
    assert "time [us]" in said and "charge [ke-]" in said and "Ar39" in said
    assert "run[a].h5" in text(table("run[a].h5", {})) or "run[a].h5" in text(table("", {"x": "run[a].h5"}))
    assert "[b]name" in text(table("t", {"[b]name": "[us]"})) and "[us]" in text(table("t", {"n": "[us]"}))


def test_without_truth_there_are_no_columns_of_it() -> None:
    said = text(candidate_table({"candidate_list": [CANDIDATE], "has_truth": False}))
    assert "12.3" in said and "Ar39" not in said and "energy" not in said
