"""The header Idempotency-Key: a client that got no response repeats its request, and it takes effect once.

https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Annotated

from fastapi import Header
from pydantic import BaseModel

from service.access.caller import Caller
from service.aws.idempotency_keys import KeyClaim
from service.resources import Resources
from transcode.errors import TranscodeError
from transcode.listing import listed_for

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="A text of your own, such as a UUID, the same for each repetition of one request. For a day, the "
        "first request with it takes effect, and the others get the same result.",
        examples=["8e03978e-40d5-43dd-bc93-6894a57f9324"],
    ),
]


@asynccontextmanager
async def effective_once(
    resources: Resources, caller: Caller, key: str | None, body: BaseModel, *, target: str
) -> AsyncIterator[KeyClaim]:
    """Yield the claim of the request's key, and finish it; without a key, every request is a first one.

    A refused request has done nothing, so its key is free again. A request that ends with another error may have taken
    effect: a repeated one continues with its target.

    Raises:
        IdempotencyKeyReusedError: The key belongs to another request.
        IdempotencyKeyInUseError: Another request with the key has not ended yet.
    """
    if key is None:
        yield KeyClaim(row="", token="", target=target)
        return
    request = json.dumps([type(body).__name__, body.model_dump(mode="json")], sort_keys=True)
    claim = await resources.idempotency.claim(
        listed_for(caller.owner), key, request=request, target=target, now_s=resources.now_s()
    )
    if claim.is_done:
        yield claim
        return
    try:
        yield claim
    except Exception as error:
        is_refused = isinstance(error, TranscodeError) and error.http_status < HTTPStatus.INTERNAL_SERVER_ERROR
        if is_refused and not claim.is_repeated:
            await resources.idempotency.release(claim)
        else:
            await resources.idempotency.unlock(claim)
        raise
    await resources.idempotency.finish(claim)
