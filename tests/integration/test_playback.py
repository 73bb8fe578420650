"""Playback serves the output bucket as a browser's player needs it, over HTTP, from a real bucket."""

import asyncio
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from urllib.parse import quote

import aioboto3
import httpx
import pytest

from local.provision import Stack

BODY = bytes(range(256)) * 40
ORIGIN = {"Origin": "http://localhost:5173"}


@pytest.fixture(scope="module")
def player(stack: Stack, free_port: Callable[[], int]) -> Iterator[httpx.Client]:
    """An HTTP client of a playback process."""
    port = free_port()
    environment = {
        "OUTPUT_BUCKET": stack.output_bucket,
        "AWS_ENDPOINT_URL": stack.endpoint_url,
        "PLAYBACK_PORT": str(port),
    }
    server = subprocess.Popen([sys.executable, "-m", "local.playback_server"], env={**os.environ, **environment})
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, headers=ORIGIN) as client:
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline and server.poll() is None:
                with suppress(httpx.TransportError):
                    client.get("/healthz").raise_for_status()
                    break
                time.sleep(0.05)
            yield client
    finally:
        server.terminate()
        assert server.wait(10) in {0, -15}


@pytest.fixture
def key(stack: Stack) -> str:
    """The key of an object of 10,240 bytes."""
    key = f"uploads/{uuid.uuid4().hex}/segment.ts"
    _put(stack, key, BODY)
    return key


def _put(stack: Stack, key: str, body: bytes, *, bucket: str | None = None) -> None:
    async def _put_object() -> None:
        async with aioboto3.Session().client("s3", endpoint_url=stack.endpoint_url) as s3:
            await s3.put_object(Bucket=bucket or stack.output_bucket, Key=key, Body=body)

    asyncio.run(_put_object())


def test_an_object_is_served_whole_with_its_type(player: httpx.Client, key: str) -> None:
    """Bytes, length, type, validators, and Accept-Ranges."""
    response = player.get(f"/{key}")
    assert (response.status_code, response.content) == (200, BODY)
    assert response.headers["content-type"] == "video/mp2t"
    assert response.headers["content-length"] == str(len(BODY))
    assert response.headers["accept-ranges"] == "bytes"
    assert {"etag", "last-modified", "cache-control"} <= set(response.headers)


def test_head_is_get_without_its_body(player: httpx.Client, key: str) -> None:
    """The same headers; a player gets the length from them."""
    head, get = player.head(f"/{key}"), player.get(f"/{key}")
    names = ("content-length", "content-type", "etag", "last-modified", "accept-ranges")
    assert (head.status_code, head.content) == (200, b"")
    assert [head.headers[name] for name in names] == [get.headers[name] for name in names]


@pytest.mark.parametrize(
    ("range_header", "part"),
    [
        ("bytes=0-9", slice(0, 10)),
        ("bytes=10000-", slice(10000, None)),
        ("bytes=-4", slice(-4, None)),
        ("bytes=10000-99999", slice(10000, None)),
    ],
)
def test_a_range_of_an_object_is_served(player: httpx.Client, key: str, range_header: str, part: slice) -> None:
    """Only these bytes, with their position in the object."""
    response = player.get(f"/{key}", headers={"Range": range_header})
    first = range(len(BODY))[part][0]
    last = range(len(BODY))[part][-1]
    assert (response.status_code, response.content) == (206, BODY[part])
    assert response.headers["content-range"] == f"bytes {first}-{last}/{len(BODY)}"


def test_a_range_past_the_end_is_a_416_with_the_length(player: httpx.Client, key: str) -> None:
    """The response has the length, so that the client can send a valid range."""
    response = player.get(f"/{key}", headers={"Range": "bytes=20000-"})
    assert (response.status_code, response.headers["content-range"]) == (416, f"bytes */{len(BODY)}")


def test_a_request_for_several_ranges_gets_the_whole_object(player: httpx.Client, key: str) -> None:
    """S3 has no multipart responses, and a server may ignore the header."""
    response = player.get(f"/{key}", headers={"Range": "bytes=0-1,4-5"})
    assert (response.status_code, response.content) == (200, BODY)


def test_an_unchanged_object_is_a_304(player: httpx.Client, key: str) -> None:
    """By its ETag and by its date, for GET and for HEAD."""
    whole = player.get(f"/{key}").headers
    by_tag, by_date = {"If-None-Match": whole["etag"]}, {"If-Modified-Since": whole["last-modified"]}
    responses = [player.request(method, f"/{key}", headers=h) for method in ("GET", "HEAD") for h in (by_tag, by_date)]
    assert [response.status_code for response in responses] == [304] * 4
    assert all(response.content == b"" for response in responses)


def test_if_range_gets_a_part_only_of_the_same_object(player: httpx.Client, key: str) -> None:
    """A player that resumes never joins parts of two objects."""
    etag = player.get(f"/{key}").headers["etag"]
    same = player.get(f"/{key}", headers={"Range": "bytes=0-9", "If-Range": etag})
    other = player.get(f"/{key}", headers={"Range": "bytes=0-9", "If-Range": '"another"'})
    assert (same.status_code, same.content) == (206, BODY[:10])
    assert (other.status_code, other.content) == (200, BODY)


@pytest.mark.parametrize("name", ["Big Buck Bunny.m3u8", "Ä ö ü 日本.ts", "100%25.ts", "a+b&c=d?e#f.ts", "x'\"<>.ts"])
def test_a_key_of_any_characters_is_found_by_its_encoded_path(player: httpx.Client, stack: Stack, name: str) -> None:
    """The path is decoded exactly once."""
    key = f"uploads/{uuid.uuid4().hex}/{name}"
    _put(stack, key, b"found")
    assert player.get("/" + quote(key)).content == b"found"


def test_an_empty_object_is_served(player: httpx.Client, stack: Stack) -> None:
    """The response is a 200 without content."""
    key = f"uploads/{uuid.uuid4().hex}/empty.ts"
    _put(stack, key, b"")
    response = player.get(f"/{key}")
    assert (response.status_code, response.headers["content-length"], response.content) == (200, "0", b"")


@pytest.mark.parametrize(
    "path", ["/", "/uploads/", "/?list-type=2", "/uploads/none.ts", "/%2e%2e/other/a.ts", "/a/%2E/b"]
)
def test_a_missing_object_is_a_404(player: httpx.Client, path: str) -> None:
    """No listing, no folder, no path out of the bucket."""
    assert player.get(path).status_code == 404


def test_a_path_never_leaves_its_bucket(player: httpx.Client, stack: Stack) -> None:
    """An object of another bucket can't be reached with dots, in any encoding."""
    name = f"{stack.upload_prefix}{uuid.uuid4().hex}.ts"
    _put(stack, name, b"secret", bucket=stack.input_bucket)
    for dots in ("%2e%2e", "%2E.", "..%2f..", "%252e%252e", "x/%2e%2e/%2e%2e"):
        assert player.get(f"/{dots}/{stack.input_bucket}/{name}").status_code == 404


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH"])
def test_nothing_can_be_written(player: httpx.Client, key: str, method: str) -> None:
    """The response to other methods has the allowed ones."""
    response = player.request(method, f"/{key}")
    assert response.status_code == 405
    assert {"GET", "HEAD"} <= set(response.headers["allow"].split(", "))


def test_any_page_may_read_ranges_and_their_headers(player: httpx.Client, key: str) -> None:
    """The browser's preflight is allowed, and the headers are exposed to scripts."""
    preflight_headers = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "range"}
    preflight, response = player.options(f"/{key}", headers=preflight_headers), player.get(f"/{key}")
    assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (200, ORIGIN["Origin"])
    assert "Range" in preflight.headers["access-control-allow-headers"]
    assert response.headers["access-control-allow-origin"] == ORIGIN["Origin"]
    assert response.headers["access-control-allow-credentials"] == "true"
    assert {"Content-Length", "Content-Range", "ETag"} <= set(
        response.headers["access-control-expose-headers"].split(", ")
    )


def test_players_that_disconnect_release_their_connections(player: httpx.Client, stack: Stack, key: str) -> None:
    """More of them than there are connections to S3, with an object of 8 MiB; the next player is served."""
    large = f"uploads/{uuid.uuid4().hex}/large.ts"
    _put(stack, large, bytes(8 * 1024 * 1024))
    for _ in range(120):
        with player.stream("GET", f"/{large}") as response:
            next(response.iter_bytes(1024))
    assert player.get(f"/{key}", timeout=5).content == BODY
