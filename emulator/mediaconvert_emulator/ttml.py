"""Reads the cues of a TTML document (https://www.w3.org/TR/ttml1/). Only child processes import this module."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from mediaconvert_emulator.caption_markup import escaped
from mediaconvert_emulator.captions import Cue

CLOCK = re.compile(r"(\d{2,}):(\d{2}):(\d{2})(?:(\.\d+)|:(\d{2,})(?:\.\d+)?)?")
OFFSET = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s|f|t)")
UNITS_S = {"h": Fraction(3600), "m": Fraction(60), "s": Fraction(1), "ms": Fraction(1, 1000)}
DEFAULT_FRAME_RATE = 30
STYLES = (("fontStyle", "italic", "i"), ("fontWeight", "bold", "b"), ("textDecoration", "underline", "u"))
FORBIDDEN = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)


class NotTtml(ValueError):  # noqa: N818 (a finding about the file, not a fault of the program)
    """The document is no TTML, or its times are invalid."""


def read_ttml(document: bytes) -> tuple[Cue, ...]:
    """Return the cues of a document.

    Raises:
        NotTtml: It is no TTML.
    """
    if FORBIDDEN.search(document):
        raise NotTtml("A document type is not part of TTML")
    try:
        root = ET.fromstring(document)  # noqa: S314  a child process with limits, and no entities
    except (ET.ParseError, LookupError, ValueError) as error:
        raise NotTtml("Not well-formed XML") from error
    if _local(root.tag) != "tt":
        raise NotTtml("The root is no tt element")
    body = next((child for child in root if _local(child.tag) == "body"), None)
    try:
        return tuple(_Reader(root).cues(body, Fraction(0), None)) if body is not None else ()
    except RecursionError as error:
        raise NotTtml("The elements are nested too deep") from error


def _local(name: object) -> str:
    return name.rpartition("}")[2] if isinstance(name, str) else ""


def _attributes(element: ET.Element) -> dict[str, str]:
    return {_local(name): value for name, value in element.attrib.items()}


@dataclass(frozen=True, slots=True)
class _Span:
    begin: Fraction
    end: Fraction | None


class _Reader:
    def __init__(self, root: ET.Element) -> None:
        attributes = _attributes(root)
        try:
            numerator, _, denominator = attributes.get("frameRateMultiplier", "1 1").replace(":", " ").partition(" ")
            rate = int(attributes.get("frameRate", DEFAULT_FRAME_RATE))
            self.frame_rate = rate * Fraction(int(numerator), int(denominator))
            self.tick_rate = Fraction(attributes.get("tickRate", self.frame_rate if "frameRate" in attributes else 1))
            if self.frame_rate <= 0 or self.tick_rate <= 0:
                raise NotTtml("A rate is not positive")
        except (ValueError, ZeroDivisionError) as error:
            raise NotTtml("A rate is no number") from error
        self.styles = {
            attributes["id"]: attributes
            for element in root.iter()
            if _local(element.tag) == "style" and "id" in (attributes := _attributes(element))
        }

    def cues(self, element: ET.Element, start: Fraction, limit: Fraction | None) -> Iterator[Cue]:
        """Yield the cues of body, div, p or span; `start` and `limit` are the time of what contains the element."""
        span = self._span(element, start, limit)
        is_text = _local(element.tag) in ("p", "span")
        if is_text and not any(_is_timed(child) for child in element.iter() if child is not element):
            text = "\n".join(line.strip() for line in self._text(element).split("\n")).strip()
            if text and span.end is not None and span.end > span.begin:
                yield Cue(start_ms=round(span.begin * 1000), end_ms=round(span.end * 1000), text=text)
            return
        is_sequence = _attributes(element).get("timeContainer") == "seq"
        next_start = span.begin
        for child in element:
            if _local(child.tag) in ("div", "p", "span"):
                yield from self.cues(child, next_start, span.end)
                if is_sequence:
                    next_start = self._span(child, next_start, span.end).end or next_start

    def _span(self, element: ET.Element, start: Fraction, limit: Fraction | None) -> _Span:
        attributes = _attributes(element)
        begin = start + self._seconds(attributes.get("begin", "0s"))
        ends = [limit] if limit is not None else []
        if "end" in attributes:
            ends.append(start + self._seconds(attributes["end"]))
        if "dur" in attributes:
            ends.append(begin + self._seconds(attributes["dur"]))
        return _Span(begin, min(ends, default=None))

    def _seconds(self, text: str) -> Fraction:
        if match := CLOCK.fullmatch(text.strip()):
            hours, minutes, seconds, fraction, frames = match.groups()
            whole = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
            return whole + Fraction(f"0{fraction or '.0'}") + Fraction(int(frames or 0)) / self.frame_rate
        if match := OFFSET.fullmatch(text.strip()):
            number, unit = Fraction(match[1]), match[2]
            units = UNITS_S | {"f": 1 / self.frame_rate, "t": 1 / self.tick_rate}
            return number * units[unit]
        raise NotTtml("A time is invalid")

    def _text(self, element: ET.Element) -> str:
        parts = [_words(element.text)]
        for child in element:
            match _local(child.tag):
                case "br":
                    parts.append("\n")
                case "span":
                    parts.append(self._text(child))
                case _:
                    pass
            parts.append(_words(child.tail))
        text = "".join(parts)
        attributes = _attributes(element)
        for name in attributes.get("style", "").split():
            attributes = self.styles.get(name, {}) | attributes
        for name, value, tag in STYLES:
            if attributes.get(name) == value and text.strip():
                text = f"<{tag}>{text}</{tag}>"
        return text


def _is_timed(element: ET.Element) -> bool:
    return bool({"begin", "end", "dur"} & _attributes(element).keys()) and _local(element.tag) == "span"


def _words(text: str | None) -> str:
    """Return text with each white space as one blank, which is the default of TTML."""
    return escaped(re.sub(r"\s+", " ", text or ""))
