"""The deployment command line: `python -m deploy --help`, and `make deploy`, `make destroy`, `make lambda`."""

import asyncio
import shlex
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from botocore.exceptions import BotoCoreError, ClientError

from deploy import worker_settings
from deploy.aws_account import Account, AccountError, open_account
from deploy.cloudformation import CloudFormation, StackError
from deploy.container_images import ImageError
from deploy.deletion import delete_stacks, find_stacks, measure_data
from deploy.deployment import Deployment
from deploy.deployment_state import DeployRequest
from deploy.lambda_package import PLATFORMS, PackageError, build
from deploy.open_access import OpenAccessError
from deploy.parameters import ParameterError, read
from deploy.plan import show_plan
from deploy.preflight.command import PreflightError, check, demand_deployable
from deploy.preflight.findings import failures, summary, table
from deploy.releases import RollbackError
from deploy.rollback import roll_back
from deploy.stacks import TARGETS, UnknownStackError, addresses, stacks
from deploy.tags import TagError, read_tags
from deploy.zones import ZoneError

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Deploy the system to AWS, and delete it again.",
)

EXPECTED = (
    AccountError,
    ImageError,
    OpenAccessError,
    PackageError,
    ParameterError,
    RollbackError,
    StackError,
    TagError,
    UnknownStackError,
    ZoneError,
)
"""Errors whose message is enough for the operator."""

Name = Annotated[str, typer.Option("--stack", help="The deployment's name; the names of its stacks begin with it.")]
Region = Annotated[str | None, typer.Option(help="The AWS region; by default that of your AWS configuration.")]

ServiceRole = Annotated[
    str | None, typer.Option(help="The ARN of a role with which CloudFormation makes the changes; it keeps it.")
]


TargetName = Annotated[str, typer.Option("--target", help="Run service and worker on lambda or fargate.")]
Parameters = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A parameter of any template, or =@file; later runs keep it."),
]
Without = Annotated[list[str] | None, typer.Option(help="A stack to omit: mediaconvert, edge or alarms.")]
Open = Annotated[bool, typer.Option("--open", help="The API needs no token: everyone may upload and watch.")]


@cli.command()
def up(  # noqa: PLR0913 -- one argument for each option
    *,
    target: TargetName,
    stack: Name = "mediaconvert-status",
    region: Region = None,
    parameters: Parameters = None,
    without: Without = None,
    page_config: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="The page's config.js; later runs keep it.")
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="A tag of every resource; later runs keep it.")
    ] = None,
    service_role: ServiceRole = None,
    is_open: Open = False,
    plan: Annotated[bool, typer.Option("--plan", help="Only show the changes.")] = False,
    preflight: Annotated[bool, typer.Option(help="First check what a deployment needs.")] = True,
) -> None:
    """Create or update a deployment, and print its URLs."""
    request = _request(target, stack, parameters, without, is_open=is_open, page_config=page_config, tag=tag)
    if plan:
        _run(_plan(request, region, service_role))
    else:
        _run(_up(request, region, service_role, is_checked=preflight))


@cli.command("preflight")
def preflight_command(
    target: TargetName,
    stack: Name = "mediaconvert-status",
    region: Region = None,
    parameters: Parameters = None,
    without: Without = None,
    *,
    is_open: Open = False,
) -> None:
    """Check whether a deployment would succeed, and change nothing; exit with 1 if it would fail."""
    _run(_preflight(_request(target, stack, parameters, without, is_open=is_open), region))


def _request(  # noqa: PLR0913 -- one argument for each option
    target: str,
    stack: str,
    parameters: list[str] | None,
    without: list[str] | None,
    *,
    is_open: bool,
    page_config: Path | None = None,
    tag: list[str] | None = None,
) -> DeployRequest:
    chosen = next((known for known in TARGETS if known == target), None)
    if chosen is None:
        _fail("TARGET is lambda or fargate")
    try:
        stacks(stack, chosen, without=without or [])
        return DeployRequest(
            deployment=stack,
            target=chosen,
            given=_with_files(read(parameters or [])),
            without=without or [],
            is_open_confirmed=is_open,
            page_config=page_config.read_bytes() if page_config else None,
            tags=read_tags(tag or []),
        )
    except (UnknownStackError, ParameterError, TagError, OSError, UnicodeError) as error:
        _fail(str(error))


async def _deployment(request: DeployRequest, account: Account, service_role: str | None = None) -> Deployment:
    return Deployment(
        request=request,
        account=account,
        cloudformation=CloudFormation(await account.cloudformation(), role_arn=service_role),
        report=typer.echo,
        report_current=_print_current_step,
    )


async def _preflight(request: DeployRequest, region: str | None) -> None:
    async with open_account(region) as account:
        typer.echo(f"checking account {account.account_id}, {account.region}, for {request.deployment}")
        found = await check(await _deployment(request, account))
        typer.echo("\n".join([*table(found), summary(found)]))
        if failures(found):
            sys.exit(1)


async def _plan(request: DeployRequest, region: str | None, service_role: str | None) -> None:
    async with open_account(region) as account:
        typer.echo(f"planning {request.deployment} in account {account.account_id}, {account.region}")
        deployment = await _deployment(request, account, service_role)
        await demand_deployable(deployment)
        if not await show_plan(deployment):
            sys.exit(1)


async def _up(request: DeployRequest, region: str | None, service_role: str | None, *, is_checked: bool) -> None:
    async with open_account(region) as account:
        typer.echo(f"deploying {request.deployment} to account {account.account_id}, {account.region}")
        deployment = await _deployment(request, account, service_role)
        if is_checked:
            await demand_deployable(deployment)
        deployed = await deployment.run()
        for name, address in addresses({role: stack.outputs for role, stack in deployed.items()}).items():
            typer.echo(f"  {name:<14} {address}")
        if not deployed[request.target].parameters.get("AuthIssuer"):
            typer.echo("access is open: everyone who has the URL may upload and watch; see docs/deploy.md")


@cli.command()
def down(
    *,
    stack: Name = "mediaconvert-status",
    region: Region = None,
    data: Annotated[str, typer.Option(help="delete also deletes uploads, videos, keys and statuses.")] = "keep",
    service_role: ServiceRole = None,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without confirmation.")] = False,
) -> None:
    """Delete a deployment; its data, too, with --data delete."""
    if data not in {"keep", "delete"}:
        _fail("DATA is keep or delete")
    _run(_down(stack, region, service_role, is_data_deleted=data == "delete", is_confirmed=yes))


async def _down(
    deployment: str, region: str | None, service_role: str | None, *, is_data_deleted: bool, is_confirmed: bool
) -> None:
    async with open_account(region) as account:
        cloudformation = CloudFormation(await account.cloudformation(), role_arn=service_role)
        found = await find_stacks(deployment, account, cloudformation)
        where = f"account {account.account_id}, {account.region}"
        if not found:
            typer.echo(f"there is no {deployment} in {where}")
            return
        to_delete = [each for each in found if is_data_deleted or not each.has_data]
        typer.echo(f"deleting {deployment} from {where}{' permanently' if is_data_deleted else ''}:")
        for each in to_delete:
            typer.echo(f"  {' '.join([each.stack.name, *each.buckets, *each.tables])}")
        typer.echo("with its data:" if is_data_deleted else "its data stays; DATA=delete would also delete:")
        async for stored in measure_data(found, account):
            typer.echo(f"  {stored}")
        if not to_delete:
            return
        if not is_confirmed and _prompt("type its name to confirm: ") != deployment:
            _fail("nothing was deleted")
        await delete_stacks(to_delete, account, typer.echo)


@cli.command()
def rollback(
    stack: Name = "mediaconvert-status",
    region: Region = None,
    release: Annotated[str | None, typer.Option(help="The release to go to; by default the one before.")] = None,
) -> None:
    """Point the functions' aliases to an earlier release, on Lambda."""
    _run(_rollback(stack, region, release))


async def _rollback(deployment: str, region: str | None, release: str | None) -> None:
    async with open_account(region) as account:
        cloudformation = CloudFormation(await account.cloudformation())
        await roll_back(deployment, account, cloudformation, typer.echo, release=release)


@cli.command()
def settings(stack: Name = "mediaconvert-status", region: Region = None) -> None:
    """Print the worker's settings, for an operator's shell: eval "$(python -m deploy settings)"."""
    _run(_settings(stack, region))


async def _settings(deployment: str, region: str | None) -> None:
    async with open_account(region) as account:
        found = await worker_settings.settings(deployment, CloudFormation(await account.cloudformation()))
        for name, value in {"AWS_REGION": account.region, "LOG_FORMAT": "console", **found}.items():
            typer.echo(f"export {name}={shlex.quote(value)}")


@cli.command()
def package(
    architecture: Annotated[list[str] | None, typer.Option(help="arm64 or x86_64; both by default.")] = None,
    python: Annotated[str, typer.Option(help="The function's Python version.")] = "3.13",
) -> None:
    """Build the Lambda packages in dist/lambda."""
    for each in architecture or sorted(PLATFORMS):
        try:
            built = build(architecture=each, python=python)
        except PackageError as error:
            _fail(str(error))
        size_mb = built.path.stat().st_size / 1e6
        bytecode = "" if built.is_compiled else f", without bytecode: Python {python} is not installed here"
        typer.echo(f"{built.path.relative_to(built.path.parents[2])}  {size_mb:.1f} MB  {built.digest[:16]}{bytecode}")


def _print_current_step(name: str) -> None:
    """Print the current step in a terminal; the next line overwrites it."""
    if sys.stdout.isatty():
        sys.stdout.write(f"{name} …\r")
        sys.stdout.flush()


def _prompt(question: str) -> str:
    """Print a question and return the typed line, or an empty string at the end of stdin."""
    typer.echo(question, nl=False)
    return sys.stdin.readline().strip()


def _with_files(given: dict[str, str]) -> dict[str, str]:
    """Return the parameters; replace each value @file by that file's content."""
    return {
        name: Path(value[1:]).read_text("utf-8").strip() if value[:1] == "@" else value for name, value in given.items()
    }


def _run(command: Coroutine[Any, Any, None]) -> None:
    """Run the command; print an expected error as one line, and exit with 1."""
    try:
        asyncio.run(command)
    except PreflightError as error:
        _fail("\ndeploy: ".join(str(error).splitlines()))
    except EXPECTED as error:
        _fail(str(error))
    except (ClientError, BotoCoreError) as error:
        _fail(f"AWS refused: {error}")
    except KeyboardInterrupt:
        _fail("interrupted; run the same command again to continue")


def _fail(reason: str) -> NoReturn:
    typer.echo(f"deploy: {reason}", err=True)
    sys.exit(1)


if __name__ == "__main__":
    cli()
