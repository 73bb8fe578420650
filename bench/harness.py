"""What every row works with: how thorough to be, the emulator's world, and the stub's."""

import json
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from bench.bench_aws import World, embedded_world, free_port, stub_world
from bench.measured_processes import BenchError, Measured, asked, running


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What the clients of one round saw, and what it cost the process that they asked."""

    requests: int
    rate: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    """The asked process's processor time for one request."""
    calls: float
    """Its calls to AWS for one request."""


@dataclass(slots=True)
class Bench:
    """One run; `quick` trades precision for time, to see that all of it works."""

    quick: bool
    memory_s: float
    opened: ExitStack = field(default_factory=ExitStack)
    _world: World | None = None
    _stub: World | None = None

    @property
    def rounds(self) -> int:
        """How often each figure is measured."""
        return 2 if self.quick else 5

    @property
    def seconds(self) -> float:
        """How long clients ask in a round."""
        return 0.5 if self.quick else 3.0

    @property
    def world(self) -> World:
        """The embedded AWS with the pipeline; started when it is first needed."""
        if self._world is None:
            self._world = self.opened.enter_context(embedded_world())
        return self._world

    @property
    def stub(self) -> World:
        """The AWS that only answers."""
        if self._stub is None:
            measured = self.opened.enter_context(running("bench.aws_stub", port=free_port()))
            self._stub = stub_world(f"http://127.0.0.1:{measured.port}")
        return self._stub

    def serve(self, stack: ExitStack, what: str, world: World) -> Measured:
        """Run an HTTP server, ours or a peer, until the stack closes."""
        return stack.enter_context(running("bench.counted_process", what, port=free_port(), settings=world.settings))

    def ask(self, measured: Measured, paths: Sequence[str], *, clients: int = 64, seconds: float | None = None) -> Load:
        """Let clients ask a server as fast as it answers.

        Raises:
            BenchError: An answer was not 200, or none came.
        """
        arguments = ("--port", str(measured.port), "--clients", str(clients), "--seconds", str(seconds or self.seconds))
        cpu_s, calls = measured.cpu_s(), sum(measured.calls().values())
        found = json.loads(asked("bench.http_load", *arguments, said="\n".join(paths)))
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
        """Stop everything that was started."""
        self.opened.close()


def wait_for(what: str, is_so: Callable[[], bool], *, deadline_s: float = 120, every_s: float = 0.02) -> None:
    """Return once `is_so()` holds.

    Raises:
        BenchError: It never did.
    """
    deadline = time.monotonic() + deadline_s
    while not is_so():
        if time.monotonic() > deadline:
            raise BenchError(f"{what}: not within {deadline_s:g} s")
        time.sleep(every_s)
