"""The claim by which one object version becomes one job. Pure: what it holds, not where it is kept."""

import hashlib
from dataclasses import dataclass, field

from worker.messages.parser import ObjectCreated


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where one job writes, and the key it encrypts with (32 hexadecimal digits, kept out of every repr)."""

    input_file: str
    output_path: str
    key_file: str
    key_value: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to make the one job of one object version.

    Whoever holds the lease (`lease_until_ms`, Unix milliseconds) may call CreateJob. `job_id` is set once the job
    is made, `refused` once it is certain that none can be.
    """

    claim_id: str
    destination: Destination
    claimed_ms: int
    lease_token: str
    lease_until_ms: int
    job_id: str | None = None
    refused: bool = False
    is_fresh: bool = False
    """Whether this call made the claim; otherwise MediaConvert may already have a job for it."""

    @property
    def is_settled(self) -> bool:
        """Whether there is nothing left to make."""
        return self.job_id is not None or self.refused


def claim_id(upload: ObjectCreated) -> str:
    """Return what one version of an object is claimed under: 40 hexadecimal digits, the same for each delivery.

    Another job that was asked for is a claim of its own, named by what it replaces: however often it is asked for.
    """
    again = f"\n{upload.replaces}" if upload.replaces else ""
    return hashlib.sha256(f"{upload.input_file}\n{upload.version}{again}".encode()).hexdigest()[:40]
