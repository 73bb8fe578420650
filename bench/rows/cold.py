"""What a cold start costs: the handler's import, and its first request."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence

from bench.harness import Bench
from bench.processes import asked
from bench.results import Figure, Row, at_most
from local.embedded import ROOT

NAMES = {
    "empty_service": "an empty handler that imports fastapi, boto3 and mangum",
    "service": "this service",
    "empty_worker": "an empty handler that imports boto3",
    "first_version": "the first version's handler",
    "worker": "this worker",
}
ALLOWED = 1.1


def start(bench: Bench) -> Row:
    """A new process each time, in an environment that has what a Lambda function has and nothing else."""
    python = str(ROOT / ".venv-bench" / "bin" / "python")
    wall: defaultdict[str, list[float]] = defaultdict(list)
    processor: defaultdict[str, list[float]] = defaultdict(list)
    for turn in range(1 + (2 if bench.quick else 9)):
        for what in NAMES:
            found = json.loads(asked("bench.cold", what, settings=bench.stub.settings, python=python))
            if turn:  # the first compiles
                wall[what].append(found["wall_s"])
                processor[what].append(found["cpu_s"])
    return Row(
        name="cold-start",
        what="Lambda cold start, import and first request",
        figures=[
            *_figures(wall, "s"),
            *_figures(processor, "s of processor"),
        ],
        targets=[
            at_most("service: 1.1 times the empty handler", _ratio(processor, "service", "empty_service"), ALLOWED),
            at_most("worker: 1.1 times the empty handler", _ratio(processor, "worker", "empty_worker"), ALLOWED),
            at_most(
                "worker: 1.1 times the first version's handler", _ratio(processor, "worker", "first_version"), ALLOWED
            ),
        ],
        limit=(
            "Importing Python. aiobotocore brings aiohttp beside all of botocore, which is 0.2 s more than boto3, and "
            "an empty handler opens no client: the model of DynamoDB alone takes as long as a tenth of its start."
        ),
    )


def _figures(found: Mapping[str, Sequence[float]], unit: str) -> list[Figure]:
    return [Figure(name=NAMES[what], unit=unit, rounds=values) for what, values in found.items()]


def _ratio(found: Mapping[str, Sequence[float]], ours: str, theirs: str) -> float:
    middle = {what: Figure(name="", unit="", rounds=found[what]).median for what in (ours, theirs)}
    return middle[ours] / middle[theirs]
