"""Correlation ids: their format, how messages and jobs carry them, and which values are dropped."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.message_parsing import LoadMessage
from transcode.correlation import Correlation, parse_correlation, upload_of
from worker.lambda_event import QueueBatches, parse_invocation
from worker.messages.parser import MessageParser
from worker.messages.sanitise import Sanitiser

FULL_CORRELATION = Correlation(
    upload="00112233445566778899aabbccddeeff",
    request_id="0a1b2c3d4e5f",
    trace_parent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    job_created_ms=1_763_798_400_123,
)
ALLOWED = re.compile(r"[A-Za-z0-9 _.:/=+\-@]*")
"""The characters that MediaConvert accepts in user metadata."""


def test_user_metadata_carries_the_complete_correlation() -> None:
    """Each event of a job returns the user metadata that the job was created with."""
    assert parse_correlation(FULL_CORRELATION.as_user_metadata()) == FULL_CORRELATION


def test_message_attributes_carry_what_the_input_file_does_not() -> None:
    """The upload's id comes from the input file's key; message attributes carry the other ids."""
    input_file = f"uploads/{FULL_CORRELATION.upload}/a.mp4"
    parsed = parse_correlation(FULL_CORRELATION.as_message_attributes(), input_file=input_file)
    assert (parsed.upload, parsed.request_id, parsed.trace_parent) == (
        FULL_CORRELATION.upload,
        FULL_CORRELATION.request_id,
        FULL_CORRELATION.trace_parent,
    )


@given(st.text(max_size=80))
def test_every_input_file_has_a_stable_upload_id(input_file: str) -> None:
    """The id is hexadecimal and deterministic, so both processes derive the same one."""
    assert re.fullmatch(r"[0-9a-f]{16,64}", upload_of(input_file))
    assert upload_of(input_file) == upload_of(input_file)


@given(st.dictionaries(st.sampled_from(["Upload", "RequestId", "traceparent", "Made"]), st.text(max_size=200)))
def test_a_value_that_is_not_shaped_like_an_id_is_left_out(carried: dict[str, str]) -> None:
    """Text that a stranger puts on a message never reaches a log or MediaConvert."""
    metadata = parse_correlation(carried).as_user_metadata()
    assert all(ALLOWED.fullmatch(value) and len(value) <= 128 for value in metadata.values())
    assert set(metadata) <= set(carried)


@pytest.mark.parametrize("metadata", [{}, {"Upload": FULL_CORRELATION.upload, "Made": "1763798400123"}])
def test_a_job_event_yields_the_correlation_of_its_job(metadata: dict[str, str], load_message: LoadMessage) -> None:
    """A job that an older version created has no correlation, and its events are handled too."""
    event = load_message("job_status_update")
    bucket = event["detail"]["userMetadata"]["InputBucket"]
    event["detail"]["userMetadata"] |= metadata
    reader = MessageParser(input_bucket=bucket, upload_prefix="uploads/", sanitiser=Sanitiser(secrets=()))
    (parsed,) = reader.parse(json.dumps(event))
    assert parsed.correlation == (
        Correlation(upload=FULL_CORRELATION.upload, job_created_ms=FULL_CORRELATION.job_created_ms)
        if metadata
        else Correlation()
    )


def test_a_lambda_invocation_keeps_message_attributes_and_sent_time() -> None:
    """A message from a Lambda invocation has its attributes and the time since it was sent."""
    record = {
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:111122223333:uploads",
        "messageId": "m1",
        "body": "{}",
        "receiptHandle": "r1",
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1763798400123", "MessageGroupId": "g"},
        "messageAttributes": {"RequestId": {"stringValue": FULL_CORRELATION.request_id, "dataType": "String"}},
    }
    invoked = parse_invocation({"Records": [record]}, request_id="i1")
    assert isinstance(invoked, QueueBatches)
    (message,) = invoked.batches["uploads"]
    assert parse_correlation(message.attributes).request_id == FULL_CORRELATION.request_id
    assert (message.waited_ms(1_763_798_401), message.group) == (877, "g")
