"""Taxonomies: ours, and those of users, which are read strictly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from comity.judge.errors import JudgeError
from comity.judge.taxonomy import NAME, PUBLISHED, Taxonomy, read_taxonomy, taxonomy_from

GOOD = """\
name = "two kinds"

[[labels]]
name = "selfish"
title = "Selfish"
definition = "The player thinks
  of itself."
keywords = ["my payoff", "for me*"]

[[labels]]
name = "kind"
title = "Kind"
definition = "The player thinks of others."
""".replace('"The player thinks\n  of itself."', '"""The player thinks\n  of itself."""')


def test_the_published_taxonomy_is_one_a_user_could_have_written() -> None:
    assert len(PUBLISHED.labels) == len(set(PUBLISHED.names)) == len(set(PUBLISHED.titles)) == 15
    assert all(NAME.fullmatch(label.name) and len(label.definition) > 40 for label in PUBLISHED.labels)


def test_a_taxonomy_is_read_and_written() -> None:
    found = taxonomy_from(GOOD)
    assert found.names == ("selfish", "kind")
    assert found.labels[0].definition == "The player thinks of itself."
    assert found.labels[0].keywords == ("my payoff", "for me*")
    assert Taxonomy.from_text(found.text) == found
    assert Taxonomy.from_text(PUBLISHED.text) == PUBLISHED


def test_the_digest_is_that_of_everything_a_judge_is_told() -> None:
    found = taxonomy_from(GOOD)
    other = replace(found, labels=(replace(found.labels[0], definition="Something else."), *found.labels[1:]))
    assert found.digest == taxonomy_from(GOOD).digest
    assert len({found.digest, other.digest, replace(found, labels=found.labels[::-1]).digest}) == 3


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name = ", "this is not TOML"),
        ('labels = []\nname = "x"', r"labels must be 1 to 100 tables \[\[labels\]\]"),
        ("[[labels]]", "name must be text of 1 to 80 characters, not nothing"),
        (GOOD + "colour = 3", "label 2: there is no field 'colour' in a label; there are: name, title, definition"),
        ("colour = 3\n" + GOOD, "there is no field 'colour' in a taxonomy; there are: name, labels"),
        (GOOD.replace('name = "kind"', 'name = "selfish"'), 'label 2: there is another label with the name "selfish"'),
        (
            GOOD.replace('title = "Kind"', 'title = " Selfish"'),
            'label 2: there is another label with the title "Selfish"',
        ),
        (GOOD.replace('name = "kind"', 'name = "Kind one"'), 'label 2: name must be .* not "Kind one"'),
        (GOOD.replace('title = "Kind"', "title = 3"), "label 2: title must be text of 1 to 80 characters, not 3"),
        (GOOD.replace('title = "Kind"', ""), "label 2: title must be text of 1 to 80 characters, not nothing"),
        (GOOD.replace('"for me*"', '"*"'), "label 1: keywords must be a list of words"),
        ('name = "x"\nlabels = [3]', "label 1: must be a table, not 3"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(JudgeError, match=rf"^mine\.toml: {sentence}"):
        taxonomy_from(text, "mine.toml")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(JudgeError, match=r"cannot be read: No such file"):
        read_taxonomy(tmp_path / "nowhere.toml")
    (tmp_path / "bytes.toml").write_bytes(b"name = '\xff'")
    with pytest.raises(JudgeError, match="byte 9 of this is not"):
        read_taxonomy(tmp_path / "bytes.toml")
