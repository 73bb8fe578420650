"""The row of an upload names its jobs and the claims of all its attempts."""

from worker.claim import claim_id
from worker.deletion.marked_upload import marked_upload
from worker.messages.events import ObjectCreated

KEY = "uploads/1f/cat.mp4"
ROW = {"InputFile": KEY, "DeleteRequestedTime": 5}


def claim(**attempt: str) -> str:
    """Return the id of the claim of an attempt."""
    return claim_id(ObjectCreated(**{"input_file": KEY, "size_bytes": 5, "version": "", **attempt}))  # type: ignore[arg-type]


def test_a_row_names_the_jobs_and_claims_of_every_retry() -> None:
    """A refused claim has no job; its retry has a claim."""
    row = {"JobId": "3-c", "Retried": {"1-a", "refused-7"}, "Replaces": "2-b", "Version": "v1", "ClaimId": "c9"}
    upload = marked_upload({**ROW, **row})
    assert upload.job_ids == {"1-a", "2-b", "3-c"}
    retries = {claim(replaces=each) for each in ("1-a", "refused-7", "2-b")}
    assert upload.claim_ids == {*retries, claim(version="v1"), "c9"}


def test_a_tombstone_remembers_the_jobs_that_were_deleted() -> None:
    """The sweep and the audit look for them."""
    upload = marked_upload({**ROW, "DeletedTime": 6, "DeletedJobs": {"1-a"}})
    assert (upload.is_tombstone, upload.job_ids, upload.claim_ids) == (True, frozenset({"1-a"}), frozenset())
    assert not marked_upload(ROW).is_tombstone
