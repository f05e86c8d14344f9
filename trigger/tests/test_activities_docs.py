"""docs/activities.md names every algorithm, every parameter and its default, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from trigger.activities.base import algorithm, names

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "activities.md").read_text()
COMMON = ("prescale", "max_time_over_threshold")


def stages():
    """Yield (algorithm, TA or TC, struct of parameters)."""
    for name in names():
        if algorithm(name).activity:
            yield name, "TA", algorithm(name).activity.parameters
        if algorithm(name).candidate:
            yield name, "TC", algorithm(name).candidate.parameters


def test_the_table_of_parameters_is_that_of_the_structs():
    rows = re.findall(
        r"^\| `(\w+)` \| (TA|TC) \| `(\w+)` \| (\S+)(?: \(\w+\))? \| \S.* \|$", PAGE, re.MULTILINE
    )
    want = [
        (name, kind, field.name, str(field.default).replace("True", "true").replace("False", "false"))
        for name, kind, struct in stages()
        for field in msgspec.structs.fields(struct)
        if field.name not in COMMON
    ]
    assert rows == want and len(rows) > 60


def test_the_parameters_of_all_makers_are_as_the_page_says():
    for name, kind, struct in stages():
        fields = {field.name: field.default for field in msgspec.structs.fields(struct)}
        none = name == "swift" or (name, kind) == ("bundle", "TA")
        assert fields.get("prescale") == (None if none else 1), (name, kind)
        longest = None if none or kind == "TC" else 4_294_967_295
        assert fields.get("max_time_over_threshold") == longest, (name, kind)


def test_every_algorithm_has_a_row_of_its_logic():
    section = PAGE.split("## Algorithms")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| [^|]+ \| [^|]+ \|$", section, re.MULTILINE)
    assert sorted(rows) == names()
