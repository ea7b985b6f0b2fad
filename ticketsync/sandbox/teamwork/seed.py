"""What is on a new site: people, one project, its lists."""

from datetime import datetime

from ticketsync.sandbox.teamwork.records import Person, Project, Tasklist
from ticketsync.sandbox.teamwork.settings import ANN_ID, BEN_ID, DORA_ID, SYNC_USER_ID, TeamworkSettings
from ticketsync.sandbox.teamwork.site import SiteState
from ticketsync.sandbox.teamwork.tasklists import INBOX


def seeded(settings: TeamworkSettings, now: datetime) -> SiteState:
    state = SiteState()
    for person in _people(now):
        state.people[person.id] = person
    state.projects[settings.project_id] = Project(
        id=settings.project_id,
        name=settings.project_name,
        created_by=SYNC_USER_ID,
        created_at=now,
        updated_at=now,
        member_ids=frozenset({SYNC_USER_ID, ANN_ID, BEN_ID}),
    )
    _add_list(state, settings, state.last_id, INBOX, now)
    if settings.tasklist_id is not None:
        _add_list(state, settings, settings.tasklist_id, settings.tasklist_name, now)
    grant(state, settings)
    return state


def grant(state: SiteState, settings: TeamworkSettings) -> None:
    """Make the credentials of `settings` the ones that the seeded people use; those of others stay."""
    ours = {settings.api_key: SYNC_USER_ID, settings.ann_key: ANN_ID, settings.ben_key: BEN_ID}
    state.keys = {key: i for key, i in state.keys.items() if i not in ours.values()} | ours
    by_email = {person.email: person.id for person in state.people.values()}
    unknown = sorted(set(settings.oauth_tokens.values()) - by_email.keys())
    if unknown:
        raise ValueError(f"oauth_tokens: nobody on the sandbox site has the e-mail {unknown[0]}")
    state.tokens = {token: by_email[email] for token, email in settings.oauth_tokens.items()}


def _people(now: datetime) -> list[Person]:
    def person(person_id: int, first: str, last: str, *, is_admin: bool = False) -> Person:
        email = f"{first.lower()}@sandbox.example"
        return Person(
            id=person_id,
            first_name=first,
            last_name=last,
            email=email,
            created_at=now,
            updated_at=now,
            is_admin=is_admin,
        )

    return [
        person(SYNC_USER_ID, "Sync", "User", is_admin=True),
        person(ANN_ID, "Ann", "Archer"),
        person(BEN_ID, "Ben", "Baker"),
        person(DORA_ID, "Dora", "Dale"),
    ]


def _add_list(state: SiteState, settings: TeamworkSettings, list_id: int, name: str, now: datetime) -> None:
    state.tasklists[list_id] = Tasklist(
        id=list_id, project_id=settings.project_id, name=name, created_at=now, updated_at=now
    )
