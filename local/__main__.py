"""The local system's command line: `python -m local --help`."""

import asyncio
import logging
from pathlib import Path
from typing import Annotated

import typer

from local import demo_console, dev_console

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Run the whole system on one machine: start it, provision it, send a demo video through it.",
)


Token = Annotated[
    str | None,
    typer.Option(
        envvar="API_TOKEN", help="A bearer token, if the API requires one; safer in the environment variable."
    ),
]


@cli.command()
def up(
    ready_file: Annotated[
        Path | None,
        typer.Option(help="File to write when the system is ready: URLs and settings as JSON; removed at the end."),
    ] = None,
) -> None:
    """Run the whole system on this machine until Ctrl-C.

    Set DEV_API_PORT, DEV_PLAYBACK_PORT, DEV_MEDIACONVERT_PORT or DEV_AWS_PORT to use other ports. With DEV_WEBHOOKS=1
    a receiver of webhooks prints what arrives, on port 8004 or DEV_WEBHOOKS_PORT.
    """
    raise typer.Exit(asyncio.run(dev_console.run(ready_file=ready_file)))


@cli.command()
def demo(
    video: Annotated[Path | None, typer.Argument(help="The video; by default a generated clip.")] = None,
    api: Annotated[
        str | None,
        typer.Option(envvar="DEMO_API", help="The API's URL; by default that of `up`, which is started if needed."),
    ] = None,
    token: Token = None,
) -> None:
    """Upload a video, follow its job, and check that it plays."""
    try:
        code = asyncio.run(demo_console.run(video=video, api_url=api, token=token))
    except KeyboardInterrupt:
        code = 130
    raise typer.Exit(code)


@cli.command()
def playback() -> None:
    """Serve the output bucket over HTTP, as CloudFront does on AWS."""
    from local.playback_server import main  # noqa: PLC0415  only this command needs an AWS client

    main()


@cli.command()
def keep(
    endpoint_url: Annotated[str, typer.Option(envvar="AWS_ENDPOINT_URL", help="LocalStack's URL.")],
    folder: Annotated[Path, typer.Option(help="Folder of the snapshot.")],
    ready_file: Annotated[Path, typer.Option(help="File to create once the snapshot is restored.")],
    stack_name: Annotated[
        str, typer.Option(envvar="STACK_NAME", help="The CloudFormation stack's name.")
    ] = "mediaconvert-status",
) -> None:
    """Restore LocalStack's state from a snapshot, and save a new snapshot on SIGTERM or SIGINT."""
    from local import localstack_snapshot  # noqa: PLC0415  only this command needs AWS clients
    from transcode import log  # noqa: PLC0415

    log.configure(level="INFO", json=False)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    asyncio.run(
        localstack_snapshot.run(endpoint_url=endpoint_url, stack_name=stack_name, folder=folder, ready_file=ready_file)
    )


@cli.command()
def provision(
    endpoint_url: Annotated[
        str | None, typer.Option(envvar="AWS_ENDPOINT_URL", help="Emulator's URL; AWS by default.")
    ] = None,
    mediaconvert_endpoint_url: Annotated[
        str | None,
        typer.Option(envvar="MEDIACONVERT_ENDPOINT_URL", help="MediaConvert's URL, for the job template."),
    ] = None,
    stack_name: Annotated[
        str, typer.Option(envvar="STACK_NAME", help="The CloudFormation stack's name.")
    ] = "mediaconvert-status",
    parameter: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A parameter of the template; repeatable.")
    ] = None,
) -> None:
    """Deploy the pipeline and print the resulting settings, one KEY=value a line."""
    from local import provision as provisioning  # noqa: PLC0415  importing aioboto3 is slow, and `up` doesn't need it

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
