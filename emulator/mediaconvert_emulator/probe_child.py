"""The program that parses media, `python -P -m mediaconvert_emulator.probe_child`: a child process of the server.

It reads JSON requests from the standard input, one a line, and writes one line of JSON for each to the standard output.
A file that crashes or blocks a parser ends only this process. It imports modules when a request needs them, because
every job waits for its start.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mediaconvert_emulator.probe import Unreadable, probe


def main() -> None:
    """Perform each request, until the standard input ends."""
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_answer(json.loads(line)), default=str) + "\n")
        sys.stdout.flush()


def _answer(request: dict[str, Any]) -> dict[str, object]:
    try:
        return REQUESTS[request["kind"]](request)
    except Unreadable as error:
        return {"unreadable": str(error)}


def _media(request: dict[str, Any]) -> dict[str, object]:
    return {"result": asdict(probe(Path(request["path"])))}


def _outputs(request: dict[str, Any]) -> dict[str, object]:
    from mediaconvert_emulator.output_probe import read_outputs  # noqa: PLC0415  (as the module's docstring says)

    return {"result": [asdict(media) for media in read_outputs([Path(path) for path in request["paths"]])]}


def _captions(request: dict[str, Any]) -> dict[str, object]:
    from mediaconvert_emulator.caption_files import read_captions  # noqa: PLC0415  (as above)

    return {"result": asdict(read_captions(Path(request["path"]), request["source"], request["track"]))}


def _headers(request: dict[str, Any]) -> dict[str, object]:
    from mediaconvert_emulator.probe_headers import read_headers  # noqa: PLC0415  (as above)
    from mediaconvert_emulator.ranged_file import HttpFailed  # noqa: PLC0415  (as above)

    try:
        return {"result": read_headers(request["url"])}
    except HttpFailed as error:
        return {"http_status": error.status}


REQUESTS: dict[str, Callable[[dict[str, Any]], dict[str, object]]] = {
    "media": _media,
    "outputs": _outputs,
    "captions": _captions,
    "headers": _headers,
}

if __name__ == "__main__":
    main()
