"""One upload is followed through service, queue, MediaConvert and worker: by one id, by one request, by one trace."""

from transcode.correlation import upload_of

from .conftest import Story


def test_one_id_follows_an_upload_over_both_logs(story: Story) -> None:
    """From its announcement to the end of its job, every line that is about it."""
    upload = upload_of(story.good_file)
    told = [line["event"] for line in story.lines(story.service, upload=upload)]
    assert told[:2] == ["upload.announced", "request.answered"]
    worked = story.lines(story.worker, upload=upload)
    assert "job.submitted" in {line["event"] for line in worked}
    assert "Completed" in {line["event_type"] for line in worked if line["event"] == "job.advanced"}
    assert len({line["job_id"] for line in worked}) == 1


def test_a_request_is_followed_to_the_end_of_the_job_that_it_asked_for(story: Story) -> None:
    """Its id goes with the message to the worker, and with the job to MediaConvert and back."""
    assert [line["event"] for line in story.lines(story.service, request_id="request-again")] == [
        "job.requested",
        "request.answered",
    ]
    worked = story.lines(story.worker, request_id="request-again")
    assert "job.submitted" in {line["event"] for line in worked}
    assert "Failed" in {line["event_type"] for line in worked if line["event"] == "job.advanced"}
    assert {line["upload"] for line in worked} == {upload_of(story.bad_file)}


def test_a_job_says_how_long_it_waited_and_how_long_it_took(story: Story) -> None:
    """The numbers that the alarms and the dashboard read out of the log."""
    (submitted,) = story.lines(story.worker, event="job.submitted", upload=upload_of(story.good_file))
    ended = story.lines(story.worker, event="job.advanced", event_type="Completed")
    assert 0 <= submitted["waited_ms"] < 60_000
    assert 0 < ended[0]["took_ms"] < 60_000
    assert story.lines(story.worker, event="reconcile.done")[0]["stuck"] == 0


def test_one_trace_runs_from_the_request_to_the_end_of_its_job(story: Story) -> None:
    """The service's request, the message, the call that made the job, and the writes for each of its events."""
    request = next(span for span in story.received.of("POST /jobs") if span.process == "mediaconvert-status-service")
    of_trace = [span for span in story.received.spans if span.trace_id == request.trace_id]
    worked = {span.name for span in of_trace if span.process == "mediaconvert-status-worker"}
    assert {"submit upload", "MediaConvert.CreateJob", "apply job events", "DynamoDB.UpdateItem"} <= worked
    submitting = next(span for span in of_trace if span.name == "submit upload")
    sending = next(span for span in of_trace if span.span_id == submitting.parent_id)
    assert sending.process == "mediaconvert-status-service"
    assert submitting.attributes["upload"] == upload_of(story.bad_file)


def test_a_log_line_names_its_trace(story: Story) -> None:
    """So that one leads to the other."""
    request = next(span for span in story.received.of("POST /jobs") if span.process == "mediaconvert-status-service")
    assert story.lines(story.service, event="job.requested", trace_id=request.trace_id)
    assert story.lines(story.worker, event="job.submitted", trace_id=request.trace_id)


def test_waiting_for_messages_is_no_trace(story: Story) -> None:
    """Nor is any other call to AWS that belongs to no request and no message."""
    assert story.received.of("SQS.ReceiveMessage") == []
    assert {span.name for span in story.received.spans if not span.parent_id and "." in span.name} == set()
