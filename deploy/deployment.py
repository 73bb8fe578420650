"""Creates or updates a deployment from this checkout: `make deploy`. Repeating it changes nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from deploy import account_parameters, account_state, artifacts
from deploy.aws_account import Account
from deploy.cloudformation import CloudFormation
from deploy.firewall import (
    FIREWALL,
    FIREWALL_REGION,
    firewall_stack,
    is_firewall_possible,
    is_firewall_wanted,
)
from deploy.lambda_package import ROOT, Package, build
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
from deploy.releases import with_release
from deploy.rollback import rolled_back_notice
from deploy.stack_changes import ResourceChange, demand_vpc_origin_unused
from deploy.stacks import PROTECTED, TARGETS, Deployed, Stack, Target, every_stack, stacks
from deploy.stacks import stack as stack_of
from deploy.tags import demand_tags_changeable, merged_tags
from deploy.template_text import compact

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
    tags: Mapping[str, str] = field(default_factory=dict)
    """Tags that are added or changed; an empty value removes a tag."""
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
    tags: dict[str, str] = field(default_factory=dict)
    """The tags of all stacks."""
    firewalls: CloudFormation | None = None
    """The stacks of the Region that has CloudFront's web ACLs."""

    async def run(self) -> dict[str, Deployed]:
        """Create or update every stack, and return the existing stacks by role."""
        plan = stacks(self.request.deployment, self.request.target, without=self.request.without)
        await self.read_state(plan)
        plan = self.with_firewall(plan)
        for _ in range(MAX_ROUNDS):
            if not [stack for stack in plan if await self._deploy_stack(stack)]:
                break
        if "edge" in self.existing:
            page = self.existing["edge"].outputs
            await artifacts.upload_page(self.account, page, config=self.request.page_config, report=self.report)
        await self._remove_other_target()
        if self.firewall not in plan:
            await self._remove_firewall()
        if "lambda" in self.existing and (notice := await rolled_back_notice(self.account, self.existing["lambda"])):
            self.report(f"{'release':<40} {notice}")
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
        for stack in [*plan, self.firewall]:
            template = compact((INFRA / stack.template).read_text(encoding="utf-8"))
            summary = await self.cloudformation.summary(template)
            self.templates[stack.role] = template
            self.declared[stack.role] = summary.parameters
            self.resource_types[stack.role] = summary.resource_types
        demand_known(self.request.given, {each.name for parameters in self.declared.values() for each in parameters})
        for stack in every_stack(self.request.deployment):
            if found := await self.cloudformation.find(stack.name):
                self.existing[stack.role] = found
        if is_firewall_possible(self.account.region):
            client = await self.account.cloudformation(FIREWALL_REGION)
            self.firewalls = CloudFormation(client, role_arn=self.cloudformation.role_arn)
            if found := await self.firewalls.find(self.firewall.name):
                self.existing[FIREWALL] = found
        self._set_tags()
        demand_exports_unchanged("pipeline", self.parameters("pipeline"), self.existing)

    async def read_account(self) -> None:
        """Read what the account allows the target."""
        if self.request.target == "lambda":
            if "Concurrency" not in self.request.given:
                self.account_parameters = await account_parameters.concurrency(
                    self.account,
                    lambda name: self._value("lambda", name),
                    current=account_parameters.parameters_of(self.existing, "lambda"),
                    report=self.report,
                )
            return
        is_known = "AvailabilityZones" in self.request.given or "fargate" in self.existing
        is_vpc_given = bool(self._value("fargate", "VpcId"))
        self.account_parameters = await account_parameters.zones(self.account, is_kept=is_vpc_given or is_known)

    async def _deploy_stack(self, stack: Stack) -> bool:
        """Create or update one stack; return False if this run has already deployed it with the same parameters."""
        if stack.role == self.request.target and not self.code_parameters:
            self.code_parameters = await self._upload_code()
        parameters = self.parameters(stack.role)
        if self.deployed_parameters.get(stack.role) == parameters:
            return False
        self.report_current(stack.name)
        cloudformation = self.cloudformation_of(stack)
        outcome = await cloudformation.deploy_stack(
            stack.name, self.templates[stack.role], parameters, tags=self.tags, check=self._check_changes
        )
        self.report(f"{stack.name:<40} {outcome}")
        self.deployed_parameters[stack.role] = parameters
        found = await cloudformation.find(stack.name)
        if found:
            self.existing[stack.role] = found
            if stack.role in PROTECTED and not found.is_protected:
                await cloudformation.protect(stack.name, is_protected=True)
        return True

    def _check_changes(self, changes: Sequence[ResourceChange]) -> None:
        demand_vpc_origin_unused(self.request.deployment, changes, self.existing)

    def parameters(self, role: str) -> dict[str, str]:
        """Return the parameters to deploy the stack with.

        Raises:
            ParameterError: a parameter has no value, or the output that it comes from doesn't exist yet.
        """
        return with_release(self.templates[role], fill(self.declared[role], self._known(role)))

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
            case "edge" if FIREWALL in self.existing and not self._is_firewall_wanted():
                return {"WebAclArn": ""}
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
        previous = account_parameters.parameters_of(self.existing, role)
        kept = kept_settings(role, self.existing, left=self.other_target)
        return fill(declared, Known(given=self.request.given, previous=previous, suggested=kept))[name]

    async def _upload_code(self) -> dict[str, str]:
        """Upload the package or the images, and return the parameters that name them."""
        outputs = self.existing["artifacts"].outputs
        if self.request.target == "fargate":
            self.report_current("images")
            architecture = self._value("fargate", "CpuArchitecture")
            repository = outputs["ImageRepositoryUri"]
            return await artifacts.upload_images(
                self.account, repository, architecture=architecture, report=self.report
            )
        return await artifacts.upload_package(self.account, outputs["CodeBucket"], self.package(), report=self.report)

    def package(self) -> Package:
        """Build the Lambda package, or return the one that was built from the same files."""
        self.report_current("package")
        return build(architecture=self._value("lambda", "Architecture"), python=self._value("lambda", "PythonVersion"))

    @property
    def firewall(self) -> Stack:
        """The firewall's stack."""
        return firewall_stack(self.request.deployment, self.account.region)

    def cloudformation_of(self, stack: Stack) -> CloudFormation:
        """Return the stacks of the Region that the stack is in."""
        return self.firewalls if stack.role == FIREWALL and self.firewalls else self.cloudformation

    def with_firewall(self, plan: Sequence[Stack]) -> list[Stack]:
        """Return the plan with the firewall before CloudFront, if the deployment has one."""
        if not self._is_firewall_wanted():
            return list(plan)
        return [each for stack in plan for each in ([self.firewall, stack] if stack.role == "edge" else [stack])]

    def _is_firewall_wanted(self) -> bool:
        """Return whether the deployment has a firewall; only CloudFront can use it."""
        if "edge" not in self.declared or not self.firewalls:
            return False
        own = self.existing[FIREWALL].outputs["WebAclArn"] if FIREWALL in self.existing else ""
        return is_firewall_wanted(
            self._value("edge", "Firewall"),
            is_access_open=not self._value(self.request.target, "AuthIssuer"),
            has_other_web_acl=self._value("edge", "WebAclArn") not in {"", own},
            exists=FIREWALL in self.existing,
        )

    def _set_tags(self) -> None:
        """Determine the tags of all stacks, from those of the existing deployment and of the request."""
        current = self.existing["pipeline"].tags if "pipeline" in self.existing else {}
        self.tags = merged_tags(current, self.request.tags)
        edge = account_parameters.parameters_of(self.existing, "edge")
        demand_tags_changeable(current, self.tags, vpc_origin_in_use=edge.get("ApiVpcOriginId", ""))

    async def _remove_firewall(self) -> None:
        """Delete the firewall, which the distribution no longer uses."""
        if self.firewalls and self.existing.pop(FIREWALL, None):
            await self.firewalls.remove(self.firewall.name)
            self.report(f"{self.firewall.name:<40} deleted")

    async def _remove_other_target(self) -> None:
        """Delete the stack of the other target, which no other stack uses any more."""
        if self.existing.pop(self.other_target, None):
            name = stack_of(self.other_target, self.request.deployment).name
            await self.cloudformation.remove(name)
            self.report(f"{name:<40} deleted")
