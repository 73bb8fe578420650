"""How a job's settings lie over its template's."""

from typing import Any, TypeAlias

JsonObject: TypeAlias = dict[str, Any]


def overlay(base: JsonObject, top: JsonObject) -> JsonObject:
    """`base` with `top` laid over it, neither changed.

    Objects merge key by key and lists index by index (inputs, output groups, outputs), so that a job which sends
    back the template's complete output groups gets each of them once. Anything else in `top` replaces.
    """
    return {key: _merged(base.get(key), top.get(key)) for key in base | top}


def _merged(base: object, top: object) -> object:
    match base, top:
        case _, None:
            return base
        case dict(), dict():
            return overlay(base, top)
        case list(), list():
            longest = max(len(base), len(top))
            pad = [None] * longest
            pairs = zip((base + pad)[:longest], (top + pad)[:longest], strict=True)
            return [_merged(below, above) for below, above in pairs]
        case _:
            return top
