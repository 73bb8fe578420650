"""The Python client's exceptions: each has a code, and none has a secret."""

import httpx
import pytest

from mediaconvert_status_client.errors import api_error, storage_error, unreachable_error
from mediaconvert_status_client.tokens import BearerAuth

SIGNED = "https://bucket.s3.amazonaws.com/uploads/a.mp4?X-Amz-Signature=secret"
XML = "<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>Request has\nexpired</Message></Error>"


def response(status: int, *, text: str, **headers: str) -> httpx.Response:
    """Return the response to a request with a signed URL."""
    return httpx.Response(status, text=text, headers=headers, request=httpx.Request("PUT", SIGNED))


def test_an_error_of_s3_is_not_reported_as_the_apis() -> None:
    """Its code is the client's own, and S3's code is beside it."""
    error = storage_error(response(403, text=XML))
    assert (error.code, error.s3_code, error.status) == ("storage_refused", "AccessDenied", 403)
    assert not error.is_temporary
    assert str(error).endswith("responded 403: AccessDenied: Request has expired")


@pytest.mark.parametrize(
    ("text", "code", "detail"),
    [
        ('{"code": "aws_unavailable", "detail": "Wait."}', "aws_unavailable", "Wait."),
        ('{"code": "invalid", "detail": "No.", "errors": [{"loc": "x"}]}', "invalid", "No."),
        ("<html>Bad gateway</html>", "http_503", "<html>Bad gateway</html>"),
        ("[1]", "http_503", "[1]"),
        ('{"code": 5}', "http_503", "{'code': 5}"),
    ],
)
def test_an_error_of_the_api_has_its_code(text: str, code: str, detail: str) -> None:
    """A proxy's error has a code made of the status."""
    error = api_error(response(503, text=text, **{"Retry-After": "7"}))
    assert (error.code, error.retry_after_s, error.is_temporary) == (code, 7, True)
    assert str(error).endswith(f"responded 503: {detail}")


def test_no_message_has_the_signature_of_a_url() -> None:
    """Logs keep messages."""
    errors = [
        storage_error(response(403, text=XML)),
        api_error(response(500, text="x")),
        unreachable_error(httpx.ConnectError("refused"), SIGNED),
    ]
    assert not [each for each in errors if "secret" in str(each)]


async def test_a_refused_token_is_replaced_once() -> None:
    """The function is called before the first request and after a refusal, and never for each request."""
    tokens, sent = iter(["old", "new", "newest"]), []

    async def next_token() -> str:
        return next(tokens)

    def reply(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers["Authorization"])
        return httpx.Response(401 if sent[-1] == "Bearer old" else 200)

    auth = BearerAuth(next_token)
    async with httpx.AsyncClient(auth=auth, transport=httpx.MockTransport(reply)) as api:
        assert [(await api.get("http://api/")).status_code for _ in range(2)] == [200, 200]
    assert sent == ["Bearer old", "Bearer new", "Bearer new"]


async def test_a_refused_text_is_not_repeated() -> None:
    """There is no other token."""
    sent = []

    def reply(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(401)

    async with httpx.AsyncClient(auth=BearerAuth("t"), transport=httpx.MockTransport(reply)) as api:
        assert (await api.get("http://api/")).status_code == 401
    assert len(sent) == 1
