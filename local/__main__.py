"""The command line of the local side: `python -m local --help`."""

import asyncio
import logging
from pathlib import Path
from typing import Annotated

import typer

from local import console, demo_console

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The AWS side on one machine: start it, fill it, watch a video go through it.",
)


Token = Annotated[
    str | None,
    typer.Option(envvar="API_TOKEN", help="A bearer token, where the API wants one; better in the environment."),
]


@cli.command()
def up(
    ready_file: Annotated[
        Path | None,
        typer.Option(help="Written when all is ready: addresses and settings, as JSON; removed at the end."),
    ] = None,
) -> None:
    """Start the whole system on this machine, until Ctrl-C.

    DEV_API_PORT, DEV_PLAYBACK_PORT, DEV_MEDIACONVERT_PORT and DEV_AWS_PORT choose other ports.
    """
    raise typer.Exit(asyncio.run(console.run(ready_file=ready_file)))


@cli.command()
def demo(
    video: Annotated[Path | None, typer.Argument(help="The video; by default a clip is made.")] = None,
    api: Annotated[
        str | None,
        typer.Option(envvar="DEMO_API", help="The API's address; by default that of `up`, started if it isn't there."),
    ] = None,
    token: Token = None,
) -> None:
    """Upload a video, watch its progress, and see that it plays."""
    try:
        code = asyncio.run(demo_console.run(video=video, api_url=api, token=token))
    except KeyboardInterrupt:
        code = 130
    raise typer.Exit(code)


@cli.command()
def playback() -> None:
    """Serve the output bucket in CloudFront's place."""
    from local.playback import main  # noqa: PLC0415  only this command needs an AWS client

    main()


@cli.command()
def keep(
    endpoint_url: Annotated[str, typer.Option(envvar="AWS_ENDPOINT_URL", help="LocalStack's address.")],
    folder: Annotated[Path, typer.Option(help="Where it is kept.")],
    ready_file: Annotated[Path, typer.Option(help="Made once what was kept is back.")],
    stack_name: Annotated[
        str, typer.Option(envvar="STACK_NAME", help="The CloudFormation stack's name.")
    ] = "mediaconvert-status",
) -> None:
    """Keep what LocalStack holds from its end to its next start."""
    from local import keep as keeping  # noqa: PLC0415  likewise
    from transcode import log  # noqa: PLC0415

    log.configure(level="INFO", json=False)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    asyncio.run(keeping.keep(endpoint_url=endpoint_url, stack_name=stack_name, folder=folder, ready_file=ready_file))


@cli.command()
def provision(
    endpoint_url: Annotated[str | None, typer.Option(envvar="AWS_ENDPOINT_URL", help="An emulator; else AWS.")] = None,
    mediaconvert_endpoint_url: Annotated[
        str | None, typer.Option(envvar="MEDIACONVERT_ENDPOINT_URL", help="Where to create the job template.")
    ] = None,
    stack_name: Annotated[
        str, typer.Option(envvar="STACK_NAME", help="The CloudFormation stack's name.")
    ] = "mediaconvert-status",
    parameter: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A parameter of the template; repeatable.")
    ] = None,
) -> None:
    """Deploy the pipeline and print the settings that it gives, a KEY=value a line."""
    from local import provision as provisioning  # noqa: PLC0415  aioboto3 costs a second that `up` doesn't need

    given = {name: value for name, _, value in (pair.partition("=") for pair in parameter or [])}
    parameters = {**(provisioning.LOCAL_PARAMETERS if endpoint_url else {}), **given}
    try:
        settings = asyncio.run(
            provisioning.provision(
                endpoint_url=endpoint_url,
                mediaconvert_endpoint_url=mediaconvert_endpoint_url,
                stack_name=stack_name,
                parameters=parameters,
            )
        )
    except provisioning.ProvisionError as error:
        typer.echo(f"provision: {error}", err=True)
        raise typer.Exit(1) from error
    for name, value in settings.items():
        typer.echo(f"{name}={value}")


if __name__ == "__main__":
    cli()
