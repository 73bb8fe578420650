"""Bearer tokens: the present one goes to the API, and another one is requested when the API refuses it."""

import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable

import httpx

Token = str | Callable[[], str | Awaitable[str]]
"""A token, or a function that returns the present one; a coroutine function is awaited."""


class BearerAuth(httpx.Auth):
    """Sends the token with each request; after a 401 it calls the function again, and repeats the request once."""

    def __init__(self, token: Token) -> None:
        """`token` may be a function, whose token is kept until the API refuses it."""
        self._token = token
        self._present: str | None = token if isinstance(token, str) else None

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Yield the request with the token, and again with the next token if the API refused the first one."""
        used = self._present or await self._next()
        request.headers["Authorization"] = f"Bearer {used}"
        response = yield request
        if response.status_code != httpx.codes.UNAUTHORIZED or isinstance(self._token, str):
            return
        if self._present == used:  # another request may have replaced it meanwhile
            self._present = None
        request.headers["Authorization"] = f"Bearer {self._present or await self._next()}"
        yield request

    async def _next(self) -> str:
        assert not isinstance(self._token, str)  # noqa: S101 -- a text is present from the start
        token = self._token()
        self._present = await token if inspect.isawaitable(token) else token
        return self._present
