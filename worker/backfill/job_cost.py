"""The billable minutes of a job that doesn't exist yet, counted as a budget counts them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from transcode.billing import largest_billable_ms
from transcode.permissions import Resource, allow
from transcode.profiles import Profiles
from worker.backfill.selection import Candidate, UnusableBackfillError
from worker.submission.billed_outputs import planned_outputs
from worker.submission.probe_rule import NotProbed
from worker.submission.probed_input import ProbedInput
from worker.submission.prober import PERMISSIONS as PROBING
from worker.submission.prober import Prober

if TYPE_CHECKING:
    from types_aiobotocore_mediaconvert import MediaConvertClient

PERMISSIONS = PROBING | allow("mediaconvert:GetJobTemplate", on=[Resource.MEDIACONVERT_JOB_TEMPLATES])


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCost:
    """Probes objects, and reads the templates of their profiles once."""

    client: "MediaConvertClient"
    prober: Prober
    profiles: Profiles
    max_duration_s: int
    _templates: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    async def billable_ms(self, candidate: Candidate) -> int:
        """Return the normalized milliseconds of the object's job; what the probe doesn't find counts as the largest.

        Raises:
            ClientError: The template can't be read, or MediaConvert denies the probe.
            UnusableBackfillError: The upload was announced for a profile that doesn't exist any more.
        """
        template = await self._template(candidate.profile)
        outcome = await self.prober.probe(candidate.input_file)
        if isinstance(outcome, NotProbed) and outcome.is_denied:
            raise outcome.error
        probed = outcome if isinstance(outcome, ProbedInput) else None
        return largest_billable_ms(planned_outputs(template, probed), max_duration_ms=self.max_duration_s * 1000)

    async def _template(self, profile: str) -> Mapping[str, Any]:
        if profile not in self.profiles.templates:
            raise UnusableBackfillError(f"unknown profile {profile}; there are {', '.join(self.profiles.names)}")
        if profile not in self._templates:
            response = await self.client.get_job_template(Name=self.profiles.templates[profile])
            self._templates[profile] = response["JobTemplate"]
        return self._templates[profile]
