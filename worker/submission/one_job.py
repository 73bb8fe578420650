"""The rule that an upload gets one job: one version of each announced file, and a limited number of retries.

A presigned PUT can be sent once, but a form can't carry that condition, and a client can win a race. So the worker is
the bound that holds: it decides in one conditional write of the file's row, before any job exists.
"""

import asyncio
from dataclasses import dataclass

import structlog

from transcode.attempt import AnotherVersionError, JobExistsError, UploadDeletedError
from transcode.errors import RetriesExhaustedError
from transcode.job import Failure
from transcode.lookup import Lookup
from transcode.lookup_table import LookupTable
from worker.announce.announcing import Announce, announce_nothing
from worker.claim import Claim
from worker.key_table import KeyTable
from worker.messages.events import ObjectCreated
from worker.refused_versions import RefusedVersionsTable
from worker.submission.deleted_uploads import DeletedUploads

COUNT_TIMEOUT_S = 2
"""Seconds for the count of a refused version."""
EXHAUSTED_CODE = 409
"""The error code on the row of a file whose retry was refused."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class OneJobRule:
    """Decides whether an upload gets a job. Intake and submission both use it."""

    lookups: LookupTable
    key_table: KeyTable
    refused_versions: RefusedVersionsTable
    deleted_uploads: DeletedUploads
    retries_per_upload: int
    announce: Announce = announce_nothing

    async def admit(self, upload: ObjectCreated, claim: Claim, *, now_s: int) -> Lookup | None:
        """Record that the upload waits for its job, and return the file's row; None if it gets no job. Safe to repeat.

        If it gets no job, the claim is refused, and later deliveries end there.
        """
        version = None if upload.replaces else upload.version
        try:
            if upload.replaces:
                await self.lookups.count_retry(
                    upload.input_file, replaces=upload.replaces, limit=self.retries_per_upload
                )
            return await self.lookups.queue(
                upload.input_file,
                claimed_ms=claim.claimed_ms,
                claim_id=claim.claim_id,
                now_s=now_s,
                version=version,
            )
        except UploadDeletedError:
            await self.deleted_uploads.remove_object(upload.input_file)
        except JobExistsError:
            log.warning("upload.job_exists", input_file=upload.input_file, version=upload.version)
        except AnotherVersionError:
            await self._refuse_version(upload, now_s=now_s)
        except RetriesExhaustedError as error:
            failure = Failure(code=EXHAUSTED_CODE, message=str(error))
            end = await self.lookups.refuse(upload.input_file, failure, claimed_ms=claim.claimed_ms, now_s=now_s)
            log.warning("upload.retry_refused", input_file=upload.input_file, replaces=upload.replaces)
            await self.announce(end)
        await self.key_table.refuse(claim)
        return None

    async def _refuse_version(self, upload: ObjectCreated, *, now_s: int) -> None:
        """Log and count the version. A lost count changes nothing else."""
        log.warning("upload.version_refused", input_file=upload.input_file, version=upload.version)
        try:
            async with asyncio.timeout(COUNT_TIMEOUT_S):
                await self.refused_versions.count(upload.input_file, now_s=now_s)
        except Exception as error:  # noqa: BLE001 -- the refusal itself matters more
            log.warning("upload.version_uncounted", reason=type(error).__name__)
