"""The causes of failures: the environment's fault, the deployment's, or ours."""

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError

from transcode.failures import FailureClass, classify, is_transient

UNAVAILABLE, DENIED, DEFECT = FailureClass


def response(status: int, code: str = "") -> ClientError:
    """Return botocore's exception for an error response."""
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "CreateJob")  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (response(429, "TooManyRequestsException"), UNAVAILABLE),
        (response(500, "InternalServerErrorException"), UNAVAILABLE),
        (response(503, "SlowDown"), UNAVAILABLE),
        (response(504), UNAVAILABLE),
        (response(400, "ThrottlingException"), UNAVAILABLE),
        (response(400, "ProvisionedThroughputExceededException"), UNAVAILABLE),
        (response(400, "RequestTimeout"), UNAVAILABLE),
        (response(400, "AccessDeniedException"), DENIED),
        (response(400, "ExpiredTokenException"), DENIED),
        (response(400, "ResourceNotFoundException"), DENIED),
        (response(400, "AWS.SimpleQueueService.NonExistentQueue"), DENIED),
        (response(403, "ForbiddenException"), DENIED),
        (response(403, "AccessDenied"), DENIED),
        (response(404, "NoSuchBucket"), DENIED),
        (NoCredentialsError(), DENIED),
        (response(400, "ValidationException"), DEFECT),
        (response(400, "BadRequestException"), DEFECT),
        (response(404, "NoSuchKey"), DEFECT),
        (EndpointConnectionError(endpoint_url="http://a"), UNAVAILABLE),
        (ConnectTimeoutError(endpoint_url="http://a"), UNAVAILABLE),
        (ReadTimeoutError(endpoint_url="http://a"), UNAVAILABLE),
        (ConnectionClosedError(endpoint_url="http://a"), UNAVAILABLE),
        (HTTPClientError(error="reset"), UNAVAILABLE),
        (IncompleteReadError(actual_bytes=1, expected_bytes=2), UNAVAILABLE),
        (ResponseParserError("<html>"), UNAVAILABLE),
        (TimeoutError(), UNAVAILABLE),
        (ConnectionResetError(), UNAVAILABLE),
        (ParamValidationError(report="Invalid type for parameter"), DEFECT),
        (BotoCoreError(), DEFECT),
        (KeyError("jobId"), DEFECT),
        (AssertionError(), DEFECT),
    ],
    ids=repr,
)
def test_the_cause_of_a_failure(error: Exception, cause: FailureClass) -> None:
    """A message waits while the environment or the deployment is at fault, and fails for a defect only."""
    assert classify(error) is cause
    assert is_transient(error) is (cause is UNAVAILABLE)
