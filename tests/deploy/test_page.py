"""`docs/compose.md`: its commands name files, services and profiles that there are."""

from collections.abc import Iterator

from tests.deploy.compose import ROOT, SERVICES
from tests.docs.command_tree import mistake
from tests.docs.pages import PAGES
from tests.docs.shell import commands

PAGE = PAGES["docs/compose.md"]
TOGETHER = ["docker", "compose", "-f", "deploy/compose.yaml"]


def _composed() -> Iterator[list[str]]:
    for words in commands(PAGE):
        if words[0] == "docker":
            assert words[:4] == TOGETHER
            yield words[4:]


def _without_profile(words: list[str]) -> tuple[str | None, list[str]]:
    return (words[1], words[2:]) if words[0] == "--profile" else (None, words)


def test_the_file_is_where_the_commands_look_for_it() -> None:
    assert len(list(_composed())) == 7
    assert (ROOT / TOGETHER[-1]).is_file()
    (copied,) = (words for words in commands(PAGE) if words[0] == "cp")
    assert (ROOT / copied[1]).is_file()


def test_every_service_that_is_named_is_there_and_in_the_profile() -> None:
    for words in _composed():
        profile, (command, *rest) = _without_profile(words)
        named = rest[:1] if command == "exec" else [word for word in rest if not word.startswith("-")]
        assert command in ("build", "up", "exec")
        for name in named:
            assert SERVICES[name].get("profiles") == (None if profile is None else [profile])


def test_what_is_run_inside_is_a_command() -> None:
    inside = [words[words.index("ticketsync") :] for words in _composed() if "ticketsync" in words]
    assert len(inside) == 3
    assert [mistake(words, whole=True) for words in inside] == [None] * 3


def test_the_addresses_are_those_that_are_published() -> None:
    published = {port.rpartition(":")[0] for service in SERVICES.values() for port in service.get("ports", [])}
    for address in ("127.0.0.1:8080", "127.0.0.1:8233"):
        assert address in PAGE.text
        assert address in published
