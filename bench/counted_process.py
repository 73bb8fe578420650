"""`python -m bench.counted_process <what>`: runs one measured process and counts its AWS calls.

`what` is `service`, `worker`, or a peer's module with a FastAPI `app`. HTTP servers are uvicorn with uvloop and
httptools, without a line for each request, peers and ours alike.
"""

import importlib
import os
import sys

import uvicorn

from bench.aws_call_counter import count_here


def main(what: str) -> None:
    """Become what is to be measured."""
    count_here()
    match what:
        case "service":
            from service.__main__ import main as serve  # noqa: PLC0415 -- nothing else is to be in the process

            serve()
        case "worker":
            from worker.__main__ import main as work  # noqa: PLC0415

            work()
        case peer:
            app = importlib.import_module(f"bench.peers.{peer}").app
            uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning", access_log=False)


if __name__ == "__main__":
    main(sys.argv[1])
