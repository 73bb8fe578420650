"""The Python client's parser of Server-Sent Events."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaconvert_status_client.event_stream import EventStreamParser, StreamEvent

TEXT = (
    "retry: 2500\n\n: heartbeat\n\n"
    'id: 7\nevent: progress\ndata: {"a":\ndata:  "\u2028\x85"}\n\n'
    "event: x\n\n"
    "data:y\n\n"
    "id: 8\n"
)
EVENTS = [
    StreamEvent(id="7", name="progress", data='{"a":\n "\u2028\x85"}'),
    StreamEvent(id=None, name="message", data="y"),
]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@given(cuts=st.sets(st.integers(0, len(TEXT))))
def test_chunks_of_any_size_give_the_same_events(line_end: str, cuts: set[int]) -> None:
    """A separator of Unicode in the data ends no line; an unfinished event is dropped."""
    text = TEXT.replace("\n", line_end)
    parser, bounds = EventStreamParser(), [0, *sorted(cuts), len(text) + 1]
    found = [event for start, end in pairwise(bounds) for event in parser.feed(text[start:end])]
    assert (found, parser.retry_ms) == (EVENTS, 2500)
