"""Creates or updates a deployment from this checkout: `make deploy`. Repeating it changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from deploy import account_state, artifacts
from deploy.deployment_state import DeploymentState
from deploy.firewall import FIREWALL
from deploy.open_access import demand_open_confirmed
from deploy.rollback import rolled_back_notice
from deploy.stack_changes import ResourceChange, demand_vpc_origin_unused
from deploy.stacks import PROTECTED, Deployed, Stack, stacks
from deploy.stacks import stack as stack_of

MAX_ROUNDS = 3
"""A second round updates stacks whose parameters come from later stacks; a third round finds nothing to change."""


@dataclass(slots=True, kw_only=True)
class Deployment(DeploymentState):
    """One run of a deployment, which changes the stacks."""

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
            OpenAccessError: the API would be open, and the operator didn't confirm it.
            ParameterError: a parameter is unknown or can't change, or the account can't reserve what it requests.
            ZoneError: the account has too few zones for Fargate.
        """
        await self.read_stacks(plan)
        demand_open_confirmed(self.auth_issuer, is_confirmed=self.request.is_open_confirmed)
        await self.read_account()
        if self.request.target == "fargate" and await account_state.ensure_ecs_role(self.account):
            self.report(f"{'service-linked role of ECS':<40} created")

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
