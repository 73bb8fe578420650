"""The requests that Uppy sends for an upload in parts."""

from typing import Any

import httpx

MIB = 1024 * 1024


async def begin(api: httpx.AsyncClient, **metadata: object) -> dict[str, str]:
    """Start a multipart upload."""
    upload_request = {"filename": "Ein Film.mp4", "type": "video/mp4", "metadata": metadata}
    response = await api.post("/s3/multipart", json=upload_request)
    assert response.status_code == 200, response.text
    upload: dict[str, str] = response.json()
    return upload


async def send(api: httpx.AsyncClient, upload: dict[str, str], number: int, body: bytes) -> dict[str, Any]:
    """Upload one part, and return it as the completion lists it."""
    signed = await api.get(f"/s3/multipart/{upload['uploadId']}/{number}", params={"key": upload["key"]})
    assert signed.status_code == 200, signed.text
    async with httpx.AsyncClient() as s3:
        response = await s3.put(signed.json()["url"], content=body)
    assert response.status_code == 200, response.text
    return {"PartNumber": number, "ETag": response.headers["ETag"].strip('"')}


async def complete(api: httpx.AsyncClient, upload: dict[str, str], *parts: dict[str, Any]) -> httpx.Response:
    """Complete the upload with these parts."""
    path = f"/s3/multipart/{upload['uploadId']}/complete"
    return await api.post(path, params={"key": upload["key"]}, json={"parts": parts})


async def parts_of(api: httpx.AsyncClient, upload: dict[str, str]) -> httpx.Response:
    """Request the list of uploaded parts."""
    return await api.get(f"/s3/multipart/{upload['uploadId']}", params={"key": upload["key"]})


def calls(upload: dict[str, str]) -> list[tuple[str, str, dict[str, Any]]]:
    """Return every request about a multipart upload."""
    path, key = f"/s3/multipart/{upload['uploadId']}", {"key": upload["key"]}
    return [
        ("GET", path, {"params": key}),
        ("GET", f"{path}/1", {"params": key}),
        ("GET", f"{path}/batch", {"params": {**key, "partNumbers": "1"}}),
        ("POST", f"{path}/complete", {"params": key, "json": {"parts": [{"PartNumber": 1, "ETag": "a"}]}}),
        ("DELETE", path, {"params": key}),
    ]
