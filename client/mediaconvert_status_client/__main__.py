"""The client's command line: `mediaconvert-status --help`."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from mediaconvert_status_client import upload_console

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Use a deployment's API from a terminal or a script.",
)

DEFAULT_API = "http://127.0.0.1:8000"


@cli.callback()
def _commands() -> None:
    """Make Typer keep `upload` as a subcommand: it drops the name of a single command."""


@cli.command()
def upload(  # noqa: PLR0913 -- each is an option of the command
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="The videos to upload.")],
    *,
    api: Annotated[str, typer.Option(envvar=["API_URL", "DEMO_API"], help="The API's URL.")] = DEFAULT_API,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="API_TOKEN", help="A bearer token, if the API requires one; safer in the environment variable."
        ),
    ] = None,
    in_parts_from_mb: Annotated[
        float,
        typer.Option(min=0, help="Use a multipart upload, which can be resumed, from this file size in megabytes."),
    ] = 100,
    profile: Annotated[
        str | None, typer.Option(help="One of the deployment's profiles; by default its first one.")
    ] = None,
    wait: Annotated[bool, typer.Option(help="Wait until the jobs end, or exit after the upload.")] = True,
    is_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON for each file.")] = False,
) -> None:
    """Upload videos and follow their jobs; exit with 0 only if all jobs are COMPLETE.

    Run the same command again to resume an interrupted multipart upload.
    """
    try:
        code = asyncio.run(
            upload_console.run(
                files,
                api_url=api.rstrip("/"),
                token=token,
                multipart_from_bytes=round(in_parts_from_mb * 1_000_000),
                profile=profile,
                is_waiting=wait,
                is_json=is_json,
            )
        )
    except KeyboardInterrupt:
        typer.echo("upload: interrupted; run the same command again to resume the multipart uploads", err=True)
        code = 130
    raise typer.Exit(code)


if __name__ == "__main__":
    cli()
