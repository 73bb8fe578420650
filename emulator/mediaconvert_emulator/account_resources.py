"""Everything that an account has besides its jobs: queues, job templates, presets, tags, the policy, job queries."""

from dataclasses import dataclass, field

from mediaconvert_emulator.errors import NotFoundException, TooManyRequestsException
from mediaconvert_emulator.json_types import JsonObject

ALLOWED: JsonObject = {"httpInputs": "ALLOWED", "httpsInputs": "ALLOWED", "s3Inputs": "ALLOWED"}


@dataclass(slots=True)
class NamedStore:
    """Job templates or presets (the API's JSON) by name, oldest first, up to the account's quota."""

    kind: str
    quota: int
    items: dict[str, JsonObject] = field(default_factory=dict)

    def get(self, name: str) -> JsonObject:
        """Return the item.

        Raises:
            NotFoundException: It doesn't exist.
        """
        if name not in self.items:
            raise NotFoundException(f"No {self.kind} {name!r}")
        return self.items[name]

    def check_quota(self) -> None:
        """Check that the account may have one more.

        Raises:
            TooManyRequestsException: It may not.
        """
        if len(self.items) >= self.quota:
            raise TooManyRequestsException(f"The account has its quota of {self.quota} {self.kind}s")


@dataclass(slots=True)
class AccountState:
    """The resources that one operation changes and another one reads."""

    templates: NamedStore
    presets: NamedStore
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    """By ARN."""
    policy: JsonObject = field(default_factory=lambda: dict(ALLOWED))
    queries: dict[str, JsonObject] = field(default_factory=dict)
    """The requests of StartJobsQuery by the query's id."""
