"""A desk's rules: which tickets get a task, where it is, how it is called, what an end does to it, how long to wait."""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from ticketsync.sync.filters import FILTERS
from ticketsync.sync.labels import EVERY_TICKET, priority_rule, tag_rule
from ticketsync.sync.lists import LARGEST_ID, route_of
from ticketsync.sync.snapshot import CUSTOM_FIELDS, OPTIONAL_FIELDS, TicketSnapshot
from ticketsync.sync.templates import (
    DESCRIPTION_FIELDS,
    OUR_NAMES,
    TITLE_FIELDS,
    checked,
    custom_fields_in,
    fields_in,
)

OnClosed = Literal["delete", "complete", "keep"]
OnFiltered = Literal["keep", "complete", "delete"]
MOST_CUSTOM_FIELDS = 5  # in a title: a ticket's state holds their values


def _small(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(value.lower() for value in values)


def _small_words(values: Any) -> Any:
    if not isinstance(values, list | tuple):
        return values
    return [one.strip().lower() if isinstance(one, str) else one for one in values]


def _rule(read: Callable[[str], object]) -> AfterValidator:
    """Holds a text against the rules of its language; it stays a text."""

    def check(text: str) -> str:
        read(text)
        return text

    return AfterValidator(check)


Tags = Annotated[tuple[str, ...], AfterValidator(_small)]
Ids = tuple[Annotated[int, Field(gt=0, le=LARGEST_ID)], ...]
Priorities = Annotated[tuple[Literal["low", "normal", "high", "urgent"], ...], BeforeValidator(_small_words)]


class Policy(BaseModel):
    """The rules of one desk. `settle_window` is the wait before a delete, `grace_period` that after a ticket's end.

    Groups, brands, forms and organizations are named by their numbers in Zendesk. `routes`, `task_priorities` and
    `task_tags` are small languages of their own: see `sync/lists.py` and `sync/labels.py`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    on_closed: OnClosed = "delete"
    on_filtered: OnFiltered = "keep"
    title: str = "{subject}"
    description: str = ""
    include_tags: Tags = ()
    exclude_tags: Tags = ()
    include_groups: Ids = ()
    exclude_groups: Ids = ()
    include_brands: Ids = ()
    exclude_brands: Ids = ()
    include_forms: Ids = ()
    exclude_forms: Ids = ()
    include_priorities: Priorities = ()
    exclude_priorities: Priorities = ()
    include_organizations: Ids = ()
    exclude_organizations: Ids = ()
    routes: tuple[Annotated[str, _rule(route_of)], ...] = ()
    task_priorities: tuple[Annotated[str, _rule(priority_rule)], ...] = ()
    task_tags: tuple[Annotated[str, _rule(tag_rule)], ...] = ()
    notify: bool = False
    protect_worked_tasks: bool = True
    settle_window: timedelta = timedelta(seconds=60)
    grace_period: timedelta = timedelta(hours=24)
    blocked_retry: timedelta = timedelta(minutes=15)

    @field_validator("blocked_retry")
    @classmethod
    def _not_at_once(cls, pause: timedelta) -> timedelta:
        if pause < timedelta(seconds=1):
            raise ValueError("is at least one second: what is blocked is not to be hammered")
        return pause

    @field_validator("title")
    @classmethod
    def _title_of_known_fields(cls, title: str) -> str:
        if len(custom_fields_in(checked(title, TITLE_FIELDS, "title"))) > MOST_CUSTOM_FIELDS:
            raise ValueError(f"the title template names more than {MOST_CUSTOM_FIELDS} custom fields")
        return title

    @field_validator("description")
    @classmethod
    def _description_of_known_fields(cls, description: str) -> str:
        return checked(description, DESCRIPTION_FIELDS, "description")

    @field_validator("task_priorities")
    @classmethod
    def _one_rule_each(cls, rules: tuple[str, ...]) -> tuple[str, ...]:
        if len({priority_rule(text)[0] for text in rules}) < len(rules):
            raise ValueError("has two rules for the same priority of a ticket: keep one of them")
        return rules

    def refuses(self, snapshot: TicketSnapshot) -> str | None:
        """Why this ticket gets no task, as `excluded_tag` or `no_included_group`; None when it gets one.

        One list that excludes it is enough; of those that include it must meet each.
        """
        excluded = (one.excluded for one in FILTERS if one.shares(snapshot, getattr(self, one.exclude)))
        asked = [(one, getattr(self, one.include)) for one in FILTERS]
        missing = (one.not_included for one, wanted in asked if wanted and not one.shares(snapshot, wanted))
        return next(excluded, None) or next(missing, None)

    @property
    def tags_it_names(self) -> frozenset[str]:
        """The only tags that a ticket's state keeps (and the tag of a merge), so that the state stays small."""
        routes = {str(route.value) for route in map(route_of, self.routes) if route.field == "tags"}
        labels = {rule.of for rule in map(tag_rule, self.task_tags)} - {EVERY_TICKET}
        return frozenset(self.include_tags) | frozenset(self.exclude_tags) | routes | labels

    @property
    def custom_fields(self) -> frozenset[int]:
        """The numbers of the only custom fields that a ticket's state keeps."""
        return custom_fields_in(self.title)

    @property
    def fields_it_uses(self) -> frozenset[str]:
        """The fields of a snapshot that some rule looks at, beside those that every rule needs."""
        named = {OUR_NAMES.get(name, name) for name in fields_in(self.title)}
        named |= {one.field for one in FILTERS if getattr(self, one.include) or getattr(self, one.exclude)}
        named |= {route_of(text).field for text in self.routes}
        named |= {"priority"} if self.task_priorities else set()
        named |= {"tags"} if self.tags_it_names else set()
        named |= {CUSTOM_FIELDS} if self.custom_fields else set()
        return frozenset(named) & (OPTIONAL_FIELDS | {CUSTOM_FIELDS})
