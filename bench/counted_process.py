"""`python -m bench.counted_process <what>`: runs one measured process and counts its AWS calls.

`what` is `service`, `worker`, or a module in `peers/` with a FastAPI `app`. All HTTP servers run on uvicorn with uvloop
and httptools, without an access log.
"""

import importlib
import os
import sys

import uvicorn

from bench.aws_call_counter import start_counting


def main(what: str) -> None:
    """Run the measured program in this process."""
    start_counting()
    match what:
        case "service":
            from service.__main__ import main as serve  # noqa: PLC0415 -- import only the measured program

            serve()
        case "worker":
            from worker.__main__ import main as work  # noqa: PLC0415

            work()
        case peer:
            app = importlib.import_module(f"bench.peers.{peer}").app
            uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning", access_log=False)


if __name__ == "__main__":
    main(sys.argv[1])
