"""The jobs of a file in MediaConvert, and the claim of a worker that died while it submitted one."""

import hashlib
import secrets
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from local.provision import Stack
from tests.integration.stores import Stores
from worker.claim import Claim, Destination

if TYPE_CHECKING:
    from types_aiobotocore_mediaconvert import MediaConvertClient


async def jobs_of(client: "MediaConvertClient", stack: Stack, input_file: str) -> Sequence[Any]:
    """Return all of MediaConvert's jobs for the file."""
    response = await client.search_jobs(InputFile=f"s3://{stack.input_bucket}/{input_file}")
    return response.get("Jobs", [])


async def dead_workers_claim(stores: Stores, input_file: str, *, lease_s: float = 0) -> Claim:
    """Write the claim of a worker that died, or of one whose lease lasts `lease_s` more seconds."""
    claim_id = hashlib.sha256(f"{input_file}\nv1".encode()).hexdigest()[:40]
    now_ms = int(time.time() * 1000)
    claim = Claim(
        claim_id=claim_id,
        destination=Destination(
            input_file=input_file,
            output_path=f"{input_file}_20261122083000-0a1b2c/",
            key_file="clip.key",
            key_value=secrets.token_hex(16),
        ),
        claimed_ms=now_ms,
        lease_token="dead",  # noqa: S106 -- names a lease, is not a password
        lease_until_ms=now_ms + round(lease_s * 1000),
    )
    assert (await stores.outputs.claim(claim, now_ms=now_ms)).is_new
    return claim
