"""The command line of the client: `python -m client --help`."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from client import upload_console

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Use a deployment's API from a terminal or a script.",
)

DEFAULT_API = "http://127.0.0.1:8000"


@cli.callback()
def _commands() -> None:
    """Keep `upload` a command of its own: Typer would leave out the name of an only command."""


@cli.command()
def upload(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="The videos.")],
    *,
    api: Annotated[str, typer.Option(envvar=["API_URL", "DEMO_API"], help="The API's address.")] = DEFAULT_API,
    token: Annotated[
        str | None,
        typer.Option(envvar="API_TOKEN", help="A bearer token, if the API requires one; better in the environment."),
    ] = None,
    in_parts_from_mb: Annotated[
        float, typer.Option(min=0, help="Upload files of at least this many megabytes in parts, which can be resumed.")
    ] = 100,
    wait: Annotated[bool, typer.Option(help="Follow the jobs to their end, or return after the upload.")] = True,
    is_json: Annotated[bool, typer.Option("--json", help="Print a line of JSON for each file.")] = False,
) -> None:
    """Upload videos to any deployment and follow their jobs; exit with 0 only if all of them are COMPLETE.

    The same command resumes an upload in parts that was interrupted.
    """
    try:
        code = asyncio.run(
            upload_console.run(
                files,
                api_url=api.rstrip("/"),
                token=token,
                in_parts_from_bytes=round(in_parts_from_mb * 1_000_000),
                waits=wait,
                is_json=is_json,
            )
        )
    except KeyboardInterrupt:
        typer.echo("upload: interrupted; the same command resumes the files that were sent in parts", err=True)
        code = 130
    raise typer.Exit(code)


if __name__ == "__main__":
    cli()
