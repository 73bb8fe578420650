"""The one place that decides whose fault an exception is. Pure; it knows the exceptions of botocore and of Python.

The worker waits for as long as it takes while the environment is at fault, and gives up a message only for its own
fault (worker/retry.py). The service returns 503 for an outage, and 500 for a defect.
"""

from enum import Enum

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    MetadataRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.parsers import ResponseParserError

THROTTLED_STATUS = 429
SERVER_ERROR_STATUS = 500
DENIED_STATUSES = frozenset({401, 403})

UNAVAILABLE_CODES = frozenset(
    {
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "RequestTimeoutException",
        "SlowDown",
        "TooManyRequestsException",
        "TransactionCanceledException",
        "TransactionInProgressException",
    }
)
"""Codes of errors that pass by themselves although AWS sends them with a 4xx: botocore retries the same ones (its
`retries/standard.py`), but not a canceled transaction, whose causes only its store knows. Every other code with
"Throttl" in it counts too."""

DENIED_CODES = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "ExpiredToken",
        "ExpiredTokenException",
        "ForbiddenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "NoSuchBucket",
        "NonExistentQueue",
        "NotAuthorized",
        "OptInRequired",
        "QueueDoesNotExist",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "ResourceNotFoundException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
"""Codes of errors of the deployment: credentials, policies, clocks, and tables, buckets or queues that don't exist."""


class FailureClass(Enum):
    """The cause of a failed attempt."""

    UNAVAILABLE = "unavailable"
    """An outage, throttling, a broken connection or a timeout: it passes by itself, and any message would meet it."""
    DENIED = "denied"
    """AWS denies access, or the deployment names something that doesn't exist: an operator must repair it."""
    DEFECT = "defect"
    """Everything else, such as a parameter that botocore refuses: this message fails, and others may not."""


def classify(error: BaseException) -> FailureClass:
    """Return the cause of the exception."""
    match error:
        case ClientError():
            return _classify_response(error)
        case (
            NoCredentialsError()
            | PartialCredentialsError()
            | CredentialRetrievalError()
            | TokenRetrievalError()
            | UnauthorizedSSOTokenError()
        ):
            return FailureClass.DENIED
        case (
            BotoConnectionError()
            | HTTPClientError()
            | IncompleteReadError()
            | MetadataRetrievalError()
            | ResponseParserError()
        ):
            # An unparsable response is one that AWS didn't send: a proxy's error page, or half a response.
            return FailureClass.UNAVAILABLE
        case BotoCoreError():
            return FailureClass.DEFECT
        case OSError() | TimeoutError():
            return FailureClass.UNAVAILABLE
        case _:
            return FailureClass.DEFECT


def is_transient(error: BaseException) -> bool:
    """Return whether the same call may succeed later by itself: throttling, a server error, a broken connection."""
    return classify(error) is FailureClass.UNAVAILABLE


def _classify_response(error: ClientError) -> FailureClass:
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    code = str(error.response.get("Error", {}).get("Code", "")).rpartition(".")[2]
    if status == THROTTLED_STATUS or status >= SERVER_ERROR_STATUS:
        return FailureClass.UNAVAILABLE
    if code in UNAVAILABLE_CODES or "Throttl" in code:
        return FailureClass.UNAVAILABLE
    if status in DENIED_STATUSES or code in DENIED_CODES:
        return FailureClass.DENIED
    return FailureClass.DEFECT
