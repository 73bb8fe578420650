"""Merges a job's settings with its template's settings. Pure."""

from mediaconvert_emulator.json_types import JsonObject


def merge_settings(base: JsonObject, override: JsonObject) -> JsonObject:
    """Return a copy of `base` in which the values of `override` take precedence.

    Objects merge key by key, and lists index by index (inputs, output groups, outputs). So a job that sends the
    template's complete output groups gets each group once. Any other value in `override` replaces the value in `base`.
    """
    return {key: _merge_values(base.get(key), override.get(key)) for key in base | override}


def _merge_values(base: object, override: object) -> object:
    match base, override:
        case _, None:
            return base
        case dict(), dict():
            return merge_settings(base, override)
        case list(), list():
            length = max(len(base), len(override))
            padding = [None] * length
            pairs = zip((base + padding)[:length], (override + padding)[:length], strict=True)
            return [_merge_values(base_item, override_item) for base_item, override_item in pairs]
        case _:
            return override
