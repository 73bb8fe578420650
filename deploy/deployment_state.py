"""The state of one deployment: the existing stacks, and the parameters of each stack. It changes nothing in AWS."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from deploy import account_parameters
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
from deploy.releases import RELEASE, with_release
from deploy.stacks import TARGETS, Deployed, Stack, Target, every_stack
from deploy.tags import demand_tags_changeable, merged_tags
from deploy.template_text import compact

INFRA = ROOT / "infra"

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
    is_open_confirmed: bool = False
    """True if the operator wants an API that needs no token, if that is what the parameters make."""
    page_config: bytes | None = None
    """The content of the page's `config.js`; without it, the existing file stays."""


@dataclass(slots=True, kw_only=True)
class DeploymentState:
    """The existing stacks, and the parameters that the templates declare, for one run of a command."""

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

    def parameters(self, role: str) -> dict[str, str]:
        """Return the parameters to deploy the stack with.

        Raises:
            ParameterError: a parameter has no value, or the output that it comes from doesn't exist yet.
        """
        parameters = fill(self.declared[role], self._known(role))
        return with_release(self.templates[role], parameters, is_complete=self._is_complete(role))

    def _is_complete(self, role: str) -> bool:
        """Return whether the functions' parameters are complete: the first release must know CloudFront's address.

        A deployment that had a release before it got CloudFront keeps it live until the next one.
        """
        previous = account_parameters.parameters_of(self.existing, role)
        return "edge" not in self.declared or "edge" in self.existing or bool(previous.get(RELEASE))

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
                return {
                    **self._origin_secret(),
                    **zones,
                    **kept_settings(role, self.existing, left=self.other_target),
                }
            case _:
                return {}

    def _origin_secret(self) -> dict[str, str]:
        """Require the origin secret from the first release on, before CloudFront, which sends it, exists.

        Later, an output of the edge's stack says it. So no release that a rollback finds serves direct requests.
        """
        if "edge" not in self.declared or self._value("edge", "SendOriginSecret") != "true":
            return {}
        return {"RequireOriginSecret": "true"}

    @property
    def auth_issuer(self) -> str:
        """The identity provider of the target's API; empty if the API needs no token."""
        return self._value(self.request.target, "AuthIssuer")

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
            is_access_open=not self.auth_issuer,
            has_other_web_acl=self._value("edge", "WebAclArn") not in {"", own},
            exists=FIREWALL in self.existing,
        )

    def _set_tags(self) -> None:
        """Determine the tags of all stacks, from those of the existing deployment and of the request."""
        current = self.existing["pipeline"].tags if "pipeline" in self.existing else {}
        self.tags = merged_tags(current, self.request.tags)
        edge = account_parameters.parameters_of(self.existing, "edge")
        demand_tags_changeable(current, self.tags, vpc_origin_in_use=edge.get("ApiVpcOriginId", ""))
