"""The taxonomies that come with comity, and what the judge by keywords makes of agents that share or do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from comity.judge.errors import JudgeError
from comity.judge.scripted import keywords
from comity.judge.taxonomies import EXCHANGE, TAXONOMIES, taxonomy_called
from comity.judge.taxonomy import NAME, PUBLISHED

SAID = {
    "I will not send piece 12 to player 3.": {"withholding"},
    "I think it is best to withhold these pieces for now.": {"withholding"},
    "I see no reason to withhold anything.": set(),
    "I won't hold back: they get what they asked for.": set(),
    "There is no point in holding back what costs nothing.": {"costless"},
    "I could use piece 40 as leverage.": {"trading"},
    "I will offer piece 40 in exchange for piece 7.": {"trading"},
    "This is not a trade; they simply get it.": set(),
    "I do not want to bargain over it.": set(),
    "I send it only if they send theirs first.": {"trading"},
    "Player 2 is a competitor and this helps them win.": {"competing"},
    "We are not competitors.": set(),
    "I am not competing with anybody here.": set(),
    "There is nothing in it for me.": {"self_interest"},
    "Player 5 has ignored my requests twice.": {"reciprocity"},
    "They sent me piece 4, so I repay that now.": {"reciprocity"},
    "I do not expect them to reciprocate.": set(),
    "I am supposed to answer requests.": {"duty"},
    "I am not obliged to answer.": set(),
    "It raises the total of all players.": {"common_good"},
    "I lose nothing by it, sharing costs nothing.": {"costless"},
    "I cannot trust player 9 after that code.": {"distrust"},
    "There are too many requests, so I answer the first three.": {"overload"},
    "There are not too many requests to answer.": set(),
    "I am confused about the directory.": {"confusion"},
    "I am not confused: player 3 holds it.": set(),
    "It is unclear to me; I do not see who has it.": {"confusion"},
    "I'll wait and ask then.": {"waiting"},
    "Task 21 is complete, and I still need 17 for task 31.": {"bookkeeping"},
    "Nothing more to say. Withholding would be better.": {"withholding"},
    "I refuse to share, and I want a deal.": {"withholding", "trading"},
    '{"answer": [{"do": "share", "pieces": [4], "to": 2}]}': set(),
    '{"answer": [{"do": "request", "piece": 4, "to": 2}, {"do": "submit", "task": 3}]}': set(),
}


@pytest.mark.parametrize("text", SAID)
def test_keywords_of_an_exchange(text: str) -> None:
    assert set(keywords(EXCHANGE).rule(text)) == SAID[text]


def test_every_label_is_found_by_some_keyword_here() -> None:
    assert set().union(*SAID.values()) == set(EXCHANGE.names)


def test_every_keyword_finds_itself() -> None:
    judge = keywords(EXCHANGE)
    for label in EXCHANGE.labels:
        for word in label.keywords:
            assert label.name in judge.rule(f"So: {word.strip('~').replace('*', '')}."), word


def test_keywords_without_a_tilde_know_nothing_of_negation() -> None:
    assert "risk" in keywords(PUBLISHED).rule("There is no risk in it.")


def test_definitions_are_of_a_kind_that_a_user_could_have_written() -> None:
    assert len(set(EXCHANGE.names)) == len(set(EXCHANGE.titles)) == len(EXCHANGE.labels)
    assert all(NAME.fullmatch(label.name) and len(label.definition) > 40 for label in EXCHANGE.labels)


def test_a_taxonomy_is_called_by_name_or_by_file(tmp_path: Path) -> None:
    assert taxonomy_called("exchange") is EXCHANGE
    assert taxonomy_called("published") is PUBLISHED
    own = tmp_path / "own.toml"
    own.write_text('name = "own"\n[[labels]]\nname = "a"\ntitle = "A"\ndefinition = "Is a."\nkeywords = ["~a"]\n')
    assert taxonomy_called(str(own)).names == ("a",)
    with pytest.raises(JudgeError, match=f"there is no taxonomy 'nowhere'.*{', '.join(TAXONOMIES)}"):
        taxonomy_called("nowhere")
    with pytest.raises(JudgeError, match="cannot be read"):
        taxonomy_called(str(tmp_path / "nowhere.toml"))
