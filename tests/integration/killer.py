"""A worker that dies at a chosen call of AWS."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from local.provision import Stack
from tests.integration.process_settings import worker_settings
from tests.integration.waiting_messages import later
from transcode.aws import Aws
from worker.assembly import open_handler, open_intake
from worker.deliveries import DeliveryHandler
from worker.outcomes import Done, Message
from worker.settings import WorkerSettings

LEASE_S = 8


LONGEST_CALL_S = 10
"""A call that gets no response ends without an event of the client."""


class DeathError(BaseException):
    """The worker died. No code catches this exception, as no code catches SIGKILL."""


@dataclass(slots=True)
class Killer:
    """Lets a number of calls pass, and kills the worker before or after the next one."""

    calls_left: int
    is_before: bool
    killed_at: str | None = None
    in_flight: int = 0

    def watch(self, client: Any) -> None:  # noqa: ANN401 -- any service's client
        """Watch each call of the client."""
        client.meta.events.register("before-call", self._before)
        client.meta.events.register("after-call", self._after)

    def _before(self, model: Any, **_: object) -> None:  # noqa: ANN401 -- botocore's
        if self.killed_at is not None:
            raise DeathError  # concurrent calls die with the worker
        self.calls_left -= 1
        if self.calls_left < 0 and self.is_before:
            self._kill(model)
        self.in_flight += 1

    def _after(self, model: Any, **_: object) -> None:  # noqa: ANN401
        self.in_flight -= 1
        if self.killed_at is not None or (self.calls_left < 0 and not self.is_before):
            self._kill(model)

    def _kill(self, model: Any) -> None:  # noqa: ANN401
        self.killed_at = self.killed_at or model.name
        raise DeathError


class WatchedAws:
    """Opens clients whose calls the killer watches."""

    def __init__(self, aws: Aws, killer: Killer) -> None:
        self._aws = aws
        self._executioner = killer

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- a method that opens a client
        async def _open(**arguments: object) -> object:
            client = await getattr(self._aws, name)(**arguments)
            self._executioner.watch(client)
            return client

        return _open


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """A pipeline on which workers start and die."""

    aws: Aws
    stack: Stack
    mediaconvert: str

    def settings(self) -> WorkerSettings:
        """Return the workers' settings."""
        return worker_settings(self.stack, self.mediaconvert).model_copy(update={"claim_lease_s": LEASE_S})

    async def worker(self, killer: Killer | None = None, *, is_intake: bool = False) -> DeliveryHandler:
        """Return a new worker's handler; the killer, if there is one, watches its clients."""
        settings = self.settings()
        watched: Any = WatchedAws(self.aws, killer) if killer else self.aws
        handler = await open_handler(watched, settings)
        return await open_intake(watched, settings, handler) if is_intake else handler

    async def dies_at(self, message: Message, call: int, *, is_before: bool, is_intake: bool = False) -> str | None:
        """Handle the message and die at the given call; return the operation, or None if there were fewer calls."""
        killer = Killer(call, is_before)
        handler = await self.worker(killer, is_intake=is_intake)
        try:
            await handler.handle([message])
        except DeathError:
            until = time.monotonic() + LONGEST_CALL_S
            while killer.in_flight and time.monotonic() < until:  # noqa: ASYNC110 -- concurrent calls end first
                await asyncio.sleep(0.01)
            return killer.killed_at
        return None

    async def finish(self, message: Message) -> DeliveryHandler:
        """Deliver the message until it is done to a new worker, after the dead one's lease; return its handler."""
        handler, deadline_s = later(await self.worker(), LEASE_S + 1), time.monotonic() + 20 * LEASE_S
        while await handler.handle([message]) != {message.message_id: Done()}:
            assert time.monotonic() < deadline_s, f"{message.body} is not done"
            await asyncio.sleep(0.2)
        return handler
