"""The long polls of all functions on Lambda, counted in the status table.

A function handles one request at a time and knows nothing of the others, but all of them share the account's concurrent
executions. So each long poll adds its planned seconds to a row for the current period, and the sum so far tells it how
many polls wait on average. The row's key contains a colon, which no job id does. No AWS type passes this boundary.
"""

from typing import TYPE_CHECKING

import structlog
from botocore.exceptions import BotoCoreError, ClientError

from service.live.limits import POLL_PERIOD_S, PlannedWaits, average_polls, wait_on_lambda_s
from transcode.dynamodb import Update, decode
from transcode.permissions import Resource, allow

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

PERMISSIONS = allow("dynamodb:UpdateItem", on=[Resource.STATUS_TABLE])
TTL_S = 3_600

log = structlog.get_logger(__name__)


class PollLedger:
    """The planned waits of all functions. `concurrency` is the number of executions that they share."""

    def __init__(self, client: "DynamoDBClient", table: str, *, concurrency: int) -> None:
        self._client = client
        self._table = table
        self._concurrency = concurrency
        self._last = PlannedWaits()

    async def wait_s(self, max_wait_s: float, *, now_s: float) -> float:
        """Return the longest wait of one more long poll, and count this wait. 0 means to respond at once.

        The decision uses the sum that this function's last poll received, so a poll costs one write and no read.
        """
        polls = average_polls(self._last, now_s=now_s)
        wait_s = wait_on_lambda_s(max_wait_s, polls=polls, concurrency=self._concurrency)
        try:
            self._last = await self._add(max(wait_s, 0.1), now_s=now_s)
        except (BotoCoreError, ClientError) as error:
            # Without the sum, the function waits as long as the last known one allows.
            log.warning("live.polls_uncounted", reason=type(error).__name__)
        return wait_s

    async def _add(self, wait_s: float, *, now_s: float) -> PlannedWaits:
        period = int(now_s // POLL_PERIOD_S)
        update = Update().increment("WaitMs", by=round(wait_s * 1000)).set(ExpirationTime=int(now_s) + TTL_S)
        response = await self._client.update_item(
            TableName=self._table, Key={"JobId": {"S": f"polls:{period}"}}, ReturnValues="ALL_NEW", **update.request()
        )
        return PlannedWaits(seconds=float(decode(response["Attributes"])["WaitMs"]) / 1000, period=period, at_s=now_s)
