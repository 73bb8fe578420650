"""A log line on a terminal contains no control characters, whatever a caller sent."""

import subprocess
import sys

PROGRAM = """
import logging, structlog
from transcode import log
log.configure(level="INFO", json=False)
structlog.get_logger("test").info("request", path="/\\x1b[2J\\x00\\x9b\\x7f", kept="a\\tb", numbers=[1])
logging.getLogger("uvicorn").warning("bad \\x1b]0;title\\x07")
"""


def test_a_line_for_a_terminal_has_no_control_characters() -> None:
    """Neither from our own events nor from a library's."""
    command = [sys.executable, "-c", PROGRAM]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert [line for line in printed.splitlines() if "request" in line]
    assert [character for character in printed if ord(character) in {*range(9), *range(11, 32), *range(127, 160)}] == []
    assert "x1b" in printed
