"""A desk that is being set up: each part is asked for, and tried on the real side before the next one is."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from ticketsync.activities.desk import TASKLIST_NAME
from ticketsync.cli.asking import Asking, checked
from ticketsync.cli.first_calls import FirstCalls
from ticketsync.cli.output import Failed, note
from ticketsync.settings import DeskSettings
from ticketsync.settings.options import DESK_SECTIONS, OPTIONS, Option
from ticketsync.settings.secret_file import read_secret
from ticketsync.settings.values import parse_list

# reference/zendesk-api §1.7: an automation, some days after solved; the system, after 28 days at most.
CLOSING = """
Zendesk closes every solved ticket by itself: an automation does it some days later, at the latest after 28 days.
What is its task to get then?
  delete    it goes to Teamwork's trash; one that people worked on is completed instead
  complete  it stays, completed
  keep      it stays as it is"""
ON_CLOSED = ("delete", "complete", "keep")
ASKED = frozenset({"teamwork_domain", "teamwork_base_url", "teamwork_project_id", "teamwork_tasklist_id", "on_closed"})
NUMBERS = frozenset({"calls_per_minute"})
NEW_FILES = {"zendesk": "zendesk-token", "teamwork": "teamwork-key"}  # behind the desk's name
STILL_UNKNOWN: Mapping[str, dict[str, Any]] = {
    "zendesk": {"base_url": "http://127.0.0.1", "api_token": "unknown"},
    "teamwork": {"base_url": "http://127.0.0.1", "api_token": "unknown", "project_id": 1},
}
OUR_NAMES = (".zendesk.com", ".teamwork.com")
Table = dict[str, Any]


@dataclass(frozen=True)
class Secret:
    """A secret and where it is kept: `key` and `name` are what the config file says, `file` is one still to be made."""

    value: str = field(repr=False)
    key: str
    name: str
    file: Path | None = None


class NewDesk:
    """What was told of a desk so far. `tables` are those of the config file, by section."""

    def __init__(self, name: str, config: Path, asking: Asking, calls: FirstCalls) -> None:
        self.name = name
        self.secrets: list[Secret] = []
        self._config = config
        self._asking = asking
        self._calls = calls
        self._values: dict[str, Table] = {section: {} for section in DESK_SECTIONS}
        self.tables: dict[str, Table] = {section: {} for section in DESK_SECTIONS}

    def ask_all(self) -> DeskSettings:
        """Everything, part by part; the desk as it will be.

        Raises Failed, ZendeskError, TeamworkError when a part does not work and nobody can be asked again.
        """
        self._take_what_nobody_is_asked_for()
        self._ask_zendesk()
        self._ask_teamwork()
        self._ask_policy()
        return checked(DeskSettings, {"name": self.name, **self._values})

    # --- before the first question

    def _take_what_nobody_is_asked_for(self) -> None:
        """What only flags say, and the files to be made: no answer could put right what is wrong with them."""
        self._take_more("teamwork")
        self._take_more("policy")
        self._take_more("alerts")
        self._take_chat()
        self._take_webhook_secret()
        on_closed = self._asking.given("on_closed")
        if on_closed is not None:
            self._values["policy"]["on_closed"] = on_closed
        known = {section: {**STILL_UNKNOWN.get(section, {}), **self._values[section]} for section in DESK_SECTIONS}
        checked(DeskSettings, {"name": self.name, **known})
        for section in NEW_FILES:
            if self._asking.terminal and not any(self._token_flags(section)):
                must_be_free(self._new_file(section))

    # --- Zendesk

    def _ask_zendesk(self) -> None:
        question = "Zendesk subdomain (acme in acme.zendesk.com)"
        address = self._asking.until_it_works(
            lambda: self._address("zendesk", "subdomain", question),
            self._calls.zendesk_answers,
            *("zendesk_subdomain", "zendesk_base_url"),
        )
        self._take("zendesk", address)
        user, secret = self._asking.until_it_works(
            self._zendesk_user,
            lambda user: self._calls.zendesk_lets_in({**address, **user[0], "api_token": user[1].value}),
            *("zendesk_email", "zendesk_api_token_file", "zendesk_api_token_env"),
        )
        self._take("zendesk", user, secret)

    def _take_webhook_secret(self) -> None:
        """Of a webhook that is there already; `webhook install` does it for others."""
        file = self._asking.given("zendesk_webhook_secret_file")
        if file is not None:
            self._values["zendesk"]["webhook_secrets"] = parse_list(_content(Path(file)))
            self.tables["zendesk"]["webhook_secret_file"] = self._seen_from_config(Path(file))

    def _take_chat(self) -> None:
        """Where alerts go: the file that holds its address."""
        file = self._asking.given("alert_webhook_file")
        if file is not None:
            self._values["alerts"]["webhook"] = SecretStr(_content(Path(file)))
            self.tables["alerts"]["webhook_file"] = self._seen_from_config(Path(file))

    def _zendesk_user(self) -> tuple[Table, Secret]:
        email = self._asking.wished("zendesk_email", "E-mail of an admin (none: the token is an OAuth bearer token)")
        secret = self._secret("zendesk", "Zendesk API token")
        return ({"email": email} if email else {}), secret

    # --- Teamwork

    def _ask_teamwork(self) -> None:
        question = "Teamwork site (acme, or its whole host: acme.eu.teamwork.com)"
        address = self._asking.until_it_works(
            lambda: self._address("teamwork", "domain", question),
            lambda address: self._calls.teamwork_answers(self._known(address)),
            *("teamwork_domain", "teamwork_base_url"),
        )
        self._take("teamwork", address)
        secret = self._asking.until_it_works(
            lambda: self._secret("teamwork", "Teamwork API key"),
            lambda secret: self._calls.teamwork_lets_in(self._known({"api_token": secret.value})),
            *("teamwork_api_token_file", "teamwork_api_token_env"),
        )
        self._take("teamwork", {}, secret)
        self._ask_places()

    def _ask_places(self) -> None:
        project = self._asking.until_it_works(
            self._project, lambda project: self._calls.project(self._known(project)), "teamwork_project_id"
        )
        self._take("teamwork", project)
        task_list = self._asking.until_it_works(self._task_list, self._task_list_is_there, "teamwork_tasklist_id")
        self._take("teamwork", task_list)

    def _project(self) -> Table:
        return {"project_id": _number(self._asking.needed("teamwork_project_id", "Number of the project"), "a project")}

    def _task_list(self) -> Table:
        if self._asking.terminal and self._asking.given("teamwork_tasklist_id") is None:
            for one in self._calls.task_lists(self._known({})):
                note(f"  {one.id}  {one.name}")
        question = f'Number of the task list (none: the one named "{TASKLIST_NAME}", made when missing)'
        text = self._asking.wished("teamwork_tasklist_id", question)
        return {"tasklist_id": _number(text, "a task list")} if text else {}

    def _task_list_is_there(self, wanted: Table) -> str:
        lists = {one.id: one.name for one in self._calls.task_lists(self._known({}))}
        if not wanted:
            there = TASKLIST_NAME in lists.values()
            return f'the list "{TASKLIST_NAME}"{"" if there else ", which the worker will make"}'
        if wanted["tasklist_id"] not in lists:
            raise Failed(f"{wanted['tasklist_id']} is no open task list of the project: {_listed(lists)}")
        return lists[wanted["tasklist_id"]]

    def _known(self, more: Table) -> Table:
        return self._values["teamwork"] | more

    # --- policy

    def _ask_policy(self) -> None:
        if self._asking.terminal and self._asking.given("on_closed") is None:
            note(CLOSING)
        on_closed = self._asking.chosen("on_closed", "A closed ticket's task", ON_CLOSED, ON_CLOSED[0])
        self._take("policy", {"on_closed": on_closed})

    # --- what all of them need

    def _address(self, section: str, key: str, question: str) -> Table:
        """By its name, or whole: people paste what stands in their browser."""
        whole = self._asking.given(f"{section}_base_url")
        name = self._asking.needed(f"{section}_{key}", question) if whole is None else None
        if name is not None and "://" in name and not name.rstrip("/").endswith(OUR_NAMES):
            whole, name = name, None
        given = {"base_url": whole, key: name}
        return {key: value for key, value in given.items() if value is not None}

    def _secret(self, section: str, question: str) -> Secret:
        """In a file that is there or a variable, as flags name them; what is typed goes into a new file."""
        file, variable = self._token_flags(section)
        if file is not None and variable is not None:
            raise Failed(f"--{section}-api-token-file and --{section}-api-token-env: give one of them", exit_code=2)
        if file is not None:
            return Secret(_content(Path(file)), "api_token_file", self._seen_from_config(Path(file)))
        if variable is not None:
            return Secret(_variable(variable), "api_token_env", variable)
        typed = self._asking.needed(f"{section}_api_token_file", question, hidden=True)
        new = self._new_file(section)
        return Secret(typed, "api_token_file", new.name, new)

    def _token_flags(self, section: str) -> tuple[str | None, str | None]:
        """The file and the variable."""
        return self._asking.given(f"{section}_api_token_file"), self._asking.given(f"{section}_api_token_env")

    def _new_file(self, section: str) -> Path:
        return self._config.parent / f"{self.name}-{NEW_FILES[section]}"

    def _seen_from_config(self, file: Path) -> str:
        """By the name it was given: behind links is another file once whoever mounts it has rotated the secret."""
        folder, whole = self._config.parent.absolute(), file.absolute()
        return str(whole.relative_to(folder)) if whole.is_relative_to(folder) else str(whole)

    def _take_more(self, section: str) -> None:
        """What further flags say."""
        for option in OPTIONS:
            text = self._asking.given(option.parameter)
            if text is None or option.section != section or option.secret or option.parameter in ASKED:
                continue
            value, written = _read(option, text)
            self._values[section][option.field or option.key] = value
            self.tables[section][option.key] = written

    def _take(self, section: str, values: Mapping[str, Any], secret: Secret | None = None) -> None:
        self._values[section] |= values
        self.tables[section] |= values
        if secret is not None:
            self._values[section]["api_token"] = SecretStr(secret.value)
            self.tables[section][secret.key] = secret.name
            self.secrets.append(secret)


def must_be_free(file: Path) -> None:
    """Raises Failed where a file is that would be overwritten: it may hold the only copy of another desk's token."""
    if os.path.lexists(file):
        flags = " or ".join(f"--{section}-api-token-file" for section in NEW_FILES)
        raise Failed(f"{file} is there already: use it by {flags}, or move it away", exit_code=2)


def _read(option: Option, text: str) -> tuple[Any, Any]:
    """The value, and how the config file has it."""
    if option.key in NUMBERS:
        return (_number(text, option.help),) * 2
    try:
        value = option.read(text)
    except ValueError as error:
        raise Failed(f"{option.flag}: {error}", exit_code=2) from None
    return value, list(value) if isinstance(value, tuple) else text


def _number(text: str, what: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise Failed(f"the number of {what} is one of digits only", exit_code=2)
    return int(text)


def _content(file: Path) -> str:
    try:
        return read_secret(file)
    except ValueError as error:
        raise Failed(f"{file} {error}") from None


def _variable(name: str) -> str:
    text = os.environ.get(name, "").strip()
    if not text:
        raise Failed(f"the variable {name} is not set: set it here too, so that the token can be tried")
    return text


def _listed(lists: Mapping[int, str]) -> str:
    return "choose one of " + ", ".join(f"{number} ({name})" for number, name in lists.items())
