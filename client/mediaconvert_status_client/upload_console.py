"""`mediaconvert-status upload` in a terminal: a progress bar for each file; plain lines or JSON without a terminal."""

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from mediaconvert_status_client.api_client import api_client
from mediaconvert_status_client.api_types import Job
from mediaconvert_status_client.batch_upload import CONCURRENT_FILES, BatchUpload, Outcome, Reporter
from mediaconvert_status_client.errors import ClientError
from mediaconvert_status_client.progress_text import changing, draw, megabytes, state
from mediaconvert_status_client.unfinished_uploads import UnfinishedUploads, default_folder

MAX_NAME_LENGTH = 32

OUT = Console(highlight=False, soft_wrap=True)
ERR = Console(stderr=True, highlight=False, soft_wrap=True)


async def run(  # noqa: PLR0913 -- one for each option of the command
    files: Sequence[Path],
    *,
    api_url: str,
    token: str | None,
    multipart_from_bytes: int,
    profile: str | None,
    is_waiting: bool,
    is_json: bool,
) -> int:
    """Upload the files and return the exit code: 0 on success, 1 if a file failed, 2 if a path is not a file or empty.

    Args:
        files: the videos; none may be empty.
        api_url: the URL of any deployment.
        token: a bearer token of the API's identity provider, if the API requires one.
        multipart_from_bytes: file size from which the upload is a multipart upload, which can be resumed.
        profile: one of the deployment's profiles; None for its first one.
        is_waiting: True to follow the jobs until they end.
        is_json: True to print one line of JSON for each file instead of text.
    """
    invalid = [file for file in files if not file.is_file() or not file.stat().st_size]
    for file in invalid:
        ERR.print(Text(f"upload: {file} is not a file, or is empty", style="bold red"))
    if invalid:
        return 2
    try:
        async with api_client(api_url, token=token) as client:
            batch = BatchUpload(
                client=client,
                api_url=api_url,
                unfinished=UnfinishedUploads(default_folder()),
                multipart_from_bytes=multipart_from_bytes,
                is_waiting=is_waiting,
                own={} if profile is None else {"profile": profile},
                sending=asyncio.Semaphore(CONCURRENT_FILES),
            )
            outcomes = await _upload_all(batch, files, is_json=is_json)
    except ClientError as error:
        ERR.print(Text(f"upload: {error}", style="bold red"))
        return 1
    return 0 if all(outcome.is_success for outcome in outcomes) else 1


async def _upload_all(batch: BatchUpload, files: Sequence[Path], *, is_json: bool) -> list[Outcome]:
    with _reporters(is_json=is_json) as reporter_of:

        async def upload_one(file: Path) -> Outcome:
            outcome = await batch.upload(file, reporter_of(file))
            _print_outcome(outcome, is_json=is_json)
            return outcome

        return await asyncio.gather(*map(upload_one, files))


def _print_outcome(outcome: Outcome, *, is_json: bool) -> None:
    if is_json:
        typer.echo(json.dumps(outcome.as_json()))
    elif outcome.problem:
        ERR.print(Text(f"upload: {outcome.file}: {outcome.problem}", style="bold red"))
    elif outcome.job is None:
        OUT.print(Text(f"{outcome.file}: uploaded as {outcome.input_file}"))
    else:
        url = outcome.as_json()["playback_url"]
        OUT.print(Text(f"{outcome.file}: COMPLETE" + (f", plays at {url}" if url else "")))


@contextmanager
def _reporters(*, is_json: bool) -> Iterator[Callable[[Path], Reporter]]:
    """Yield a function that returns a file's reporter: a bar in a terminal, plain lines without one, none for JSON."""
    if is_json:
        yield lambda _: Reporter(on_sent=lambda _sent, _total: None, on_progress=lambda _job: None)
    elif not OUT.is_terminal:
        yield _plain
    else:
        columns = (TextColumn("{task.description}"), BarColumn(30), TextColumn("{task.fields[state]}"))
        with Progress(*columns, console=OUT) as progress:
            yield lambda file: _bar(progress, file)


def _bar(progress: Progress, file: Path) -> Reporter:
    description = f"{file.name[:MAX_NAME_LENGTH]:{MAX_NAME_LENGTH}}"
    task = progress.add_task(description, total=None, state="waiting")

    def on_sent(sent_bytes: int, total_bytes: int) -> None:
        text = f"uploading  {megabytes(sent_bytes)} of {megabytes(total_bytes)}"
        progress.update(task, completed=sent_bytes, total=total_bytes, state=text)

    return Reporter(on_sent=on_sent, on_progress=lambda job: draw(progress, task, job))


def _plain(file: Path) -> Reporter:
    shown: tuple[object, ...] = ()

    def on_sent(sent_bytes: int, total_bytes: int) -> None:
        if sent_bytes == total_bytes:
            OUT.print(Text(f"{file}: uploaded {megabytes(total_bytes)}"))

    def on_progress(job: Job) -> None:
        nonlocal shown
        current = changing(job)
        if current != shown:
            OUT.print(Text(f"{file}: {state(job)}"))
        shown = current

    return Reporter(on_sent=on_sent, on_progress=on_progress)
