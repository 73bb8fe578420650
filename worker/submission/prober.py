"""MediaConvert's Probe of an input file, for the worker. No AWS type passes this boundary.

MediaConvert reads the file with the caller's own rights, so the worker's role needs s3:GetObject for the uploads.
"""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from transcode.failures import THROTTLED_STATUS, FailureClass, classify
from transcode.permissions import Resource, allow
from worker.submission.job_request import input_uri
from worker.submission.probe_rule import NotProbed, ProbeOutcome, Unreadable
from worker.submission.probed_input import parse_probe

if TYPE_CHECKING:
    from types_aiobotocore_mediaconvert import MediaConvertClient

PERMISSIONS = allow("mediaconvert:Probe", on=[Resource.ANY]) | allow(
    "s3:GetObject",  # MediaConvert reads the file with the caller's rights
    on=[Resource.UPLOADS],
)

UNREADABLE_STATUSES = frozenset({400, 404, 409, 422})
"""Statuses that another probe of the same file would get too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prober:
    """Probes objects of the input bucket. The client makes one attempt at each call."""

    client: "MediaConvertClient"
    input_bucket: str
    timeout_s: float

    async def probe(self, input_file: str) -> ProbeOutcome:
        """Return what MediaConvert finds in the file, or the reason why there is no answer. Raises no AWS error."""
        uri = input_uri(self.input_bucket, input_file)
        try:
            async with asyncio.timeout(self.timeout_s):
                response = await self.client.probe(InputFiles=[{"FileUrl": uri}])
        except ClientError as error:
            status = int(error.response["ResponseMetadata"]["HTTPStatusCode"])
            is_denied = classify(error) is FailureClass.DENIED
            if status in UNREADABLE_STATUSES and not is_denied:
                return Unreadable()
            return NotProbed(error=error, is_throttled=status == THROTTLED_STATUS, is_denied=is_denied)
        except (BotoCoreError, OSError, TimeoutError) as error:
            return NotProbed(error=error)
        return parse_probe(response)
