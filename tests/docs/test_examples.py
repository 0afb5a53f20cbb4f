"""Every example of the documentation does what the page says (see `tests.docs.pages`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sybil.example import SybilFailure

from tests.docs.pages import (
    CHECKOUT,
    COMMANDS,
    FILES,
    PAGES,
    SERVERS,
    agree,
    end_servers,
    examples,
    has_commands,
    languages,
    transcript,
)


def evaluate(page: str) -> None:
    for example in examples(page):
        example.namespace.setdefault("__name__", "__main__")
        example.evaluate()


def marked(page: str) -> object:
    return pytest.param(page, marks=pytest.mark.slow if has_commands(page) else (), id=page)


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder, made the present one, in which everything of the checkout can be reached by the same name.

    What is left serving is ended with it.
    """
    for entry in CHECKOUT.iterdir():
        if not entry.name.startswith(".") and entry.name != "runs":
            (tmp_path / entry.name).symlink_to(entry)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    end_servers()


@pytest.mark.parametrize("page", [marked(page) for page in PAGES])
@pytest.mark.usefixtures("clone")
def test_examples(page: str) -> None:
    evaluate(page)


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_of_a_known_language(page: str) -> None:
    assert set(languages(page)) <= {"python", *COMMANDS, *FILES}, f"{page} has blocks that nobody would run"


def written(folder: Path, text: str) -> str:
    page = folder / "page.md"
    page.write_text(text.replace("´´´", "```"), encoding="utf-8")
    return str(page)


def test_a_wrong_example_fails(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        evaluate(written(tmp_path, "´´´python\nassert 1 == 2\n´´´\n"))


def test_an_example_is_left_out_only_for_a_reason(tmp_path: Path) -> None:
    evaluate(written(tmp_path, "<!-- not run: takes a day -->\n\n´´´python\nassert 1 == 2\n´´´\n"))
    with pytest.raises(AssertionError):
        evaluate(written(tmp_path, "<!-- not run: -->\n´´´python\nassert 1 == 2\n´´´\n"))


def test_a_block_of_doctests_is_left_out_as_a_whole(tmp_path: Path) -> None:
    wrong = "´´´python\n>>> 1\n1\n>>> 1\n2\n\n´´´\n"
    evaluate(written(tmp_path, f"<!-- not run: takes a day -->\n{wrong}"))
    with pytest.raises(SybilFailure):
        evaluate(written(tmp_path, f"<!-- not run: takes a day -->\n{wrong}\n{wrong}"))


@pytest.mark.usefixtures("clone")
def test_a_block_to_be_saved_is_saved(tmp_path: Path) -> None:
    evaluate(written(tmp_path, "Save this as `a/b.toml`:\n\n´´´toml\nx = 1\n´´´\n"))
    assert (tmp_path / "a" / "b.toml").read_text() == "x = 1\n"


@pytest.mark.slow
@pytest.mark.usefixtures("clone")
def test_a_command_must_end_and_print_as_shown(tmp_path: Path) -> None:
    evaluate(written(tmp_path, "´´´console\n$ comity --version\ncomity ...\n´´´\n"))
    evaluate(written(tmp_path, "<!-- exits with 2 -->\n´´´sh\n$ comity report nowhere\n´´´\n"))
    with pytest.raises(AssertionError, match="printed"):
        evaluate(written(tmp_path, "´´´console\n$ comity --version\nvanity ...\n´´´\n"))
    with pytest.raises(AssertionError, match="ended with 2"):
        evaluate(written(tmp_path, "´´´console\n$ comity report nowhere\n´´´\n"))


@pytest.mark.slow
@pytest.mark.usefixtures("clone")
def test_a_provider_serves_until_the_page_ends(tmp_path: Path) -> None:
    served = "$ comity fake-provider --port 80 --text yes\nopenai=http://127.0.0.1:80/v1 ..."
    evaluate(written(tmp_path, f"´´´console\n{served}\n´´´\n"))
    [server] = SERVERS
    assert server.poll() is None
    end_servers()
    assert server.poll() is not None
    assert not SERVERS
    with pytest.raises(AssertionError, match="ended with 2"):
        evaluate(written(tmp_path, "´´´console\n$ comity fake-provider --fault none\n´´´\n"))


def test_a_transcript_is_read() -> None:
    block = "$ ls\nplans\n$ comity list games \\\n    --json  # all of them\n[...]\n$ comity run 'my plan.toml'\n"
    assert list(transcript(block)) == [(["list", "games", "--json"], "\n[...]\n"), (["run", "my plan.toml"], "\n")]


def test_output_is_compared() -> None:
    assert agree("agent   mean\ntft ...", "agent mean\ntft 0.53\n")
    assert not agree("agent mean", "agent median\n")
