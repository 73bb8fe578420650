"""The program that parses media, `python -P -m mediaconvert_emulator.probe_child`: a child process of the server.

It reads one JSON request from the standard input, and writes one JSON result to the standard output. A file that
crashes or blocks a parser ends only this process.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mediaconvert_emulator.output_probe import read_outputs
from mediaconvert_emulator.probe import Unreadable, probe
from mediaconvert_emulator.probe_headers import read_headers
from mediaconvert_emulator.ranged_file import HttpFailed

REQUESTS: dict[str, Callable[[dict[str, Any]], object]] = {
    "media": lambda request: asdict(probe(Path(request["path"]))),
    "outputs": lambda request: [asdict(media) for media in read_outputs([Path(path) for path in request["paths"]])],
    "headers": lambda request: read_headers(request["url"]),
}


def main() -> None:
    """Perform one request."""
    request = json.loads(sys.stdin.read())
    try:
        result: dict[str, object] = {"result": REQUESTS[request["kind"]](request)}
    except Unreadable as error:
        result = {"unreadable": str(error)}
    except HttpFailed as error:
        result = {"http_status": error.status}
    sys.stdout.write(json.dumps(result, default=str))


if __name__ == "__main__":
    main()
