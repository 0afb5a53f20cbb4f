"""Law 7: what a strategy plays decision by decision is what its automaton says, whatever the game and the memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.core.flow import Game
from comity.core.outcome import Outcome, Play
from comity.exact.automata import Automaton, sign
from comity.exact.bulk import bulk_payoffs, every_pair, match_keys
from comity.games.matrix import MatchingPennies, PrisonersDilemma, StagHunt
from comity.games.sequential import SequentialTrustGame
from comity.games.symmetric import PublicGoods
from comity.games.travellers import TravellersDilemma
from comity.mechanisms.matching import Rotated, Standings
from comity.mechanisms.network import Networked, PerEdge
from comity.mechanisms.noise import Misperceived, Trembling
from comity.mechanisms.repetition import Continued, Repeated
from comity.mechanisms.stacking import Memory
from comity.mechanisms.talk import CheapTalk
from comity.strategies.catalogue import STRATEGIES
from comity.strategies.finite_state import FiniteState
from comity.strategies.plain import plain_repetition
from comity.strategies.scripted import Scripted
from comity.strategies.seen import meaning_of
from tests.generators import keys
from tests.strategies.seats import Fixed, Recorder, chance_of, match_of

TIT_FOR_TAT, GRIM = STRATEGIES["tit_for_tat"](), STRATEGIES["grim"]()
COOPERATE, DEFECT = STRATEGIES["always_cooperate"](), STRATEGIES["always_defect"]()

FINITE = {
    name: strategy
    for name, make in STRATEGIES.items()
    if isinstance(strategy := make(), Scripted) and strategy.automaton
}


@st.composite
def automata(draw: st.DrawFn) -> Automaton:
    n = draw(st.integers(1, 4))
    states = st.integers(0, n - 1)
    chances = st.tuples(*(st.sampled_from([0.0, 0.25, 0.5, 1.0]),) * n)
    rows = st.tuples(*(st.tuples(states, states, states, states),) * n)
    return Automaton(draw(states), draw(chances), draw(rows))


def by_the_table(automaton: Automaton, seen: Iterable[tuple[bool, ...]], seat: int) -> Iterator[float]:
    """With which probability the automaton cooperates in each round, given who cooperated in the rounds so far."""
    state = automaton.start
    yield automaton.cooperates[state]
    for cooperated in seen:
        others = all(cooperated[:seat] + cooperated[seat + 1 :])
        state = automaton.then[state][sign(cooperated[seat], others)]
        yield automaton.cooperates[state]


def rounds_seen(parts: Iterable[Play], seat: int, cooperative: tuple[str, ...]) -> list[tuple[bool, ...]]:
    actions = [part.seen_by(seat).outcome.actions for part in parts]
    return [tuple(action == name for action, name in zip(played, cooperative, strict=True)) for played in actions]


BASES: list[Game] = [
    PrisonersDilemma(),
    PublicGoods(),
    TravellersDilemma(),
    MatchingPennies(),
    SequentialTrustGame(),
    CheapTalk(StagHunt(), messages=("stag", "hare")),
    Trembling(PrisonersDilemma(), 0.3),
    Misperceived(Trembling(PrisonersDilemma(), 0.2), 0.3),
    Networked(PrisonersDilemma(), players=3, graph="complete"),
]


@given(st.sampled_from(BASES), st.tuples(automata(), automata(), automata()), st.sampled_from([1, 2, "all"]), keys)
def test_play_is_the_play_of_the_automaton(base: Game, tables: tuple[Automaton, ...], memory: Memory, key: int) -> None:
    recorders = [Recorder(Scripted(FiniteState(table))) for table in tables]
    match = match_of(Continued(base, chance=0.9, most=12, memory=memory), *recorders, key=key)
    assert match.outcome is not None
    meaning = meaning_of(base)
    for seat, table in zip(range(base.n_players), tables, strict=False):
        seen = rounds_seen(match.outcome.parts[:-1], seat, meaning.cooperative)
        answered = [chance_of(reply, meaning.cooperative[seat]) for reply in recorders[seat].of("act")]
        assert answered == list(by_the_table(table, seen, seat))


@pytest.mark.parametrize("base", [StagHunt(), Trembling(PrisonersDilemma(), 0.1)])
def test_in_bulk_the_catalogue_earns_what_it_earns_one_by_one(base: Game) -> None:
    game = Repeated(base, rounds=12, memory=2)
    rules = plain_repetition(game)
    assert rules is not None
    strategies = list(FINITE.values())
    pairs = every_pair(len(strategies))
    paid = bulk_payoffs(rules, [s.automaton for s in strategies if s.automaton], pairs, match_keys(7, len(pairs)))
    for (first, second), key, payoffs in zip(pairs, match_keys(7, len(pairs)).tolist(), paid.tolist(), strict=True):
        outcome = match_of(game, strategies[first], strategies[second], key=key).outcome
        assert outcome is not None
        assert list(outcome.payoffs) == payoffs


@given(automata(), keys)
def test_nothing_is_seen_with_a_memory_of_nothing(table: Automaton, key: int) -> None:
    recorder = Recorder(Scripted(FiniteState(table)))
    match_of(Repeated(PrisonersDilemma(), rounds=6, memory=0), recorder, DEFECT, key=key)
    assert [chance_of(reply) for reply in recorder.of("act")] == [table.cooperates[table.start]] * 6


@given(automata(), keys)
def test_every_inner_repetition_begins_anew(table: Automaton, key: int) -> None:
    recorders = [Recorder(Scripted(FiniteState(table))) for _ in range(4)]
    game = Rotated(Repeated(PrisonersDilemma(), rounds=3, memory=1), population=4, rounds=3)
    outcome = match_of(game, *recorders, key=key).outcome
    assert outcome is not None
    for player, recorder in enumerate(recorders):
        expected: list[float] = []
        for meeting in outcome.parts:
            if player in meeting.players:
                seen = rounds_seen(meeting.outcome.parts[:-1], player % 2, ("cooperate",) * 2)
                expected += by_the_table(table, seen, player % 2)
        assert [chance_of(reply) for reply in recorder.of("act")] == expected


def test_asked_twice_in_a_round_it_answers_the_same() -> None:
    recorder = Recorder(STRATEGIES["alternate"]())
    match_of(Repeated(CheapTalk(PrisonersDilemma()), rounds=4, memory=1), recorder, COOPERATE)
    acts = ["cooperate", "defect"] * 2
    assert recorder.of("act") == acts
    assert recorder.of("speak") == [f"I will play {act}." for act in acts]


def test_a_network_of_pairs_has_a_state_for_each_neighbour() -> None:
    recorder = Recorder(TIT_FOR_TAT)
    match_of(Repeated(PerEdge(PrisonersDilemma(), players=3), rounds=3, memory=1), recorder, COOPERATE, DEFECT)
    assert recorder.of("act") == ["cooperate", "cooperate", "cooperate", "defect", "cooperate", "defect"]


def test_pairs_that_repeat_side_by_side_do_not_mix() -> None:
    recorder = Recorder(GRIM)
    match_of(PerEdge(Repeated(PrisonersDilemma(), rounds=3, memory=1), players=3), recorder, COOPERATE, DEFECT)
    assert recorder.of("act") == ["cooperate", "cooperate", "cooperate", "defect", "cooperate", "defect"]


def test_on_a_network_the_others_are_the_neighbours() -> None:
    star = Networked(PrisonersDilemma(), players=4, graph="star")
    leaf, centre = Recorder(TIT_FOR_TAT), Recorder(TIT_FOR_TAT)
    match_of(Repeated(star, rounds=3, memory=1), centre, leaf, DEFECT)
    assert leaf.of("act") == ["cooperate", "cooperate", "defect"]
    assert centre.of("act") == ["cooperate", "defect", "defect"]


@given(keys)
def test_under_reputation_tit_for_tat_does_what_its_partner_did_last(key: int) -> None:
    coin = STRATEGIES["random"](p=0.5)
    players = [Recorder(TIT_FOR_TAT) for _ in range(3)]
    match_of(Rotated(PrisonersDilemma(), population=6, rounds=5, memory=2), *players, coin, key=key)
    for player in players:
        for decision, reply in player.replies:
            standings = decision.fact(Standings)
            assert standings is not None
            encounters = standings.partners[0].encounters
            last = encounters[-1].play if encounters else None
            assert reply == (
                last.outcome.actions[last.players.index(standings.partners[0].player)] if last else "cooperate"
            )


@given(keys)
def test_under_reputation_grim_is_contagious(key: int) -> None:
    grim = Recorder(GRIM)
    match_of(Rotated(PrisonersDilemma(), population=6, rounds=6, memory=1), grim, *[COOPERATE] * 4, DEFECT, key=key)
    met = []
    for decision, _ in grim.replies:
        standings = decision.fact(Standings)
        assert standings is not None
        met.append(standings.partners[0].player == 5 and standings.played > 0)
    assert grim.of("act") == ["defect" if any(met[: round + 1]) else "cooperate" for round in range(6)]


def test_only_finite_strategies_have_an_automaton() -> None:
    without = set(STRATEGIES) - set(FINITE)
    assert without == {
        "always",
        "noisy",
        "image_scoring",
        "standing",
        "stern_judging",
        "threshold_contributor",
        "conditional_contributor",
        "trading",
        "level_k",
        "undercut",
        "rational",
        "best_reply_to_prediction",
        "exchanger",
        "assisted",
        "moody",
        "persistent",
        "individual",
        "aspiration",
        "imitator",
    }


AXELROD = {
    "always_cooperate": "Cooperator",
    "always_defect": "Defector",
    "tit_for_tat": "TitForTat",
    "suspicious_tit_for_tat": "SuspiciousTitForTat",
    "two_tits_for_tat": "TwoTitsForTat",
    "tit_for_two_tats": "TitFor2Tats",
    "hard_tit_for_tat": "HardTitForTat",
    "reverse_tit_for_tat": "Bully",
    "grim": "Grudger",
    "win_stay_lose_shift": "WinStayLoseShift",
    "alternate": "Alternator",
}


@pytest.mark.parametrize("name", AXELROD)
def test_the_library_of_axelrod_agrees(name: str) -> None:
    axelrod = pytest.importorskip("axelrod", reason="the comparison needs the Axelrod library")
    for other in AXELROD:
        ours = match_of(Repeated(PrisonersDilemma(), rounds=30, memory=1), STRATEGIES[name](), STRATEGIES[other]())
        theirs = axelrod.Match([getattr(axelrod, AXELROD[one])() for one in (name, other)], turns=30).play()
        assert ["".join(action[0].upper() for action in step) for step in ours.choices] == [
            f"{a}{b}" for a, b in theirs
        ]


def test_an_opponent_without_memory_is_met_as_it_is() -> None:
    """The play of the last round as such, not the opponent's plan, moves the state: hands tremble."""
    always_slips = Repeated(Trembling(PrisonersDilemma(), 1.0), rounds=3, memory=1)
    outcome = match_of(always_slips, TIT_FOR_TAT, Fixed("defect")).outcome
    assert isinstance(outcome, Outcome)
    assert [part.outcome.actions for part in outcome.parts] == [("defect", "cooperate")] * 3
