"""The table with the encryption keys, and with the claims by which one upload becomes one job.

Only the worker's role may touch it. A claim is a row whose key begins with "claim:", which no MediaConvert job id
does; it holds the key and the output path before the job exists, so that a crash at any line loses neither.
No AWS type passes this boundary.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from transcode.dynamodb import Condition, Update, decode, encode, old_item
from transcode.permissions import Resource, allow
from worker.claim import Claim, Destination

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

PERMISSIONS = allow("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", on=[Resource.OUTPUT_TABLE])

CLAIM_PREFIX = "claim:"
TURN_PREFIX = "turn:"


class KeyTable:
    """Keys and output paths by job id, and claims by object version."""

    def __init__(self, client: "DynamoDBClient", table: str, *, ttl_s: int) -> None:
        self._client = client
        self.table = table
        self._ttl_s = ttl_s

    async def claim(self, wanted: Claim, *, now_ms: int) -> Claim:
        """Return the claim on this object version: the wanted one where it is the first, else the one that stands.

        The caller holds the lease exactly when the returned `lease_token` is the wanted one.
        """
        row = {"JobId": CLAIM_PREFIX + wanted.claim_id, **_claim_attributes(wanted), **self._times(now_ms)}
        free = Condition()
        free.where(free.absent("JobId"), free.compare("ExpirationTime", "<=", now_ms // 1000))
        try:
            await self._client.put_item(
                TableName=self.table,
                Item=encode(row),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **free.request(),
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            return await self._take_up(_claim(old_item(error)), wanted, now_ms=now_ms)
        return replace(wanted, is_fresh=True)

    async def get_claim(self, claim_id: str) -> Claim | None:
        """Return the claim as it stands; None where there is none, or none any more."""
        key = {"JobId": {"S": CLAIM_PREFIX + claim_id}}
        answer = await self._client.get_item(TableName=self.table, Key=key, ConsistentRead=True)
        row = decode(answer.get("Item", {}))
        return _claim(row) if row else None

    async def take_turn(self, name: str, *, now_ms: int, until_ms: int) -> bool:
        """Return whether the caller may do what is done by one worker at a time; if so, nobody else until then."""
        update = Update().set(TurnUntil=until_ms, ExpirationTime=until_ms // 1000 + self._ttl_s)
        update.where(update.absent("TurnUntil"), update.compare("TurnUntil", "<=", now_ms))
        return await self._update(TURN_PREFIX + name, update) is None

    async def _take_up(self, standing: Claim, wanted: Claim, *, now_ms: int) -> Claim:
        """Take over the lease of an unfinished claim whose holder is gone; the key and path stay."""
        if standing.is_settled or standing.lease_until_ms > now_ms:
            return standing
        update = Update().set(LeaseToken=wanted.lease_token, LeaseUntil=wanted.lease_until_ms)
        update.where(update.compare("LeaseToken", "=", standing.lease_token))
        update.where(update.absent("ClaimedJobId"))
        lost = await self._update(CLAIM_PREFIX + wanted.claim_id, update)
        if lost is not None:
            return _claim(lost)
        return replace(standing, lease_token=wanted.lease_token, lease_until_ms=wanted.lease_until_ms)

    async def release(self, claim: Claim) -> None:
        """Give the lease back, so that the next attempt needn't wait for its end. For when no job was made."""
        update = Update().set(LeaseUntil=0)
        update.where(update.compare("LeaseToken", "=", claim.lease_token))
        await self._update(CLAIM_PREFIX + claim.claim_id, update)

    async def settle(self, claim: Claim, job_id: str) -> str:
        """Record the claim's job, and return the one that stands: another's where it was recorded first."""
        update = Update().set(ClaimedJobId=job_id)
        update.where(update.absent("ClaimedJobId"), update.compare("ClaimedJobId", "=", job_id))
        lost = await self._update(CLAIM_PREFIX + claim.claim_id, update)
        return job_id if lost is None else lost["ClaimedJobId"]

    async def refuse(self, claim: Claim) -> None:
        """Record that no job can be made of this object version."""
        await self._update(CLAIM_PREFIX + claim.claim_id, Update().set(Refused=True))

    async def put(self, job_id: str, destination: Destination, *, now_s: int) -> None:
        """Keep the job's key and output path. Safe to repeat."""
        row = {"JobId": job_id, **_destination_attributes(destination), **self._times(now_s * 1000)}
        await self._client.put_item(TableName=self.table, Item=encode(row))

    async def get(self, job_id: str, *, now_s: int) -> Destination | None:
        """Return where the job writes and its key; None for a job whose row isn't there yet, or has expired."""
        answer = await self._client.get_item(TableName=self.table, Key={"JobId": {"S": job_id}}, ConsistentRead=True)
        row = decode(answer.get("Item", {}))
        return _destination(row) if row and row["ExpirationTime"] > now_s else None

    def _times(self, now_ms: int) -> dict[str, int]:
        now_s = now_ms // 1000
        return {"CreationTime": now_s, "ExpirationTime": now_s + self._ttl_s}

    async def _update(self, key: str, update: Update) -> Mapping[str, Any] | None:
        """Write; return None when it was done, or the row as it stands when the update's condition failed."""
        try:
            await self._client.update_item(
                TableName=self.table,
                Key={"JobId": {"S": key}},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **update.request(),
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            return old_item(error)
        return None


def _destination_attributes(destination: Destination) -> dict[str, object]:
    return {
        "InputFile": destination.input_file,
        "OutputPath": destination.output_path,
        "KeyFile": destination.key_file,
        "KeyValue": destination.key_value,
    }


def _destination(row: Mapping[str, Any]) -> Destination:
    return Destination(
        input_file=row["InputFile"],
        output_path=row["OutputPath"],
        key_file=row["KeyFile"],
        key_value=row["KeyValue"],
    )


def _claim_attributes(claim: Claim) -> dict[str, object]:
    return {
        **_destination_attributes(claim.destination),
        "ClaimedTime": claim.claimed_ms,
        "LeaseToken": claim.lease_token,
        "LeaseUntil": claim.lease_until_ms,
    }


def _claim(row: Mapping[str, Any]) -> Claim:
    return Claim(
        claim_id=row["JobId"].removeprefix(CLAIM_PREFIX),
        destination=_destination(row),
        claimed_ms=int(row["ClaimedTime"]),
        lease_token=row["LeaseToken"],
        lease_until_ms=int(row["LeaseUntil"]),
        job_id=row.get("ClaimedJobId"),
        refused=bool(row.get("Refused", False)),
    )
