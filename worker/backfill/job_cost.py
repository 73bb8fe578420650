"""The billable minutes of a job that doesn't exist yet, counted as a budget counts them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from transcode.billing import largest_billable_ms
from transcode.permissions import Resource, allow
from transcode.profiles import Profiles
from worker.backfill.selection import Candidate, Cost, UnusableBackfillError
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
    prober: Prober | None
    """None if this deployment probes no files."""
    profiles: Profiles
    max_duration_s: int
    _templates: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    async def of(self, candidate: Candidate) -> Cost:
        """Return the cost of the object's job. Whatever the probe doesn't find counts as the largest.

        Raises:
            ClientError: The template can't be read, or MediaConvert denies the probe.
            UnusableBackfillError: The upload was announced for a profile that doesn't exist any more.
        """
        template = await self._template(candidate.profile)
        outcome = await self.prober.probe(candidate.input_file) if self.prober else None
        if isinstance(outcome, NotProbed) and outcome.is_denied:
            raise outcome.error
        probed = outcome if isinstance(outcome, ProbedInput) else None
        outputs = planned_outputs(template, probed)
        return Cost(
            billable_ms=largest_billable_ms(outputs, max_duration_ms=self.max_duration_s * 1000),
            is_probed=probed is not None and probed.duration_ms is not None,
        )

    async def _template(self, profile: str) -> Mapping[str, Any]:
        if profile not in self.profiles.templates:
            raise UnusableBackfillError(f"unknown profile {profile}; there are {', '.join(self.profiles.names)}")
        if profile not in self._templates:
            response = await self.client.get_job_template(Name=self.profiles.templates[profile])
            self._templates[profile] = response["JobTemplate"]
        return self._templates[profile]
