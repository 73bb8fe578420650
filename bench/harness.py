"""The context of all rows: number and length of the rounds, the emulated AWS, the stub, and HTTP load."""

import json
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.bench_aws import BenchAws, emulated_aws, free_port, stub_aws
from bench.certificate import write_certificate
from bench.measured_processes import BenchError, MeasuredProcess, run_module, running_module


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The clients' results of one round, and the server's cost."""

    requests: int
    rate: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    """The server's processor time per request."""
    calls: float
    """The server's AWS calls per request."""


@dataclass(slots=True)
class Bench:
    """One run; `quick` makes it short and imprecise, to check that everything works."""

    quick: bool
    memory_s: float
    opened: ExitStack = field(default_factory=ExitStack)
    _emulator: BenchAws | None = None
    _stub: BenchAws | None = None
    _stub_over_https: BenchAws | None = None

    @property
    def rounds(self) -> int:
        """Number of measurements per figure."""
        return 2 if self.quick else 5

    @property
    def seconds(self) -> float:
        """Length of a round of HTTP load."""
        return 0.5 if self.quick else 3.0

    @property
    def emulator(self) -> BenchAws:
        """The embedded AWS with the pipeline; started at first use."""
        if self._emulator is None:
            self._emulator = self.opened.enter_context(emulated_aws())
        return self._emulator

    @property
    def stub(self) -> BenchAws:
        """The AWS stub, which only sends canned responses; started at first use."""
        if self._stub is None:
            folder = Path(self.opened.enter_context(tempfile.TemporaryDirectory(prefix="bench-stub-")))
            write_certificate(certificate := folder / "certificate.pem")
            settings = {"TLS_PORT": str(free_port()), "TLS_CERTIFICATE": str(certificate)}
            running = running_module("bench.aws_stub", port=free_port(), settings=settings)
            measured = self.opened.enter_context(running)
            self._stub = stub_aws(f"http://127.0.0.1:{measured.port}")
            over_https = stub_aws(f"https://127.0.0.1:{settings['TLS_PORT']}")
            trusted = {**over_https.settings, "AWS_CA_BUNDLE": str(certificate)}
            self._stub_over_https = replace(over_https, settings=trusted)
        return self._stub

    @property
    def stub_over_https(self) -> BenchAws:
        """The same stub at its HTTPS address, as a Lambda function calls AWS."""
        if self._stub_over_https is None:
            _ = self.stub
        assert self._stub_over_https is not None  # noqa: S101 -- opened with the stub
        return self._stub_over_https

    def serve(self, stack: ExitStack, what: str, bench_aws: BenchAws) -> MeasuredProcess:
        """Run an HTTP server, ours or a peer's, until the stack closes."""
        server = running_module("bench.counted_process", what, port=free_port(), settings=bench_aws.settings)
        return stack.enter_context(server)

    def measure_requests(
        self, measured: MeasuredProcess, paths: Sequence[str], *, clients: int = 64, seconds: float | None = None
    ) -> Load:
        """Let clients send requests as fast as the server responds.

        Raises:
            BenchError: a response was not 200, or missing.
        """
        arguments = ("--port", str(measured.port), "--clients", str(clients), "--seconds", str(seconds or self.seconds))
        cpu_s, calls = measured.cpu_s(), sum(measured.calls().values())
        found = json.loads(run_module("bench.http_load", *arguments, stdin="\n".join(paths)))
        if found["failures"] or not found["requests"]:
            raise BenchError(f"{measured.name}: {found['failures']} of {found['requests']} requests failed")
        return Load(
            requests=found["requests"],
            rate=found["rate"],
            p50_ms=found["p50_ms"],
            p99_ms=found["p99_ms"],
            cpu_us=1e6 * (measured.cpu_s() - cpu_s) / found["answered"],
            calls=(sum(measured.calls().values()) - calls) / found["answered"],
        )

    def close(self) -> None:
        """Stop all started processes."""
        self.opened.close()


def wait_for(what: str, is_done: Callable[[], bool], *, deadline_s: float = 120, every_s: float = 0.02) -> None:
    """Wait until `is_done()` is true.

    Raises:
        BenchError: it was not true within the deadline.
    """
    deadline = time.monotonic() + deadline_s
    while not is_done():
        if time.monotonic() > deadline:
            raise BenchError(f"{what}: not within {deadline_s:g} s")
        time.sleep(every_s)
