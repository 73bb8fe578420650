"""`python -m bench` (`make bench`): measures all rows, prints the tables and writes them to files."""

import json
import os
import platform
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markdown import Markdown

from bench.harness import Bench
from bench.results import Report, Row
from bench.rows import calls, cold_start, growth, intake, latency, memory, status, streams, worker
from local.embedded_aws import CREDENTIALS

ROWS: Mapping[str, Callable[[Bench], Row]] = {
    "status-hot": status.hot,
    "status-many": status.many,
    "streams": streams.streams,
    "streams-many": streams.many_streams,
    "worker-steady": worker.steady,
    "worker-backlog": worker.backlogged,
    "worker-intake": intake.intake,
    "latency": latency.visible,
    "calls": calls.bill,
    "cold-start": cold_start.start,
    "memory": memory.memory,
    "growth": growth.growth,
}
PACKAGES = ("fastapi", "uvicorn", "uvloop", "aiobotocore", "boto3")

console = Console(stderr=True)


def machine() -> dict[str, str]:
    """Return date, machine and package versions of this run."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    return {
        "date": _date(),
        "machine": f"{os.cpu_count()} cores, {model}, {platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "packages": ", ".join(f"{package} {version(package)}" for package in PACKAGES),
    }


def _date() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")


def measure(name: str, bench: Bench) -> Row:
    """Measure and return the row; a failed row has an error text, and doesn't stop the others."""
    console.print(f"{name} …", highlight=False)
    date, began_s, load = _date(), time.monotonic(), os.getloadavg()[0]
    try:
        row = ROWS[name](bench)
    except Exception as error:  # noqa: BLE001 -- the outer level: the rows measured before must not be lost
        console.print(traceback.format_exc(), highlight=False, markup=False)
        row = Row(name=name, what=name, error=f"{type(error).__name__}: {error}".splitlines()[0])
    row = replace(row, date=date, took_s=time.monotonic() - began_s, load=load)
    for target in row.targets:
        console.print(
            f"  {target.description}: {target.reached} {'' if target.is_met else '(not reached)'}", highlight=False
        )
    return row


def main(
    *,
    quick: Annotated[bool, typer.Option(help="Use short rounds, to check that everything works.")] = False,
    row: Annotated[list[str] | None, typer.Option(help="Measure only this row; repeatable.")] = None,
    keep: Annotated[bool, typer.Option(help="Keep the other rows of the results in the folder.")] = False,
    memory_s: Annotated[float, typer.Option(help="Seconds of load in the row 'memory'.")] = 60,
    to: Annotated[Path | None, typer.Option(help="Folder for results.json and RESULTS.md.")] = None,
) -> None:
    """Measure this system and simple alternatives; exit with 1 if a row could not be measured."""
    os.environ.update(CREDENTIALS)
    if unknown := set(row or ()) - set(ROWS):
        raise typer.BadParameter(f"no row {', '.join(sorted(unknown))}; the rows are {', '.join(ROWS)}")
    rows: list[Row] = []
    with closing(Bench(quick=quick, memory_s=3 if quick else memory_s)) as bench:
        rows.extend(measure(name, bench) for name in row or ROWS)
    report = Report(machine={**machine(), "rounds": "quick" if quick else "full"}, rows=rows)
    if to is not None:
        to.mkdir(parents=True, exist_ok=True)
        if keep:
            report = Report.from_json(json.loads((to / "results.json").read_text("utf-8"))).updated(report)
        (to / "results.json").write_text(json.dumps(report.as_json(), indent=1, ensure_ascii=False) + "\n", "utf-8")
        (to / "RESULTS.md").write_text(report.as_markdown(), "utf-8")
    Console().print(Markdown(report.as_markdown()))
    print(json.dumps(report.as_json(), ensure_ascii=False))  # noqa: T201
    sys.exit(any(each.error for each in rows))


if __name__ == "__main__":
    typer.run(main)
