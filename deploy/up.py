"""Brings a deployment to what the checkout says: `make deploy`. Repeating it changes nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from deploy import buckets
from deploy.cloudformation import CloudFormation
from deploy.images import put_images
from deploy.package import ROOT, build
from deploy.page import page_files, put_page
from deploy.parameters import Declared, Known, demand_known, fill, known, table_names, visibility_timeout_s
from deploy.session import Account
from deploy.stacks import TARGETS, Deployed, Stack, Target, every_stack, stacks
from deploy.stacks import stack as stack_of

INFRA = ROOT / "infra"
MOST_ROUNDS = 3
"""A stack that takes something from a later one is changed once more; nothing comes round a third time."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be deployed."""

    deployment: str
    target: Target
    given: Mapping[str, str] = field(default_factory=dict)
    without: Sequence[str] = ()
    page_config: bytes | None = None
    """The page's settings, as its `config.js`; without it, those that were there."""


@dataclass(slots=True, kw_only=True)
class Deployment:
    """A deployment on its way: what is there, and what its templates declare."""

    wish: Wish
    account: Account
    cloudformation: CloudFormation
    tell: Tell
    doing: Tell
    """Hears what is on its way, which for CloudFront is minutes."""
    templates: dict[str, str] = field(default_factory=dict)
    declared: dict[str, list[Declared]] = field(default_factory=dict)
    there: dict[str, Deployed] = field(default_factory=dict)
    brought: dict[str, dict[str, str]] = field(default_factory=dict)
    """The parameters that each stack was brought to in this run."""
    prepared: dict[str, str] = field(default_factory=dict)
    """What the code of this checkout is, by parameter."""

    async def run(self) -> dict[str, Deployed]:
        """Bring every stack to what it should be, and return them by role."""
        plan = stacks(self.wish.deployment, self.wish.target, without=self.wish.without)
        await self._look(plan)
        for _ in range(MOST_ROUNDS):
            if not [stack for stack in plan if await self._bring(stack)]:
                break
        await self._put_page()
        await self._remove_other_target()
        return self.there

    async def _look(self, plan: Sequence[Stack]) -> None:
        """Read the templates and the stacks that are there, before anything is changed."""
        for stack in plan:
            self.templates[stack.role] = (INFRA / stack.template).read_text(encoding="utf-8")
            self.declared[stack.role] = await self.cloudformation.declared(self.templates[stack.role])
        demand_known(self.wish.given, {each.name for of_one in self.declared.values() for each in of_one})
        for stack in every_stack(self.wish.deployment):
            if found := await self.cloudformation.find(stack.name):
                self.there[stack.role] = found

    async def _bring(self, stack: Stack) -> bool:
        """Bring one stack to what it should be; tell whether anything was to be done since it was last looked at."""
        if stack.role == self.wish.target and not self.prepared:
            self.prepared = await self._prepare()
        parameters = fill(self.declared[stack.role], self._known(stack.role))
        if self.brought.get(stack.role) == parameters:
            return False
        self.doing(stack.name)
        outcome = await self.cloudformation.bring(stack.name, self.templates[stack.role], parameters)
        self.tell(f"{stack.name:<40} {outcome}")
        self.brought[stack.role] = parameters
        found = await self.cloudformation.find(stack.name)
        if found:
            self.there[stack.role] = found
        return True

    def _known(self, role: str) -> Known:
        return known(
            role,
            self.there,
            left=self._other_target,
            given=self.wish.given,
            fixed={"StackPrefix": self.wish.deployment, **self._fixed(role)},
            suggested=table_names(self.wish.deployment, self.declared["pipeline"]) if role == "pipeline" else {},
        )

    @property
    def _other_target(self) -> str:
        return next(each for each in TARGETS if each != self.wish.target)

    def _fixed(self, role: str) -> dict[str, str]:
        match role:
            case "pipeline" if "VisibilityTimeoutS" not in self.wish.given:
                return self._visibility()
            case "artifacts" if self.wish.target == "fargate":
                return {"WithImages": "true"}
            case "lambda" | "fargate":
                return self.prepared
            case _:
                return {}

    def _visibility(self) -> dict[str, str]:
        """Return the queues' visibility timeout: what Lambda needs, or what a change away from Lambda leaves behind."""
        if self.wish.target == "lambda":
            return {"VisibilityTimeoutS": visibility_timeout_s(int(self._value("lambda", "WorkerTimeoutS")))}
        if "lambda" in self.there:  # it is being left
            defaults = {each.name: each.default or "" for each in self.declared["pipeline"]}
            return {"VisibilityTimeoutS": defaults["VisibilityTimeoutS"]}
        return {}

    def _value(self, role: str, name: str) -> str:
        """Return what a parameter of a stack will be, which nothing that is yet to be made can change."""
        declared = [each for each in self.declared[role] if each.name == name]
        previous = self.there[role].parameters if role in self.there else {}
        return fill(declared, Known(given=self.wish.given, previous=previous))[name]

    async def _prepare(self) -> dict[str, str]:
        """See that what the stack runs is where the stack finds it, and return the parameters that say so."""
        outputs = self.there["artifacts"].outputs
        if self.wish.target == "fargate":
            architecture = self._value("fargate", "CpuArchitecture")
            self.doing("images")
            addresses, pushed = await put_images(self.account, outputs["ImageRepositoryUri"], architecture)
            self.tell(f"{'images':<40} {f'{pushed} pushed' if pushed else 'unchanged'}")
            return {"ServiceImage": addresses["service"], "WorkerImage": addresses["worker"]}
        self.doing("package")
        package = build(
            architecture=self._value("lambda", "Architecture"), python=self._value("lambda", "PythonVersion")
        )
        is_sent = await buckets.put_package(await self.account.s3(), outputs["CodeBucket"], package)
        self.tell(f"{'package':<40} {'sent' if is_sent else 'unchanged'}")
        return {"CodeKey": package.key}

    async def _put_page(self) -> None:
        """Bring the built page to its bucket, where there is an edge to serve it."""
        if "edge" not in self.there:
            return
        if not (files := page_files()):
            self.tell(f"{'page':<40} not built: `make page` builds it, where Node.js is")
            return
        bucket = self.there["edge"].outputs["PageBucket"]
        sent = await put_page(await self.account.s3(), bucket, files, config=self.wish.page_config)
        self.tell(f"{'page':<40} {f'{sent} files sent' if sent else 'unchanged'}")

    async def _remove_other_target(self) -> None:
        """Remove the functions where there are tasks now, or the other way round, once nothing stands on them."""
        if self.there.pop(self._other_target, None):
            name = stack_of(self._other_target, self.wish.deployment).name
            await self.cloudformation.remove(name)
            self.tell(f"{name:<40} deleted")
