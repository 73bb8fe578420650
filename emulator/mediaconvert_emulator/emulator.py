"""The operations of the MediaConvert API on the emulator's jobs, queues and templates. Independent of HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mediaconvert_emulator.errors import BadRequestException, ConflictException, NotFoundException
from mediaconvert_emulator.events import Account
from mediaconvert_emulator.job_settings_check import check_settings
from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.listing import PageRequest, filter_jobs, paginate
from mediaconvert_emulator.probe_operation import ProbeOperation
from mediaconvert_emulator.publisher import Publisher
from mediaconvert_emulator.request_gate import RequestGate, injected_error
from mediaconvert_emulator.request_validation import check_types
from mediaconvert_emulator.rules import Kind
from mediaconvert_emulator.scheduler import Scheduler, now_ms
from mediaconvert_emulator.store import JobStore, TemplateStore
from mediaconvert_emulator.submission import AccountResources, job_from_request
from mediaconvert_emulator.wire import job_json, queue_json, template_json

Query = Mapping[str, str]


@dataclass(slots=True, kw_only=True)
class Emulator:
    """One method for each emulated operation; arguments and results are the API's JSON."""

    account: Account
    queues: tuple[str, ...]
    concurrency: int
    is_strict: bool
    jobs: JobStore
    publisher: Publisher
    scheduler: Scheduler
    gate: RequestGate
    probe_operation: ProbeOperation
    templates: TemplateStore = field(default_factory=TemplateStore)
    started_ms: int = field(default_factory=now_ms)

    def create_job(self, body: JsonObject) -> JsonObject:
        """Perform CreateJob."""
        if status := self.publisher.take_create_job_failure():
            raise injected_error(status)
        token = body.get("clientRequestToken")
        existing = self.jobs.find_by_token(token, now_ms()) if isinstance(token, str) and token else None
        if existing:
            return {"job": job_json(existing, self.account)}
        resources = AccountResources(templates=self.templates.templates, queues=self.queues, is_strict=self.is_strict)
        job = job_from_request(body, resources, now_ms())
        self.jobs.add(job, token, job.submitted_ms)
        self.scheduler.submit(job)
        return {"job": job_json(job, self.account)}

    async def probe(self, body: JsonObject) -> JsonObject:
        """Perform Probe."""
        return await self.probe_operation.run(body)

    def get_job(self, job_id: str) -> JsonObject:
        """Perform GetJob."""
        return {"job": job_json(self.jobs.get(job_id), self.account)}

    def list_jobs(self, query: Query) -> JsonObject:
        """Perform ListJobs and SearchJobs; the default order is newest first."""
        jobs = [(job.id, job) for job in filter_jobs(self.jobs.all(), query)]
        page, token = paginate(jobs, PageRequest.from_query(query, default_order="DESCENDING"))
        return _with_next_token({"jobs": [job_json(job, self.account) for job in page]}, token)

    def cancel_job(self, job_id: str) -> JsonObject:
        """Perform CancelJob."""
        self.scheduler.cancel(self.jobs.get(job_id))
        return {}

    def get_queue(self, name: str) -> JsonObject:
        """Perform GetQueue."""
        if name not in self.queues:
            raise NotFoundException(f"No queue {name!r}")
        return {"queue": self._queue_json(name)}

    def list_queues(self, query: Query) -> JsonObject:
        """Perform ListQueues."""
        request = PageRequest.from_query(query, default_order="ASCENDING")
        page, token = paginate([(name, name) for name in self.queues], request)
        return _with_next_token({"queues": [self._queue_json(name) for name in page]}, token)

    def _queue_json(self, name: str) -> JsonObject:
        jobs = self.jobs.all()
        return queue_json(name, self.account, jobs, created_ms=self.started_ms, concurrency=self.concurrency)

    def create_template(self, body: JsonObject) -> JsonObject:
        """Perform CreateJobTemplate."""
        check_types("CreateJobTemplate", body)
        check_settings("CreateJobTemplate", body, Kind.TEMPLATE)
        name = body["name"]
        if not name or "/" in name:
            raise BadRequestException("/name: Should be a name without slashes")
        if name in self.templates.templates:
            raise ConflictException(f"The job template {name!r} exists already")
        template = template_json(body, self.account, created_ms=now_ms(), updated_ms=now_ms())
        self.templates.templates[name] = template
        return {"jobTemplate": template}

    def get_template(self, name: str) -> JsonObject:
        """Perform GetJobTemplate."""
        return {"jobTemplate": self.templates.get(name)}

    def list_templates(self, query: Query) -> JsonObject:
        """Perform ListJobTemplates."""
        category = query.get("category")
        templates = [
            (name, template)
            for name, template in self.templates.templates.items()
            if not category or template.get("category") == category
        ]
        page, token = paginate(templates, PageRequest.from_query(query, default_order="ASCENDING"))
        return _with_next_token({"jobTemplates": page}, token)

    def update_template(self, name: str, body: JsonObject) -> JsonObject:
        """Perform UpdateJobTemplate."""
        check_types("UpdateJobTemplate", body)
        check_settings("UpdateJobTemplate", body, Kind.TEMPLATE)
        old = self.templates.get(name)
        updated = template_json(
            old | body | {"name": name}, self.account, created_ms=old["createdAt"] * 1000, updated_ms=now_ms()
        )
        self.templates.templates[name] = updated
        return {"jobTemplate": updated}

    def delete_template(self, name: str) -> JsonObject:
        """Perform DeleteJobTemplate."""
        self.templates.get(name)
        del self.templates.templates[name]
        return {}


def _with_next_token(body: JsonObject, token: str | None) -> JsonObject:
    return body if token is None else {**body, "nextToken": token}
