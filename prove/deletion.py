"""The last step that uses only the public address: it deletes the uploads of this proof, as a user does."""

import httpx

from prove.session import Session, StepFailedError, StepSkippedError
from prove.steps import Done

MAX_PAGE = 100


async def deletes(session: Session) -> Done:
    """Delete each upload twice, and check that it is unknown and not listed at once."""
    input_files = list(dict.fromkeys(session.input_files))
    if not input_files:
        raise StepSkippedError("nothing was uploaded")
    for input_file in input_files:
        for time in ("first", "second"):
            status = await _status(session, "DELETE", "/uploads", input_file)
            if status != httpx.codes.ACCEPTED:
                raise StepFailedError(f"the {time} DELETE responded {status} instead of 202")
        status = await _status(session, "GET", "/jobs", input_file)
        if status != httpx.codes.NOT_FOUND:
            raise StepFailedError(f"a deleted upload responds {status} instead of 404")
    page = await session.client.call("GET", "/uploads", params={"limit": MAX_PAGE})
    if listed := {each["input_file"] for each in page["data"]} & set(input_files):
        raise StepFailedError(f"{len(listed)} deleted uploads are still listed")
    return Done(text=f"{len(input_files)} uploads respond 404 at once, and a second DELETE 202")


async def _status(session: Session, method: str, path: str, input_file: str) -> int:
    response = await session.client.api.request(method, path, params={"input_file": input_file})
    return response.status_code
