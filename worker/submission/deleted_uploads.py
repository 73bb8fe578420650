"""The end of submission for an upload that is deleted meanwhile. `worker.deletion` implements it."""

from typing import Protocol

from worker.claim import Claim
from worker.outcomes import Verdict


class DeletedUploads(Protocol):
    """Removes what comes to a deleted upload."""

    async def remove_object(self, input_file: str) -> None:
        """Remove an object that arrived under the key of a deleted upload. Safe to repeat."""

    async def remove_job(self, claim: Claim, job_id: str) -> Verdict:
        """End and remove a job that was created while its upload was deleted. Safe to repeat."""
