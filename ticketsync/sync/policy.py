"""A desk's rules: which tickets get a task, what an end does to it, how it is called, how long to wait."""

from datetime import timedelta
from string import Formatter
from typing import Literal

from pydantic import BaseModel, ConfigDict, field_validator

from ticketsync.sync.snapshot import TicketSnapshot

OnClosed = Literal["delete", "complete", "keep"]
OnFiltered = Literal["keep", "complete", "delete"]

TITLE_FIELDS = ("id", "subject", "status", "priority", "type")


class Policy(BaseModel):
    """The rules of one desk. `settle_window` is the wait before a delete, `grace_period` that after a ticket's end."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    on_closed: OnClosed = "delete"
    on_filtered: OnFiltered = "keep"
    title: str = "{subject}"
    include_tags: tuple[str, ...] = ()
    exclude_tags: tuple[str, ...] = ()
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
    def _only_known_fields(cls, title: str) -> str:
        try:
            fields = [
                (name, form, conversion) for _, name, form, conversion in Formatter().parse(title) if name is not None
            ]
        except ValueError as error:
            raise ValueError(f"the title template is not readable ({error}): write a literal brace twice") from None
        if any(form or conversion for _, form, conversion in fields):
            raise ValueError("the title template takes plain {field} names, without ':' or '!'")
        unknown = sorted({str(name) for name, _, _ in fields} - set(TITLE_FIELDS))
        if unknown:
            raise ValueError(f"unknown field {unknown[0]!r} in the title template: use {', '.join(TITLE_FIELDS)}")
        return title

    @field_validator("include_tags", "exclude_tags")
    @classmethod
    def _lower_case(cls, tags: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(tag.lower() for tag in tags)

    def refuses(self, snapshot: TicketSnapshot) -> str | None:
        """Why this ticket gets no task: 'excluded_tag' or 'no_included_tag'; None when it gets one."""
        tags = {tag.lower() for tag in snapshot.tags}
        if tags & set(self.exclude_tags):
            return "excluded_tag"
        if self.include_tags and not tags & set(self.include_tags):
            return "no_included_tag"
        return None

    @property
    def tags_it_names(self) -> frozenset[str]:
        """The only tags that a ticket's state keeps (and the tag of a merge), so that the state stays small."""
        return frozenset(self.include_tags) | frozenset(self.exclude_tags)
