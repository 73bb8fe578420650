"""The command line of deploying: `python -m deploy --help`, and `make deploy`, `make destroy`, `make lambda`."""

import asyncio
import shlex
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from botocore.exceptions import BotoCoreError, ClientError

from deploy import operating
from deploy.cloudformation import CloudFormation, StackError
from deploy.down import destroy, find
from deploy.images import ImageError
from deploy.package import PLATFORMS, PackageError, build
from deploy.parameters import ParameterError, read
from deploy.session import SessionError, signed_in
from deploy.stacks import TARGETS, UnknownStackError, addresses, stacks
from deploy.up import Deployment, Wish

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Bring the system to AWS, and take it away again.",
)

Name = Annotated[str, typer.Option("--stack", help="The deployment's name; its stacks' names begin with it.")]
Region = Annotated[str | None, typer.Option(help="The region; by default that of your AWS configuration.")]


@cli.command()
def up(
    target: Annotated[str, typer.Option(help="Where service and worker run: lambda or fargate.")],
    stack: Name = "mediaconvert-status",
    region: Region = None,
    parameters: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A parameter of any template, or =@file; it stays."),
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option(help="A stack to leave out: mediaconvert, edge or alarms.")
    ] = None,
    page_config: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="The page's config.js; it stays.")
    ] = None,
) -> None:
    """Make a deployment, or bring it up to date, and print its addresses."""
    chosen = next((each for each in TARGETS if each == target), None)
    if chosen is None:
        _fail("TARGET is lambda or fargate")
    try:
        stacks(stack, chosen, without=without or [])
        wish = Wish(
            deployment=stack,
            target=chosen,
            given=_with_files(read(parameters or [])),
            without=without or [],
            page_config=page_config.read_bytes() if page_config else None,
        )
    except (UnknownStackError, ParameterError, OSError, UnicodeError) as error:
        _fail(str(error))
    _run(_up(wish, region))


async def _up(wish: Wish, region: str | None) -> None:
    async with signed_in(region) as account:
        typer.echo(f"deploying {wish.deployment} to account {account.account_id}, {account.region}")
        cloudformation = CloudFormation(await account.cloudformation())
        deployment = Deployment(
            wish=wish, account=account, cloudformation=cloudformation, tell=typer.echo, doing=_say_for_now
        )
        there = await deployment.run()
        for name, address in addresses({role: each.outputs for role, each in there.items()}).items():
            typer.echo(f"  {name:<14} {address}")
        if not there[wish.target].parameters.get("AuthIssuer"):
            typer.echo("access is open: whoever knows the address may upload and watch; docs/deploy.md closes it")


@cli.command()
def down(
    stack: Name = "mediaconvert-status",
    region: Region = None,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,  # noqa: FBT002 -- an option of typer's
) -> None:
    """Delete a deployment with everything in it: uploads, videos, keys, statuses."""
    _run(_down(stack, region, is_sure=yes))


async def _down(deployment: str, region: str | None, *, is_sure: bool) -> None:
    async with signed_in(region) as account:
        cloudformation = CloudFormation(await account.cloudformation())
        doomed = await find(deployment, cloudformation)
        where = f"account {account.account_id}, {account.region}"
        if not doomed:
            typer.echo(f"there is no {deployment} in {where}")
            return
        typer.echo(f"deleting {deployment} from {where}, for good:")
        for each in doomed:
            typer.echo(f"  {' '.join([each.stack.name, *each.buckets, *each.tables])}")
        if not is_sure and _answered("its name again, to go on: ") != deployment:
            _fail("nothing was deleted")
        await destroy(doomed, account, cloudformation, typer.echo)


@cli.command()
def settings(stack: Name = "mediaconvert-status", region: Region = None) -> None:
    """Print the worker's settings, for an operator's shell: eval "$(python -m deploy settings)"."""
    _run(_settings(stack, region))


async def _settings(deployment: str, region: str | None) -> None:
    async with signed_in(region) as account:
        found = await operating.settings(deployment, CloudFormation(await account.cloudformation()))
        for name, value in {"AWS_REGION": account.region, "LOG_FORMAT": "console", **found}.items():
            typer.echo(f"export {name}={shlex.quote(value)}")


@cli.command()
def package(
    architecture: Annotated[list[str] | None, typer.Option(help="arm64 or x86_64; both by default.")] = None,
    python: Annotated[str, typer.Option(help="The Python of the function.")] = "3.13",
) -> None:
    """Build the Lambda packages into dist/lambda."""
    for each in architecture or sorted(PLATFORMS):
        try:
            built = build(architecture=each, python=python)
        except PackageError as error:
            _fail(str(error))
        size_mb = built.path.stat().st_size / 1e6
        bytecode = "" if built.is_compiled else f", without bytecode: there is no Python {python} here to make it"
        typer.echo(f"{built.path.relative_to(built.path.parents[2])}  {size_mb:.1f} MB  {built.digest[:16]}{bytecode}")


def _say_for_now(name: str) -> None:
    """Tell whoever looks what is on its way, until the next line takes its place."""
    if sys.stdout.isatty():
        sys.stdout.write(f"{name} …\r")
        sys.stdout.flush()


def _answered(question: str) -> str:
    """Return what a person types, or nothing where nobody is there to type."""
    typer.echo(question, nl=False)
    return sys.stdin.readline().strip()


def _with_files(given: dict[str, str]) -> dict[str, str]:
    """Return the parameters, each value that begins with @ replaced by what is in the file that it names."""
    return {
        name: Path(value[1:]).read_text("utf-8").strip() if value[:1] == "@" else value for name, value in given.items()
    }


def _run(command: Coroutine[Any, Any, None]) -> None:
    """Run the command, and turn what went wrong into one line."""
    try:
        asyncio.run(command)
    except (SessionError, StackError, ParameterError, PackageError, ImageError, UnknownStackError) as error:
        _fail(str(error))
    except (ClientError, BotoCoreError) as error:
        _fail(f"AWS refused: {error}")
    except KeyboardInterrupt:
        _fail("interrupted; the same command goes on where this one stopped")


def _fail(reason: str) -> NoReturn:
    typer.echo(f"deploy: {reason}", err=True)
    sys.exit(1)


if __name__ == "__main__":
    cli()
