"""ffmpeg's filter for MediaConvert's remixing of channels. Pure."""

from mediaconvert_emulator.input_spec import Remix

LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1", 7: "7.0", 8: "7.1"}
MUTED_DB = -60
"""The lowest gain that MediaConvert accepts; a channel with it isn't mixed in."""


def remix_filter(remix: Remix, channels: int) -> str:
    """Return the filter for a source with this number of channels; channels that the source doesn't have are silent."""
    count = len(remix.gains_db)
    parts = [LAYOUTS.get(count, f"{count}c")]
    for number, gains_db in enumerate(remix.gains_db):
        terms = [
            f"{10 ** (gain / 20):.6f}*c{index}"
            for index, gain in enumerate(gains_db)
            if gain > MUTED_DB and index < channels
        ]
        parts.append(f"c{number}={'+'.join(terms) or '0*c0'}")
    return f"pan={'|'.join(parts)}"


def unmixed_filter(channels: int) -> str:
    """Return the filter that keeps all channels, and gives them a known layout."""
    rows = tuple(
        tuple(0.0 if source == target else MUTED_DB for source in range(channels)) for target in range(channels)
    )
    return remix_filter(Remix(gains_db=rows), channels)
