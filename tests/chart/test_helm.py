"""Which Helm the checks of the chart run."""

from pathlib import Path

import pytest

from tests.support.binaries import executable
from tests.support.helm import MODULE, VERSION, find_helm
from ticketsync.embedded.choices import NotUsable


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is on PATH."""
    on_path = tmp_path / "bin"
    on_path.mkdir()
    (on_path / "sh").symlink_to("/bin/sh")
    monkeypatch.setenv("PATH", str(on_path))
    return on_path


def _helm(folder: Path, version: str) -> Path:
    return executable(folder / "helm", f"echo {version}+g1234567")


@pytest.mark.parametrize("version", [f"v{VERSION}", "v4.10.0", "v5.0.1"])
async def test_one_on_path_that_is_new_enough_is_taken(path: Path, version: str) -> None:
    helm = _helm(path, version)
    assert await find_helm(lambda _: None, may_build=False, cache=path) == helm


@pytest.mark.parametrize("version", ["v3.19.0", "v4.1.0", "nonsense"])
async def test_an_older_one_is_not_and_what_to_do_is_said(path: Path, version: str) -> None:
    _helm(path, version)
    with pytest.raises(NotUsable, match=f"no Helm {VERSION} or newer here: `make chart` builds it"):
        await find_helm(lambda _: None, may_build=False, cache=path)


def test_the_version_here_is_that_of_the_module() -> None:
    assert f"helm.sh/helm/v4 v{VERSION} " in (MODULE / "go.mod").read_text()


async def test_without_one_it_is_built_and_kept(path: Path, tmp_path: Path) -> None:
    cache, builds = tmp_path / "cache", tmp_path / "builds"
    cache.mkdir()
    (path / "cp").symlink_to("/bin/cp")
    executable(
        path / "go",
        'if [ "$1" = env ]; then echo go1.26.8; exit; fi\n'
        f'for word; do package=$word; done; while [ "$1" != -o ]; do shift; done; echo "$package" >> "{builds}"\n'
        'cp "$0" "$2"',
    )
    lines: list[str] = []
    built = await find_helm(lines.append, may_build=True, cache=cache)
    assert built == await find_helm(lines.append, may_build=True, cache=cache)
    assert builds.read_text() == "helm.sh/helm/v4/cmd/helm\n", "once"
    assert [one for one in cache.iterdir() if one.suffix != ".lock"] == [built]
    assert "building Helm: about 4 minutes, this once" in lines
