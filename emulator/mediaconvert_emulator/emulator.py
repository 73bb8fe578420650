"""The operations of the API on what the emulator remembers. Knows no HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mediaconvert_emulator.errors import (
    BadRequestException,
    ConflictException,
    ForbiddenException,
    InternalServerErrorException,
    NotFoundException,
    TooManyRequestsException,
)
from mediaconvert_emulator.events import Names
from mediaconvert_emulator.listing import Page, cut, matching
from mediaconvert_emulator.overlay import JsonObject
from mediaconvert_emulator.publisher import Publisher
from mediaconvert_emulator.scheduler import Scheduler, now_ms
from mediaconvert_emulator.shapes import check_request
from mediaconvert_emulator.store import JobStore, TemplateStore
from mediaconvert_emulator.submission import Shelf, job_of_request
from mediaconvert_emulator.wire import job_json, queue_json, template_json

FAILURES = {403: ForbiddenException, 429: TooManyRequestsException, 500: InternalServerErrorException}

Query = Mapping[str, str]


@dataclass(slots=True, kw_only=True)
class Emulator:
    """MediaConvert, as its API's users see it."""

    names: Names
    queues: tuple[str, ...]
    concurrency: int
    jobs: JobStore
    publisher: Publisher
    scheduler: Scheduler
    templates: TemplateStore = field(default_factory=TemplateStore)
    started_ms: int = field(default_factory=now_ms)

    def create_job(self, body: JsonObject) -> JsonObject:
        """CreateJob."""
        if status := self.publisher.take_failure():
            raise FAILURES[status]("The emulator was told to fail this request")
        token = body.get("clientRequestToken")
        known = self.jobs.made_with(token, now_ms()) if isinstance(token, str) and token else None
        if known:
            return {"job": job_json(known, self.names)}
        shelf = Shelf(templates=self.templates.templates, queues=self.queues, names=self.names)
        job = job_of_request(body, shelf, now_ms())
        self.jobs.add(job, token, job.submitted_ms)
        self.scheduler.submit(job)
        return {"job": job_json(job, self.names)}

    def get_job(self, job_id: str) -> JsonObject:
        """GetJob."""
        return {"job": job_json(self.jobs.get(job_id), self.names)}

    def list_jobs(self, query: Query) -> JsonObject:
        """ListJobs and SearchJobs, newest first unless asked otherwise."""
        jobs = [(job.id, job) for job in matching(self.jobs.all(), query)]
        page, token = cut(jobs, Page.of_query(query, default_order="DESCENDING"))
        return _paged({"jobs": [job_json(job, self.names) for job in page]}, token)

    def cancel_job(self, job_id: str) -> JsonObject:
        """CancelJob."""
        self.scheduler.cancel(self.jobs.get(job_id))
        return {}

    def get_queue(self, name: str) -> JsonObject:
        """GetQueue."""
        if name not in self.queues:
            raise NotFoundException(f"No queue {name!r}")
        return {"queue": self._queue_json(name)}

    def list_queues(self, query: Query) -> JsonObject:
        """ListQueues."""
        page, token = cut([(name, name) for name in self.queues], Page.of_query(query, default_order="ASCENDING"))
        return _paged({"queues": [self._queue_json(name) for name in page]}, token)

    def _queue_json(self, name: str) -> JsonObject:
        jobs = self.jobs.all()
        return queue_json(name, self.names, jobs, created_ms=self.started_ms, concurrency=self.concurrency)

    def create_template(self, body: JsonObject) -> JsonObject:
        """CreateJobTemplate."""
        check_request("CreateJobTemplate", body)
        name = body["name"]
        if not name or "/" in name:
            raise BadRequestException("/name: Should be a name without slashes")
        if name in self.templates.templates:
            raise ConflictException(f"There is a job template {name!r} already")
        made = template_json(body, self.names, created_ms=now_ms(), updated_ms=now_ms())
        self.templates.templates[name] = made
        return {"jobTemplate": made}

    def get_template(self, name: str) -> JsonObject:
        """GetJobTemplate."""
        return {"jobTemplate": self.templates.get(name)}

    def list_templates(self, query: Query) -> JsonObject:
        """ListJobTemplates."""
        category = query.get("category")
        found = [
            (name, template)
            for name, template in self.templates.templates.items()
            if not category or template.get("category") == category
        ]
        page, token = cut(found, Page.of_query(query, default_order="ASCENDING"))
        return _paged({"jobTemplates": page}, token)

    def update_template(self, name: str, body: JsonObject) -> JsonObject:
        """UpdateJobTemplate."""
        check_request("UpdateJobTemplate", body)
        old = self.templates.get(name)
        changed = template_json(
            old | body | {"name": name}, self.names, created_ms=old["createdAt"] * 1000, updated_ms=now_ms()
        )
        self.templates.templates[name] = changed
        return {"jobTemplate": changed}

    def delete_template(self, name: str) -> JsonObject:
        """DeleteJobTemplate."""
        self.templates.get(name)
        del self.templates.templates[name]
        return {}


def _paged(body: JsonObject, token: str | None) -> JsonObject:
    return body if token is None else {**body, "nextToken": token}
