"""The facts that the checks decide on, as read from the account. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deploy.lambda_concurrency import AccountConcurrency
from deploy.preflight.findings import Unread
from deploy.preflight.quotas import Quota
from deploy.stacks import Target
from deploy.zones import Zone


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """The deployment that an operator wants to create or update."""

    deployment: str
    target: Target
    account_id: str
    region: str
    partition: str
    without: Sequence[str]
    is_open_confirmed: bool
    """True if the operator wants an API that needs no token, if that is what the parameters make."""
    parameters: Mapping[str, Mapping[str, str]]
    """The parameters of each stack, by role: given, current or default values, as far as they are known."""
    resource_types: Sequence[str]
    """The types of the resources in its templates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """An action that a policy of the caller doesn't allow, and the resource that it was simulated for."""

    action: str
    resource: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenName:
    """A resource that already has the name of a resource of the deployment."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The state of the account, the Region and the deployment's stacks."""

    caller_arn: str
    denied: Sequence[Denied] | Unread
    mediaconvert_regions: Sequence[str] | Unread
    """The Regions that AWS's own list names for MediaConvert."""
    known_mediaconvert_regions: Sequence[str]
    """The Regions with an endpoint of MediaConvert in the list of the installed SDK."""
    stack_statuses: Mapping[str, str | None]
    """The status of each stack that the deployment can have, by name; None for one that doesn't exist."""
    concurrency: AccountConcurrency | Unread
    quotas: Mapping[str, Sequence[Quota] | Unread]
    """The quotas of each service, by the service's code."""
    usage: Mapping[str, int | Unread]
    """The number of existing resources for each quota that limits one, by the quota's code."""
    zones: Sequence[Zone] | Unread
    taken: Sequence[TakenName] | Unread
