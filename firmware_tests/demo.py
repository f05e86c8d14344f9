"""The main job on an embedded default: every step is a `lartrig` command, as a user would call it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.table import Table

from streams.console import console
from streams.errors import ConfigError, UserError

HERE = Path(__file__).resolve().parent
INTERACTIONS = 600
BACKGROUND_S = 2.0  # exposure of one APA to backgrounds alone


def run(folder: Path) -> None:
    """Simulate, train, convert, verify, co-simulate and replay into ``folder``, then print one table.

    Raises
    ------
    ConfigError : ``folder`` exists.
    UserError : a step failed; its own sentence stands above.
    """
    if folder.exists():
        raise ConfigError(f"output {folder} exists already: remove it or choose another name")
    folder.mkdir(parents=True)
    configs = HERE / "demo_configs"
    seconds: dict[str, float] = {}
    steps = _steps(folder, configs)
    for number, (name, arguments) in enumerate(steps.items(), 1):
        console.rule(f"[bold]{number}/{len(steps)} {name}", align="left")
        console.print(f"$ lartrig {' '.join(arguments)}", style="dim", markup=False)
        start = time.perf_counter()
        done = subprocess.run([Path(sys.executable).with_name("lartrig"), *arguments], check=False)
        seconds[name] = round(time.perf_counter() - start, 1)
        if done.returncode:
            raise UserError(
                f"demo: step '{name}' ended with exit code {done.returncode}: see its message above"
            )
    content = _gather(folder, seconds)
    (folder / "summary.json").write_text(json.dumps(content, indent=1) + "\n")
    rows = summary_rows(content)
    (folder / "summary.md").write_text(_markdown(rows))
    console.print(_table(rows))
    for picture in sorted(folder.rglob("*.png")):
        console.print(f"picture: {picture}")


def _steps(folder: Path, configs: Path) -> dict[str, list[str]]:
    """Return the commands by name; every output lies in ``folder``."""

    def path(name: str) -> str:
        return str(folder / name)

    firmware = ["--firmware", path("firmware")]
    return {
        "simulate two drift windows": ["simulate", str(configs / "run.toml"), "-o", path("run.h5")],
        "inspect the file": ["inspect", path("run.h5")],
        "train the network": [
            "train", str(configs / "train.toml"), "-o", path("model"), "--picture", path("training.png"),
        ],
        "convert it into firmware": ["convert", path("model"), "-o", path("firmware")],
        "verify levels 0 to 2": ["verify", path("firmware"), "--report", path("verify.json")],
        "co-simulate the RTL": ["cosim", path("firmware"), path("run.h5"), "--report", path("cosim.json")],
        "replay the two windows": [
            "replay", path("run.h5"), *firmware, "--report", path("replay.json"), "--pictures", path("run_pictures"),
        ],
        "efficiency on a stream with signal": [
            "replay", str(configs / "signal.toml"), *firmware, "--interactions", str(INTERACTIONS),
            "--report", path("signal.json"), "--pictures", path("signal_pictures"),
        ],
        "background rate on a stream without": [
            "replay", str(configs / "background.toml"), *firmware, "--exposure", str(BACKGROUND_S),
            "--report", path("background.json"),
        ],
    }  # fmt: skip


def _gather(folder: Path, seconds: Mapping[str, float]) -> dict[str, Any]:
    names = ("verify", "cosim", "replay", "signal", "background")
    content = {name: json.loads((folder / f"{name}.json").read_text()) for name in names}
    for name in ("replay", "signal", "background"):
        del content[name]["candidate_list"]
    plan = json.loads((folder / "firmware" / "plan.json").read_text())
    return {**content, "plan": plan, "seconds": dict(seconds)}


def summary_rows(content: Mapping[str, Any]) -> dict[str, str]:
    """Return the figures of a demo, by name, as they are printed and as the README shows them."""
    cosim, efficiency = content["cosim"], content["signal"]["efficiency"]
    background = content["background"]["background"]
    rows = {
        f"level {row['levels']}": f"{row['outputs']:,} outputs compared, {row['mismatches']} mismatches"
        for row in content["verify"]["comparisons"]
    }
    rows |= {
        f"level 2 integers = 3 RTL, {name}": f"{part['compared']:,} compared, {part['mismatches']} mismatches"
        for name, part in ((name, cosim[name]) for name in ("pixels", "outputs", "records"))
    }
    low, high = efficiency["interval_90"]
    limits = background["interval_90_hz_per_10kt"]
    count = background["candidates"]
    rate = f"below {limits[1]:.0f}" if not count else f"{limits[0]:.0f} to {limits[1]:.0f}"
    seen = f"90 %, {count} seen in {background['exposure_apa_s']:.2f} s of one APA"
    return rows | {
        "clocks per pixel": f"{cosim['clocks_per_pixel']:.4f}, frames back to back",
        "latency of the network": f"{cosim['latency_clk']} clocks, as planned ({content['plan']['latency_clk']})",
        "efficiency": f"{efficiency['efficiency']:.3f} (90 %: {low:.3f} to {high:.3f}), "
        f"{efficiency['found']} of {efficiency['tried']} nu_e CC interactions over nominal background",
        "background rate": f"{rate} Hz per 10 kt ({seen})",
        f"to show {background['target_hz_per_10kt']:g} Hz per 10 kt": (
            f"{background['exposure_needed_apa_s']:,.0f} s of one APA with none seen"
        ),
        "time": f"{sum(content['seconds'].values()) / 60:.1f} minutes",
    }


def _table(rows: Mapping[str, str]) -> Table:
    shown = Table(title="make demo", title_justify="left", show_header=False)
    for name, value in rows.items():
        shown.add_row(name, value)
    return shown


def _markdown(rows: Mapping[str, str]) -> str:
    lines = ["| what | measured |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())]
    return "\n".join(lines) + "\n"
