"""Converts the text of caption formats to the text of WebVTT cues, which has the tags i, b and u. Pure."""

import re

TAG = re.compile(r"<(/?)([A-Za-z]+)(?:[\s.][^<>]*)?>")
OVERRIDE = re.compile(r"\{\\([^{}]*)\}")
STYLE = re.compile(r"\\([ibu])(\d+)|\\(r)")
ENTITY = re.compile(r"&(?!(?:amp|lt|gt|nbsp|lrm|rlm|#\d+|#x[0-9A-Fa-f]+);)")
KEPT = ("i", "b", "u")


def escaped(text: str) -> str:
    """Return text in which no character has a meaning in WebVTT."""
    return ENTITY.sub("&amp;", text).replace("<", "&lt;").replace(">", "&gt;")


def from_subrip(text: str) -> str:
    """Return the text of a SubRip cue, with its tags i, b and u; other tags and ASS codes are left out."""
    parts: list[str] = []
    opened: list[str] = []
    end = 0
    text = OVERRIDE.sub("", text)
    for match in TAG.finditer(text):
        parts.append(escaped(text[end : match.start()]))
        end = match.end()
        name = match[2].lower()
        if name in KEPT:
            parts.append(_tag(name, opened, is_end=bool(match[1])))
    return "".join([*parts, escaped(text[end:]), *_closed(opened)])


def from_ass(text: str) -> str:
    r"""Return the text of ffmpeg's decoded captions, whose style is in codes such as `{\i1}`."""
    parts: list[str] = []
    opened: list[str] = []
    end = 0
    for match in OVERRIDE.finditer(text):
        parts.append(escaped(text[end : match.start()]))
        end = match.end()
        for code in STYLE.finditer(f"\\{match[1]}"):
            parts += _closed(opened) if code[3] else [_tag(code[1], opened, is_end=code[2] == "0")]
    return "".join([*parts, escaped(text[end:]), *_closed(opened)]).replace(r"\N", "\n").replace(r"\h", " ")


def _tag(name: str, opened: list[str], *, is_end: bool) -> str:
    """Return a tag, if it changes something; tags that were opened later end with it."""
    if not is_end:
        if name in opened:
            return ""
        opened.append(name)
        return f"<{name}>"
    if name not in opened:
        return ""
    closed = ""
    while opened:
        last = opened.pop()
        closed += f"</{last}>"
        if last == name:
            break
    return closed


def _closed(opened: list[str]) -> list[str]:
    closed = [f"</{name}>" for name in reversed(opened)]
    opened.clear()
    return closed
