"""The command line of the local side: `python -m local --help`."""

import asyncio
import logging
import sys
from typing import Annotated

import structlog
import typer

from local import provision as provisioning

cli = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)


@cli.callback()
def _logs_to_stderr() -> None:
    """Keep stdout for what a command is asked for."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


@cli.command()
def provision(
    endpoint_url: Annotated[str | None, typer.Option(envvar="AWS_ENDPOINT_URL", help="An emulator; else AWS.")] = None,
    mediaconvert_endpoint_url: Annotated[
        str | None, typer.Option(envvar="MEDIACONVERT_ENDPOINT_URL", help="Where to create the job template.")
    ] = None,
    stack_name: Annotated[str, typer.Option(envvar="STACK_NAME")] = provisioning.STACK_NAME,
    parameter: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A parameter of the template; repeatable.")
    ] = None,
) -> None:
    """Deploy the pipeline and print the settings that it gives, a KEY=value a line."""
    given = dict(pair.split("=", 1) for pair in parameter or [])
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
