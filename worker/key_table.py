"""The table with the encryption keys and with the claims. A claim makes sure that one upload gets one job.

Only the worker's role may access the table. A claim's row has a key that begins with "claim:"; no MediaConvert job id
does. The claim contains the encryption key and the output path before the job exists, so a crash loses neither.
No AWS type passes this boundary.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from transcode.dynamodb import Condition, Update, decode, encode, old_item
from transcode.permissions import Resource, allow
from worker.claim import Claim, Destination
from worker.job_plan import JobPlan

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

PERMISSIONS = allow("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", on=[Resource.OUTPUT_TABLE])

CLAIM_PREFIX = "claim:"
LEASE_PREFIX = "turn:"


class KeyTable:
    """Encryption keys and output paths by job id, claims by object version, and leases by name."""

    def __init__(self, client: "DynamoDBClient", table: str, *, ttl_s: int) -> None:
        self._client = client
        self.table = table
        self._ttl_s = ttl_s

    async def claim(self, new: Claim, *, now_ms: int) -> Claim:
        """Claim an object version and its lease: return the existing claim if there is one, otherwise the new claim.

        The caller holds the lease if and only if the returned `lease_token` is that of the new claim. The encryption
        key and the output path of an existing claim stay.
        """
        update = Update().set(LeaseToken=new.lease_token, LeaseUntil=new.lease_until_ms).remove("Jobless")
        update.set(ExpirationTime=now_ms // 1000 + self._ttl_s)  # the claim exists for as long as its upload waits
        update.where(update.compare("LeaseUntil", "<=", now_ms))
        update.where(update.compare("ExpirationTime", ">", now_ms // 1000))
        update.where(update.absent("ClaimedJobId")).where(update.absent("Refused"))
        try:
            response = await self._client.update_item(
                TableName=self.table,
                Key={"JobId": {"S": CLAIM_PREFIX + new.claim_id}},
                ReturnValues="ALL_OLD",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **update.request(),
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            existing = old_item(error)
            if existing and existing["ExpirationTime"] > now_ms // 1000:
                return _claim(existing)  # leased by another worker, or finished
            return await self.open_claim(new)
        existing_claim = _claim(decode(response["Attributes"]))
        return replace(existing_claim, lease_token=new.lease_token, lease_until_ms=new.lease_until_ms)

    async def open_claim(self, new: Claim) -> Claim:
        """Write the claim if the object version has none, and return it; otherwise return the existing claim."""
        row = {"JobId": CLAIM_PREFIX + new.claim_id, **_claim_attributes(new), **self._times(new.claimed_ms)}
        unclaimed = Condition()
        unclaimed.where(unclaimed.absent("JobId"), unclaimed.compare("ExpirationTime", "<=", new.claimed_ms // 1000))
        try:
            await self._client.put_item(
                TableName=self.table,
                Item=encode(row),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **unclaimed.request(),
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            return _claim(old_item(error))
        return replace(new, is_new=True)

    async def get_claim(self, claim_id: str) -> Claim | None:
        """Return the stored claim; None if it doesn't exist or DynamoDB has deleted it."""
        key = {"JobId": {"S": CLAIM_PREFIX + claim_id}}
        response = await self._client.get_item(TableName=self.table, Key=key, ConsistentRead=True)
        row = decode(response.get("Item", {}))
        return _claim(row) if row else None

    async def acquire_lease(self, name: str, *, now_ms: int, until_ms: int) -> bool:
        """Acquire the named lease, which one worker holds until `until_ms`; return False if another worker holds it."""
        update = Update().set(TurnUntil=until_ms, ExpirationTime=until_ms // 1000 + self._ttl_s)
        update.where(update.absent("TurnUntil"), update.compare("TurnUntil", "<=", now_ms))
        return await self._update(LEASE_PREFIX + name, update) is None

    async def renew_lease(self, name: str, *, until_ms: int, new_until_ms: int) -> bool:
        """Extend the lease that was acquired until `until_ms`; return False if another worker has taken it over."""
        update = Update().set(TurnUntil=new_until_ms, ExpirationTime=new_until_ms // 1000 + self._ttl_s)
        update.where(update.compare("TurnUntil", "=", until_ms))
        return await self._update(LEASE_PREFIX + name, update) is None

    async def release_lease(self, name: str, *, until_ms: int) -> None:
        """End the lease that was acquired until `until_ms`; do nothing if another worker holds it by now."""
        update = Update().set(TurnUntil=0)
        update.where(update.compare("TurnUntil", "=", until_ms))
        await self._update(LEASE_PREFIX + name, update)

    async def release(self, claim: Claim, *, is_jobless: bool = False) -> None:
        """End the lease early, so that the next attempt needn't wait for it to expire.

        `is_jobless` records that MediaConvert certainly has no job, so that the next attempt needn't search for it. The
        claim's plan is kept for that attempt.
        """
        update = Update().set(
            LeaseUntil=0, Jobless=is_jobless or None, Plan=claim.plan.to_row() if claim.plan else None
        )
        update.where(update.compare("LeaseToken", "=", claim.lease_token))
        await self._update(CLAIM_PREFIX + claim.claim_id, update)

    async def record_job(self, claim: Claim, job_id: str) -> str:
        """Record the claim's job, and return the recorded id: another job's if another worker recorded it first."""
        plan = claim.plan.to_row() if claim.plan else None
        update = self._whole(Update().set(ClaimedJobId=job_id, Plan=plan), claim)
        update.where(update.absent("ClaimedJobId"), update.compare("ClaimedJobId", "=", job_id))
        conflicting = await self._update(CLAIM_PREFIX + claim.claim_id, update)
        return job_id if conflicting is None else conflicting["ClaimedJobId"]

    async def refuse(self, claim: Claim) -> bool:
        """Record that no job can be created for this object version; return False if it has one. Safe to repeat."""
        update = self._whole(Update().set(Refused=True), claim)
        update.where(update.absent("ClaimedJobId"))
        return await self._update(CLAIM_PREFIX + claim.claim_id, update) is None

    async def refuse_jobless(self, claim_id: str, *, now_ms: int) -> bool:
        """Refuse the claim, if no job was created for it and no worker may be creating one. Safe to repeat.

        Return False if the claim has a job or a lease, if its job may exist, or if its row doesn't exist.
        """
        update = Update().set(Refused=True)
        update.where(update.compare("Jobless", "=", True)).where(update.compare("LeaseUntil", "<=", now_ms))
        update.where(update.absent("ClaimedJobId"))
        return await self._update(CLAIM_PREFIX + claim_id, update) is None

    async def put(self, job_id: str, destination: Destination, *, now_s: int, plan: JobPlan | None = None) -> None:
        """Write the job's encryption key, output path and plan. Safe to repeat."""
        row = {"JobId": job_id, **_destination_attributes(destination), **self._times(now_s * 1000)}
        await self._client.put_item(TableName=self.table, Item=encode({**row, "Plan": plan.to_row() if plan else None}))

    async def get(self, job_id: str, *, now_s: int) -> Destination | None:
        """Return the job's output path and encryption key; None if its row is missing or has expired."""
        row = await self._row(job_id, now_s=now_s)
        return _destination(row) if row else None

    async def get_planned(self, job_id: str, *, now_s: int) -> tuple[Destination, JobPlan | None] | None:
        """Return what `get` returns, and the job's plan if it is known."""
        row = await self._row(job_id, now_s=now_s)
        return (_destination(row), _plan(row)) if row else None

    async def _row(self, job_id: str, *, now_s: int) -> Mapping[str, Any] | None:
        response = await self._client.get_item(TableName=self.table, Key={"JobId": {"S": job_id}}, ConsistentRead=True)
        row = decode(response.get("Item", {}))
        return row if row and row["ExpirationTime"] > now_s else None

    def _whole(self, update: Update, claim: Claim) -> Update:
        """Add what the row lacks if DynamoDB has deleted it: no row may be without its claim, or without an expiry."""
        update.set_once(**_destination_attributes(claim.destination), **self._times(claim.claimed_ms))
        return update.set_once(ClaimedTime=claim.claimed_ms, LeaseToken=claim.lease_token, LeaseUntil=0)

    def _times(self, now_ms: int) -> dict[str, int]:
        now_s = now_ms // 1000
        return {"CreationTime": now_s, "ExpirationTime": now_s + self._ttl_s}

    async def _update(self, key: str, update: Update) -> Mapping[str, Any] | None:
        """Update the row and return None; if the condition failed, change nothing and return the existing row."""
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
        "Jobless": claim.is_jobless or None,
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
        is_jobless=bool(row.get("Jobless", False)),
        plan=_plan(row),
        is_counted="CountedMs" in row,
    )


def _plan(row: Mapping[str, Any]) -> JobPlan | None:
    return JobPlan.from_row(row["Plan"]) if "Plan" in row else None
