"""The ids that follow one upload: what they are, how they travel, and what is left out on the way."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcode.correlation import Correlation, correlation_of, upload_of
from worker.lambda_event import FromQueues, read_invocation
from worker.messages.parser import MessageParser
from worker.messages.sanitise import Sanitiser

WHOLE = Correlation(
    upload="00112233445566778899aabbccddeeff",
    request_id="0a1b2c3d4e5f",
    trace_parent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    made_ms=1_763_798_400_123,
)
ALLOWED = re.compile(r"[A-Za-z0-9 _.:/=+\-@]*")
"""What MediaConvert takes in user metadata."""


def test_user_metadata_carries_the_whole_trail() -> None:
    """What a job is made with comes back in each of its events."""
    assert correlation_of(WHOLE.as_user_metadata()) == WHOLE


def test_a_message_carries_what_its_body_does_not_say() -> None:
    """The upload's id is that of its key; the rest are attributes."""
    input_file = f"uploads/{WHOLE.upload}/a.mp4"
    parsed = correlation_of(WHOLE.as_message_attributes(), input_file=input_file)
    assert (parsed.upload, parsed.request_id, parsed.trace_parent) == (
        WHOLE.upload,
        WHOLE.request_id,
        WHOLE.trace_parent,
    )


@given(st.text(max_size=80))
def test_an_upload_has_an_id_whatever_its_key(input_file: str) -> None:
    """Hexadecimal digits, the same each time, so that both processes name it alike."""
    assert re.fullmatch(r"[0-9a-f]{16,64}", upload_of(input_file))
    assert upload_of(input_file) == upload_of(input_file)


@given(st.dictionaries(st.sampled_from(["Upload", "RequestId", "traceparent", "Made"]), st.text(max_size=200)))
def test_what_is_not_in_the_shape_of_an_id_is_left_out(carried: dict[str, str]) -> None:
    """Nothing that a stranger writes on a message reaches a log, or MediaConvert, but ids."""
    metadata = correlation_of(carried).as_user_metadata()
    assert all(ALLOWED.fullmatch(value) and len(value) <= 128 for value in metadata.values())
    assert set(metadata) <= set(carried)


@pytest.mark.parametrize("named", [{}, {"Upload": WHOLE.upload, "Made": "1763798400123"}])
def test_a_jobs_event_tells_its_trail_where_the_job_has_one(named: dict[str, str], message: Any) -> None:  # noqa: ANN401 -- a fixture's function
    """A job that an older version made has none, and is handled all the same."""
    event = message("job_status_update")
    bucket = event["detail"]["userMetadata"]["InputBucket"]
    event["detail"]["userMetadata"] |= named
    reader = MessageParser(input_bucket=bucket, upload_prefix="uploads/", sanitiser=Sanitiser(secrets=()))
    (parsed,) = reader.parse(json.dumps(event))
    assert parsed.correlation == (Correlation(upload=WHOLE.upload, made_ms=WHOLE.made_ms) if named else Correlation())


def test_lambda_hands_over_what_came_with_a_message() -> None:
    """Its attributes, and when it was sent."""
    record = {
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:111122223333:uploads",
        "messageId": "m1",
        "body": "{}",
        "receiptHandle": "r1",
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1763798400123"},
        "messageAttributes": {"RequestId": {"stringValue": WHOLE.request_id, "dataType": "String"}},
    }
    invoked = read_invocation({"Records": [record]}, request_id="i1")
    assert isinstance(invoked, FromQueues)
    (message,) = invoked.batches["uploads"]
    assert correlation_of(message.attributes).request_id == WHOLE.request_id
    assert message.waited_ms(1_763_798_401) == 877
