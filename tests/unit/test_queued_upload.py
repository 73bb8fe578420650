"""The message of the submission queue."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcode.correlation import Correlation
from worker.claim import claim_id
from worker.messages.events import ObjectCreated
from worker.messages.parser import MessageParser
from worker.messages.sanitise import Sanitiser
from worker.outcomes import FIRST_SEEN_KEY, REASON_KEY, Message
from worker.submission.queued_upload import attributes, body, tenant

KEYS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60).map(
    lambda name: f"uploads/x{name}"
)


@pytest.mark.parametrize("are_event_keys_encoded", [False, True])
@given(
    key=KEYS.filter(lambda key: not key.endswith("/")),
    version=st.text(st.characters(categories=["L", "N"], include_characters="._-"), min_size=1, max_size=40),
    replaces=st.none() | st.from_regex(r"[A-Za-z0-9-]{1,100}", fullmatch=True),
)
def test_the_parser_reads_the_same_upload_from_it(
    *, are_event_keys_encoded: bool, key: str, version: str, replaces: str | None
) -> None:
    """So the submitter finds the claim that intake wrote, also where an emulator percent-encodes keys in events."""
    parser = MessageParser(
        input_bucket="in",
        upload_prefix="uploads/",
        sanitiser=Sanitiser(secrets=()),
        are_event_keys_encoded=are_event_keys_encoded,
    )
    upload = ObjectCreated(input_file=key, size_bytes=7, version=version, replaces=replaces)
    (parsed,) = parser.parse_events(body(upload, bucket="in"))
    assert parsed == upload
    assert claim_id(parsed) == claim_id(upload)


def test_the_time_from_which_the_upload_waits_is_kept() -> None:
    """Also over more than one queue; an upload that an operator sent back begins again."""
    ids = Correlation(request_id="r-1234")
    first = Message(message_id="1", body="", sent_ms=5_000)
    later = Message(message_id="2", body="", sent_ms=9_000, attributes=attributes(first, ids))
    sent_back = Message(message_id="3", body="", sent_ms=9_000, attributes={FIRST_SEEN_KEY: "5000", REASON_KEY: "old"})
    assert attributes(later, ids) == {"RequestId": "r-1234", FIRST_SEEN_KEY: "5000"}
    assert attributes(sent_back, ids)[FIRST_SEEN_KEY] == "9000"
    assert attributes(Message(message_id="4", body=""), Correlation()) == {}


def test_uploads_of_one_owner_or_of_one_folder_are_a_tenant() -> None:
    """An owner whose name looks like a folder is another tenant than that folder."""
    assert tenant("a", "uploads/1/x.mp4") == tenant("a", "uploads/2/x.mp4") != tenant("b", "uploads/1/x.mp4")
    assert tenant(None, "uploads/1/x.mp4") == tenant(None, "uploads/1/y.mp4") != tenant(None, "uploads/2/x.mp4")
    assert tenant("uploads/1", "uploads/1/x.mp4") != tenant(None, "uploads/1/x.mp4")


@given(owner=st.none() | st.text(), key=KEYS)
def test_a_tenant_is_a_message_group_id(owner: str | None, key: str) -> None:
    """SQS accepts up to 128 letters, digits and some punctuation."""
    assert len(tenant(owner, key)) == 32
    assert tenant(owner, key).isalnum()
