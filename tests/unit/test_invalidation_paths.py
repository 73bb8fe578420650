"""The paths of several deletions fit into CloudFront's limit, and contain every deleted video."""

from fnmatch import fnmatchcase

from hypothesis import given
from hypothesis import strategies as st

from worker.deletion.invalidation_paths import MAX_WILDCARDS, caller_reference, invalidation_path, merged_paths

prefixes = st.sets(
    st.text("ab/0_", min_size=1, max_size=12).map(lambda text: f"uploads/{text}_"), min_size=1, max_size=40
)


@given(prefixes)
def test_the_paths_of_a_request_contain_all_videos_within_the_limit(deleted: set[str]) -> None:
    """Each deleted video is below one of at most 15 paths, and all paths are below the upload prefix."""
    merged = merged_paths([invalidation_path(each) for each in deleted])
    assert len(merged) <= MAX_WILDCARDS
    assert all(any(fnmatchcase(f"/{each}x/clip.m3u8", path) for path in merged) for each in deleted)
    assert all(path.startswith("/uploads/") for path in merged)


def test_a_reference_names_its_deletions() -> None:
    """The same deletions in another order have the same name; another deletion of the same path has another one."""
    assert caller_reference(["/a* 1", "/b* 1"]) == caller_reference(["/b* 1", "/a* 1"])
    assert caller_reference(["/a* 1"]) != caller_reference(["/a* 2"])
