"""Decides on the settings that a job sends and no parser reads: accept, warn or refuse. Pure.

A setting without a row in `setting_rows` is refused. So no setting is ignored, even where a table is wrong.
"""

from mediaconvert_emulator.errors import BadRequestException
from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.recorded_settings import is_read, values
from mediaconvert_emulator.service_members import member_of
from mediaconvert_emulator.setting_rows import Effect, SettingRow, row_of


def check_unread_settings(settings: JsonObject, reads: set[str], *, is_strict: bool) -> tuple[str, ...]:
    """Return one warning for each setting that has no effect.

    Args:
        settings: The job's settings.
        reads: The pointers that the parsers read.
        is_strict: Refuse settings that have no effect.

    Raises:
        BadRequestException: Settings are not emulated. The message has the pointer of each.
    """
    faults: list[str] = []
    warnings: list[str] = []
    for pointer, value in values(settings):
        if is_read(pointer, reads):
            continue
        row = row_of(member_of(pointer))
        match row.effect if row else Effect.REFUSED:
            case Effect.REFUSED if row is None or not _is_same(value, row):
                faults.append(f"{pointer}: {_not_emulated(value, row)}")
            case Effect.NONE_HERE | Effect.NONE_ON_AWS if row and not _is_same(value, row):
                warnings.append(f"{pointer}: {value} is {row.effect}{_reason(row)}")
            case _:
                pass
    if is_strict:
        faults += warnings
    if faults:
        raise BadRequestException(" | ".join(faults))
    return tuple(warnings)


def _is_same(value: object, row: SettingRow) -> bool:
    return any(value == same and isinstance(value, bool) == isinstance(same, bool) for same in row.same)


def _not_emulated(value: object, row: SettingRow | None) -> str:
    text = f"{value} is not emulated"
    if row and row.same:
        text += f"; {' and '.join(map(str, row.same))} {'is' if len(row.same) == 1 else 'are'}"
    return text + (_reason(row) if row else "")


def _reason(row: SettingRow) -> str:
    return f" ({row.reason})" if row.reason else ""
