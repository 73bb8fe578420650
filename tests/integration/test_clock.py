"""The service reads the time only from the clock that it is given."""

import time
from datetime import datetime

import httpx

from local.provision import Stack
from service.app import create_app

from .process_settings import service_settings


async def test_the_clock_decides_when_an_upload_expires(stack: Stack) -> None:
    """The upload's URL and its row expire by the clock's time, not by the machine's."""
    settings = service_settings(stack)
    now_s = int(time.time()) + 3_600
    app = create_app(settings, clock=lambda: now_s)
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://api") as api:
        body = {"file_name": "clip.mp4", "content_type": "video/mp4", "size_bytes": 5}
        upload = (await api.post("/uploads", json=body)).json()
        expires_s = int(datetime.fromisoformat(upload["expires_at"]).timestamp())
        assert expires_s == now_s + settings.upload_url_ttl_s
        job = {"input_file": upload["input_file"]}
        now_s = expires_s + settings.output_ttl_s - 1
        assert (await api.get("/jobs", params=job)).status_code == 200
        now_s += 1
        assert (await api.get("/jobs", params=job)).status_code == 404
