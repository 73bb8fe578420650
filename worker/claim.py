"""The claim on an object version, which makes sure that the version gets one job. Pure; the key table stores it."""

import hashlib
from dataclasses import dataclass, field

from worker.job_plan import JobPlan
from worker.messages.events import ObjectCreated


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """The output path of one job, and its encryption key (32 hexadecimal digits, never part of a repr)."""

    input_file: str
    output_path: str
    key_file: str
    key_value: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to create the one job of one object version.

    Only the holder of the lease may call CreateJob, until `lease_until_ms` (Unix milliseconds). `job_id` is set once
    the job is created. `refused` is set once it is certain that no job can be created. `is_jobless` is true if it is
    certain that no job was created so far: there was no CreateJob, or each was throttled or denied. `plan` is set once
    the job is planned. `is_counted` is true once the budgets have counted it.
    """

    claim_id: str
    destination: Destination
    claimed_ms: int
    lease_token: str
    lease_until_ms: int
    job_id: str | None = None
    refused: bool = False
    is_jobless: bool = False
    plan: JobPlan | None = None
    is_counted: bool = False
    is_new: bool = False
    """True if this call wrote the claim."""

    @property
    def may_have_job(self) -> bool:
        """True if MediaConvert may have a job for the claim: an earlier holder of the lease may have created it."""
        return not (self.is_new or self.is_jobless)

    @property
    def is_finished(self) -> bool:
        """True if no job is left to create: it was created, or it was refused."""
        return self.job_id is not None or self.refused


def claim_id(upload: ObjectCreated) -> str:
    """Return the id of an object version's claim: 40 hexadecimal digits, the same for each delivery.

    A request for another job has a claim of its own. Its id is made of the replaced job's id instead of the version, so
    a repeated request has the same claim, although another version may have arrived between the two.
    """
    of = f"\n{upload.replaces}" if upload.replaces else upload.version
    return hashlib.sha256(f"{upload.input_file}\n{of}".encode()).hexdigest()[:40]
