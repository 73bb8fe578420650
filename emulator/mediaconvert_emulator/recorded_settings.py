"""Settings that record which of their members a parser reads. So "this setting is emulated" is measured, not declared.

Pure. A parser uses the settings as ordinary dictionaries and lists.
"""

from collections.abc import ItemsView, Iterator
from typing import Any

from mediaconvert_emulator.json_types import JsonObject


class RecordedSettings(dict[str, Any]):
    """A copy of a JSON object that adds the JSON pointer of each member that is read to `reads`.

    To test for a member (`in`) is not a read. A read list of numbers or strings counts as a read of all its items.
    """

    def __init__(self, settings: JsonObject, pointer: str = "", reads: set[str] | None = None) -> None:
        self.reads: set[str] = set() if reads is None else reads
        self._pointer = pointer
        super().__init__({key: self._wrap(value, f"{pointer}/{key}") for key, value in settings.items()})

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401 (JSON of any kind)
        """Return a member, and record the read."""
        self.reads.add(f"{self._pointer}/{key}")
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 (as dict.get)
        """Return a member or the default, and record the read."""
        self.reads.add(f"{self._pointer}/{key}")
        return super().get(key, default)

    def items(self) -> ItemsView[str, Any]:  # type: ignore[override]  # the built-in dict_items has no public name
        """Return all members, and record a read of each."""
        self.reads.update(f"{self._pointer}/{key}" for key in self)
        return super().items()

    def _wrap(self, value: object, pointer: str) -> object:
        match value:
            case dict():
                return RecordedSettings(value, pointer, self.reads)
            case list():
                return [self._wrap(item, f"{pointer}/{index}") for index, item in enumerate(value)]
            case _:
                return value


def values(settings: object, pointer: str = "") -> Iterator[tuple[str, object]]:
    """Yield the pointer and the value of each number, string and boolean in some settings.

    A null is no value. An empty object is a value only as an item of a list.
    """
    match settings:
        case dict():
            for key, item in settings.items():
                yield from values(item, f"{pointer}/{key}")
        case list():
            for index, item in enumerate(settings):
                if item == {}:
                    yield f"{pointer}/{index}", item
                yield from values(item, f"{pointer}/{index}")
        case None:
            return
        case _:
            yield pointer, settings


def is_read(pointer: str, reads: set[str]) -> bool:
    """Return whether a value was read, by itself or as an item of a list."""
    parent, _, last = pointer.rpartition("/")
    return pointer in reads or (last.isdigit() and parent in reads)
