"""The emulator's state, and the operations that change several parts of it. Independent of HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mediaconvert_emulator.account_resources import AccountState
from mediaconvert_emulator.errors import BadRequestException, ConflictException
from mediaconvert_emulator.events import Account
from mediaconvert_emulator.job_settings_check import check_settings
from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.listing import PageRequest, filter_jobs, paginate, with_next_token
from mediaconvert_emulator.probe_operation import ProbeOperation
from mediaconvert_emulator.publisher import Publisher
from mediaconvert_emulator.queues import QueueStore
from mediaconvert_emulator.request_gate import RequestGate, injected_error
from mediaconvert_emulator.request_validation import check_types
from mediaconvert_emulator.rules import Kind
from mediaconvert_emulator.scheduler import Scheduler, now_ms
from mediaconvert_emulator.store import JobStore
from mediaconvert_emulator.submission import AccountResources, job_from_request
from mediaconvert_emulator.wire import job_json, template_json

MAX_TAGS = 50


@dataclass(slots=True, kw_only=True)
class Emulator:
    """The account, its jobs and resources, and the parts that perform the operations."""

    account: Account
    concurrency: int
    is_strict: bool
    jobs: JobStore
    queues: QueueStore
    state: AccountState
    publisher: Publisher
    scheduler: Scheduler
    gate: RequestGate
    probe_operation: ProbeOperation
    started_ms: int = field(default_factory=now_ms)

    def create_job(self, body: JsonObject) -> JsonObject:
        """Perform CreateJob."""
        if status := self.publisher.take_create_job_failure():
            raise injected_error(status)
        token = body.get("clientRequestToken")
        existing = self.jobs.find_by_token(token, now_ms()) if isinstance(token, str) and token else None
        if existing:
            return {"job": job_json(existing, self.account)}
        reserved = (name for name, queue in self.queues.queues.items() if queue.reservation)
        resources = AccountResources(
            templates=self.state.templates.items,
            queues=tuple(self.queues.queues),
            presets=self.state.presets.items,
            reserved_queues=frozenset(reserved),
            policy=self.state.policy,
            is_strict=self.is_strict,
        )
        job = job_from_request(body, resources, now_ms())
        self.jobs.add(job, token, job.submitted_ms)
        self.set_tags(self.account.arn("jobs", job.id), body)
        self.scheduler.submit(job)
        return {"job": job_json(job, self.account)}

    def restore_jobs(self) -> None:
        """Take up the jobs of an earlier process. A job whose queue doesn't exist waits in the default queue."""
        for job in self.jobs.restore():
            self.set_tags(self.account.arn("jobs", job.id), job.request)
            if not job.is_finished:
                if job.queue not in self.queues.queues:
                    job.queue = next(iter(self.queues.queues))
                self.scheduler.submit(job)

    def list_jobs(self, query: Mapping[str, str]) -> JsonObject:
        """Perform ListJobs and SearchJobs; the default order is newest first."""
        jobs = [(job.id, job) for job in filter_jobs(self.jobs.all(), query)]
        page, token = paginate(jobs, PageRequest.from_query(query, default_order="DESCENDING"))
        return with_next_token({"jobs": [job_json(job, self.account) for job in page]}, token)

    def create_template(self, body: JsonObject) -> JsonObject:
        """Perform CreateJobTemplate."""
        check_types("CreateJobTemplate", body)
        name, templates = body["name"], self.state.templates
        if not name or "/" in name:
            raise BadRequestException("/name: Should be a name without slashes")
        if name in templates.items:
            raise ConflictException(f"The job template {name!r} exists already")
        check_settings("CreateJobTemplate", body, Kind.TEMPLATE)
        templates.check_quota()
        template = template_json(body, self.account, created_ms=now_ms(), updated_ms=now_ms())
        templates.items[name] = template
        self.set_tags(template["arn"], body)
        return {"jobTemplate": template}

    def update_template(self, name: str, body: JsonObject) -> JsonObject:
        """Perform UpdateJobTemplate."""
        check_types("UpdateJobTemplate", body)
        check_settings("UpdateJobTemplate", body, Kind.TEMPLATE)
        old = self.state.templates.get(name)
        changes = {key: value for key, value in body.items() if value is not None}
        updated = template_json(
            old | changes | {"name": name}, self.account, created_ms=old["createdAt"] * 1000, updated_ms=now_ms()
        )
        self.state.templates.items[name] = updated
        return {"jobTemplate": updated}

    def set_tags(self, arn: str, body: JsonObject) -> None:
        """Add a request's tags to a resource.

        Raises:
            BadRequestException: The resource would have too many.
        """
        tags = self.state.tags.get(arn, {}) | (body.get("tags") or {})
        if len(tags) > MAX_TAGS:
            raise BadRequestException(f"/tags: Should have at most {MAX_TAGS} properties")
        if tags:
            self.state.tags[arn] = tags
