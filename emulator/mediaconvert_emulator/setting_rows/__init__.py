"""The tables of settings that no parser reads. Pure."""

from functools import cache

from mediaconvert_emulator.setting_rows import audio, containers, groups, inputs, job, segmented, video
from mediaconvert_emulator.setting_rows.row import Effect, SettingRow

ROWS: tuple[SettingRow, ...] = (
    *(job.ROWS + inputs.ROWS + groups.ROWS + segmented.ROWS),
    *(containers.ROWS + video.ROWS + audio.ROWS),
)

__all__ = ["ROWS", "Effect", "SettingRow", "row_of"]


@cache
def row_of(member: str) -> SettingRow | None:
    """Return the row of a member, or None. A row for the member itself precedes rows for everything below a member."""
    exact, below = _indexes()
    if member in exact:
        return exact[member]
    parents = [prefix for prefix in below if member.startswith(prefix)]
    return below[max(parents, key=len)] if parents else None


@cache
def _indexes() -> tuple[dict[str, SettingRow], dict[str, SettingRow]]:
    exact: dict[str, SettingRow] = {}
    below: dict[str, SettingRow] = {}
    for row in ROWS:
        for member in row.members:
            index = below if member.endswith("/**") else exact
            key = member.removesuffix("**")
            if key in index:
                raise ValueError(f"{member} has two rows")
            index[key] = row
    return exact, below
