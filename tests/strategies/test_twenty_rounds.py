"""The scripted opponents of Akata et al. (2025): who they are, that they begin anew, and their published rounds."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from comity.core.errors import BadParameter
from comity.core.flow import Game
from comity.core.space import Lottery
from comity.games.matrix import BattleOfTheSexes, MatrixGame, PrisonersDilemma
from comity.games.sequential import SequentialTrustGame
from comity.games.travellers import TravellersDilemma
from comity.mechanisms.mediation import DELEGATE, Mediated
from comity.mechanisms.noise import Trembling
from comity.mechanisms.repetition import Repeated
from comity.mechanisms.talk import CheapTalk
from comity.strategies.catalogue import SCRIPTED as STRATEGIES
from comity.strategies.scripted import Scripted
from comity.strategies.strategy import Strategy
from tests.generators import every_entry
from tests.strategies.seats import Fixed, Recorder, match_of

DILEMMA = PrisonersDilemma(reward=8, sucker=0, temptation=10, punishment=5)
BATTLE = BattleOfTheSexes()

SCRIPTED: dict[str, Strategy] = {
    "tit for tat": STRATEGIES["tit_for_tat"](),
    "tit for two tats": STRATEGIES["tit_for_two_tats"](),
    "suspicious tit for tat": STRATEGIES["suspicious_tit_for_tat"](),
    "reverse tit for tat": STRATEGIES["reverse_tit_for_tat"](),
    "hard tit for tat": STRATEGIES["hard_tit_for_tat"](first=False),
    "always J": STRATEGIES["always"](option=1),
    "always F": STRATEGIES["always"](option=2),
    "defect once, then cooperate": STRATEGIES["defect_once"](),
    "alternate, starting F": STRATEGIES["alternate"](),
    "alternate, starting J": STRATEGIES["alternate"](),
}
"""By their names in the tidy tables. In both games J is the first option and F the second."""


def actions_of(game: Game, first: Strategy, second: Strategy, rounds: int = 10) -> list[tuple[str, ...]]:
    return list(match_of(Repeated(game, rounds=rounds, memory="all"), first, second).choices)


# Turns in the battle of the sexes


def test_alternating_begins_with_what_the_other_prefers_in_either_seat() -> None:
    played = actions_of(BATTLE, STRATEGIES["alternate"](), STRATEGIES["alternate"]())
    assert BATTLE.payoffs(("fight", "fight"))[1] > BATTLE.payoffs(("ballet", "ballet"))[1]
    assert [first for first, _ in played] == ["fight", "ballet"] * 5
    assert [second for _, second in played] == ["ballet", "fight"] * 5


# The place of an option


def test_always_is_about_places_and_not_about_meaning() -> None:
    first, second = STRATEGIES["always"](option=1), STRATEGIES["always"](option=2)
    assert set(actions_of(BATTLE, first, second)) == {("ballet", "fight")}
    assert set(actions_of(TravellersDilemma(), first, STRATEGIES["always"](option=4))) == {("2", "5")}
    lopsided = MatrixGame(("u", "d"), ("l", "m", "r"), ((((0, 0),) * 3),) * 2)
    assert set(actions_of(lopsided, second, STRATEGIES["always"](option=3))) == {("d", "r")}
    assert match_of(SequentialTrustGame(), first, second).choices == [("give",), ("keep",)]


def test_an_option_that_is_not_there_is_refused_in_words() -> None:
    with pytest.raises(BadParameter, match="no option 3 in seat 1: it has 2"):
        match_of(DILEMMA, STRATEGIES["always"](option=3))


def test_always_does_not_let_a_mediator_act() -> None:
    keeping = STRATEGIES["always"](option=1)
    match = match_of(Mediated(DILEMMA), keeping)
    assert match.choices[-1] == ("cooperate", "cooperate")


# Noise


def test_noise_is_a_lottery_over_the_other_actions() -> None:
    recorder = Recorder(STRATEGIES["noisy"](of=("always", 2), p=0.3))
    match_of(TravellersDilemma(), recorder, Fixed("2"))
    [reply] = recorder.of("act")
    assert isinstance(reply, Lottery)
    assert dict(reply.chances()) == pytest.approx({"2": 0.1, "3": 0.7, "4": 0.1, "5": 0.1})


def test_noise_of_its_own_is_what_trembling_hands_are_in_the_game() -> None:
    """As often, though drawn elsewhere: over a thousand rounds the two rates of defection agree."""
    rounds, p = 1_000, 0.2
    own = actions_of(DILEMMA, STRATEGIES["noisy"]("always_cooperate", p), STRATEGIES["always_cooperate"](), rounds)
    game = Repeated(Trembling(DILEMMA, p), rounds=rounds, memory=1)
    outcome = match_of(game, STRATEGIES["always_cooperate"](), STRATEGIES["always_cooperate"]()).outcome
    assert outcome is not None
    in_game = [part.outcome.actions[0] for part in outcome.parts]
    for found in ([first for first, _ in own], in_game):
        assert abs(found.count("defect") / rounds - p) < 4 * (p * (1 - p) / rounds) ** 0.5


def test_whoever_delegates_does_not_slip_and_nobody_slips_into_delegating() -> None:
    mediated = Mediated(DILEMMA)
    delegating = Recorder(STRATEGIES["noisy"]("rational", 0.5))
    match_of(mediated, delegating, STRATEGIES["rational"]())
    assert delegating.of("act") == [DELEGATE]
    acting = Recorder(STRATEGIES["noisy"](("always", 1), 0.5))
    match_of(mediated, acting, STRATEGIES["rational"]())
    [reply] = acting.of("act")
    assert isinstance(reply, Lottery)
    assert dict(reply.chances()) == {"cooperate": 0.5, "defect": 0.5}


def test_a_noisy_strategy_announces_what_it_means_to_do() -> None:
    steady, noisy = STRATEGIES["grim"](), STRATEGIES["noisy"]("grim", 0.75)
    assert isinstance(noisy, Scripted)
    assert noisy.propose == steady.propose
    said = []
    for strategy in (steady, noisy):
        recorder = Recorder(strategy)
        match_of(CheapTalk(DILEMMA), recorder, STRATEGIES["always_defect"]())
        said.append(recorder.of("speak"))
    assert said == [["I will play cooperate."]] * 2


# Every match begins anew


@cache
def games() -> dict[str, Game]:
    named = ("repetition of prisoners_dilemma", "repetition of battle_of_the_sexes", "reputation of prisoners_dilemma")
    return {name: every_entry()[name] for name in named} | {"twenty rounds": Repeated(DILEMMA, rounds=20, memory="all")}


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("before", ["always_defect", "reverse_tit_for_tat", "random"])
def test_a_strategy_remembers_nothing_of_earlier_matches(name: str, before: str) -> None:
    """One object plays one match after the other, and each as an object that has never played."""
    strategy = STRATEGIES[name]()
    for game in games().values():
        opponents = [STRATEGIES[before](), STRATEGIES["always_cooperate"](), STRATEGIES["tit_for_two_tats"]()]
        for key, opponent in enumerate(opponents * 2):
            used = match_of(game, strategy, opponent, key=key)
            fresh = match_of(game, STRATEGIES[name](), opponent, key=key)
            assert (used.choices, used.lotteries) == (fresh.choices, fresh.lotteries)


# The published rounds


@pytest.fixture(scope="module")
def decisions(shared_data: Path) -> pd.DataFrame:
    path = shared_data / "repeatedgames" / "decisions.parquet"
    if not path.exists():
        pytest.skip("needs the published decisions, in the folder shared/data beside the checkout")
    return pd.read_parquet(path)


def episodes(decisions: pd.DataFrame, experiment: str) -> Iterator[pd.DataFrame]:
    """The rounds of each episode as its first player saw them, in order."""
    rows = decisions[(decisions["experiment"] == experiment) & (decisions["seat"] == 1)]
    for _, episode in rows.groupby("episode", sort=False):
        yield episode.sort_values("round")


def test_pairs_of_the_twenty_round_set_play_the_published_rounds(decisions: pd.DataFrame) -> None:
    """All but four: in these the memory of the hard one was not cleared after the episode before."""
    different = set()
    compared = 0
    for episode in episodes(decisions, "pd_20_rounds"):
        pair = (episode["player"].iloc[0], episode["opponent"].iloc[0])
        if SCRIPTED.keys() >= set(pair):
            published = list(zip(episode["action"], episode["opponent_action"], strict=True))
            compared += 1
            if actions_of(DILEMMA, SCRIPTED[pair[0]], SCRIPTED[pair[1]], 20) != published:
                different.add(frozenset(pair))
    assert compared == 25
    assert different == {
        frozenset({"hard tit for tat", "tit for tat"}),
        frozenset({"hard tit for tat", "tit for two tats"}),
    }


@pytest.mark.parametrize(("experiment", "game"), [("pd_main", DILEMMA), ("bos_main", BATTLE)])
def test_scripted_agents_answer_everybody_as_published(
    decisions: pd.DataFrame, experiment: str, game: PrisonersDilemma | BattleOfTheSexes
) -> None:
    """In either seat, the other's moves as they were."""
    rows = decisions[(decisions["experiment"] == experiment) & decisions["player"].isin(list(SCRIPTED))]
    compared = 0
    for _, episode in rows.groupby(["episode", "seat"]):
        seat = int(episode["seat"].iloc[0])
        played = episode.sort_values("round")
        own, other = game.actions[seat - 1], game.actions[2 - seat]
        opponent = Fixed(*(other[option - 1] for option in options(played, "opponent_action_label")))
        strategy = SCRIPTED[played["player"].iloc[0]]
        sitting: tuple[Any, Any] = (strategy, opponent) if seat == 1 else (opponent, strategy)
        found = actions_of(game, *sitting)
        assert [profile[seat - 1] for profile in found] == [
            own[option - 1] for option in options(played, "action_label")
        ]
        compared += 1
    assert compared >= 40


def options(rows: pd.DataFrame, column: str) -> list[int]:
    return [{"J": 1, "F": 2}[label] for label in rows[column]]
