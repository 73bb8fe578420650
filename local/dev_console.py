"""`make dev` in a terminal: prints each process's log with its name, prints the URLs when ready, and stops cleanly."""

import asyncio
import json
import os
import signal
import time
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.text import Text

from local.embedded_aws import ROOT
from local.local_system import LocalSystem, StartError, local_system
from local.supervisor import Supervisor
from local.system_processes import Ports, ports, url

COLOURS = {
    "aws": "yellow",
    "mediaconvert": "magenta",
    "playback": "blue",
    "service": "green",
    "worker": "cyan",
    "webhooks": "bright_yellow",
}
_NAME_WIDTH = max(map(len, COLOURS))


async def run(*, ready_file: Path | None) -> int:
    """Run the system until a stop signal (exit code 0) or until a process ends (exit code 1, with one line of reason).

    The first signal stops the processes in order; a second signal kills all of them.

    Args:
        ready_file: gets the URLs and settings as JSON when all processes are ready, and is removed at the end.
    """
    if ready_file:
        # An earlier run that was killed may have left the file.
        ready_file.unlink(missing_ok=True)  # noqa: ASYNC240  before anything runs in this loop
    out, err = Console(highlight=False, soft_wrap=True), Console(stderr=True, highlight=False, soft_wrap=True)
    supervisor = Supervisor(lambda name, line: _print_line(out, name, line))
    work = asyncio.create_task(_run(out, supervisor, ready_file=ready_file))
    _handle_signals(work, supervisor)
    try:
        await work
    except asyncio.CancelledError:
        out.print("stopped")
        return 0
    except (StartError, ValueError) as error:
        err.print(Text(f"make dev: {error}", style="bold red"))
        return 1
    return 0


def _handle_signals(work: asyncio.Task[None], supervisor: Supervisor) -> None:
    def stop() -> None:
        if not work.cancelling():
            work.cancel()
        else:
            supervisor.kill()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # nohup makes the process ignore SIGHUP.
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            asyncio.get_running_loop().add_signal_handler(number, stop)


async def _run(out: Console, supervisor: Supervisor, *, ready_file: Path | None) -> None:
    began_s = time.monotonic()
    out.print("starting …")
    chosen = ports(os.environ)
    data_dir = ROOT / ".local" / f"mediaconvert-{chosen.mediaconvert}"
    async with local_system(ports=chosen, supervisor=supervisor, data_dir=data_dir) as system:
        out.print(Text(_addresses(system, chosen, seconds=time.monotonic() - began_s), style="bold"))
        try:
            if ready_file:
                await asyncio.to_thread(_write, ready_file, system)
            raise StartError(str(await supervisor.first_exit()))
        finally:
            if ready_file:
                ready_file.unlink(missing_ok=True)  # noqa: ASYNC240  at the end, no other task waits for this one
            out.print("stopping …")


def _print_line(out: Console, name: str, line: str) -> None:
    out.print(Text.assemble((f"{name:>{_NAME_WIDTH}} ", COLOURS.get(name, "white")), line))


def _addresses(system: LocalSystem, chosen: Ports, *, seconds: float) -> str:
    webhooks = f"\n  webhooks       {url(chosen.webhooks)}  (printed below, as they arrive)" if chosen.webhooks else ""
    return f"""
  page           {system.api_url}
  API            {system.api_url}  (documentation: {system.api_url}/docs)
  playback       {system.playback_url}
  MediaConvert   {system.mediaconvert_url}
  AWS            {system.aws_url}  (AWS_ACCESS_KEY_ID=test, AWS_SECRET_ACCESS_KEY=test){webhooks}

  ready in {seconds:.1f} s. Send a video through it with: make demo. Ctrl-C stops it.
"""


def _write(path: Path, system: LocalSystem) -> None:
    """Write the file atomically, so that a reader never sees half of it."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(asdict(system), indent=2), encoding="utf-8")
    part.replace(path)
