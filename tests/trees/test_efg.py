"""The .efg text, read back by a reader of our own: the file holds the same tree, information sets, odds and payoffs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pytest

from comity.core.decision import NATURE
from comity.core.errors import NotEnumerable
from comity.core.flow import Game
from comity.core.match import Node, tree
from comity.core.outcome import Outcome
from comity.exact.efg import write_efg
from comity.exact.rational import exactly
from comity.exact.tree import counts
from comity.games.matrix import MatrixGame, PrisonersDilemma
from comity.games.sequential import SequentialTrustGame
from comity.mechanisms.mediation import Mediated
from comity.mechanisms.network import PerEdge
from comity.mechanisms.noise import Misperceived, Trembling
from comity.mechanisms.repetition import Continued, Repeated
from comity.mechanisms.sanctions import Sanctioned

pytestmark = pytest.mark.slow

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}]|[^\s{}"]+')


@dataclass(frozen=True)
class Read:
    """A node as the file has it: c, p or t; its information set or outcome; names with odds; what follows it."""

    kind: str
    owner: tuple[int, ...]
    names: tuple[str, ...] = ()
    shares: tuple[Fraction, ...] = ()
    payoffs: tuple[Fraction, ...] = ()
    after: tuple[Read, ...] = ()


def braced(tokens: Iterator[str]) -> list[str]:
    assert next(tokens) == "{"
    return list(iter(lambda: next(tokens), "}"))


def plain(token: str) -> str:
    assert token[0] == token[-1] == '"'
    return token[1:-1].replace('\\"', '"')


def read(text: str) -> tuple[str, list[str], Read, int]:
    """Title, players, tree and number of lines of an .efg file; every line is one node."""
    tokens = iter(TOKEN.findall(text))
    assert [next(tokens) for _ in range(3)] == ["EFG", "2", "R"]
    title, players = plain(next(tokens)), list(map(plain, braced(tokens)))
    root = read_node(tokens)
    assert next(tokens, None) is None
    return title, players, root, text.count("\n")


def read_node(tokens: Iterator[str]) -> Read:
    kind, _ = next(tokens), plain(next(tokens))
    if kind == "t":
        number, _ = int(next(tokens)), plain(next(tokens))
        return Read("t", (number,), payoffs=tuple(map(Fraction, braced(tokens))))
    owner = tuple(int(next(tokens)) for _ in range(1 if kind == "c" else 2))
    _, inside = plain(next(tokens)), braced(tokens)
    assert next(tokens) == "0"
    names = tuple(map(plain, inside[::2] if kind == "c" else inside))
    shares = tuple(map(Fraction, inside[1::2])) if kind == "c" else ()
    return Read(kind, owner, names, shares, after=tuple(read_node(tokens) for _ in names))


def alike(ours: Any, theirs: Read, sets: dict[tuple[int, ...], Any]) -> None:
    """Check that the file's tree is ours; `sets` collects which decision each numbered information set stands for."""
    if isinstance(ours, Outcome):
        assert theirs.kind == "t"
        assert theirs.payoffs == tuple(map(exactly, ours.payoffs))
        return
    assert isinstance(ours, Node)
    assert len(set(theirs.names)) == len(theirs.names) == len(ours.branches)
    if ours.decision.player == NATURE:
        assert theirs.kind == "c"
        assert sum(theirs.shares) == 1
        chances = {choice: share for choice, share in ours.decision.options.chances() if share}  # type: ignore[attr-defined]
        assert [float(share) for share in theirs.shares] == pytest.approx(list(chances.values()))
    else:
        assert theirs.kind == "p"
        assert theirs.owner[0] == ours.decision.player + 1
        assert sets.setdefault(theirs.owner, ours.decision) == ours.decision
    for mine, its in zip(ours.branches.values(), theirs.after, strict=True):
        alike(mine, its, sets)


@pytest.mark.parametrize(
    "game",
    [
        PrisonersDilemma(),
        SequentialTrustGame(),
        Mediated(PrisonersDilemma()),
        Trembling(MatrixGame(("a", "b", "c"), ("x",), (((1, 0),), ((0, 1),), ((0.1, 2),))), 0.1),
        Repeated(Misperceived(PrisonersDilemma(), 0.3), rounds=2),
        Continued(PrisonersDilemma(), 0.9, most=2),
        Sanctioned(PrisonersDilemma(), punish=1, reward=1),
        PerEdge(PrisonersDilemma(), players=3),
    ],
    ids=str,
)
def test_the_file_holds_the_tree(game: Game) -> None:
    text = write_efg(game)
    whole, sets = tree(game), {}  # type: ignore[var-annotated]
    _, players, root, lines = read(text)
    alike(whole, root, sets)
    size = counts(whole)
    assert players == [f"player {player + 1}" for player in range(game.n_players)]
    assert lines == 1 + size.decision_nodes + size.chance_nodes + size.leaves
    assert len(sets) == size.information_sets
    assert write_efg(game) == text


def test_the_file_of_the_sequential_trust_game() -> None:
    assert write_efg(SequentialTrustGame(keep_keep=(4.5, 4)), title="trust") == (
        'EFG 2 R "trust" { "player 1" "player 2" }\n'
        'p "" 1 1 "act 1" { "give" "keep" } 0\n'
        'p "" 2 1 "act 1" { "give" "keep" } 0\n'
        't "" 1 "outcome 1" { 10 10 }\n'
        't "" 2 "outcome 2" { 0 20 }\n'
        'p "" 2 2 "act 2" { "give" "keep" } 0\n'
        't "" 3 "outcome 3" { 6 2 }\n'
        't "" 4 "outcome 4" { 9/2 4 }\n'
    )


def test_information_sets_are_numbered_for_each_player_as_they_come_up() -> None:
    numbers: dict[int, list[int]] = {1: [], 2: []}
    for line in write_efg(Mediated(PrisonersDilemma())).splitlines():
        if line.startswith("p "):
            _, _, player, number, *_ = line.split()
            if int(number) not in numbers[int(player)]:
                numbers[int(player)].append(int(number))
    assert all(found == list(range(1, len(found) + 1)) for found in numbers.values())


def test_names_are_quoted_escaped_and_never_empty_or_twice() -> None:
    odd = ('say "hi"', "back\\slash", "two\nlines", "", " ")
    game = MatrixGame(odd, ("x",), (((0, 0),),) * 5)
    title, _, root, lines = read(write_efg(game, title='a "quoted"\ntitle\\'))
    assert title == 'a "quoted" title/'
    assert lines == 1 + 6 + 5
    assert len(set(root.names)) == 5
    assert all(name.strip() for name in root.names)


def test_the_title_says_how_the_game_is_stacked() -> None:
    assert read(write_efg(Repeated(Trembling(PrisonersDilemma()), 1)))[0] == "Repeated of Trembling of PrisonersDilemma"


def test_a_file_from_a_path_on() -> None:
    _, _, root, lines = read(write_efg(Repeated(PrisonersDilemma(), 2), (("defect", "defect"),)))
    assert lines == 8
    assert root.after[0].after[0].payoffs == (Fraction(1, 5) * 1 + Fraction(4, 5) * 2,) * 2


def test_a_file_too_long_is_refused() -> None:
    with pytest.raises(NotEnumerable, match="the tree of this game has more than 100 nodes"):
        write_efg(Mediated(PrisonersDilemma()), most=100)
