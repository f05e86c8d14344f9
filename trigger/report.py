"""What a replay says: plain data for a file, tables for a person."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from rich.markup import escape
from rich.table import Table

from streams.block import NEUTRINOS
from streams.console import table
from trigger.physics import (
    TARGET_HZ_PER_10KT,
    binomial,
    efficiency_by_energy,
    exposure_needed_s,
    feldman_cousins,
    rate_hz_per_10kt,
)
from trigger.replay import Found, Result

EDGES_MEV = (5.0, 7.5, 10.0, 12.5, 15.0, 17.5, 20.0, 25.0, 30.0, 40.0, 70.0)
SHOWN = 25  # candidates in the table that a person sees


def report(result: Result) -> dict[str, Any]:
    """Return a replay as plain data, ready for JSON.

    Efficiency: interactions with at least one candidate over all interactions that ended within the stream.
    Background: candidates that belong to no neutrino, once per primary; a candidate without any charge is noise.
    Without truth (recorded data) both are left out.

    >>> report(Result(ticks=1_953_125, frames=3815))["exposure_s"]
    1.0
    """
    content: dict[str, Any] = {
        "exposure_s": result.exposure_s,
        "per_10kt": result.per_10kt,
        "missing_samples": result.missing_samples,
        "dead_share": result.dead_share,
        "frames": result.frames,
        "trigger_records": result.records,
        "records_in_dead_regions": result.dropped_cells,
        "candidates": len(result.found),
        "saturated_pixel_fraction": result.saturated / result.pixels if result.pixels else 0.0,
        "has_truth": result.has_truth,
    }
    if result.has_truth:
        content["efficiency"] = efficiency(result)
        content["background"] = background(result)
    content["candidate_list"] = [row(found) for found in result.found]
    return content


def efficiency(result: Result) -> dict[str, Any]:
    """Return the efficiency, whole and by neutrino energy, with 90 % intervals (Clopper-Pearson)."""
    ids = sorted(result.interactions)
    found_ids = result.found_ids
    energy = np.array([result.interactions[i] for i in ids], np.float64)
    found = np.array([i in found_ids for i in ids], np.bool_)
    tried, hits = len(ids), int(found.sum())
    return {
        "tried": tried,
        "found": hits,
        "efficiency": hits / tried if tried else None,
        "interval_90": binomial(hits, tried) if tried else None,
        "by_energy": [
            {**bin_, "efficiency": bin_["efficiency"] if bin_["tried"] else None}
            for bin_ in efficiency_by_energy(energy, found, EDGES_MEV)
        ],
    }


def background(result: Result) -> dict[str, Any]:
    """Return the background candidates by origin, and their rate with its 90 % interval (Feldman-Cousins)."""
    counted: set[int] = set()
    origins: Counter[str] = Counter()
    for found in result.found:
        if found.match.origin in NEUTRINOS or found.match.event in counted:
            continue
        if found.match.event:
            counted.add(found.match.event)
        origins[found.match.origin] += 1
    count = sum(origins.values())
    exposure_s, factor = result.exposure_s, result.per_10kt
    low, high = feldman_cousins(count)
    return {
        "candidates": count,
        "by_origin": dict(sorted(origins.items())),
        "hz_per_10kt": rate_hz_per_10kt(count, exposure_s, factor) if exposure_s else None,
        "interval_90_hz_per_10kt": [rate_hz_per_10kt(x, exposure_s, factor) for x in (low, high)]
        if exposure_s
        else None,
        "exposure_apa_s": exposure_s,
        "target_hz_per_10kt": TARGET_HZ_PER_10KT,
        "exposure_needed_apa_s": exposure_needed_s(TARGET_HZ_PER_10KT, factor),
    }


def row(found: Found) -> dict[str, Any]:
    """Return one candidate as plain data."""
    best = found.candidate.best
    return {
        "time_us": round(found.time_us, 3),
        "tick": found.candidate.first_tick,
        "channel": best.channel,
        "face": best.face,
        "cells": len(found.candidate.cells),
        "score": best.score,
        "event": found.match.event,
        "origin": found.match.origin,
        "energy_mev": round(found.energy_mev, 3),
        "electrons": round(found.match.electrons),
    }


def summary(content: dict[str, Any]) -> Table:
    """Return the figures of a report as a table for a person."""
    rows: dict[str, object] = {
        "exposure": f"{content['exposure_s'] * 1e3:.4g} ms of one APA (10 kt: times {content['per_10kt']:g})",
        "dead share": f"{content['dead_share']:.3g} ({content['missing_samples']} samples never came)",
        "frames of 512 ticks": content["frames"],
        "trigger records (cells)": content["trigger_records"],
        "candidates": content["candidates"],
        "saturated pixels": f"{content['saturated_pixel_fraction']:.2e}",
    }
    if not content["has_truth"]:
        return table("Replay", {**rows, "truth": "none in this stream"})
    eff, back = content["efficiency"], content["background"]
    if eff["tried"]:
        low, high = eff["interval_90"]
        share = f"{eff['efficiency']:.3f} (90 %: {low:.3f} to {high:.3f})"
        rows["interactions found"] = f"{eff['found']} of {eff['tried']} = {share}"
    by_origin = ", ".join(f"{name} {n}" for name, n in back["by_origin"].items())
    rows["background candidates"] = (
        f"{back['candidates']} {'(' + by_origin + ')' if by_origin else ''}".strip()
    )
    low, high = back["interval_90_hz_per_10kt"] or (0.0, float("inf"))
    rows["background rate, 90 %"] = (
        f"below {high:.4g} Hz per 10 kt (none seen)"
        if not back["candidates"]
        else f"{low:.4g} to {high:.4g} Hz per 10 kt"
    )
    target, needed = back["target_hz_per_10kt"], back["exposure_needed_apa_s"]
    rows[f"needed to show {target:g} Hz per 10 kt"] = f"{needed:.0f} s of one APA with none seen"
    return table("Replay", rows)


def candidate_table(content: dict[str, Any]) -> Table:
    """Return the first candidates against the truth, as a table for a person."""
    rows = content["candidate_list"]
    more = f", first {SHOWN} of {len(rows)}" if len(rows) > SHOWN else ""
    true = content["has_truth"]
    shown = Table(title=f"Candidates{' against truth' if true else ''}{more}", title_justify="left")
    names = ("time [us]", "channel", "cells", "score", "event", "origin", "energy [MeV]", "charge [ke-]")
    for name in names if true else names[:4]:
        shown.add_column(escape(name), justify="left" if name == "origin" else "right")
    for r in rows[:SHOWN]:
        values = (f"{r['time_us']:.1f}", r["channel"], r["cells"], r["score"])
        truth = (r["event"], r["origin"], f"{r['energy_mev']:.1f}", f"{r['electrons'] / 1000:.0f}")
        shown.add_row(*map(str, values + truth if true else values))
    return shown


def energy_table(content: dict[str, Any]) -> Table:
    """Return the efficiency by neutrino energy as a table for a person."""
    shown = Table(title="Efficiency by neutrino energy", title_justify="left")
    for name in ("energy [MeV]", "found", "tried", "efficiency", "90 % interval"):
        shown.add_column(name, justify="right")
    for r in (r for r in content["efficiency"]["by_energy"] if r["tried"]):
        share = f"{r['efficiency']:.2f}"
        interval = f"{r['interval_low']:.2f} to {r['interval_high']:.2f}"
        shown.add_row(
            f"{r['low_mev']:g} to {r['high_mev']:g}", str(r["found"]), str(r["tried"]), share, interval
        )
    return shown
