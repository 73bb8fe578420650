"""The Idempotency-Keys of requests, for a day each, in rows of the table of input files.

A request first locks its key for `LOCK_S` seconds, and records its target: the upload that it is about to announce. If
the process dies, the lock ends, and a repeated request continues with the same target.

No AWS type passes this boundary.
"""

import hashlib
import secrets
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from transcode.dynamodb import Condition, Update, encode, old_item
from transcode.errors import IdempotencyKeyInUseError, IdempotencyKeyReusedError
from transcode.permissions import Resource, allow

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

PERMISSIONS = allow("dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem", on=[Resource.INPUT_FILE_TABLE])

KEPT_S = 86_400
"""Seconds for which a key is kept."""
LOCK_S = 30
"""Seconds for which only one request with the key may run; longer than any request takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyClaim:
    """A key that this request has locked, or whose request was finished before.

    `target` is what the first request of the key recorded. `is_repeated` is true if that was an earlier request.
    """

    row: str
    token: str
    target: str
    is_repeated: bool = False
    is_done: bool = False


class IdempotencyKeys:
    """The keys of all callers."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    async def claim(self, caller: str, key: str, *, request: str, target: str, now_s: int) -> KeyClaim:
        """Lock the caller's key for a request, given as text, or return what an earlier request of the key has done.

        Raises:
            IdempotencyKeyReusedError: The key belongs to another request.
            IdempotencyKeyInUseError: Another request with the key has not ended yet.
        """
        claim = KeyClaim(row=_row(caller, key), token=secrets.token_hex(8), target=target)
        request_hash = hashlib.sha256(request.encode()).hexdigest()
        free = Condition()
        free.where(free.absent("InputFile"), free.compare("ExpirationTime", "<=", now_s))
        row = {
            "InputFile": claim.row,
            "RequestHash": request_hash,
            "Target": target,
            "LockToken": claim.token,
            "LockedUntil": now_s + LOCK_S,
            "ExpirationTime": now_s + KEPT_S,
        }
        try:
            await self._client.put_item(
                TableName=self._table,
                Item=encode(row),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **free.request(),
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            return await self._existing(claim, old_item(error), request_hash=request_hash, now_s=now_s)
        return claim

    async def record_target(self, claim: KeyClaim, target: str) -> None:
        """Replace the target while this request has the lock."""
        await self._update(claim, Update().set(Target=target))

    async def finish(self, claim: KeyClaim) -> None:
        """Unlock the key: repeated requests get what this one did."""
        await self._update(claim, Update().remove("LockedUntil"))

    async def unlock(self, claim: KeyClaim) -> None:
        """Let the next request with the key continue with this one's target."""
        await self._update(claim, Update().set(LockedUntil=0))

    async def release(self, claim: KeyClaim) -> None:
        """Forget the key, because its request was refused and did nothing."""
        held = Condition()
        held.where(held.compare("LockToken", "=", claim.token))
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            await self._client.delete_item(TableName=self._table, Key={"InputFile": {"S": claim.row}}, **held.request())

    async def _existing(self, claim: KeyClaim, row: dict[str, Any], *, request_hash: str, now_s: int) -> KeyClaim:
        if row.get("RequestHash") != request_hash:
            raise IdempotencyKeyReusedError
        earlier = KeyClaim(row=claim.row, token=claim.token, target=row["Target"], is_repeated=True, is_done=True)
        if "LockedUntil" not in row:
            return earlier
        if row["LockedUntil"] > now_s:
            raise IdempotencyKeyInUseError
        update = Update().set(LockToken=claim.token, LockedUntil=now_s + LOCK_S)
        update.where(update.compare("LockToken", "=", row["LockToken"])).where(update.present("LockedUntil"))
        try:
            await self._client.update_item(
                TableName=self._table, Key={"InputFile": {"S": claim.row}}, **update.request()
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            raise IdempotencyKeyInUseError from error
        return KeyClaim(row=claim.row, token=claim.token, target=row["Target"], is_repeated=True)

    async def _update(self, claim: KeyClaim, update: Update) -> None:
        update.where(update.compare("LockToken", "=", claim.token))
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            await self._client.update_item(
                TableName=self._table, Key={"InputFile": {"S": claim.row}}, **update.request()
            )


def _row(caller: str, key: str) -> str:
    digest = hashlib.sha256(f"{caller}\n{key}".encode()).hexdigest()
    return f"idempotency:{digest}"
