"""The announcements of a job or an upload: their types, their ids, and the JSON that subscribers get. Pure.

An event on EventBridge and a webhook have the same content. It has everything that the API returns, and never a key.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from pydantic import AwareDatetime, ConfigDict, Field

from transcode.announcement_types import AnnouncementType
from transcode.job_view import JobView, View

MAX_BODY_BYTES = 20_000
"""Standard Webhooks recommends bodies of less than 20 kB.
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md"""


class AnnouncedJob(View):
    """The content of an announcement: the detail of an EventBridge event, and the data of a webhook."""

    model_config = ConfigDict(title="AnnouncedJob", json_schema_serialization_defaults_required=True)

    version: Literal[1] = Field(1, description="The version of this schema.")
    id: str = Field(description="The same for each repetition of this announcement.", examples=["evt_5f1c0a9e4b7d4c2f"])
    owner: str | None = Field(description="The subject of the token that announced the upload; null without one.")
    followed: bool = Field(
        default=False, description="True if another program created the job, and named `owner` and `input_file` itself."
    )
    job: JobView = Field(description="The job, or the upload without a job, when the announcement was sent.")


class Webhook(View):
    """The body of a webhook, as Standard Webhooks 1.0 defines it."""

    model_config = ConfigDict(title="Webhook")

    type: AnnouncementType
    timestamp: AwareDatetime = Field(description="The time of the change that is announced.")
    data: AnnouncedJob


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """One announcement. `time_s` is the time of the change, in Unix seconds."""

    type: AnnouncementType
    time_s: int
    content: AnnouncedJob

    @property
    def id(self) -> str:
        """The id of the announcement, the same in each repetition."""
        return self.content.id

    def detail(self) -> str:
        """Return the detail of the EventBridge event, as JSON."""
        return _bounded(self.content).model_dump_json()

    def webhook_body(self) -> str:
        """Return the body of the webhook, as JSON, of `MAX_BODY_BYTES` at most."""
        timestamp = datetime.fromtimestamp(self.time_s, UTC)
        return Webhook(type=self.type, timestamp=timestamp, data=_bounded(self.content)).model_dump_json()


def _bounded(content: AnnouncedJob) -> AnnouncedJob:
    """Return the content without its longest lists, if it is too long with them. The API has them all."""
    for field in ("warnings", "renditions"):
        if len(content.model_dump_json().encode()) < MAX_BODY_BYTES - 200:
            break
        content = content.model_copy(update={"job": _without(content.job, field)})
    return content


def _without(job: JobView, field: str) -> JobView:
    if field == "warnings":
        return job.model_copy(update={"warnings": []})
    if job.output is None:
        return job
    return job.model_copy(update={"output": job.output.model_copy(update={"renditions": []})})
