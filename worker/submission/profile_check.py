"""The check of the profiles when a process starts: an operator sees an unsafe job template before any upload does.

Each job checks its template again, because a template can change while the worker runs.
"""

import asyncio

import structlog

from worker.submission.mediaconvert import JobRefusedError, MediaConvertBusyError, MediaConvertJobs

CHECK_TIMEOUT_S = 5
"""Seconds for the check of all profiles, half of what Lambda allows for the start of a copy (`RESTORE_TIMEOUT_S`). A
worker starts without the check, because it has events to handle."""

log = structlog.get_logger(__name__)


async def check_profiles(mediaconvert: MediaConvertJobs, *, now_s: float) -> None:
    """Check the job template of each profile. A template that can't be read now is checked with its first job.

    Raises:
        UnusableTemplateError: A job template has no HLS group, or outputs that could be read without a cookie.
    """
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            for profile in mediaconvert.profiles:
                await _check(mediaconvert, profile, now_s=now_s)
    except TimeoutError:
        log.warning("profiles.unchecked", reason="MediaConvert doesn't respond")


async def _check(mediaconvert: MediaConvertJobs, profile: str, *, now_s: float) -> None:
    try:
        await mediaconvert.check(profile, now_s=now_s)
    except (JobRefusedError, MediaConvertBusyError) as error:
        log.warning("profiles.unchecked", profile=profile, reason=str(error))
