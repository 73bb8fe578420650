"""Parses Server-Sent Events. Pure.

https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

LINE_END = re.compile(r"\r\n|\n|\r(?!\Z)")
"""A CR at the end of a chunk may be the first half of a CR LF. Other separators of Unicode end no line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamEvent:
    """One event; `id` is None if the event has none."""

    id: str | None
    name: str
    data: str


class EventStreamParser:
    """Turns chunks of decoded text into events; an event that the end of the stream cut off is dropped."""

    def __init__(self) -> None:
        self.retry_ms: int | None = None
        """The time to wait before the next connection, if the server set it."""
        self._rest = ""
        self._fields: dict[str, str] = {}
        self._data: list[str] = []

    def feed(self, text: str) -> Iterator[StreamEvent]:
        """Yield the events that this chunk completes."""
        *lines, self._rest = LINE_END.split(self._rest + text)
        for line in lines:
            if line:
                self._read(line)
            elif event := self._event():
                yield event

    def _read(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name in {"id", "event"}:
            self._fields[name] = value
        elif name == "retry" and value.isdecimal():
            self.retry_ms = int(value)

    def _event(self) -> StreamEvent | None:
        fields, data = self._fields, self._data
        self._fields, self._data = {}, []
        if not data:
            return None
        return StreamEvent(id=fields.get("id"), name=fields.get("event", "message"), data="\n".join(data))
