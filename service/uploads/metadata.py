"""The limits of the metadata of an upload. Pure."""

from collections.abc import Mapping

MAX_PAIRS = 20
MAX_METADATA_BYTES = 4_096


def check_metadata(metadata: Mapping[str, str]) -> Mapping[str, str]:
    """Return the metadata if all its names and values together fit.

    Raises:
        ValueError: It has too many pairs, or too many bytes.
    """
    if len(metadata) > MAX_PAIRS:
        raise ValueError(f"at most {MAX_PAIRS} pairs are allowed")
    size_bytes = sum(len(text.encode()) for pair in metadata.items() for text in pair)
    if size_bytes > MAX_METADATA_BYTES:
        raise ValueError(f"names and values have {size_bytes} bytes in UTF-8; {MAX_METADATA_BYTES} are allowed")
    return metadata
