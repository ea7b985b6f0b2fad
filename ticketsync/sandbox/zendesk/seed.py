"""Who is there in a fresh account."""

from datetime import datetime

from ticketsync.sandbox.zendesk.models import Group, GroupMembership, Organization, State, User
from ticketsync.sandbox.zendesk.settings import ZendeskSettings

ADMIN_ID = 8447388090494
ANN_ID = 8447388090777
BEN_ID = 8447388090888
CLEO_ID = 8447388090999
CUSTOMER_ID = 8447388091001
FIRST_MEMBERSHIP_ID = 8447320467500


def seeded_state(settings: ZendeskSettings, now: datetime) -> State:
    """The admin of the settings, three agents of one group and a customer of one organization; no tickets."""
    users = [
        _staff(settings, now, ADMIN_ID, "Sync Admin", settings.email).model_copy(update={"role": "admin"}),
        _staff(settings, now, ANN_ID, "Ann Agent", "ann@sandbox.example"),
        _staff(settings, now, BEN_ID, "Ben Agent", "ben@sandbox.example"),
        _staff(settings, now, CLEO_ID, "Cleo Agent", "cleo@sandbox.example"),
        _customer(settings, now),
    ]
    group = Group(id=settings.group_id, name="Support", default=True, created_at=now, updated_at=now)
    company = Organization(id=settings.organization_id, name="Customer Ltd", created_at=now, updated_at=now)
    memberships = [
        GroupMembership(
            id=FIRST_MEMBERSHIP_ID + place,
            user_id=user.id,
            group_id=group.id,
            default=True,
            created_at=now,
            updated_at=now,
        )
        for place, user in enumerate(users)
        if user.is_staff
    ]
    return State(
        users={user.id: user for user in users},
        groups={group.id: group},
        group_memberships={one.id: one for one in memberships},
        organizations={company.id: company},
    )


def _staff(settings: ZendeskSettings, now: datetime, user_id: int, name: str, email: str) -> User:
    return User(
        id=user_id,
        name=name,
        email=email,
        role="agent",
        default_group_id=settings.group_id,
        created_at=now,
        updated_at=now,
    )


def _customer(settings: ZendeskSettings, now: datetime) -> User:
    return User(
        id=CUSTOMER_ID,
        name="Carla Customer",
        email="carla@customer.example",
        organization_id=settings.organization_id,
        created_at=now,
        updated_at=now,
    )
