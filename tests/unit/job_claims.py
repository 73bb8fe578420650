"""The claim of a file, and the settings of its job request."""

from transcode.profiles import Profiles
from worker.claim import Claim, Destination
from worker.submission.job_request import JobDefaults
from worker.submission.output_names import key_file

KEY = "00112233445566778899aabbccddeeff"


DEFAULTS = JobDefaults(
    input_bucket="clips-in",
    output_bucket="clips-out",
    role="arn:aws:iam::123456789012:role/clips-transcode",
    profiles=Profiles(templates={"hls": "clips-hls"}, default="hls"),
    queue=None,
    status_update_interval_s=10,
    max_duration_s=14_400,
)


def claim_of(input_file: str = "uploads/5e0c/harbour.mp4") -> Claim:
    """Return a claim on the upload, as the key table returns it."""
    return Claim(
        claim_id="0f4c1d2b3a59687766554433221100ffeeddccbb",
        destination=Destination(
            input_file=input_file,
            output_path="uploads/5e0c/harbour.mp4_20251122080000-4be1c7/",
            key_file=key_file(input_file),
            key_value=KEY,
        ),
        claimed_ms=1763798400000,
        lease_token="a1",  # noqa: S106 -- not a password
        lease_until_ms=1763798460000,
    )
