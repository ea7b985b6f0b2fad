"""The account's state in memory, with an optional file that survives the process."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from ticketsync.sandbox.zendesk.errors import not_found
from ticketsync.sandbox.zendesk.models import Group, GroupMembership, Organization, State, Ticket, User

FILE_NAME = "zendesk.json"
SAVE_AFTER_SECONDS = 0.3
SAVE_SHARE = 10
OBJECT_ID_STEP = 17


class Store:
    """Holds `state`; `changed` must follow every change, so that it reaches the file (soon, and on `close`)."""

    def __init__(self, fresh: Callable[[], State], state_dir: Path | None = None) -> None:
        self._fresh = fresh
        self._file = state_dir / FILE_NAME if state_dir else None
        self._saving: asyncio.TimerHandle | None = None
        self._save_took = 0.0
        self.state = self._load() or fresh()

    def _load(self) -> State | None:
        if self._file is None or not self._file.exists():
            return None
        try:
            return State.model_validate_json(self._file.read_bytes())
        except ValueError as error:
            raise ValueError(f"{self._file} holds no Zendesk sandbox: remove it or choose another folder") from error

    def changed(self) -> None:
        if self._file is not None and self._saving is None:
            # A large account takes long to write: saving may use a tenth of the time at most.
            wait = max(SAVE_AFTER_SECONDS, SAVE_SHARE * self._save_took)
            self._saving = asyncio.get_running_loop().call_later(wait, self.save)

    def save(self) -> None:
        """Write the file in one step, readable by its owner only: it holds signing secrets."""
        self._forget_timer()
        if self._file is not None:
            started = time.perf_counter()
            self._write(self._file)
            self._save_took = time.perf_counter() - started

    def _write(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh_file = file.with_suffix(".new")
        fresh_file.touch(mode=0o600)
        fresh_file.write_text(self.state.model_dump_json(), encoding="utf-8")
        fresh_file.replace(file)

    def reset(self) -> None:
        self.state = self._fresh()
        self.changed()

    def _forget_timer(self) -> None:
        if self._saving is not None:
            self._saving.cancel()
            self._saving = None

    def new_ticket_id(self) -> int:
        number = self.state.next_ticket_id
        self.state.next_ticket_id += 1
        return number

    def new_object_id(self) -> int:
        number = self.state.next_object_id
        self.state.next_object_id += OBJECT_ID_STEP
        return number

    def ticket(self, ticket_id: int) -> Ticket:
        """The live ticket; ApiError 404 when missing or deleted."""
        ticket = self.state.tickets.get(ticket_id)
        if ticket is None or ticket.ending is not None:
            raise not_found()
        return ticket

    def deleted_ticket(self, ticket_id: int) -> Ticket:
        """The ticket in the trash; ApiError 404 when live, missing or gone for good."""
        ticket = self.state.tickets.get(ticket_id)
        if ticket is None or ticket.ending is None or ticket.ending.kind == "permanent":
            raise not_found()
        return ticket

    def live_tickets(self) -> list[Ticket]:
        return [ticket for _, ticket in sorted(self.state.tickets.items()) if ticket.ending is None]

    def user(self, user_id: int) -> User:
        """ApiError 404 when missing."""
        user = self.state.users.get(user_id)
        if user is None:
            raise not_found()
        return user

    def group(self, group_id: int) -> Group:
        """ApiError 404 when missing or deleted."""
        group = self.state.groups.get(group_id)
        if group is None or group.deleted:
            raise not_found()
        return group

    def organization(self, organization_id: int) -> Organization:
        """ApiError 404 when missing."""
        organization = self.state.organizations.get(organization_id)
        if organization is None:
            raise not_found()
        return organization

    def join(self, user_id: int, group_id: int, now: datetime) -> GroupMembership:
        """A new membership; the first one of an agent is the default."""
        is_first = all(one.user_id != user_id for one in self.state.group_memberships.values())
        membership = GroupMembership(
            id=self.new_object_id(),
            user_id=user_id,
            group_id=group_id,
            default=is_first,
            created_at=now,
            updated_at=now,
        )
        self.state.group_memberships[membership.id] = membership
        self.changed()
        return membership

    def user_by_email(self, email: str) -> User | None:
        wanted = email.casefold()
        return next((user for user in self.state.users.values() if (user.email or "").casefold() == wanted), None)
