"""Creates or updates a deployment from this checkout: `make deploy`. Repeating it changes nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from deploy import account_state, buckets
from deploy.aws_account import Account
from deploy.cloudformation import CloudFormation
from deploy.container_images import put_images
from deploy.lambda_concurrency import (
    RequestedConcurrency,
    concurrency_level,
    concurrency_notice,
    concurrency_parameters,
    reserved_now,
)
from deploy.lambda_package import ROOT, Package, build
from deploy.page_upload import page_files, put_page
from deploy.parameters import (
    Declared,
    Known,
    demand_exports_unchanged,
    demand_known,
    fill,
    kept_settings,
    known,
    table_names,
    visibility_timeout_s,
)
from deploy.stack_changes import ResourceChange, demand_vpc_origin_unused
from deploy.stacks import TARGETS, Deployed, Stack, Target, every_stack, stacks
from deploy.stacks import stack as stack_of
from deploy.zones import ZONE_COUNT, select_zones

INFRA = ROOT / "infra"
MAX_ROUNDS = 3
"""A second round updates stacks whose parameters come from later stacks; a third round finds nothing to change."""

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployRequest:
    """The options of one `make deploy`."""

    deployment: str
    target: Target
    given: Mapping[str, str] = field(default_factory=dict)
    without: Sequence[str] = ()
    page_config: bytes | None = None
    """The content of the page's `config.js`; without it, the existing file stays."""


@dataclass(slots=True, kw_only=True)
class Deployment:
    """One run of a deployment: the existing stacks, and the parameters that the templates declare."""

    request: DeployRequest
    account: Account
    cloudformation: CloudFormation
    report: Report
    """Called with each finished step."""
    report_current: Report
    """Called with the name of each step at its start; CloudFront takes minutes."""
    templates: dict[str, str] = field(default_factory=dict)
    declared: dict[str, list[Declared]] = field(default_factory=dict)
    resource_types: dict[str, list[str]] = field(default_factory=dict)
    """The types of the resources in each template, by role."""
    existing: dict[str, Deployed] = field(default_factory=dict)
    deployed_parameters: dict[str, dict[str, str]] = field(default_factory=dict)
    """The parameters that each stack was deployed with in this run."""
    code_parameters: dict[str, str] = field(default_factory=dict)
    """The parameters that name the package or images of this checkout."""
    account_parameters: dict[str, str] = field(default_factory=dict)
    """The parameters of the target's stack that follow from the account: its zones, its concurrency."""

    async def run(self) -> dict[str, Deployed]:
        """Create or update every stack, and return the existing stacks by role."""
        plan = stacks(self.request.deployment, self.request.target, without=self.request.without)
        await self.read_state(plan)
        for _ in range(MAX_ROUNDS):
            if not [stack for stack in plan if await self._deploy_stack(stack)]:
                break
        await self._put_page()
        await self._remove_other_target()
        return self.existing

    async def read_state(self, plan: Sequence[Stack]) -> None:
        """Read the templates, the existing stacks and the account, before any stack is changed.

        Raises:
            ParameterError: a parameter is unknown or can't change, or the account can't reserve what it requests.
            ZoneError: the account has too few zones for Fargate.
        """
        await self.read_stacks(plan)
        await self.read_account()
        if self.request.target == "fargate" and await account_state.ensure_ecs_role(self.account):
            self.report(f"{'service-linked role of ECS':<40} created")

    async def read_stacks(self, plan: Sequence[Stack]) -> None:
        """Read the templates and the existing stacks, once.

        Raises:
            ParameterError: a parameter is unknown or can't change.
        """
        if self.templates:
            return
        for stack in plan:
            template = (INFRA / stack.template).read_text(encoding="utf-8")
            summary = await self.cloudformation.summary(template)
            self.templates[stack.role] = template
            self.declared[stack.role] = summary.parameters
            self.resource_types[stack.role] = summary.resource_types
        demand_known(self.request.given, {each.name for parameters in self.declared.values() for each in parameters})
        for stack in every_stack(self.request.deployment):
            if found := await self.cloudformation.find(stack.name):
                self.existing[stack.role] = found
        demand_exports_unchanged("pipeline", self.parameters("pipeline"), self.existing)

    async def read_account(self) -> None:
        """Read what the account allows the target."""
        self.account_parameters = await (self._concurrency() if self.request.target == "lambda" else self._zones())

    async def _concurrency(self) -> dict[str, str]:
        """Return the parameters of Lambda's stack that adapt it to the account's concurrent executions."""
        if "Concurrency" in self.request.given:
            return {}
        requested = RequestedConcurrency(
            uploads=int(self._value("lambda", "UploadsConcurrency")),
            job_events=int(self._value("lambda", "JobEventsConcurrency")),
            worker_reserved=int(self._value("lambda", "WorkerReservedConcurrency")),
            service_reserved=int(self._value("lambda", "ServiceReservedConcurrency")),
        )
        account = await account_state.read_concurrency(self.account)
        current = self.existing["lambda"].parameters if "lambda" in self.existing else {}
        level = concurrency_level(account, requested, reserved_now=reserved_now(current))
        if notice := concurrency_notice(level, account):
            self.report(f"{'concurrency':<40} {notice}")
        return concurrency_parameters(level, requested)

    async def _zones(self) -> dict[str, str]:
        """Return the zones for a new VPC; an existing stack keeps its zones."""
        zones = await account_state.read_zones(self.account)
        is_vpc_given = bool(self._value("fargate", "VpcId"))
        is_known = "AvailabilityZones" in self.request.given or "fargate" in self.existing
        if is_vpc_given or is_known:
            return {"AvailabilityZones": ",".join(sorted(zone.name for zone in zones)[:ZONE_COUNT])}
        return {"AvailabilityZones": ",".join(select_zones(self.account.region, zones))}

    async def _deploy_stack(self, stack: Stack) -> bool:
        """Create or update one stack; return False if this run has already deployed it with the same parameters."""
        if stack.role == self.request.target and not self.code_parameters:
            self.code_parameters = await self._upload_code()
        parameters = self.parameters(stack.role)
        if self.deployed_parameters.get(stack.role) == parameters:
            return False
        self.report_current(stack.name)
        outcome = await self.cloudformation.deploy_stack(
            stack.name, self.templates[stack.role], parameters, check=self._check_changes
        )
        self.report(f"{stack.name:<40} {outcome}")
        self.deployed_parameters[stack.role] = parameters
        found = await self.cloudformation.find(stack.name)
        if found:
            self.existing[stack.role] = found
        return True

    def _check_changes(self, changes: Sequence[ResourceChange]) -> None:
        demand_vpc_origin_unused(self.request.deployment, changes, self.existing)

    def parameters(self, role: str) -> dict[str, str]:
        """Return the parameters to deploy the stack with.

        Raises:
            ParameterError: a parameter has no value, or the output that it comes from doesn't exist yet.
        """
        return fill(self.declared[role], self._known(role))

    def _known(self, role: str) -> Known:
        return known(
            role,
            self.existing,
            left=self.other_target,
            given=self.request.given,
            fixed={"StackPrefix": self.request.deployment, **self._fixed(role)},
            suggested=self.suggested(role),
        )

    def suggested(self, role: str) -> dict[str, str]:
        """Return values for parameters of the stack that neither the caller nor an existing stack sets."""
        match role:
            case "pipeline":
                return table_names(self.request.deployment, self.declared["pipeline"])
            case "lambda" | "fargate":
                zones = self.account_parameters if role == "fargate" else {}
                return {**zones, **kept_settings(role, self.existing, left=self.other_target)}
            case _:
                return {}

    @property
    def other_target(self) -> str:
        """The target that the deployment doesn't use, or no longer uses."""
        return next(each for each in TARGETS if each != self.request.target)

    def _fixed(self, role: str) -> dict[str, str]:
        match role:
            case "pipeline" if "VisibilityTimeoutS" not in self.request.given:
                return self._visibility()
            case "artifacts" if self.request.target == "fargate":
                return {"WithImages": "true"}
            case "lambda":
                return {**self.account_parameters, **self.code_parameters}
            case "fargate":
                return self.code_parameters
            case _:
                return {}

    def _visibility(self) -> dict[str, str]:
        """Return the queues' visibility timeout: the one for Lambda, or the default after a change away from Lambda."""
        if self.request.target == "lambda":
            return {"VisibilityTimeoutS": visibility_timeout_s(int(self._value("lambda", "WorkerTimeoutS")))}
        if "lambda" in self.existing:  # this run changes away from Lambda
            defaults = {each.name: each.default or "" for each in self.declared["pipeline"]}
            return {"VisibilityTimeoutS": defaults["VisibilityTimeoutS"]}
        return {}

    def _value(self, role: str, name: str) -> str:
        """Return a parameter of a stack that isn't deployed yet; it doesn't depend on other stacks."""
        declared = [each for each in self.declared[role] if each.name == name]
        previous = self.existing[role].parameters if role in self.existing else {}
        return fill(declared, Known(given=self.request.given, previous=previous))[name]

    async def _upload_code(self) -> dict[str, str]:
        """Upload the package or the images, and return the parameters that name them."""
        outputs = self.existing["artifacts"].outputs
        if self.request.target == "fargate":
            architecture = self._value("fargate", "CpuArchitecture")
            self.report_current("images")
            image_uris, pushed = await put_images(self.account, outputs["ImageRepositoryUri"], architecture)
            self.report(f"{'images':<40} {f'{pushed} pushed' if pushed else 'unchanged'}")
            return {"ServiceImage": image_uris["service"], "WorkerImage": image_uris["worker"]}
        package = self.package()
        is_uploaded = await buckets.put_package(await self.account.s3(), outputs["CodeBucket"], package)
        self.report(f"{'package':<40} {'uploaded' if is_uploaded else 'unchanged'}")
        return {"CodeKey": package.key}

    def package(self) -> Package:
        """Build the Lambda package, or return the one that was built from the same files."""
        self.report_current("package")
        return build(architecture=self._value("lambda", "Architecture"), python=self._value("lambda", "PythonVersion"))

    async def _put_page(self) -> None:
        """Upload the built page, if the deployment has an edge stack to serve it."""
        if "edge" not in self.existing:
            return
        if not (files := page_files()):
            self.report(f"{'page':<40} not built: `make page` builds it and needs Node.js")
            return
        bucket = self.existing["edge"].outputs["PageBucket"]
        uploaded = await put_page(await self.account.s3(), bucket, files, config=self.request.page_config)
        self.report(f"{'page':<40} {f'{uploaded} files uploaded' if uploaded else 'unchanged'}")

    async def _remove_other_target(self) -> None:
        """Delete the stack of the other target, which no other stack uses any more."""
        if self.existing.pop(self.other_target, None):
            name = stack_of(self.other_target, self.request.deployment).name
            await self.cloudformation.remove(name)
            self.report(f"{name:<40} deleted")
