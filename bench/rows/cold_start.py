"""Row "cold-start": the time of the handler's import and its first request."""

import compileall
import json
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from py_compile import PycInvalidationMode

from bench.harness import Bench
from bench.measured_processes import run_module
from bench.results import Figure, Row, at_most
from deploy.lambda_package import SOURCES
from deploy.package_contents import is_kept, packed
from local.embedded_aws import ROOT

VENV = ROOT / ".venv-bench"
PYTHON = VENV / "bin" / "python"
OURS = ("service", "service_copy", "worker", "worker_copy")
NAMES = {
    "empty_service": "an empty handler that imports fastapi, boto3 and mangum",
    "service": "this service",
    "service_copy": "this service, a copy of a snapshot (SnapStart)",
    "empty_worker": "an empty handler that imports boto3",
    "first_version": "the first version's handler",
    "worker": "this worker",
    "worker_copy": "this worker, a copy of a snapshot (SnapStart)",
}
OUR_VARIABLES = {"PYDANTIC_DISABLE_PLUGINS": "__all__"}
"""The variables of infra/lambda.yaml that concern a start."""
ALLOWED_WORKER = 1.1
ALLOWED_SERVICE = 1.25


def start(bench: Bench) -> Row:
    """Measure new processes with the packages of a Lambda function; ours find only the files of its package."""
    wall: defaultdict[str, list[float]] = defaultdict(list)
    processor: defaultdict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="bench-package-") as folder:
        package, empty = Path(folder) / "package", Path(folder) / "venv"
        _pack(package)
        subprocess.run([PYTHON, "-m", "venv", "--without-pip", empty], check=True)
        for turn in range(1 + (2 if bench.quick else 9)):
            for what in NAMES:
                ours = {"PYTHONPATH": f"{package}:{ROOT}", **OUR_VARIABLES}
                path, python = (ours, empty / "bin" / "python") if what in OURS else ({"PYTHONPATH": str(ROOT)}, PYTHON)
                settings = {**bench.stub_over_https.settings, **path}
                found = json.loads(run_module("bench.cold_start", what, settings=settings, python=str(python)))
                if turn:  # the first round compiles missing bytecode
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
            at_most(
                "service: at most 1.25 times the empty handler",
                _ratio(processor, "service", "empty_service"),
                ALLOWED_SERVICE,
            ),
            at_most(
                "worker: at most 1.1 times the first version's handler",
                _ratio(processor, "worker", "first_version"),
                ALLOWED_WORKER,
            ),
        ],
        limit=(
            "Importing Python modules: botocore, and pydantic, which reads the settings and the messages. An empty "
            "handler opens no client and sends no request. All calls use HTTPS, as those to AWS do."
        ),
    )


def _pack(folder: Path) -> None:
    """Copy the files that `make lambda` packages from this Python's environment, and compile them."""
    (installed,) = VENV.glob("lib/python*/site-packages")
    sources = ((installed, installed), *((ROOT, ROOT / name) for name in SOURCES))
    for root, below in sources:
        for path in below.rglob("*"):
            name = path.relative_to(root).as_posix()
            if path.is_file() and is_kept(name):
                file = packed(name, path.read_bytes())
                (folder / file.path).parent.mkdir(parents=True, exist_ok=True)
                (folder / file.path).write_bytes(file.body)
    unchecked = PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(folder, quiet=2, invalidation_mode=unchecked, workers=1)


def _figures(found: Mapping[str, Sequence[float]], unit: str) -> list[Figure]:
    return [Figure(name=NAMES[what], unit=unit, rounds=values) for what, values in found.items()]


def _ratio(found: Mapping[str, Sequence[float]], ours: str, theirs: str) -> float:
    medians = {what: Figure(name="", unit="", rounds=found[what]).median for what in (ours, theirs)}
    return medians[ours] / medians[theirs]
