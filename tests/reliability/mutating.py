"""Message bodies that nobody should send, made from those that S3 and MediaConvert do send. Fast, and repeatable."""

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


def bodies(count: int, dice: random.Random, *, input_bucket: str) -> Iterator[str]:
    """Give so many bodies: a third sound ones about our bucket, the others damaged, cut, spliced or made up."""
    sound = [text.replace("clips-in", input_bucket) for text in FIXTURES]
    for _ in range(count):
        text = _own_names(dice.choice(sound), dice)
        match dice.randrange(8):
            case 0 | 1:
                yield text
            case 2 | 3 | 4:
                yield json.dumps(_damaged(json.loads(text), dice))
            case 5:
                yield text[: dice.randrange(len(text))]
            case 6:
                yield _spliced(text, dice.choice(sound), dice)
            case _:
                yield "".join(dice.choices(string.printable + '{}[]":,\\é\x00', k=dice.randrange(60)))


def _own_names(text: str, dice: random.Random) -> str:
    """Jobs and objects of many names, some of which meet again."""
    number = dice.randrange(500)
    return text.replace("5e0c", f"fuzz{number}").replace("1763798400123-", f"1763798400{number:03d}-")


def _damaged(payload: Any, dice: random.Random) -> Any:  # noqa: ANN401 -- any JSON
    """The payload with one to three places changed, doubled or gone."""
    for _ in range(dice.randint(1, 3)):
        parent, key = dice.choice(list(_places(payload)) or [(None, None)])
        if parent is None:
            return dice.choice(NASTY)
        match dice.randrange(3):
            case 0:
                del parent[key]
            case 1:
                parent[key] = dice.choice(NASTY)
            case _:
                parent[key] = [parent[key]] * 2
    return payload


def _places(value: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401
    """Every place in a JSON value, as its parent and the key in it."""
    inner = list(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ())
    for key, child in inner:
        yield value, key
        yield from _places(child)


def _spliced(one: str, other: str, dice: random.Random) -> str:
    """The beginning of one text and the end of another."""
    return one[: dice.randrange(len(one))] + other[dice.randrange(len(other)) :]
