"""Malformed message bodies, made from the events of S3 and MediaConvert, and from our own messages.

Fast, and repeatable by seed.
"""

import json
import math
import random
import string
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from transcode.announcement import AnnouncedJob, Announcement
from transcode.announcement_types import AnnouncementType
from transcode.cancel_requested import cancel_requested
from transcode.delete_requested import delete_requested
from transcode.job_requested import job_requested
from transcode.job_view import view_without_job
from transcode.lookup import Lookup
from worker.announce.event_bus import EVENT_SOURCE
from worker.webhooks.webhook_message import WebhookMessage

EVENTS = [path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parents[1].glob("events/*.json"))]
REQUESTED_KEY, BUCKET = "uploads/5e0c/holiday.mp4", "clips-in"
"""The key and the bucket of the requests, as in the events, so that the names are replaced in both."""
REQUESTS = [
    delete_requested(bucket=BUCKET, input_file=REQUESTED_KEY, urls_until_s=1),
    cancel_requested(bucket=BUCKET, input_file=REQUESTED_KEY, job_id=None),
    cancel_requested(bucket=BUCKET, input_file=None, job_id="1763798400123-a1b2c3"),
    job_requested(bucket=BUCKET, key=REQUESTED_KEY, size_bytes=5, etag="e", version_id="v", replaces=None),
]
"""The service's own messages: a deletion, a cancellation, another job."""
ANNOUNCEMENT = Announcement(
    type=AnnouncementType.UPLOAD_DELETED,
    time_s=1_763_798_400,
    content=AnnouncedJob(id="evt_1", owner="me", job=view_without_job(Lookup(input_file=REQUESTED_KEY))),
)
WEBHOOKS = [
    WebhookMessage(webhook_id=ANNOUNCEMENT.id, body=ANNOUNCEMENT.webhook_body()).to_json(),
    WebhookMessage(webhook_id="evt_test", body='{"type": "webhook.test", "data": {}}').to_json(),
]
"""Messages of the webhooks' queues, which can reach another queue by a mistake in a redrive."""
EVENT_OF_OURS = json.dumps(
    {"source": EVENT_SOURCE, "detail-type": "Upload Deleted", "detail": json.loads(ANNOUNCEMENT.detail())}
)
"""Our own announcement, as a rule of EventBridge sends it to a queue."""
FIXTURES = [*EVENTS, *REQUESTS, *WEBHOOKS, EVENT_OF_OURS]
NASTY: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    10**15,
    10**39,
    0.1,
    math.nan,
    math.inf,
    "",
    " ",
    "\x00",
    "\ud83d",
    "a" * 2_000,
    "港" * 400,
    "../..",
    "claim:x",
    "COMPLETE",
    "%",
    "%zz",
    "$dt$",
    [],
    {},
    [None],
    {"": ""},
    "s3://",
)


def bodies(
    count: int, rng: random.Random, *, input_bucket: str, fixtures: Sequence[str] = tuple(FIXTURES)
) -> Iterator[str]:
    """Yield this many bodies: a quarter are valid messages of the bucket, the rest damaged, cut, spliced or random."""
    valid = [text.replace(BUCKET, input_bucket) for text in fixtures]
    for _ in range(count):
        text = _rename(rng.choice(valid), rng)
        match rng.randrange(8):
            case 0 | 1:
                yield text
            case 2 | 3 | 4:
                yield json.dumps(_damage(json.loads(text), rng))
            case 5:
                yield text[: rng.randrange(len(text))]
            case 6:
                yield _splice(text, rng.choice(valid), rng)
            case _:
                yield "".join(rng.choices(string.printable + '{}[]":,\\é\x00', k=rng.randrange(60)))


def _rename(text: str, rng: random.Random) -> str:
    """Give the text's job or object one of 500 names, so that some bodies have the same one."""
    number = rng.randrange(500)
    return text.replace("5e0c", f"fuzz{number}").replace("1763798400123-", f"1763798400{number:03d}-")


def _damage(payload: Any, rng: random.Random) -> Any:  # noqa: ANN401 -- any JSON
    """Change, double or delete one to three places of the payload."""
    for _ in range(rng.randint(1, 3)):
        parent, key = rng.choice(list(_places(payload)) or [(None, None)])
        if parent is None:
            return rng.choice(NASTY)
        match rng.randrange(3):
            case 0:
                del parent[key]
            case 1:
                parent[key] = rng.choice(NASTY)
            case _:
                parent[key] = [parent[key]] * 2
    return payload


def _places(value: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401
    """Yield every place in a JSON value, as its parent and its key there."""
    inner = list(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ())
    for key, child in inner:
        yield value, key
        yield from _places(child)


def _splice(one: str, other: str, rng: random.Random) -> str:
    """Join the beginning of one text and the end of another."""
    return one[: rng.randrange(len(one))] + other[rng.randrange(len(other)) :]
