"""A model of submitters before a rate-limited MediaConvert and a fair SQS queue, on a clock of its own. Pure.

The queue follows AWS's documented rule for fair queues. MediaConvert is a token bucket. The decisions are the worker's.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues-detailed.html
"""

import heapq
import itertools
from collections import Counter, deque
from dataclasses import dataclass, field

from worker.submission.pace import BATCHES, Pace
from worker.submission.probe_rule import MAX_TIMEOUT_S, NotProbed, ProbeRule, Unreadable

LATENCY_S = 0.2
NOISY_SHARE = 0.1
NOISY_IN_FLIGHT = 30
RECENT_S = 300.0


@dataclass(slots=True)
class FairQueue:
    """A standard queue: the oldest message first, and messages of quiet tenants before those of noisy ones.

    A tenant is noisy if it has more than 10 % of the messages in flight and at least 30, or more than 10 % of the
    recent processing time, as long as it has a backlog. Without `is_fair`, every message is delivered in order.
    """

    is_fair: bool = True
    waiting: dict[str, deque[tuple[float, int]]] = field(default_factory=dict)
    in_flight: Counter[str] = field(default_factory=Counter)
    processed: deque[tuple[float, str, float]] = field(default_factory=deque)
    times_s: dict[str, float] = field(default_factory=dict)
    """The recent processing time of each tenant."""
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def send(self, tenant: str, *, now_s: float) -> None:
        """Add a message."""
        self.waiting.setdefault(tenant, deque()).append((now_s, next(self.numbers)))

    def __len__(self) -> int:
        """Return the number of visible messages."""
        return sum(map(len, self.waiting.values()))

    def receive(self, limit: int, *, now_s: float) -> list[str]:
        """Return the tenants of up to `limit` messages, which are then in flight."""
        received: list[str] = []
        while len(received) < limit and (tenants := [each for each, queue in self.waiting.items() if queue]):
            noisy = self._noisy(now_s) if self.is_fair else set()
            tenant = min(tenants, key=lambda each: (each in noisy, self.waiting[each][0]))
            self.waiting[tenant].popleft()
            self.in_flight[tenant] += 1
            received.append(tenant)
        return received

    def release(self, tenant: str, *, took_s: float, now_s: float, is_done: bool) -> None:
        """Delete a message, or make it visible again."""
        self.in_flight[tenant] -= 1
        self.processed.append((now_s, tenant, took_s))
        self.times_s[tenant] = self.times_s.get(tenant, 0) + took_s
        if not is_done:
            self.send(tenant, now_s=now_s)

    def _noisy(self, now_s: float) -> set[str]:
        while self.processed and self.processed[0][0] < now_s - RECENT_S:
            _, tenant, took_s = self.processed.popleft()
            self.times_s[tenant] -= took_s
        total_s, total = sum(self.times_s.values()), self.in_flight.total()
        return {
            tenant
            for tenant, queue in self.waiting.items()
            if queue
            and (
                self.times_s.get(tenant, 0) > NOISY_SHARE * total_s
                or (self.in_flight[tenant] >= NOISY_IN_FLIGHT and self.in_flight[tenant] > NOISY_SHARE * total)
            )
        }


@dataclass(slots=True, kw_only=True)
class Result:
    """The number of calls and of jobs, the time of the last job, and the time of each tenant's first job."""

    calls: int = 0
    jobs: int = 0
    end_s: float = 0
    first_s: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Submission:
    """Submitters with a pace each. CreateJob may start `rate_per_s` times a second, and `burst` times at once."""

    rate_per_s: float
    burst: float = 1
    queue: FairQueue = field(default_factory=FairQueue)
    paces: list[Pace] = field(default_factory=lambda: [Pace(start_per_s=2) for _ in range(2)])
    result: Result = field(default_factory=Result)
    outages: list[tuple[float, float]] = field(default_factory=list)
    """Times in which every call is throttled."""
    probe_s: float = 0
    """Seconds until MediaConvert responds to a probe; 0 for no probes. It has a limit of its own."""
    before_s: float = 0
    """Seconds of other calls between the start of an upload's calls and CreateJob."""
    after_s: float = 0
    """Seconds of other calls between CreateJob and the deletion of the message."""
    rule: ProbeRule = field(init=False)
    _unstarted: list[int] = field(init=False)
    """Messages of each submitter whose calls have not started."""
    _in_hand: list[int] = field(init=False)
    """Messages of each submitter that are not handled."""
    _events: list[tuple[float, int, str, int, str, float, float]] = field(default_factory=list)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    _tokens: float = 1
    _refilled_s: float = 0

    def __post_init__(self) -> None:
        """Begin without a pause of the probes."""
        self.rule = ProbeRule(is_on=self.probe_s > 0)
        self._unstarted, self._in_hand = [0] * len(self.paces), [0] * len(self.paces)

    def run(self, arrivals: list[tuple[float, str]]) -> Result:
        """Send a message at each time, and submit all of them."""
        for time_s, tenant in arrivals:
            self._push(time_s, "arrive", -1, tenant)
        while self._events:
            now_s, _, kind, submitter, tenant, received_s, start_s = heapq.heappop(self._events)
            match kind:
                case "arrive":
                    self.queue.send(tenant, now_s=now_s)
                case "start":
                    self._unstarted[submitter] -= 1
                    self._push(now_s + self.before_s, "upload", submitter, tenant, received_s, start_s)
                case "upload" if self.rule.is_due(now_s=now_s):
                    self._push(
                        now_s + min(self.probe_s, MAX_TIMEOUT_S), "probed", submitter, tenant, received_s, start_s
                    )
                case "upload" | "probed":
                    self._record_probe(now_s, is_probed=kind == "probed")
                    kind_of_result = "accepted" if self._call(now_s) else "throttled"
                    self._push(now_s + LATENCY_S, kind_of_result, submitter, tenant, received_s, start_s)
                case "accepted" | "throttled":
                    self._record(now_s, submitter, tenant, start_s, is_accepted=kind == "accepted")
                    done_s = now_s + (self.after_s if kind == "accepted" else 0)
                    self._push(done_s, f"{kind} and handled", submitter, tenant, received_s, start_s)
                case _:
                    self._in_hand[submitter] -= 1
                    is_done = kind == "accepted and handled"
                    self.queue.release(tenant, took_s=now_s - received_s, now_s=now_s, is_done=is_done)
            self._receive_all(now_s)
        return self.result

    def _receive_all(self, now_s: float) -> None:
        for number in range(len(self.paces)):
            if self._may_receive(number) and len(self.queue):
                self._begin(number, now_s)

    def _record_probe(self, now_s: float, *, is_probed: bool) -> None:
        if is_probed:
            slow = NotProbed(error=TimeoutError())
            self.rule.record_probe(slow if self.probe_s >= MAX_TIMEOUT_S else Unreadable(), now_s=now_s)

    def _may_receive(self, submitter: int) -> bool:
        """Return whether the submitter receives a batch now, as worker/gates.py decides."""
        pace, in_hand = self.paces[submitter], self._in_hand[submitter]
        if self._unstarted[submitter] or in_hand > (BATCHES - 1) * pace.batch_size:
            return False
        return pace.is_steady or not in_hand

    def _begin(self, submitter: int, now_s: float) -> None:
        pace = self.paces[submitter]
        batch = self.queue.receive(pace.batch_size, now_s=now_s)
        for tenant in batch:
            start_s = pace.reserve(now_s=now_s)
            self._push(start_s, "start", submitter, tenant, now_s, start_s)
        self._unstarted[submitter] += len(batch)
        self._in_hand[submitter] += len(batch)

    def _record(self, now_s: float, submitter: int, tenant: str, start_s: float, *, is_accepted: bool) -> None:
        if is_accepted:
            self.paces[submitter].record_success(now_s=now_s)
            self.result.jobs += 1
            self.result.end_s = now_s
            self.result.first_s.setdefault(tenant, start_s)
        else:
            self.rule.record_throttled(now_s=now_s)
            self.paces[submitter].record_throttled(started_s=start_s, now_s=now_s)

    def _call(self, now_s: float) -> bool:
        self.result.calls += 1
        self._tokens = min(self.burst, self._tokens + (now_s - self._refilled_s) * self.rate_per_s)
        self._refilled_s = now_s
        if any(begin_s <= now_s < end_s for begin_s, end_s in self.outages) or self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def _push(
        self, time_s: float, kind: str, submitter: int, tenant: str, received_s: float = 0, start_s: float = 0
    ) -> None:
        heapq.heappush(self._events, (time_s, next(self._numbers), kind, submitter, tenant, received_s, start_s))
