"""The counters of the budgets, in the key table: one row for a day, and one for a day and caller.

One transaction writes the counters and the mark on the claim. So a job is counted once, however often its upload is
delivered and wherever a worker dies; and no job is counted in one budget only. No AWS type passes this boundary.
"""

import asyncio
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from transcode.dynamodb import Update
from transcode.permissions import Resource, allow
from worker.claim import Claim
from worker.job_plan import JobPlan
from worker.key_table import CLAIM_PREFIX
from worker.submission.budget_rule import Counter

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

PERMISSIONS = allow("dynamodb:UpdateItem", on=[Resource.OUTPUT_TABLE])

BUDGET_PREFIX = "budget:"
LIFETIME_S = 2 * 86_400
"""Seconds until a counter expires; it counts for one day."""
ATTEMPTS = 8
FIRST_PAUSE_S = 0.02


class BudgetTable:
    """The counters. All submitters of a process share one, so that their transactions come one after another."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table
        self._turn = asyncio.Lock()

    async def count(
        self, claim: Claim, plan: JobPlan, counters: Sequence[Counter], *, counted_ms: int, now_s: int
    ) -> bool:
        """Count the claim's job, and return whether all budgets have room for it. Safe to repeat.

        Without room, nothing is counted. A claim that was counted before is not counted again.

        Raises:
            Exception: DynamoDB is unavailable, or other workers' transactions kept the counters busy.
        """
        if any(counter.limit_ms < 0 for counter in counters):
            return False
        mark = Update().set(CountedMs=counted_ms, Plan=plan.to_row())
        mark.where(mark.absent("CountedMs"))
        items = [self._item(CLAIM_PREFIX + claim.claim_id, mark)]
        for counter in counters:
            update = Update().increment("CountedMs", by=counted_ms).set(ExpirationTime=now_s + LIFETIME_S)
            update.where(update.absent("CountedMs"), update.compare("CountedMs", "<=", counter.limit_ms))
            items.append(self._item(BUDGET_PREFIX + counter.name, update))
        async with self._turn:
            return await self._write(items)

    def _item(self, key: str, update: Update) -> dict[str, Any]:
        return {"Update": {"TableName": self._table, "Key": {"JobId": {"S": key}}, **update.request()}}

    async def _write(self, items: Sequence[Any]) -> bool:
        """Write all items; return False if a counter has no room. A conflict with another transaction is retried."""
        for attempt in range(ATTEMPTS):
            try:
                await self._client.transact_write_items(TransactItems=items)
            except self._client.exceptions.TransactionCanceledException as error:
                claim, *counters = [each.get("Code") for each in error.response.get("CancellationReasons", [])]
                if claim == "ConditionalCheckFailed":
                    return True  # it was counted before
                if "ConditionalCheckFailed" in counters:
                    return False
                if attempt == ATTEMPTS - 1:
                    raise
            else:
                return True
            await asyncio.sleep(FIRST_PAUSE_S * 2**attempt * random.uniform(0.5, 1))  # noqa: S311 -- spreads retries
        raise AssertionError("unreachable")
