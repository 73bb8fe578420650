"""A service on a developer's machine answers under its own names, and only its own page."""

import httpx
import pytest

from local.playback_server import PlaybackSettings, playback_app
from local.system_processes import Ports, application
from service.app import create_app
from service.settings import ServiceSettings

LOCAL = ("127.0.0.1", "localhost")


def api(hosts: tuple[str, ...] = LOCAL, origins: tuple[str, ...] = ()) -> httpx.AsyncClient:
    """Return a client of an app that is never started, so that only responses without AWS are possible."""
    settings = ServiceSettings(
        input_bucket="clips-in", output_bucket="clips-out", allowed_hosts=hosts, cors_allow_origins=origins
    )
    transport = httpx.ASGITransport(create_app(settings), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000")


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "LOCALHOST", "127.0.0.1"])
async def test_the_services_own_names_are_served(host: str) -> None:
    """With any port, because it may be forwarded."""
    async with api() as client:
        assert (await client.get("/healthz", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost.", "", "[::1]:8000", "127.0.0.2"]
)
@pytest.mark.parametrize("path", ["/healthz", "/jobs/1-a", "/", "/no-such-path"])
async def test_another_name_is_refused(host: str, path: str) -> None:
    """The name of an attacker's page can resolve to this machine."""
    async with api() as client:
        response = await client.get(path, headers={"Host": host})
    assert (response.status_code, response.json()["code"]) == (421, "unknown_host")


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://127.0.0.1:8000", 200),
        ("http://127.0.0.1:3000", 403),
        ("https://127.0.0.1:8000", 403),
        ("http://evil.example", 403),
        ("null", 403),
        ("https://listed.example", 200),
    ],
)
async def test_only_the_services_own_page_may_call_it(origin: str, status: int) -> None:
    """A page of another origin can send some requests without a preflight, such as one that cancels a job."""
    async with api(origins=("https://listed.example",)) as client:
        response = await client.get("/healthz", headers={"Origin": origin})
        assert response.status_code == status
        assert status == 200 or response.json()["code"] == "foreign_origin"


async def test_without_the_setting_every_name_is_served() -> None:
    """On AWS, load balancers and CloudFront choose the Host header."""
    async with api(hosts=()) as client:
        assert (await client.get("/healthz", headers={"Host": "any.example", "Origin": "http://b"})).status_code == 200


def test_the_local_system_answers_on_this_machine_only() -> None:
    """`make dev` allows no page of another origin, unless CORS_ALLOW_ORIGINS names it."""
    processes = {each.name: each.environment for each in application(Ports(), {}, {})}
    assert processes["service"]["ALLOWED_HOSTS"] == "127.0.0.1,localhost"
    assert processes["playback"]["PLAYBACK_ALLOWED_HOSTS"] == "127.0.0.1,localhost"
    assert "CORS_ALLOW_ORIGINS" not in processes["service"]


@pytest.mark.parametrize(("host", "status"), [("127.0.0.1:8001", 200), ("localhost", 200), ("evil.example", 400)])
async def test_playback_answers_under_the_same_names(host: str, status: int) -> None:
    """A page of another name can't read the videos of this machine."""
    settings = PlaybackSettings(output_bucket="clips-out", playback_allowed_hosts=",".join(LOCAL))
    transport = httpx.ASGITransport(playback_app(settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8001") as client:
        assert (await client.get("/healthz", headers={"Host": host})).status_code == status
