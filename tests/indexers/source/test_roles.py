"""What files are beside source: by their path, by what stands beside them, by the system that this runs on."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from indexers.languages import registry as languages
from indexers.languages.registry import path_role
from indexers.source.roles import find_roles

STEMS = ("main", "fields", "types", "errors", "schema")


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    def forget() -> None:
        for cached in (languages._common_paths, languages._path_matcher, languages.path_role):
            cached.cache_clear()

    forget()
    yield monkeypatch
    forget()


@pytest.mark.parametrize(
    ("system", "own", "foreign"),
    [
        ("linux", "src/unix/linux.c", ["src/win/core.c", "lib/socket_windows.go", "src/unix/kqueue.c"]),
        ("win32", "src/win/core.c", ["src/unix/linux.c", "lib/socket_darwin.go"]),
        ("darwin", "src/unix/kqueue.c", ["src/unix/linux.c", "src/win/core.c", "sys/epoll.rs"]),
        ("freebsd14", "net/poll_freebsd.go", ["net/poll_linux.go"]),
    ],
)
def test_code_for_another_system_is_foreign(
    platform: pytest.MonkeyPatch, system: str, own: str, foreign: list[str]
) -> None:
    platform.setattr(sys, "platform", system)
    assert path_role(own) == ""
    assert [path_role(path) for path in foreign] == ["foreign"] * len(foreign)
    assert path_role("src/window.c") == path_role("src/winner.py") == ""


def test_an_older_version_beside_a_newer_one_is_legacy() -> None:
    paths = ["src/index.ts", "src/v3/types.ts", "src/v3/helpers/util.ts", "src/v4/types.ts"]
    assert find_roles(paths) == ["", "legacy", "legacy", ""]


def test_a_version_kept_inside_the_folder_that_replaced_it_is_legacy() -> None:
    paths = [*(f"pkg/{stem}.py" for stem in STEMS), *(f"pkg/v1/{stem}.py" for stem in STEMS)]
    assert find_roles(paths) == [""] * len(STEMS) + ["legacy"] * len(STEMS)


def test_the_only_version_of_an_interface_is_source() -> None:
    assert find_roles(["api/v1/users.go", "api/server.go", "api/users.go", "v2/readme.go"]) == [""] * 4


def test_a_test_of_an_older_version_stays_a_test() -> None:
    assert find_roles(["src/v1/tests/test_a.py", "src/v2/a.py"]) == ["tests", ""]


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("railties/lib/generators/test_unit/job_generator.rb", ""),
        ("railties/lib/generators/test_unit.rb", "tests"),
        ("axum/src/test_helpers/client.rs", "tests"),
        ("lib/system_testing/test_helpers/screenshot.rb", ""),
        ("latests/one.py", ""),
        ("a/tests/b/one.py", "tests"),
        ("tests", ""),
        ("src/App.Tests/Usage.cs", "tests"),
        ("vendor/github.com/pkg/errors.go", "generated"),
    ],
)
def test_a_convention_for_names_asks_the_name_alone(path: str, role: str) -> None:
    assert path_role(path) == role
