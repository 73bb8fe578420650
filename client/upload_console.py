"""`python -m client upload` at a terminal: a bar for each file; plain lines, or JSON, where there is no terminal."""

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from client.api_client import ClientError, Job, api_client
from client.progress_text import draw, megabytes, state
from client.upload import FILES_AT_ONCE, Outcome, Reporter, Uploads
from client.upload_state import UploadStates, default_folder

LONGEST_NAME = 32

OUT = Console(highlight=False, soft_wrap=True)
ERR = Console(stderr=True, highlight=False, soft_wrap=True)


async def run(
    files: Sequence[Path],
    *,
    api_url: str,
    token: str | None,
    in_parts_from_bytes: int,
    waits: bool,
    is_json: bool,
) -> int:
    """Upload the files, and give the exit code: 0 where all that was asked for is done, 1 otherwise, 2 for no files.

    Args:
        files: each a file with something in it.
        api_url: of any deployment.
        token: of the API's identity provider, where it wants one.
        in_parts_from_bytes: length from which a file is sent in parts, and its upload can be resumed.
        waits: whether to follow the jobs to their end.
        is_json: whether to print a line of JSON for each file instead of words.
    """
    unfit = [file for file in files if not file.is_file() or not file.stat().st_size]
    for file in unfit:
        ERR.print(Text(f"upload: {file} is not a file with something in it", style="bold red"))
    if unfit:
        return 2
    try:
        async with api_client(api_url, token=token) as client:
            uploads = Uploads(
                client=client,
                api_url=api_url,
                states=UploadStates(default_folder()),
                in_parts_from_bytes=in_parts_from_bytes,
                waits=waits,
                sending=asyncio.Semaphore(FILES_AT_ONCE),
            )
            outcomes = await _upload_all(uploads, files, is_json=is_json)
    except ClientError as error:
        ERR.print(Text(f"upload: {error}", style="bold red"))
        return 1
    return 0 if all(outcome.is_success for outcome in outcomes) else 1


async def _upload_all(uploads: Uploads, files: Sequence[Path], *, is_json: bool) -> list[Outcome]:
    with _reporters(is_json=is_json) as reporter_of:

        async def one(file: Path) -> Outcome:
            outcome = await uploads.upload(file, reporter_of(file))
            _tell(outcome, is_json=is_json)
            return outcome

        return await asyncio.gather(*map(one, files))


def _tell(outcome: Outcome, *, is_json: bool) -> None:
    if is_json:
        typer.echo(json.dumps(outcome.as_json()))
    elif outcome.problem:
        ERR.print(Text(f"upload: {outcome.file}: {outcome.problem}", style="bold red"))
    elif outcome.job is None:
        OUT.print(Text(f"{outcome.file}: uploaded as {outcome.input_file}"))
    else:
        url = (outcome.job["output"] or {}).get("playback_url")
        OUT.print(Text(f"{outcome.file}: COMPLETE" + (f", plays at {url}" if url else "")))


@contextmanager
def _reporters(*, is_json: bool) -> Iterator[Callable[[Path], Reporter]]:
    """Give what makes a reporter for a file: bars at a terminal, a line for each step without one, silence for JSON."""
    if is_json:
        yield lambda _: Reporter(uploaded=lambda _sent, _size: None, advanced=lambda _job: None)
    elif not OUT.is_terminal:
        yield _plain
    else:
        columns = (TextColumn("{task.description}"), BarColumn(30), TextColumn("{task.fields[state]}"))
        with Progress(*columns, console=OUT) as progress:
            yield lambda file: _bar(progress, file)


def _bar(progress: Progress, file: Path) -> Reporter:
    task = progress.add_task(f"{file.name[:LONGEST_NAME]:{LONGEST_NAME}}", total=None, state="waits")

    def uploaded(sent_bytes: int, whole_bytes: int) -> None:
        told = f"uploads  {megabytes(sent_bytes)} of {megabytes(whole_bytes)}"
        progress.update(task, completed=sent_bytes, total=whole_bytes, state=told)

    return Reporter(uploaded=uploaded, advanced=lambda job: draw(progress, task, job))


def _plain(file: Path) -> Reporter:
    shown: tuple[object, ...] = ()

    def uploaded(sent_bytes: int, whole_bytes: int) -> None:
        if sent_bytes == whole_bytes:
            OUT.print(Text(f"{file}: uploaded {megabytes(whole_bytes)}"))

    def advanced(job: Job) -> None:
        nonlocal shown
        news = (job["status"], job["progress_percent"], job["phase"])  # the seconds left are no news
        if news != shown:
            OUT.print(Text(f"{file}: {state(job)}"))
        shown = news

    return Reporter(uploaded=uploaded, advanced=advanced)
