"""The commands of ``hls``: thin functions that parse, call the library and print one summary."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import typer


def convert(
    model: Path = typer.Argument(
        ..., help="folder that train wrote, or a .keras / .h5 file of a QKeras model"
    ),
    output: Path = typer.Option(..., "--output", "-o", help="firmware folder to write"),
    rows: int = typer.Option(0, help="rows of the image, where it is not the model's own"),
    columns: int = typer.Option(0, help="columns of the image, where it is not the model's own"),
    hls_config: Path | None = typer.Option(
        None, help="hls4ml's configuration as YAML or JSON: result precisions, reuse factors, softmax"
    ),
    continuous: bool = typer.Option(False, help="RTL for rows without end, instead of frames"),
) -> None:
    """Convert a trained model into an hls4ml project, network.json and streaming RTL.

    Example: lartrig convert model/ -o firmware/
    """
    from hls.convert import convert as library_convert
    from hls.plan import table as plan_table
    from streams.console import console, table
    from streams.errors import ConfigError

    if (rows == 0) != (columns == 0) or rows < 0 or columns < 0:
        raise ConfigError(f"got --rows {rows} --columns {columns}, want both, at least 1")
    image = (rows, columns) if rows else None
    made = library_convert(model, output, image=image, hls_config=hls_config, continuous=continuous)
    spec = made.spec
    names = [node.name for node in spec.inputs], spec.outputs
    console.print(
        table(
            f"converted into {output}",
            {
                **{f"input {n}": f"{spec.shape(n)}, {spec.number(n).width} bit" for n in names[0]},
                **{f"output {n}": f"{spec.shape(n)}, {spec.number(n).width} bit" for n in names[1]},
                "layers": len(spec.layers),
                **{f"seconds, {name}": value for name, value in made.seconds.items()},
            },
        )
    )
    console.print(plan_table(made.plan))


def verify(
    firmware: Path = typer.Argument(..., help="folder that convert wrote"),
    outputs: int = typer.Option(100_000, help="network outputs to compare, at least"),
    seed: int = typer.Option(1, help="seed of the random images"),
    report: Path | None = typer.Option(None, help="JSON file to write the result to"),
) -> None:
    """Prove QKeras (float64) = hls4ml C simulation = integer network, output by output.

    Example: lartrig verify firmware/
    """
    from rich.table import Table

    from hls.verify import verify as library_verify
    from streams.console import console
    from streams.errors import ConfigError, UserError

    if outputs < 1:
        raise ConfigError(f"got --outputs {outputs}, want at least 1")
    found = library_verify(firmware, outputs=outputs, seed=seed)
    shown = Table(
        title=f"{found.images} images ({found.validation_images} of the model's), seed {seed}",
        title_justify="left",
    )
    for heading in ("levels", "outputs compared", "mismatches"):
        shown.add_column(heading)
    for row in found.comparisons:
        shown.add_row(row.levels, str(row.outputs), str(row.mismatches))
    console.print(shown)
    for note in found.notes:
        console.print(note)
    if report is not None:
        report.write_text(json.dumps(asdict(found), indent=2) + "\n")
    if found.mismatches:
        first = next(row for row in found.comparisons if row.mismatches)
        raise UserError(
            f"levels {first.levels}: {first.mismatches} of {first.outputs} outputs differ; {first.difference}"
        )
