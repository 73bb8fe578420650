"""The assembly of the worker's parts: the only module that knows which part needs which client."""

import time
from dataclasses import replace

from transcode.aws import Aws
from transcode.lookup_table import LookupTable
from transcode.queue_table import QueueTable
from transcode.status_table import StatusTable
from worker.announce.announcing import DeletionAnnouncements, announce_nothing
from worker.announce.assembly import deleted_uploads, open_announcer
from worker.apply import Applier
from worker.artifacts import ArtifactStore
from worker.batch import BatchHandler
from worker.deletion.deleted_rows import DeletedRows
from worker.deletion.deleter import Deleter
from worker.deletion.invalidations import Invalidations
from worker.deletion.jobs import JobsOfUpload
from worker.deletion.stored_objects import StoredObjects
from worker.deletion.sweep_queue import SweepQueue
from worker.deliveries import DeliveryHandler
from worker.delivery_notes import DeliveryNotes
from worker.job_end import JobEnds
from worker.key_table import KeyTable
from worker.messages.followed_jobs import FollowRule
from worker.messages.parser import MessageParser
from worker.messages.sanitise import Sanitiser
from worker.queue_meter import QueueMeter
from worker.refused_versions import RefusedVersionsTable
from worker.retry import RetryRule
from worker.settings import WorkerSettings
from worker.submission.admission import Admission
from worker.submission.budget_rule import Budgets
from worker.submission.budget_table import BudgetTable
from worker.submission.cancel import Canceller
from worker.submission.input_rule import InputLimits
from worker.submission.intake import Intake
from worker.submission.job_request import JobDefaults
from worker.submission.mediaconvert import MediaConvertJobs
from worker.submission.one_job import OneJobRule
from worker.submission.probe_rule import ProbeRule, probe_timeout_s
from worker.submission.prober import Prober
from worker.submission.profile_check import check_profiles
from worker.submission.submission_queue import SubmissionQueue
from worker.submission.submit import Submitter
from worker.waiting_messages import WaitingMessages


async def open_handler(aws: Aws, settings: WorkerSettings) -> DeliveryHandler:
    """Return the handler of the submission queue, with clients that `aws` opens, after `check_handler`.

    Raises:
        UnusableTemplateError: Playback needs cookies, and a profile's outputs could be read without one.
    """
    handler = await open_unchecked_handler(aws, settings)
    await check_handler(handler, settings)
    return handler


async def check_handler(handler: DeliveryHandler, settings: WorkerSettings) -> None:
    """Check the job templates of all profiles, if playback needs cookies.

    Raises:
        UnusableTemplateError: A profile's outputs could be read without a cookie.
    """
    if settings.playback_key_pair_id is not None:
        await check_profiles(handler.submitter.mediaconvert, now_s=time.time())


async def open_unchecked_handler(aws: Aws, settings: WorkerSettings) -> DeliveryHandler:
    """Return the handler of the submission queue without any call of AWS. It needs `check_handler` before its use."""
    dynamodb = await aws.dynamodb()
    lifetimes = settings.lifetimes
    statuses = StatusTable(dynamodb, settings.status_table, lifetimes, announces=settings.announces)
    lookups = LookupTable(
        dynamodb,
        settings.input_file_table,
        lifetimes,
        outbox_table=settings.status_table if settings.announces else None,
    )
    announcer = await open_announcer(aws, settings, statuses=statuses, lookups=lookups)
    announce = announcer.try_announce if announcer else announce_nothing
    key_table = KeyTable(dynamodb, settings.output_table, ttl_s=settings.output_ttl_s)
    parser = message_parser(settings)
    mediaconvert = await aws.mediaconvert(endpoint_url=settings.mediaconvert_endpoint_url, attempts=1)
    jobs = MediaConvertJobs(mediaconvert, _defaults(settings), parser.sanitiser)
    budgets = _budgets(settings)
    ends = JobEnds(statuses=statuses, lookups=lookups)
    canceller = Canceller(
        key_table=key_table,
        lookups=lookups,
        statuses=statuses,
        mediaconvert=jobs,
        ends=ends,
        clock=time.time,
        announce=announce,
    )
    deleter = await _deleter(aws, settings, canceller)
    if announcer:
        request = deleted_uploads(announcer, statuses).request
        deleter = replace(deleter, announcements=DeletionAnnouncements(request=request, announce=announce))
    batch = BatchHandler(
        parser=parser,
        canceller=canceller,
        deleter=deleter,
        submitter=Submitter(
            key_table=key_table,
            lookups=lookups,
            statuses=statuses,
            mediaconvert=jobs,
            admission=Admission(
                mediaconvert=jobs,
                prober=Prober(
                    client=mediaconvert,
                    input_bucket=settings.input_bucket,
                    timeout_s=probe_timeout_s(lease_s=settings.claim_lease_s, is_needed=budgets.is_on),
                ),
                rule=ProbeRule(is_on=settings.probe, is_needed=budgets.is_on),
                limits=InputLimits(
                    max_duration_s=settings.upload_max_duration_s, max_side_px=settings.upload_max_side_px
                ),
                budgets=budgets,
                budget_table=BudgetTable(dynamodb, settings.output_table),
                lookups=lookups,
                price_usd=settings.price_per_billable_minute_usd,
            ),
            canceller=canceller,
            queue_table=_queue_table(statuses, settings),
            one_job=OneJobRule(
                lookups=lookups,
                key_table=key_table,
                deleted_uploads=deleter,
                refused_versions=RefusedVersionsTable(dynamodb, settings.status_table, ttl_s=settings.output_ttl_s),
                retries_per_upload=settings.retries_per_upload,
                announce=announce,
            ),
            deleted_uploads=deleter,
            clock=time.time,
            announce=announce,
            lease_s=settings.claim_lease_s,
        ),
        applier=Applier(
            statuses=statuses,
            key_table=key_table,
            artifacts=ArtifactStore(await aws.s3(), settings.output_bucket),
            ends=ends,
            clock=time.time,
            price_usd=settings.price_per_billable_minute_usd,
            announce=announce,
        ),
    )
    return DeliveryHandler(
        batch=batch,
        announcer=announcer,
        notes=DeliveryNotes(dynamodb, settings.output_table),
        rule=RetryRule(give_up_after_s=settings.give_up_after_s),
        clock=time.time,
    )


async def open_intake(aws: Aws, settings: WorkerSettings, handler: DeliveryHandler) -> DeliveryHandler:
    """Return the handler of the uploads queue and of job events: it sends uploads on, and creates no job."""
    intake = Intake(
        key_table=handler.submitter.key_table,
        one_job=handler.submitter.one_job,
        canceller=handler.batch.canceller,
        queue=SubmissionQueue(
            client=await aws.sqs(),
            url=settings.submission_queue_url,
            input_bucket=settings.input_bucket,
            is_fair=settings.submission_fairness,
        ),
        clock=time.time,
    )
    return replace(handler, batch=replace(handler.batch, intake=intake))


async def open_queue_meter(aws: Aws, settings: WorkerSettings, handler: DeliveryHandler) -> QueueMeter:
    """Return the meter of the queues of uploads and of MediaConvert's queue, with the handler's own stores."""
    submitter = handler.submitter
    return QueueMeter(
        messages=WaitingMessages(await aws.sqs(), [settings.uploads_queue_url, settings.submission_queue_url]),
        mediaconvert=submitter.mediaconvert,
        table=submitter.queue_table,
        key_table=submitter.key_table,
        clock=time.time,
    )


async def _deleter(aws: Aws, settings: WorkerSettings, canceller: Canceller) -> Deleter:
    s3, tables = (
        await aws.s3(),
        {
            "lookup_table": settings.input_file_table,
            "status_table": settings.status_table,
            "output_table": settings.output_table,
        },
    )
    return Deleter(
        rows=DeletedRows(await aws.dynamodb(), **tables),
        jobs=JobsOfUpload(
            key_table=canceller.key_table,
            statuses=canceller.statuses,
            mediaconvert=canceller.mediaconvert,
            canceller=canceller,
            clock=time.time,
        ),
        inputs=StoredObjects(s3, settings.input_bucket),
        outputs=StoredObjects(s3, settings.output_bucket),
        invalidations=Invalidations(aws.cloudfront, distribution_id=settings.invalidate_distribution_id),
        sweeps=SweepQueue(await aws.sqs(), queue_url=settings.job_events_queue_url, bucket=settings.input_bucket),
        clock=time.time,
    )


def _budgets(settings: WorkerSettings) -> Budgets:
    return Budgets(
        per_day=settings.billable_minutes_per_day, per_day_and_caller=settings.billable_minutes_per_day_and_caller
    )


def _queue_table(statuses: StatusTable, settings: WorkerSettings) -> QueueTable:
    return QueueTable(statuses.client, statuses.table, ttl_s=settings.status_ttl_s)


def message_parser(settings: WorkerSettings) -> MessageParser:
    """Return the parser of all queues' messages, with the sanitiser that hides this deployment's names."""
    return MessageParser(
        input_bucket=settings.input_bucket,
        upload_prefix=settings.upload_prefix,
        sanitiser=Sanitiser(secrets=(settings.input_bucket, settings.output_bucket, settings.mediaconvert_role)),
        follow=follow_rule(settings),
        are_event_keys_encoded=settings.s3_event_keys_encoded,
    )


def follow_rule(settings: WorkerSettings) -> FollowRule:
    """Return the rule for other programs' jobs."""
    queues = settings.follow_queues if settings.follow_jobs == "all" else ()
    return FollowRule(queues=frozenset(queues), output_bucket=settings.output_bucket)


def _defaults(settings: WorkerSettings) -> JobDefaults:
    return JobDefaults(
        input_bucket=settings.input_bucket,
        output_bucket=settings.output_bucket,
        role=settings.mediaconvert_role,
        profiles=settings.profiles,
        queue=settings.mediaconvert_queue,
        status_update_interval_s=settings.status_update_interval_s,
        max_duration_s=settings.upload_max_duration_s,
        needs_cookies=settings.playback_key_pair_id is not None,
    )
