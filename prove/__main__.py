"""The command line: `python -m prove --help`, and `make prove STACK=…`."""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from botocore.exceptions import BotoCoreError
from botocore.exceptions import ClientError as AwsError

from deploy.aws_account import AccountError, open_account
from deploy.cloudformation import StackError
from mediaconvert_status_client.errors import ClientError
from prove.account import DeployedSystem, find_system
from prove.event_copy import copied_events
from prove.proof import Proof
from prove.report import Report, as_json, as_markdown, conclusion, step_line
from prove.sample_files import make_sample_files
from prove.session import open_session

ROOT = Path(__file__).resolve().parent.parent
OPENAPI = ROOT / "docs" / "openapi.json"

cli = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of the command."""

    stack: str
    region: str | None
    api: str | None
    is_public_only: bool
    is_keeping: bool
    with_events: bool


@cli.command()
def prove(  # noqa: PLR0913 -- one argument for each option
    *,
    stack: Annotated[str, typer.Option(help="The deployment's name.")] = "mediaconvert-status",
    region: Annotated[str | None, typer.Option(help="The AWS region; by default that of your configuration.")] = None,
    api: Annotated[str | None, typer.Option(help="The public address, if it isn't that of the deployment.")] = None,
    is_public_only: Annotated[bool, typer.Option("--public-only", help="Use no AWS credentials; needs --api.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the uploaded files and the videos.")] = False,
    events: Annotated[
        bool, typer.Option("--events", help="Copy AWS's events to a temporary queue, and compare them.")
    ] = False,
    folder: Annotated[Path, typer.Option("--report", help="The folder for proof.md and proof.json.")] = Path(),
) -> None:
    """Use a deployed system as its users do, and report what works, how long it took and what it cost.

    Set API_TOKEN to a bearer token if the API requires one. The command exits with 1 if a step fails.
    """
    if is_public_only and api is None:
        _fail("--public-only needs --api, because the address is read from the deployment's stacks")
    if is_public_only and events:
        _fail("--events needs AWS credentials, so it excludes --public-only")
    options = Options(
        stack=stack, region=region, api=api, is_public_only=is_public_only, is_keeping=keep, with_events=events
    )
    try:
        report = asyncio.run(_prove(options))
    except (AccountError, StackError, ClientError) as error:
        _fail(str(error))
    except (AwsError, BotoCoreError) as error:
        _fail(f"AWS refused: {error}")
    except KeyboardInterrupt:
        _fail("interrupted; the videos of this proof stay in the buckets")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "proof.md").write_text(as_markdown(report), encoding="utf-8")
    (folder / "proof.json").write_text(as_json(report), encoding="utf-8")
    typer.echo(conclusion(report))
    typer.echo(f"the report is in {folder / 'proof.md'} and {folder / 'proof.json'}")
    if not report.is_proven:
        sys.exit(1)


async def _prove(options: Options) -> Report:
    async with _system(options) as system:
        address = options.api or (system.public_url if system else None)
        if address is None:
            raise StackError(f"{options.stack} has no public address: deploy it with `make deploy`, or give --api")
        typer.echo(f"proving {address}")
        with tempfile.TemporaryDirectory(prefix="proof-") as folder:
            session = open_session(
                address.rstrip("/"),
                token=os.environ.get("API_TOKEN") or None,
                openapi=json.loads(OPENAPI.read_text(encoding="utf-8")),
                files=await make_sample_files(Path(folder)),
                folder=Path(folder),
            )
            copy = copied_events(system) if system and options.with_events else nullcontext()
            async with copy as events, session as opened:
                proof = Proof(
                    session=opened,
                    system=system,
                    is_keeping=options.is_keeping,
                    events=events,
                    report_step=lambda step: typer.echo(step_line(step)),
                )
                return await proof.run(datetime.now(UTC).isoformat(timespec="seconds"))


@asynccontextmanager
async def _system(options: Options) -> AsyncIterator[DeployedSystem | None]:
    if options.is_public_only:
        yield None
        return
    async with open_account(options.region) as account:
        yield await find_system(account, options.stack)


def _fail(reason: str) -> NoReturn:
    typer.echo(f"prove: {reason}", err=True)
    sys.exit(1)


if __name__ == "__main__":
    cli()
