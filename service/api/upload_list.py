"""The routes of a caller's own uploads: list them, and change what the caller may change."""

import re
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import AwareDatetime, BeforeValidator

from service.access.caller import may_see
from service.api.dependencies import AppResources, CurrentCaller, InputFile, caller_name
from service.api.middleware.request_log import log_upload_event
from service.api.problems import responses
from service.live.upload_list import UploadLister
from service.request_errors import TooManySearchesError
from service.resources import Resources
from service.uploads.changes import with_changes
from service.uploads.upload_filter import UploadFilter, encode_cursor, place_in
from service.views.bodies import UploadChanges, UploadList
from service.views.labels import ExternalId
from transcode.errors import AwsUnavailableError, FilterTooBroadError, UploadNotFoundError
from transcode.job_view import JobStatus, JobView
from transcode.lookup import Lookup

router = APIRouter(tags=["uploads"])

LAST_S = 9_999_999_999
"""The last second that has a place in the index, in the year 2286."""


def _check_time(text: object) -> object:
    """Refuse what pydantic would read as a time too, such as a number."""
    if not isinstance(text, str) or not TIME.fullmatch(text):
        raise ValueError("the time must be in the form 2025-11-22T08:00:00Z")
    return text


TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)
Rfc3339 = Annotated[AwareDatetime, BeforeValidator(_check_time)]

ATTEMPTS = 10
"""Changes of one upload that may come between this request's read and its write."""


async def _upload_filter(
    status: Annotated[JobStatus | None, Query(description="Only uploads with this status.")] = None,
    external_id: Annotated[ExternalId | None, Query(description="Only uploads with this external id.")] = None,
    created_after: Annotated[
        Rfc3339 | None, Query(description="Only uploads that were announced after this second.")
    ] = None,
) -> UploadFilter:
    created_after_s = None if created_after is None else min(max(0, int(created_after.timestamp())), LAST_S)
    return UploadFilter(status=status, external_id=external_id, created_after_s=created_after_s)


@router.get(
    "/uploads",
    operation_id="list_uploads",
    summary="List your uploads",
    response_model=UploadList,
    responses=responses(FilterTooBroadError, TooManySearchesError, AwsUnavailableError),
)
async def list_uploads(
    request: Request,
    caller: CurrentCaller,
    resources: AppResources,
    wanted: Annotated[UploadFilter, Depends(_upload_filter)],
    limit: Annotated[int, Query(ge=1, le=100, description="Most uploads of a page.")] = 25,
    cursor: Annotated[
        str | None, Query(max_length=200, description="The `next_cursor` of the page before, with the same filters.")
    ] = None,
) -> Response:
    """Get your uploads, newest first, each as the `Job` that `GET /jobs?input_file=` returns.

    A new upload appears within a second, as a rule. To play a video, get its job: this response sets no cookies.
    """
    place = None
    if cursor is not None and (place := place_in(cursor, caller.owner, wanted)) is None:
        raise _invalid("query", "cursor", "The cursor is not one of this list: begin without a cursor")
    lister = UploadLister(
        index=resources.uploads,
        reader=resources.reader,
        owner=caller.owner,
        limit=resources.searches,
        caller=caller_name(request, caller),
        clock=resources.clock,
    )
    page = await lister.page(wanted, limit=limit, before=place)
    now_ms = resources.now_ms()
    jobs = b",".join(resources.job_json.of(key, state, now_ms=now_ms) for key, state in page.uploads)
    next_place = page.next_place
    next_cursor = b"null" if next_place is None else b'"%s"' % encode_cursor(next_place, caller.owner, wanted).encode()
    return Response(b'{"data":[%s],"next_cursor":%s}' % (jobs, next_cursor), media_type="application/json")


@router.patch(
    "/uploads",
    operation_id="change_upload",
    summary="Change an upload's name and labels",
    responses=responses(UploadNotFoundError, AwsUnavailableError),
)
async def change_upload(
    changes: UploadChanges, input_file: InputFile, caller: CurrentCaller, resources: AppResources
) -> JobView:
    """Change `file_name`, `external_id` or `metadata`, before, during or after the job; the rest stays."""
    changed = changes.model_dump(include=changes.model_fields_set)
    for _ in range(ATTEMPTS):
        lookup = await resources.lookups.get(input_file, now_s=resources.now_s(), consistent=True)
        if lookup is None or not may_see(caller, lookup):
            raise UploadNotFoundError
        if await _write(lookup, changed, resources):
            log_upload_event("upload.changed", input_file, fields=sorted(changed))
            resources.reader.invalidate()
            return await resources.job_of(input_file)
    raise AwsUnavailableError("Other requests change this upload at the moment; retrying is safe.")


async def _write(lookup: Lookup, changed: dict[str, object], resources: Resources) -> bool:
    """Write the changes to the file's row and to its job's; return False if another request changed the row first.

    The file's row is first. If a worker creates the job meanwhile, it finds the change when it links the job.
    """
    try:
        wanted = with_changes(lookup, changed)
    except ValueError as error:
        raise _invalid("body", "metadata", str(error)) from error
    row = await resources.lookups.describe(wanted, known_revision=lookup.revision)
    if row is None:
        return False
    if row.job_id is not None:
        await resources.statuses.describe(row.job_id, row)
    return True


def _invalid(part: str, name: str, message: str) -> RequestValidationError:
    return RequestValidationError([{"loc": (part, name), "msg": message, "type": "value_error"}])
