"""The account's queues, and the choice of the job that starts next. Pure: the caller passes the time."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from mediaconvert_emulator.errors import (
    BadRequestException,
    ConflictException,
    NotFoundException,
    TooManyRequestsException,
)
from mediaconvert_emulator.job import Job
from mediaconvert_emulator.json_types import JsonObject

DEFAULT_QUEUE = "Default"
RESERVED, ON_DEMAND = "RESERVED", "ON_DEMAND"


@dataclass(slots=True, kw_only=True)
class Queue:
    """A queue. `concurrent_jobs` is None if only the account's limit applies."""

    name: str
    created_ms: int
    updated_ms: int
    description: str | None = None
    is_paused: bool = False
    concurrent_jobs: int | None = None
    reservation: JsonObject | None = None
    """The reservation plan of a reserved queue; None for an on-demand queue."""

    @property
    def is_system(self) -> bool:
        """True for the queue that AWS makes, and that can't be deleted."""
        return self.name == DEFAULT_QUEUE

    @property
    def max_running(self) -> int | None:
        """The number of jobs that may run at once: one for each reserved slot."""
        return self.reservation["reservedSlots"] if self.reservation else self.concurrent_jobs


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueQuotas:
    """The account's quotas."""

    queues: int
    concurrent_jobs: int


class QueueStore:
    """The queues by name, oldest first."""

    def __init__(self, names: Sequence[str], *, now_ms: int, quotas: QueueQuotas) -> None:
        self.quotas = quotas
        self.queues = {name: Queue(name=name, created_ms=now_ms, updated_ms=now_ms) for name in names}

    @property
    def allocated(self) -> int:
        """The concurrent jobs that on-demand queues have."""
        return sum(queue.concurrent_jobs or 0 for queue in self.queues.values())

    def get(self, name: str) -> Queue:
        """Return the queue.

        Raises:
            NotFoundException: It doesn't exist.
        """
        if name not in self.queues:
            raise NotFoundException(f"No queue {name!r}")
        return self.queues[name]

    def create(self, body: JsonObject, *, now_ms: int) -> Queue:
        """Add a queue.

        Raises:
            ConflictException: A queue of this name exists.
            TooManyRequestsException: The account has its quota of queues, as AWS answers.
            BadRequestException: The settings contradict each other, or exceed the account's concurrent jobs.
        """
        name = body["name"]
        if not name or "/" in name:
            raise BadRequestException("/name: Should be a name without slashes")
        if name in self.queues:
            raise ConflictException(f"The queue {name!r} exists already")
        if len(self.queues) >= self.quotas.queues:
            raise TooManyRequestsException(f"The account has its quota of {self.quotas.queues} queues")
        reservation = _reservation(body)
        queue = Queue(name=name, created_ms=now_ms, updated_ms=now_ms, reservation=reservation)
        self._change(queue, body, now_ms=now_ms)
        self.queues[name] = queue
        return queue

    def update(self, name: str, body: JsonObject, *, now_ms: int) -> Queue:
        """Change a queue.

        Raises:
            NotFoundException: It doesn't exist.
            BadRequestException: The settings contradict each other, or exceed the account's concurrent jobs.
        """
        queue = self.get(name)
        if body.get("reservationPlanSettings") and queue.reservation is None:
            raise BadRequestException("/reservationPlanSettings: The pricing plan of a queue can't change")
        self._change(queue, body, now_ms=now_ms)
        return queue

    def delete(self, name: str, jobs: Sequence[Job]) -> None:
        """Delete a queue.

        Raises:
            NotFoundException: It doesn't exist.
            BadRequestException: It is the default queue.
            ConflictException: It has jobs that are not final.
        """
        queue = self.get(name)
        if queue.is_system:
            raise BadRequestException("The default queue can't be deleted")
        if any(job.queue == name and not job.is_finished for job in jobs):
            raise ConflictException(f"The queue {name!r} has jobs that wait or run")
        del self.queues[name]

    def _change(self, queue: Queue, body: JsonObject, *, now_ms: int) -> None:
        concurrent_jobs = body.get("concurrentJobs")
        if concurrent_jobs is not None:
            if queue.reservation is not None:
                raise BadRequestException("/concurrentJobs: Should only be used for an on-demand queue")
            others = self.allocated - (queue.concurrent_jobs or 0)
            if concurrent_jobs < 1 or others + concurrent_jobs > self.quotas.concurrent_jobs:
                free = self.quotas.concurrent_jobs - others
                raise BadRequestException(f"/concurrentJobs: Should be from 1 to {free}, the account's free jobs")
            queue.concurrent_jobs = concurrent_jobs
        if body.get("status"):
            queue.is_paused = body["status"] == "PAUSED"
        if body.get("description") is not None:
            queue.description = body["description"]
        queue.updated_ms = now_ms


def _reservation(body: JsonObject) -> JsonObject | None:
    plan, settings = body.get("pricingPlan") or ON_DEMAND, body.get("reservationPlanSettings")
    if plan == ON_DEMAND:
        if settings:
            raise BadRequestException("/reservationPlanSettings: Should only be used when pricingPlan is RESERVED")
        return None
    if not settings:
        raise BadRequestException(": reservationPlanSettings is a required property")
    slots = settings.get("reservedSlots")
    if not slots or slots < 1:
        raise BadRequestException("/reservationPlanSettings/reservedSlots: Should be greater than or equal to 1")
    return dict(settings)


@dataclass(slots=True)
class WaitingJobs:
    """The submitted jobs. The next one has the highest priority, and among these waits longest."""

    _jobs: list[tuple[int, Job]] = field(default_factory=list)
    _count: int = 0

    def add(self, job: Job) -> None:
        """Add a job behind all others of its priority."""
        self._count += 1
        self._jobs.append((self._count, job))

    def remove(self, job: Job) -> None:
        """Remove a job, if it waits."""
        self._jobs = [entry for entry in self._jobs if entry[1] is not job]

    def next_job(self, running: Sequence[Job], queues: dict[str, Queue], *, max_running: int) -> Job | None:
        """Return the job to start now, or None: the account or every queue with a waiting job is full or paused."""
        if len(running) >= max_running:
            return None
        counts = Counter(job.queue for job in running)
        ready = [(-job.priority, number, job) for number, job in self._jobs if _has_room(queues.get(job.queue), counts)]
        return min(ready, key=lambda entry: entry[:2])[2] if ready else None


def _has_room(queue: Queue | None, running: Counter[str]) -> bool:
    """Return whether a queue may start a job. A queue that was deleted by force starts none."""
    if queue is None or queue.is_paused:
        return False
    return queue.max_running is None or running[queue.name] < queue.max_running
