"""The worker's settings, from the environment."""

import os
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from transcode.settings import TableName, Url, split_on_commas
from worker.announce.settings import AnnounceSettings
from worker.retry import MAX_GIVE_UP_AFTER_S


def _can_be_written(path: Path) -> Path:
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise ValueError("its folder must exist and be writable")
    return path


class WorkerSettings(AnnounceSettings):
    """The worker's settings, added to the common ones."""

    output_table: TableName = "MediaConvertJobIdToOutput"
    """The table with the encryption keys. No other process may read it."""
    uploads_queue_url: Url
    """The queue of S3's events and of the service's requests for jobs."""
    submission_queue_url: Url
    """The queue of the uploads that wait for their jobs."""
    job_events_queue_url: Url
    mediaconvert_role: Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/.+$")]
    """The role with which MediaConvert reads the input bucket and writes the output bucket."""
    mediaconvert_endpoint_url: Url | None = None
    mediaconvert_queue: str | None = None
    """Name or ARN of the MediaConvert queue; None means the account's default queue."""
    follow_jobs: Literal["own", "all"] = "own"
    """`own` follows the jobs that this system creates; `all` also follows every job of `follow_queues`."""
    follow_queues: Annotated[tuple[str, ...], split_on_commas] = ()
    """Names or ARNs of the MediaConvert queues of other programs whose jobs are followed."""
    probe: bool = True
    """True if the worker probes each input before it creates the job."""
    billable_minutes_per_day: Annotated[int, Field(ge=0)] = 0
    """Billable minutes that all callers together may order in a day of UTC; 0 for no limit."""
    billable_minutes_per_day_and_caller: Annotated[int, Field(ge=0)] = 0
    """Billable minutes that one caller may order in a day of UTC; 0 for no limit."""
    price_per_billable_minute_usd: Annotated[float, Field(gt=0, le=1_000, allow_inf_nan=False)] | None = None
    """The price of a billable minute in US dollars, for the costs that jobs show; None shows no dollars."""
    invalidate_distribution_id: Annotated[str, Field(pattern=r"^[A-Z0-9]{8,20}$")] | None = None
    """The CloudFront distribution from whose caches deleted videos are removed; None means no distribution."""
    s3_event_keys_encoded: bool = False
    """True if keys are percent-encoded in S3's EventBridge events. LocalStack encodes them; AWS doesn't."""
    pollers: Annotated[int, Field(ge=1, le=50)] = 2
    """Concurrent long polls on the uploads queue, and on the queue of job events."""
    submitters: Annotated[int, Field(ge=1, le=20)] = 2
    """Submitters of all workers together. Each makes one batch of jobs after another, at a pace of its own."""
    submissions_per_s: Annotated[float, Field(ge=0.1, le=100)] = 2.0
    """CreateJob calls a second at which each submitter begins, before it learns MediaConvert's rate."""
    mediaconvert_backlog: Annotated[int, Field(ge=0)] = 100
    """Jobs that wait in MediaConvert's queue above which the submitters hold back; 0 for no limit."""
    submission_fairness: bool = True
    """True if uploads are sent to the submission queue with a group; an emulator of SQS may refuse it."""
    stop_grace_s: Annotated[float, Field(gt=0, le=110)] = 25
    """Seconds after SIGTERM in which the worker may finish received messages. Fargate kills the process after 30."""
    health_file: Annotated[Path, AfterValidator(_can_be_written)] | None = None
    """File that the pollers touch after each poll, for `python -m worker.health`; None means no file."""
    claim_lease_s: Annotated[int, Field(ge=3, le=900)] = 60
    """Seconds for which only one worker may create an upload's job, or be a submitter. After a crash, uploads wait for
    that time.
    """
    give_up_after_s: Annotated[int, Field(ge=3_600, le=MAX_GIVE_UP_AFTER_S)] = 12 * 86_400
    """Seconds after which the worker gives up a message that still can't be handled. SQS deletes it after 14 days."""
    reconcile_interval_s: Annotated[int, Field(ge=0, le=86_400)] = 300
    """Seconds between two passes of reconciliation, for jobs whose final event was lost. One worker runs each pass. 0
    turns reconciliation off.
    """
    reconcile_overdue_s: Annotated[int, Field(ge=0, le=86_400)] | None = None
    """Seconds without an event after which reconciliation asks MediaConvert about a job; None means 120, or three times
    `status_update_interval_s` if that is longer.
    """
    reconcile_calls_per_s: Annotated[float, Field(gt=0, le=100)] = 0.5
    """GetJob calls a second that a pass starts at most. MediaConvert limits the rate of all calls together."""
    reconcile_lookback_s: Annotated[int, Field(ge=60)] = 14 * 86_400
    """Maximum age of the jobs, in seconds, that `python -m worker.reconcile --list` checks."""

    @model_validator(mode="after")
    def _budgets_need_probes(self) -> Self:
        """Refuse a budget without probes: each upload would count as the longest one."""
        if not self.probe and (self.billable_minutes_per_day or self.billable_minutes_per_day_and_caller):
            raise ValueError("PROBE must be on: BILLABLE_MINUTES_PER_DAY and …_AND_CALLER need the length of each file")
        return self

    @model_validator(mode="after")
    def _followed_queues_have_names(self) -> Self:
        """Refuse to follow all jobs of no queue: no event would match."""
        if self.follow_jobs == "all" and not self.follow_queues:
            raise ValueError("FOLLOW_QUEUES must name the queues whose jobs FOLLOW_JOBS=all follows")
        return self

    @model_validator(mode="after")
    def _rows_outlive_messages(self) -> Self:
        """Refuse rows that expire while their message waits: a second job could be created, and the owner be lost."""
        if self.give_up_after_s > self.output_ttl_s:
            raise ValueError(
                "GIVE_UP_AFTER_S must not be longer than OUTPUT_TTL_S, after which claims and owners expire"
            )
        return self
