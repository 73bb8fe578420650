"""The steps that use only the public address. Each returns one line, and the seconds of video that it transcoded."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urljoin

import httpx

from mediaconvert_status_client import hls
from mediaconvert_status_client.errors import RefusedError, failure_text
from mediaconvert_status_client.finished_job import output_of, playback_url_of
from mediaconvert_status_client.playback_check import play
from mediaconvert_status_client.resumable_upload import ResumableUpload
from mediaconvert_status_client.unfinished_uploads import UnfinishedUploads
from prove.sample_files import CLIP_S, LONG_CLIP_S
from prove.session import Session, StepFailedError, StepSkippedError, server_sent_events

BY_PUT, IN_PARTS, CANCEL, UNREADABLE = "upload by PUT", "upload in parts", "cancel", "unreadable file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A step that passed: one line about it, and the seconds of video that MediaConvert transcoded."""

    text: str
    video_s: float = 0


Step = Callable[[Session], Awaitable[Done]]


async def is_ready(session: Session) -> Done:
    """Check that the service is alive and reaches AWS."""
    for path in ("/healthz", "/readyz"):
        await session.client.call("GET", path)
    return Done(text="/healthz and /readyz respond 200")


async def restricts_access(session: Session) -> Done:
    """Check that a request without a token is refused, if access is on."""
    if await is_access_open(session):
        raise StepSkippedError("access is open: everyone who has the URL may upload and watch")
    if not session.has_token:
        raise StepFailedError("the API requires a token: set API_TOKEN in the environment, and run this again")
    return Done(text="a request without a token gets 401")


async def is_access_open(session: Session) -> bool:
    """Return whether the API serves requests without a token."""
    response = await session.anonymous.get(f"{session.api_url}/jobs/0-proof")
    return response.status_code != httpx.codes.UNAUTHORIZED


async def refuses_bad_requests(session: Session) -> Done:
    """Check the responses to a wrong type, a missing field and an unknown job."""
    text = {"file_name": "notes.txt", "content_type": "text/plain", "size_bytes": 1}
    expected: list[tuple[str, str, dict[str, object] | None, int]] = [
        ("POST", "/uploads", text, httpx.codes.UNSUPPORTED_MEDIA_TYPE),
        ("POST", "/uploads", {}, httpx.codes.UNPROCESSABLE_ENTITY),
        ("GET", "/jobs/0-proof", None, httpx.codes.NOT_FOUND),
    ]
    for method, path, request, status in expected:
        response = await session.client.api.request(method, path, json=request)
        if response.status_code != status:
            raise StepFailedError(f"{method} {path} responded {response.status_code} instead of {status}")
    return Done(text="a wrong type gets 415, a missing field 422, an unknown job 404")


async def uploads_by_put(session: Session) -> Done:
    """Upload a clip with one request, and follow its job until it is COMPLETE."""
    upload = await session.client.create_upload(session.files.clip)
    input_file = str(upload["input_file"])
    session.input_files.append(input_file)
    await session.client.send_file(session.files.clip, upload, lambda _sent, _total: None)
    return await _completes(session, BY_PUT, input_file)


async def uploads_in_parts(session: Session) -> Done:
    """Upload a larger file in two parts, and follow its job until it is COMPLETE."""
    input_file = await ResumableUpload(
        client=session.client,
        api_url=session.api_url,
        video=session.files.in_parts,
        unfinished=UnfinishedUploads(session.folder / "unfinished"),
        on_sent=lambda _sent, _total: None,
    ).run()
    session.input_files.append(input_file)
    return await _completes(session, IN_PARTS, input_file)


async def _completes(session: Session, name: str, input_file: str) -> Done:
    job = await session.ended_job(name, input_file)
    if job["status"] != "COMPLETE":
        raise StepFailedError(failure_text(job))
    renditions = len(output_of(job)["renditions"])
    return Done(text=f"COMPLETE, {renditions} renditions", video_s=CLIP_S)


async def plays(session: Session) -> Done:
    """Fetch and decode the beginning of every variant, as a player does."""
    job = session.complete_job(BY_PUT)
    await session.client.call("GET", f"/jobs/{job['job_id']}")  # sets the playback cookies, if there are any
    played = await play(playback_url_of(job), session.client.playback_client())
    return Done(text=f"{played.frames} frames of {played.variants} variants are decrypted and decoded")


async def guards_playback(session: Session) -> Done:
    """Check that the key file is refused to a player without the cookies."""
    if await is_access_open(session):
        raise StepSkippedError("access is open, and so is playback")
    job = session.complete_job(BY_PUT)
    key_url = await _key_url(session, playback_url_of(job))
    stranger = await session.anonymous.get(key_url)
    owner = await session.client.playback_client().get(key_url)
    if not owner.is_success:
        raise StepFailedError(f"the owner gets {owner.status_code} for the key file")
    if stranger.is_success:
        raise StepFailedError("a player without cookies gets the key file: set PlaybackKeys as infra/README.md says")
    return Done(text=f"a player without cookies gets {stranger.status_code} for the key file")


async def _key_url(session: Session, playback_url: str) -> str:
    player = session.client.playback_client()
    variant = urljoin(playback_url, hls.variants((await player.get(playback_url)).text)[0])
    keys = hls.excerpt((await player.get(variant)).text, segments=1).key_uris
    return urljoin(variant, next(iter(keys.values())))


async def follows_progress(session: Session) -> Done:
    """Check the two ways to follow a job: the long poll, and the event stream where there is one."""
    job_id = session.complete_job(BY_PUT)["job_id"]
    first = await session.client.api.get(f"/jobs/{job_id}/progress")
    etag = {"If-None-Match": first.headers.get("ETag", "")}
    second = await session.client.api.get(f"/jobs/{job_id}/progress", headers=etag, params={"wait_s": 1})
    if (first.status_code, second.status_code) != (httpx.codes.OK, httpx.codes.NOT_MODIFIED):
        raise StepFailedError(f"the polls responded {first.status_code} and {second.status_code}, not 200 and 304")
    stream = await session.client.api.get("/events", params={"job_id": job_id})
    if stream.status_code == httpx.codes.NOT_IMPLEMENTED:
        return Done(text="the long poll works; this target has no event streams, and says so with 501")
    events = server_sent_events(stream.text) if stream.is_success else []
    if not events:
        raise StepFailedError(f"the event stream responded {stream.status_code} without an event")
    for kind, job in events:
        session.recorder.record_event(kind, job)
    return Done(text=f"the long poll works; the event stream sent {len(events)} event(s)")


async def cancels(session: Session) -> Done:
    """Cancel the job of a longer clip while it is queued or runs."""
    upload = await session.client.create_upload(session.files.long_clip)
    input_file = str(upload["input_file"])
    session.input_files.append(input_file)
    await session.client.send_file(session.files.long_clip, upload, lambda _sent, _total: None)
    created = await session.wait_for_job(input_file, lambda job: job["job_id"] is not None, "the creation of the job")
    try:
        await session.client.call("POST", f"/jobs/{created['job_id']}/cancel")
    except RefusedError as error:
        if error.status != httpx.codes.CONFLICT:
            raise
        await session.ended_job(CANCEL, input_file)
        raise StepSkippedError("the job ended before it could be canceled") from error
    job = await session.ended_job(CANCEL, input_file)
    if job["status"] != "CANCELED":
        raise StepFailedError(f"the canceled job ended as {job['status']}")
    return Done(text="CANCELED", video_s=LONG_CLIP_S)


async def retries(session: Session) -> Done:
    """Request another job for the canceled file, and follow it until it is COMPLETE."""
    canceled = session.jobs.get(CANCEL)
    if canceled is None or canceled["status"] != "CANCELED":
        raise StepSkippedError(f"needs the canceled job of the step {CANCEL!r}")
    input_file = str(canceled["input_file"])
    await session.client.call("POST", "/jobs", json={"input_file": input_file})
    job = await session.ended_job("retry", input_file, after=canceled["job_id"])
    if job["status"] != "COMPLETE":
        raise StepFailedError(failure_text(job))
    return Done(text="another job of the same file is COMPLETE", video_s=LONG_CLIP_S)


async def reports_unreadable_file(session: Session) -> Done:
    """Upload a file that is no video, and check that its job ends with MediaConvert's reason."""
    upload = await session.client.create_upload(session.files.unreadable)
    input_file = str(upload["input_file"])
    session.input_files.append(input_file)
    await session.client.send_file(session.files.unreadable, upload, lambda _sent, _total: None)
    job = await session.ended_job(UNREADABLE, input_file)
    if job["status"] != "ERROR" or not job["error"]:
        raise StepFailedError(f"the job ended as {job['status']} instead of ERROR")
    return Done(text=f"ERROR, code {job['error']['code']}")


PUBLIC_STEPS: Mapping[str, Step] = {
    "ready": is_ready,
    "access": restricts_access,
    "refusals": refuses_bad_requests,
    BY_PUT: uploads_by_put,
    IN_PARTS: uploads_in_parts,
    "playback": plays,
    "guarded playback": guards_playback,
    "progress": follows_progress,
    CANCEL: cancels,
    "retry": retries,
    UNREADABLE: reports_unreadable_file,
}
"""The steps in their order, by name."""
