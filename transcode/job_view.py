"""A job as callers see it: the schema, and the view of a job or an upload. Pure.

Callers see only the fields of `JobView`: a new field of `Job` is public once it is declared there. The views of an
output and its renditions have every field of the dataclasses that they are derived from.

The titles are the names of the published components in docs/openapi.json; generated clients use them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from types import GenericAlias
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints
from urllib.parse import quote

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, create_model

from transcode.job import Job, JobWarning, Output, OutputFile, Rendition, eta_s
from transcode.lookup import Lookup
from transcode.queue_figures import Place

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

EXAMPLE_FILE = "uploads/6f1c0a9e4b7d4c2f8a3e5d7b9c1f2a40/Big-Buck-Bunny.mp4"
EXAMPLE_JOB = "1763798400123-a1b2c3"
OTHER_BUCKET = "s3://"
"""The beginning of an output path in another bucket than our output bucket; only followed jobs have such outputs."""
PLAYLIST_PREFERENCE = (".m3u8", ".mpd", ".ism")


class View(BaseModel):
    """A part of a response; it is filled from attributes of the same names.

    Its validator is built at its first use, because most cold starts of a function need one of them. A request's body
    can't wait: FastAPI hides a warning of pydantic only while it defines the route.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, from_attributes=True, defer_build=True)


ViewType = TypeVar("ViewType", bound=View)


def _with_fields_of(shape: "type[DataclassInstance]", **views: type[View]) -> Any:  # noqa: ANN401 -- a class decorator
    """Return a decorator that adds the dataclass's fields to a view; `views` names the view of a nested dataclass."""

    def _derive(view: type[View]) -> type[View]:
        hints: dict[str, Any] = get_type_hints(shape) | {
            name: GenericAlias(Sequence, each) for name, each in views.items()
        }
        derived: dict[str, Any] = {field.name: (hints[field.name], Field(**field.metadata)) for field in fields(shape)}
        return create_model(view.__name__, __base__=view, __doc__=view.__doc__, __module__=view.__module__, **derived)

    return _derive


class JobStatus(StrEnum):
    """The status of a file and its job, in their order; the last three are final.

    QUEUED: the file is uploaded, and its job is not created yet. SUBMITTED: the job waits in MediaConvert's queue.
    """

    AWAITING_UPLOAD = "AWAITING_UPLOAD"
    QUEUED = "QUEUED"
    SUBMITTED = "SUBMITTED"
    PROGRESSING = "PROGRESSING"
    COMPLETE = "COMPLETE"
    ERROR = "ERROR"
    CANCELED = "CANCELED"


@_with_fields_of(Rendition)
class RenditionView(View):
    """One picture size; `playlist` is relative to the output path."""

    model_config = ConfigDict(title="RenditionOut")


@_with_fields_of(OutputFile)
class OutputFileView(View):
    """One file that belongs to no playlist; `name` is relative to the output path."""

    model_config = ConfigDict(title="OutputFile")

    url: str | None = Field(description="Null if the outputs are not served.")


@_with_fields_of(Output, renditions=RenditionView, files=OutputFileView)
class OutputView(View):
    """The files that a finished job wrote."""

    model_config = ConfigDict(title="OutputOut")

    playback_url: str | None = Field(description="The master playlist; null if the outputs are not served.")
    poster_url: str | None = Field(
        description="A picture of the video; null if there is none, or the outputs are not served."
    )


class ErrorView(View):
    """Why it failed: MediaConvert's code (1000 and above), or an HTTP status if the job was refused."""

    model_config = ConfigDict(title="ErrorOut")

    code: int = Field(examples=[1010])
    message: str
    reason: str | None = Field(
        description="input_too_long, frame_too_large, no_video_track or budget_exhausted; null for any other error."
    )


class WarningView(View):
    """A warning of MediaConvert."""

    model_config = ConfigDict(title="WarningOut")

    code: int
    message: str


class QueueView(View):
    """The place of a waiting file or job in the queue, as if all were started in the order in which they came."""

    model_config = ConfigDict(title="Queue")

    ahead: int = Field(description="Files and jobs that will be started before this one, about.", examples=[12])
    eta_s: int | None = Field(description="Seconds until it is started, about; null if there is no estimate.")


class BillingView(View):
    """The cost of a job, in MediaConvert's billable (normalized) minutes; null is unknown."""

    model_config = ConfigDict(title="Billing")

    duration_ms: int = Field(description="The length of the video.", examples=[61440])
    billable_minutes: float | None = Field(
        description="The sum of all outputs except pictures, whose price AWS doesn't publish; null if AWS publishes no "
        "multiplier for one of them.",
        examples=[5.17],
    )
    usd: float | None = Field(description="US dollars; null if this deployment has no price.", examples=[0.038775])


class JobView(View):
    """Everything that a front end can show of a file and its job."""

    model_config = ConfigDict(title="Job")

    job_id: str | None = Field(description="Null until the job is created.", examples=[EXAMPLE_JOB])
    input_file: str | None = Field(examples=[EXAMPLE_FILE])
    file_name: str | None = Field(examples=["Big Buck Bunny.mp4"])
    external_id: str | None = Field(description="The caller's own id of the video.", examples=["order-4711"])
    metadata: Mapping[str, str] = Field(
        description="The caller's own pairs of texts.", examples=[{"title": "Big Buck Bunny"}]
    )
    profile: str | None = Field(
        description="The profile, which decides what is made of the file; null if it isn't decided yet.",
        examples=["hls"],
    )
    status: JobStatus
    queue: QueueView | None = Field(description="While it is QUEUED or SUBMITTED, its place, if it is known.")
    progress_percent: int | None = Field(description="0 to 100; null is unknown: show an indeterminate bar.")
    phase: str | None = Field(description="PROBING, TRANSCODING or UPLOADING, while known.")
    eta_s: int | None = Field(description="Seconds left at the present rate; null if there is no estimate.")
    submitted_at: AwareDatetime | None
    updated_at: AwareDatetime | None
    estimate: BillingView | None = Field(description="The expected cost, from the file itself; null if unknown.")
    billed: BillingView | None = Field(description="After COMPLETE, the cost of the outputs; null if unknown.")
    output: OutputView | None
    error: ErrorView | None
    warnings: Sequence[WarningView]
    cancel_requested: bool = Field(
        description="True from a request to cancel until the worker has ended the job, or the file's wait for one."
    )


class ProgressView(View):
    """The lightweight view of a job, for frequent requests."""

    model_config = ConfigDict(title="Progress")

    job_id: str
    status: JobStatus
    progress_percent: int | None
    phase: str | None
    eta_s: int | None
    updated_at: datetime | None
    cancel_requested: bool


def job_view(job: Job, *, now_ms: int, playback_base_url: str | None, place: Place | None = None) -> JobView:
    """Return the view of a job; `now_ms` is Unix milliseconds, `place` is that of a waiting job, if it is known."""
    return _view(
        JobView,
        job,
        status=JobStatus(job.status.value),
        queue=place,
        eta_s=eta_s(job, now_ms=now_ms),
        submitted_at=_time(job.submitted_s),
        updated_at=_time(job.updated_s),
        output=_output(job.output, playback_base_url) if job.output else None,
        error=job.failure,
        warnings=_warnings(job.warnings),
    )


def view_without_job(lookup: Lookup, *, place: Place | None = None) -> JobView:
    """Return the view of an input file without a job: it is awaited or queued, or no job could be created."""
    return _view(
        JobView,
        lookup,
        status=status_without_job(lookup),
        queue=place,
        progress_percent=None,
        phase=None,
        eta_s=None,
        submitted_at=None,
        updated_at=_time(lookup.canceled_s or lookup.queued_s or lookup.announced_s),
        estimate=None,
        billed=None,
        output=None,
        error=lookup.failure,
        warnings=[],
    )


def file_view(
    job: Job | None, lookup: Lookup | None, *, place: Place | None, now_ms: int, playback_base_url: str | None
) -> JobView:
    """Return the view of an input file and its newest job, either of which may be unknown."""
    if job is None:
        return view_without_job(lookup or Lookup(input_file=""), place=place)
    if lookup is not None:
        job = _with_labels(job, lookup)
    return job_view(job, place=place, now_ms=now_ms, playback_base_url=playback_base_url)


def _with_labels(job: Job, lookup: Lookup) -> Job:
    """Return the job with the names and labels of the row that the caller changed last.

    The job's row may lack them for a moment after the job was created; clients match their file by them.
    """
    if lookup.revision < job.revision:
        return job
    return replace(
        job,
        input_file=job.input_file or lookup.input_file,
        file_name=lookup.file_name if lookup.revision else lookup.file_name or job.file_name,
        external_id=lookup.external_id,
        metadata=lookup.metadata,
    )


def progress_view(job: Job, *, now_ms: int) -> ProgressView:
    """Return the lightweight view of a job; `now_ms` is Unix milliseconds."""
    return _view(
        ProgressView,
        job,
        status=JobStatus(job.status.value),
        eta_s=eta_s(job, now_ms=now_ms),
        updated_at=_time(job.updated_s),
    )


def _view(view: type[ViewType], shape: object, **computed: object) -> ViewType:
    """Return the view, with the computed fields and the shape's attributes of the other fields' names."""
    names: Mapping[str, object] = view.model_fields
    return view.model_validate(
        {name: computed[name] if name in computed else getattr(shape, name) for name in names}, from_attributes=True
    )


def _output(output: Output, playback_base_url: str | None) -> OutputView:
    playlist = next((output.playlists[suffix] for suffix in PLAYLIST_PREFERENCE if suffix in output.playlists), None)

    def url(name: str | None) -> str | None:
        is_served = playback_base_url and name and not output.path.startswith(OTHER_BUCKET)
        return f"{playback_base_url}/{quote(output.path + name)}" if is_served and name else None

    return _view(
        OutputView,
        output,
        playback_url=url(playlist),
        poster_url=url(output.poster.name if output.poster else None),
        files=[_view(OutputFileView, each, url=url(each.name)) for each in output.files],
    )


def status_without_job(lookup: Lookup) -> JobStatus:
    """Return the status of an input file that has no job."""
    if lookup.failure:
        return JobStatus.ERROR
    if lookup.is_over:
        return JobStatus.CANCELED
    return JobStatus.QUEUED if lookup.is_queued else JobStatus.AWAITING_UPLOAD


def _warnings(warnings: Iterable[JobWarning]) -> list[JobWarning]:
    """Return one warning for each code: COMPLETE repeats the codes of NEW_WARNING, without their messages."""
    by_code = {warning.code: warning for warning in sorted(warnings)}
    return list(by_code.values())


def _time(unix_s: int | None) -> datetime | None:
    return None if unix_s is None else datetime.fromtimestamp(unix_s, UTC)
