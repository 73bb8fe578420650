"""Fourteen days of outages, deaths and defects, on the worker's own decisions and SQS's documented rules.

The clock is the test's own. The code is the worker's, except for the calls to AWS: each of those fails or succeeds as
the hour decides. The queues are those of infra/pipeline.yaml.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import structlog
from botocore.exceptions import ClientError, EndpointConnectionError, ParamValidationError, ReadTimeoutError

from local import cloudformation_template as templates
from local.provision import pipeline_template
from tests.sqs_model import SqsModel, StoredMessage
from transcode.job import Failure
from worker.batch import BatchHandler
from worker.deliveries import DeliveryHandler
from worker.messages.events import ObjectCreated
from worker.messages.parser import MessageParser
from worker.messages.sanitise import Sanitiser
from worker.outcomes import Done, GiveUp, Message, Outcome, Retry, Verdict
from worker.retry import MAX_DELIVERIES, DeliveryNote, RetryRule
from worker.settings import WorkerSettings

HOUR_S = 3_600
DAY_S = 24 * HOUR_S
BEGIN_MS = 1_900_000_000_000
TEMPLATE = templates.parse(pipeline_template())


class DeathError(BaseException):
    """The worker is killed: nothing catches this, as nothing catches SIGKILL."""


def response(status: int, code: str) -> ClientError:
    """Return botocore's exception for an error response."""
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "call")  # type: ignore[typeddict-item]


ERRORS: Mapping[str, Exception] = {
    "429": response(429, "TooManyRequestsException"),
    "500": response(500, "InternalServerErrorException"),
    "denied": response(403, "ForbiddenException"),
    "no connection": EndpointConnectionError(endpoint_url="https://aws"),
    "timeout": ReadTimeoutError(endpoint_url="https://aws"),
}


@dataclass(slots=True, kw_only=True)
class Hours:
    """Seconds since the beginning, and which part of AWS fails at which time."""

    now_s: float = 0
    mediaconvert: tuple[float, float] = (0, 0)
    dynamodb: tuple[float, float] = (0, 0)
    error: Exception = field(default_factory=lambda: ERRORS["500"])

    def call(self, *services: str) -> None:
        """Raise the error if one of the services is unavailable now."""
        for service in services:
            begin_s, end_s = getattr(self, service)
            if begin_s <= self.now_s < end_s:
                raise self.error


def outage(service: str, begin_s: float, end_s: float, error: Exception) -> Hours:
    """Return hours in which the service is unavailable for a while."""
    hours = Hours(error=error)
    setattr(hours, service, (begin_s, end_s))
    return hours


class Notes:
    """The notes in memory, unavailable when DynamoDB is."""

    def __init__(self, hours: Hours) -> None:
        self._hours = hours
        self._rows: dict[str, DeliveryNote] = {}

    async def begin(self, message: Message, *, now_ms: int) -> DeliveryNote:
        """Count a delivery."""
        del now_ms
        note = self._row(message)
        return self._write(
            message,
            DeliveryNote(open_deliveries=note.open_deliveries + 1, failures=note.failures, alone_ms=note.alone_ms),
        )

    async def begin_alone(self, message: Message, *, now_ms: int) -> bool:
        """Set the time."""
        note = self._row(message)
        alone = DeliveryNote(open_deliveries=note.open_deliveries, failures=note.failures, alone_ms=now_ms)
        self._write(message, alone)
        return note.alone_ms is None

    async def end(self, message: Message, *, now_ms: int) -> DeliveryNote:
        """Keep the failures only."""
        del now_ms
        return self._write(message, DeliveryNote(failures=self._row(message).failures))

    async def fail(self, message: Message, *, now_ms: int) -> DeliveryNote:
        """Count a failure."""
        del now_ms
        return self._write(message, DeliveryNote(failures=self._row(message).failures + 1))

    async def clear(self, message: Message, *, now_ms: int) -> None:
        """Forget everything."""
        del now_ms
        self._write(message, DeliveryNote())

    def _row(self, message: Message) -> DeliveryNote:
        return self._rows.get(message.body, DeliveryNote())

    def _write(self, message: Message, note: DeliveryNote) -> DeliveryNote:
        self._hours.call("dynamodb")
        self._rows[message.body] = note
        return note


@dataclass(slots=True)
class Submitter:
    """Creates jobs while DynamoDB and MediaConvert are available. Some files kill the worker, others meet a defect."""

    hours: Hours
    submitted: dict[str, float] = field(default_factory=dict)
    ended: dict[str, Failure] = field(default_factory=dict)

    async def submit(self, upload: ObjectCreated, message: Message) -> Verdict:
        """Create the job."""
        del message
        if "killer" in upload.input_file:
            raise DeathError
        if "defect" in upload.input_file:
            raise ParamValidationError(report="Invalid type for parameter")
        self.hours.call("dynamodb", "mediaconvert")
        self.submitted.setdefault(upload.input_file, self.hours.now_s)
        return Done()

    async def give_up(self, upload: ObjectCreated, failure: Failure, message: Message) -> None:
        """Record the end."""
        del message
        self.hours.call("dynamodb")
        self.ended[upload.input_file] = failure


class World:
    """Queues, a worker, and the hours."""

    def __init__(self, hours: Hours | None = None) -> None:
        self.hours = hours or Hours()
        self.submitter = Submitter(self.hours)
        self.dead = SqsModel(visibility_timeout_ms=30_000, retention_ms=_retention_ms("UploadsDeadLetterQueue"))
        self.queue = SqsModel(
            visibility_timeout_ms=TEMPLATE["Parameters"]["VisibilityTimeoutS"]["Default"] * 1000,
            retention_ms=_retention_ms("UploadsQueue"),
            max_receive_count=TEMPLATE["Parameters"]["MaxReceiveCount"]["Default"],
            dead_letters=self.dead,
        )
        self.deliveries = 0
        submitter: Any = self.submitter
        notes: Any = Notes(self.hours)
        unused: Any = None
        parser = MessageParser(input_bucket="in", upload_prefix="uploads/", sanitiser=Sanitiser(secrets=()))
        self.handler = DeliveryHandler(
            batch=BatchHandler(parser=parser, submitter=submitter, applier=unused, canceller=unused, deleter=unused),
            notes=notes,
            rule=RetryRule(give_up_after_s=WorkerSettings.model_fields["give_up_after_s"].default),
            clock=lambda: self.now_ms / 1000,
        )

    @property
    def now_ms(self) -> int:
        """Return the time."""
        return BEGIN_MS + round(self.hours.now_s * 1000)

    def upload(self, name: str, *, at_s: float) -> None:
        """Send S3's event of an upload."""
        detail = {"bucket": {"name": "in"}, "object": {"key": f"uploads/{name}/a.mp4", "size": 5, "version-id": "1"}}
        body = json.dumps({"detail-type": "Object Created", "detail": detail})
        self.queue.send(body, now_ms=BEGIN_MS + round(at_s * 1000))

    async def run(self, *, until_s: float) -> None:
        """Let workers handle messages until the time, each batch as soon as it is visible."""
        while (next_ms := self.queue.next_ms()) is not None and next_ms <= BEGIN_MS + until_s * 1000:
            self.hours.now_s = max(self.hours.now_s, (next_ms - BEGIN_MS) / 1000)
            received = [_message(each) for each in self.queue.receive(now_ms=self.now_ms)]
            self.deliveries += len(received)
            try:
                await self._handle(received)
            except DeathError:
                continue  # another worker receives the messages after the visibility timeout
        self.hours.now_s = until_s

    async def _handle(self, messages: list[Message]) -> None:
        screening = await self.handler.screen(messages)
        outcomes = {**screening.outcomes, **await self.handler.handle(screening.ready)}
        for message in messages:
            if message.message_id in outcomes:
                self._apply(message, outcomes[message.message_id])
        for suspect in screening.suspects:
            self._apply(suspect, (await self.handler.handle_alone(suspect))[suspect.message_id])

    def _apply(self, message: Message, outcome: Outcome) -> None:
        match outcome:
            case Done():
                self.queue.delete(message.message_id)
            case Retry(delay_s=delay_s):
                self.queue.change_visibility(message.message_id, delay_s, now_ms=self.now_ms)
            case GiveUp(reason=reason):
                self.dead.send(message.body, now_ms=self.now_ms, attributes={"Reason": reason})
                self.queue.delete(message.message_id)


def _retention_ms(queue: str) -> int:
    return int(TEMPLATE["Resources"][queue]["Properties"]["MessageRetentionPeriod"]) * 1000


def _message(stored: StoredMessage) -> Message:
    return Message(
        message_id=stored.message_id,
        body=stored.body,
        deliveries=stored.receives,
        attributes=stored.attributes,
        sent_ms=stored.sent_ms,
    )


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Log nothing: tens of thousands of deliveries fail here."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50), cache_logger_on_first_use=False)
    yield
    structlog.configure(**before)


@pytest.fixture
def spread_over() -> Callable[[World, int, float], None]:
    """Return a function that uploads so many files, evenly over the seconds."""

    def _spread_over(world: World, count: int, seconds: float) -> None:
        for number in range(count):
            world.upload(f"{number:04d}", at_s=number * seconds / count)

    return _spread_over


@pytest.mark.parametrize(
    ("service", "error"),
    [*(("mediaconvert", error) for error in ERRORS), ("dynamodb", "timeout"), ("dynamodb", "denied")],
)
async def test_an_outage_of_24_hours_costs_time_and_nothing_else(
    spread_over: Callable[[World, int, float], None], service: str, error: str
) -> None:
    """Every upload gets its job within 38 minutes of the end, and no message goes to the dead-letter queue."""
    world = World(outage(service, HOUR_S, 25 * HOUR_S, ERRORS[error]))
    spread_over(world, 50, 25 * HOUR_S)
    await world.run(until_s=14 * DAY_S)
    assert len(world.submitter.submitted) == 50
    assert (world.dead.messages, world.queue.messages, world.queue.lost) == ({}, {}, [])
    assert max(world.submitter.submitted.values()) < 25 * HOUR_S + 38 * 60
    assert world.deliveries < 50 * 60


async def test_an_hour_without_outage_costs_one_delivery_for_each_upload(
    spread_over: Callable[[World, int, float], None],
) -> None:
    """The bookkeeping of later deliveries costs nothing then."""
    world = World()
    spread_over(world, 500, HOUR_S)
    await world.run(until_s=DAY_S)
    assert (len(world.submitter.submitted), world.deliveries) == (500, 500)


@pytest.mark.parametrize("service", ["mediaconvert", "dynamodb"])
async def test_an_outage_of_14_days_loses_nothing(
    spread_over: Callable[[World, int, float], None], service: str
) -> None:
    """The worker itself sends each upload to the dead-letter queue, where SQS keeps it for 14 new days."""
    world = World(outage(service, 0, 14 * DAY_S, ERRORS["500"]))
    spread_over(world, 8, HOUR_S)
    await world.run(until_s=14 * DAY_S)
    letters = world.dead.messages.values()
    assert len(letters) == 8
    assert (world.queue.messages, world.queue.lost, world.queue.moved) == ({}, [], [])
    assert all("it waited 12 days" in letter.attributes["Reason"] for letter in letters) == (service == "mediaconvert")
    assert all(12 * DAY_S <= (letter.sent_ms - BEGIN_MS) / 1000 < 13.2 * DAY_S for letter in letters)
    assert world.deliveries / 8 < MAX_DELIVERIES
    assert len(world.submitter.ended) == (8 if service == "mediaconvert" else 0)


async def test_workers_that_are_away_for_13_days_handle_what_waited(
    spread_over: Callable[[World, int, float], None],
) -> None:
    """An old message gets its attempt before anyone gives it up."""
    world = World()
    spread_over(world, 20, HOUR_S)
    world.hours.now_s = 13 * DAY_S
    await world.run(until_s=14 * DAY_S)
    assert len(world.submitter.submitted) == 20
    assert world.dead.messages == {}


async def test_an_upload_that_kills_workers_takes_no_other_with_it() -> None:
    """It alone ends in the dead-letter queue, after five deaths in company and one alone."""
    world = World()
    for number in range(9):
        world.upload(f"beside-{number}", at_s=0)
    world.upload("killer", at_s=0)
    await world.run(until_s=HOUR_S)
    (letter,) = world.dead.messages.values()
    assert "killer" in letter.body
    assert "killed" in letter.attributes["Reason"]
    assert len(world.submitter.submitted) == 9
    assert world.queue.messages == {}


async def test_killers_among_many_uploads_end_and_all_others_are_submitted() -> None:
    """Several killers in one batch, and more uploads than a batch holds."""
    world = World()
    for number in range(60):
        world.upload(f"killer-{number}" if number % 20 == 7 else f"upload-{number}", at_s=number % 3)
    await world.run(until_s=DAY_S)
    assert len(world.dead.messages) == 3
    assert all("killer" in letter.body for letter in world.dead.messages.values())
    assert len(world.submitter.submitted) == 57


async def test_a_defect_ends_its_upload_within_about_an_hour_and_shows_it() -> None:
    """An outage in between doesn't count, and the other uploads of its batches are submitted."""
    world = World()
    world.upload("defect", at_s=0)
    world.upload("other", at_s=0)
    await world.run(until_s=HOUR_S * 2)
    (letter,) = world.dead.messages.values()
    assert "5 attempts failed" in letter.attributes["Reason"]
    assert 0.6 * HOUR_S < (letter.sent_ms - BEGIN_MS) / 1000 < 1.2 * HOUR_S
    assert world.submitter.ended["uploads/defect/a.mp4"].code == 500
    assert list(world.submitter.submitted) == ["uploads/other/a.mp4"]
