"""The synchronous client: the asynchronous one, on an event loop of its own in the caller's thread."""

import asyncio
import os
from collections.abc import Coroutine, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

from mediaconvert_status_client.api_types import Job, JobStatus, Limits, UploadChanges
from mediaconvert_status_client.async_client import IN_PARTS_FROM_BYTES, AsyncClient, OnSent
from mediaconvert_status_client.tokens import Token

ResultT = TypeVar("ResultT")


class Client:
    """A client of one deployment; use it with `with`, or call `close` at the end. Each thread needs its own.

    Its methods are those of AsyncClient, with the same errors. Callbacks are called in the caller's thread.
    In a coroutine, and in a notebook, use AsyncClient.
    """

    def __init__(self, api_url: str, *, token: Token | None = None, cache_folder: Path | None = None) -> None:
        """Connect to nothing yet; the arguments are those of AsyncClient."""
        self._client = AsyncClient(api_url, token=token, cache_folder=cache_folder)
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._run(self._client.aclose())
        self._runner.close()

    def upload(
        self,
        file: str | os.PathLike[str],
        *,
        on_progress: OnSent | None = None,
        external_id: str | None = None,
        metadata: Mapping[str, str] | None = None,
        profile: str | None = None,
        in_parts_from_bytes: int = IN_PARTS_FROM_BYTES,
    ) -> str:
        """Upload the file, and return its key, `input_file`, by which you follow its job."""
        return self._run(
            self._client.upload(
                file,
                on_progress=on_progress,
                external_id=external_id,
                metadata=metadata,
                profile=profile,
                in_parts_from_bytes=in_parts_from_bytes,
            )
        )

    def progress(self, input_file: str | None = None, *, job_id: str | None = None) -> Iterator[Job]:
        """Iterate over the states of a file's newest job, or of one job, from the present to the final one."""
        states = self._client.progress(input_file, job_id=job_id)
        while (job := self._run(_next(states))) is not None:
            yield job

    def wait(self, input_file: str, *, timeout_s: float | None = None) -> Job:
        """Return the job of an uploaded file when it is COMPLETE."""
        return self._run(self._client.wait(input_file, timeout_s=timeout_s))

    def job(self, input_file: str | None = None, *, job_id: str | None = None) -> Job:
        """Return the file's newest job, or the job with this id, as it is now."""
        return self._run(self._client.job(input_file, job_id=job_id))

    def retry(self, input_file: str) -> Job:
        """Request another job for a file whose job ended without being COMPLETE."""
        return self._run(self._client.retry(input_file))

    def cancel(self, input_file: str) -> Job:
        """Request the end of the file's job; `progress` then ends with CANCELED."""
        return self._run(self._client.cancel(input_file))

    def uploads(
        self, *, status: JobStatus | None = None, external_id: str | None = None, page_size: int = 50
    ) -> Iterator[Job]:
        """Iterate over the caller's uploads, newest first; requests a page at a time."""
        uploads = self._client.uploads(status=status, external_id=external_id, page_size=page_size)
        while (job := self._run(_next(uploads))) is not None:
            yield job

    def update(self, input_file: str, **changes: Unpack[UploadChanges]) -> Job:
        """Change an upload's `file_name`, `external_id` or `metadata`, and return its job."""
        return self._run(self._client.update(input_file, **changes))

    def delete(self, input_file: str) -> None:
        """Delete the upload with its file, its jobs and their videos; a repeated call changes nothing."""
        self._run(self._client.delete(input_file))

    def limits(self) -> Limits:
        """Return the types, sizes and lengths that the deployment accepts."""
        return self._run(self._client.limits())

    def request(self, method: str, path: str, **request: Any) -> Any:  # noqa: ANN401 -- JSON
        """Call any other route, and return its JSON; the arguments are those of httpx, such as `params` and `json`."""
        return self._run(self._client.request(method, path, **request))

    def _run(self, coroutine: Coroutine[Any, Any, ResultT]) -> ResultT:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return self._runner.run(coroutine)
        coroutine.close()
        raise RuntimeError("Client would block this thread's event loop: use AsyncClient")


async def _next(states: Any) -> Job | None:  # noqa: ANN401 -- an iterator, which `anext` accepts
    job: Job | None = await anext(states, None)
    return job
