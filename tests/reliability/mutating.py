"""Malformed message bodies, made from the events that S3 and MediaConvert send. Fast, and repeatable by seed."""

import json
import math
import random
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FIXTURES = [path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parents[1].glob("events/*.json"))]
NASTY: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    10**15,
    10**39,
    0.1,
    math.nan,
    math.inf,
    "",
    " ",
    "\x00",
    "\ud83d",
    "a" * 2_000,
    "港" * 400,
    "../..",
    "claim:x",
    "COMPLETE",
    "%",
    "%zz",
    "$dt$",
    [],
    {},
    [None],
    {"": ""},
    "s3://",
)


def bodies(count: int, rng: random.Random, *, input_bucket: str) -> Iterator[str]:
    """Yield this many bodies: a quarter are valid events of the bucket, the rest damaged, cut, spliced or random."""
    valid = [text.replace("clips-in", input_bucket) for text in FIXTURES]
    for _ in range(count):
        text = _rename(rng.choice(valid), rng)
        match rng.randrange(8):
            case 0 | 1:
                yield text
            case 2 | 3 | 4:
                yield json.dumps(_damage(json.loads(text), rng))
            case 5:
                yield text[: rng.randrange(len(text))]
            case 6:
                yield _splice(text, rng.choice(valid), rng)
            case _:
                yield "".join(rng.choices(string.printable + '{}[]":,\\é\x00', k=rng.randrange(60)))


def _rename(text: str, rng: random.Random) -> str:
    """Give the text's job or object one of 500 names, so that some bodies have the same one."""
    number = rng.randrange(500)
    return text.replace("5e0c", f"fuzz{number}").replace("1763798400123-", f"1763798400{number:03d}-")


def _damage(payload: Any, rng: random.Random) -> Any:  # noqa: ANN401 -- any JSON
    """Change, double or delete one to three places of the payload."""
    for _ in range(rng.randint(1, 3)):
        parent, key = rng.choice(list(_places(payload)) or [(None, None)])
        if parent is None:
            return rng.choice(NASTY)
        match rng.randrange(3):
            case 0:
                del parent[key]
            case 1:
                parent[key] = rng.choice(NASTY)
            case _:
                parent[key] = [parent[key]] * 2
    return payload


def _places(value: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401
    """Yield every place in a JSON value, as its parent and its key there."""
    inner = list(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ())
    for key, child in inner:
        yield value, key
        yield from _places(child)


def _splice(one: str, other: str, rng: random.Random) -> str:
    """Join the beginning of one text and the end of another."""
    return one[: rng.randrange(len(one))] + other[rng.randrange(len(other)) :]
