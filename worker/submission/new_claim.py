"""A new claim on an object version, with a new encryption key and output path. It draws random values."""

import secrets
from datetime import UTC, datetime

from worker.claim import Claim, Destination, claim_id
from worker.messages.events import ObjectCreated
from worker.submission.output_names import key_file, output_path


def new_claim(upload: ObjectCreated, *, now_ms: int, lease_s: float = 0) -> Claim:
    """Return a claim whose lease ends after `lease_s` seconds.

    Without a lease, the claim is for a later submission, and it is certain that there is no job for it.
    """
    destination = Destination(
        input_file=upload.input_file,
        output_path=output_path(
            upload.input_file, created_at=datetime.fromtimestamp(now_ms / 1000, UTC), token=secrets.token_hex(3)
        ),
        key_file=key_file(upload.input_file),
        key_value=secrets.token_hex(16),
    )
    return Claim(
        claim_id=claim_id(upload),
        destination=destination,
        claimed_ms=now_ms,
        lease_token=secrets.token_hex(8),
        lease_until_ms=now_ms + round(lease_s * 1000) if lease_s else 0,
        is_jobless=not lease_s,
    )
