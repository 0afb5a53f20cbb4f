"""That the rational play equilibria: every stage by hand, and whole games by the certificate of the exact room."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from comity.core.decision import NATURE, Decision
from comity.core.flow import Game
from comity.core.match import Decide, Match, Path, tree
from comity.core.outcome import stage_plays
from comity.core.space import Lottery
from comity.exact.deviation import deviation_gains
from comity.exact.equilibria import backward_induction
from comity.exact.tree import nodes
from comity.games.matrix import BattleOfTheSexes, Chicken, MatchingPennies, PrisonersDilemma, StagHunt, TrustGame
from comity.games.sequential import SequentialTrustGame
from comity.games.symmetric import PublicGoods
from comity.games.travellers import TravellersDilemma
from comity.mechanisms.contracting import Contracted
from comity.mechanisms.matching import Rotated
from comity.mechanisms.mediation import DELEGATE, Mediated
from comity.mechanisms.network import Networked
from comity.mechanisms.noise import Trembling
from comity.mechanisms.repetition import Repeated
from comity.mechanisms.sanctions import Sanctioned
from comity.mechanisms.talk import CheapTalk
from comity.strategies.catalogue import STRATEGIES
from tests.strategies.seats import Recorder, match_of

pytestmark = pytest.mark.slow

RATIONAL = STRATEGIES["rational"]()
COOPERATE = STRATEGIES["always_cooperate"]()


@pytest.mark.parametrize(
    ("game", "actions"),
    [
        (PrisonersDilemma(), ("defect", "defect")),
        (PublicGoods(), ("free_ride",) * 3),
        (TravellersDilemma(), ("2", "2")),
        (TrustGame(), ("keep", "keep")),
        (SequentialTrustGame(), ("keep", "keep")),
        (StagHunt(), ("stag", "stag")),
        (Chicken(), ("swerve", "straight")),
        (BattleOfTheSexes(), ("ballet", "ballet")),
        (Networked(PrisonersDilemma(), players=4), ("defect",) * 4),
        (Sanctioned(PrisonersDilemma()), ("defect", "defect")),
        (CheapTalk(StagHunt()), ("stag", "stag")),
        (Contracted(PrisonersDilemma()), ("cooperate", "cooperate")),
        (Contracted(TravellersDilemma()), ("5", "5")),
        (Mediated(PrisonersDilemma()), ("cooperate", "cooperate")),
        (Mediated(TrustGame()), ("give", "give")),
    ],
)
def test_what_the_rational_play(game: Game, actions: tuple[str, ...]) -> None:
    outcome = match_of(game, RATIONAL).outcome
    assert outcome is not None
    assert outcome.actions == actions


def test_where_no_pure_action_is_an_equilibrium_they_mix() -> None:
    match = match_of(MatchingPennies(), RATIONAL)
    half = Lottery(("heads", "tails"), (0.5, 0.5))
    assert match.lotteries == {(0, 0): half, (0, 1): half}


def test_they_play_the_equilibrium_of_the_game_as_it_is_executed() -> None:
    """With hands that slip more often than not one must say what one does not want."""
    recorder = Recorder(RATIONAL)
    match_of(Repeated(Trembling(PrisonersDilemma(), 0.75), rounds=3), recorder, RATIONAL)
    assert recorder.of("act") == ["cooperate"] * 3


@pytest.mark.parametrize("stack", [Repeated(PrisonersDilemma(), rounds=4), Rotated(PrisonersDilemma(), 6, rounds=4)])
def test_in_every_round_they_play_the_equilibrium_of_one(stack: Game) -> None:
    outcome = match_of(stack, RATIONAL, COOPERATE).outcome
    assert outcome is not None
    assert all(stage.outcome.actions[0] == "defect" for stage in stage_plays(outcome) if stage.players[0] == 0)


def test_the_stages_of_a_mediated_dilemma() -> None:
    first, second = Recorder(RATIONAL), Recorder(STRATEGIES["always_defect"]())
    match_of(Mediated(PrisonersDilemma()), first, second)
    assert first.of("propose") == [("defect", "cooperate")]
    assert first.of("approve") == [(True, False)]
    assert first.of("act") == [DELEGATE]
    assert second.of("act") == ["defect"]


def test_the_stages_of_a_contracted_dilemma() -> None:
    first, second = Recorder(RATIONAL), Recorder(STRATEGIES["composed"](propose="useless", sign="none"))
    match_of(Contracted(PrisonersDilemma()), first, second, key=4)
    assert first.of("propose") == [(0, -2)]
    assert first.of("approve") == [(True, False)]
    assert first.of("sign") == [True]
    assert first.of("act") == ["defect"]  # the other has not signed


@dataclass(frozen=True)
class Proposing:
    """Proposes this, approves only this, signs it, and gives way."""

    proposal: Any

    def begin(self, game: Game, player: int) -> Decide:
        answers = {"propose": self.proposal, "approve": (player == 0, player == 1), "sign": True, "act": "swerve"}
        return lambda decision: answers[decision.kind]


def test_they_sign_nothing_that_costs_them() -> None:
    """In chicken the first seat gives way; the second, who then goes straight, is asked to pay for that."""
    straight = Recorder(RATIONAL)
    match_of(Contracted(Chicken(), -1, 0), Proposing((0, -1)), straight)
    assert straight.of("approve") == [(True, True)]  # what will not be signed is no worse than nothing
    assert straight.of("sign") == [False]
    assert straight.of("act") == ["straight"]


def policy_of(game: Game, path: Path = ()) -> dict[Decision[Any], Any]:
    """What the rational answer to every decision of the game from that path on."""
    sitting = [RATIONAL.begin(game, player) for player in range(game.n_players)]
    decisions = dict.fromkeys(place.node.decision for place in nodes(tree(game, path)))
    return {d: sitting[d.player](d) for d in decisions if d.player != NATURE}


def proposals(game: Game) -> Path:
    """The way to the vote on what the rational propose."""
    return (tuple(RATIONAL.begin(game, decision.player)(decision) for decision in Match(game).pending),)


WHOLE: list[Game] = [
    PrisonersDilemma(),
    StagHunt(),
    MatchingPennies(),
    BattleOfTheSexes(),
    TravellersDilemma(),
    PublicGoods(),
    SequentialTrustGame(),
    Networked(PrisonersDilemma(), players=3),
    Sanctioned(PrisonersDilemma(), punish=1, reward=1),
    CheapTalk(StagHunt(), messages=("stag", "hare")),
    Repeated(PrisonersDilemma(), rounds=3),
    Repeated(SequentialTrustGame(), rounds=2),
    Mediated(PrisonersDilemma()),
    Mediated(MatchingPennies()),
]


@pytest.mark.parametrize("game", WHOLE, ids=repr)
def test_nobody_gains_by_leaving_what_the_rational_do(game: Game) -> None:
    assert max(deviation_gains(game, policy_of(game))) == 0


AFTER_PROPOSALS: list[Game] = [
    Mediated(StagHunt()),
    Mediated(TrustGame()),
    Mediated(BattleOfTheSexes()),
    Contracted(PrisonersDilemma(), -2, 2),
    Contracted(TrustGame()),
    Contracted(Chicken()),
    Contracted(StagHunt()),
]


@pytest.mark.parametrize("game", AFTER_PROPOSALS, ids=repr)
def test_nobody_gains_by_leaving_what_the_rational_do_once_proposals_are_made(game: Game) -> None:
    path = proposals(game)
    assert max(deviation_gains(game, policy_of(game, path), path)) == 0


def test_they_earn_what_backward_induction_says() -> None:
    for base in (PrisonersDilemma(), TrustGame(), TravellersDilemma(), PublicGoods(), StagHunt(), Chicken()):
        outcome = match_of(base, RATIONAL).outcome
        assert outcome is not None
        assert outcome.payoffs == tuple(map(float, backward_induction(base).values))
