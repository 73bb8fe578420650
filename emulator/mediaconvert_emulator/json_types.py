"""The type of JSON objects, for annotations."""

from typing import Any, TypeAlias

JsonObject: TypeAlias = dict[str, Any]
