"""What every strategy answers to a given opponent, derived by hand from its definition, letter by letter."""

from __future__ import annotations

from typing import Any

import pytest

from comity.core.errors import BadParameter
from comity.core.match import Reply
from comity.games.matrix import MatchingPennies, PrisonersDilemma
from comity.games.symmetric import PublicGoods
from comity.games.travellers import TravellersDilemma
from comity.mechanisms.repetition import Repeated
from comity.strategies.catalogue import STRATEGIES
from comity.strategies.strategy import Strategy
from tests.strategies.seats import LETTERS, Fixed, Recorder, chance_of, chances_against, match_of

AGAINST = "CDCDDCCCC"

ANSWERS = {
    "always": "CCCCCCCCC",
    "always_cooperate": "CCCCCCCCC",
    "always_defect": "DDDDDDDDD",
    "tit_for_tat": "CCDCDDCCC",
    "suspicious_tit_for_tat": "DCDCDDCCC",
    "two_tits_for_tat": "CCDDDDDCC",
    "tit_for_two_tats": "CCCCCDCCC",
    "hard_tit_for_tat": "CCDDDDDDC",
    "reverse_tit_for_tat": "DDCDCCDDD",
    "grim": "CCDDDDDDD",
    "win_stay_lose_shift": "CCDDCDDDD",
    "alternate": "CDCDCDCDC",
    "defect_once": "DCCCCCCCC",
    "memory_one": "CCDDCDDDD",
    "automaton": "CCDCDDCCC",
    "composed": "CCDCDDCCC",
    "undercut": "CDDDDDDDD",
    "level_k": "DDDDDDDDD",
    "rational": "DDDDDDDDD",
    "best_reply_to_prediction": "DDDDDDDDD",
    "threshold_contributor": "CCDCDDCCC",
    "conditional_contributor": "CCDCDDCCC",
}

WITH_PARAMETERS = [
    ("random", {"p": 1}, "CCCCCCCCC"),
    ("random", {"p": 0}, "DDDDDDDDD"),
    ("generous_tit_for_tat", {"p": 0}, "CCDCDDCCC"),
    ("generous_tit_for_tat", {"p": 1}, "CCCCCCCCC"),
    ("naive_prober", {"p": 0}, "CCDCDDCCC"),
    ("naive_prober", {"p": 1}, "CDDDDDDDD"),
    ("memory_one", {"first": 0, "both": 1, "sucker": 0, "tempted": 1, "neither": 0}, "DCDCDDCCC"),
    ("automaton", {"start": 0, "cooperates": (1, 1, 0), "then": ((1,) * 4, (2,) * 4, (0,) * 4)}, "CCDCCDCCD"),
    ("level_k", {"k": 0}, "CCCCCCCCC"),
    ("undercut", {"by": 0}, "CCDCDDCCC"),
    ("threshold_contributor", {"k": 0, "first": False}, "DCCCCCCCC"),
    ("threshold_contributor", {"k": 2}, "CDDDDDDDD"),
    ("conditional_contributor", {"first": 0, "intercept": 1, "slope": -1}, "DDCDCCDDD"),
    ("always", {"option": 2}, "DDDDDDDDD"),
    ("moody", {"linear": True, "first": 1, "intercept": 0, "mood": 0, "slope": 1, "mood_slope": 0}, "CCDCDDCCC"),
    ("moody", {"linear": True, "first": 1, "intercept": 0, "mood": 0, "slope": 0, "mood_slope": 1}, "CCDDDDDDD"),
    ("persistent", {"stay": 1, "cooperates": 1}, "CCCCCCCCC"),
    ("persistent", {"stay": 0, "cooperates": 0}, "DDDDDDDDD"),
    ("aspiration", {"first": 1, "sensitivity": 0, "tremble": 0}, "CCCCCCCCC"),
    ("imitator", {"first": 1}, "CCDDDDDDD"),
    ("imitator", {"first": 0}, "DDDDDDDDD"),
    ("trading", {"threshold": 0.0, "width": 1e-9}, "CCCCCCCCC"),
    ("trading", {"threshold": 1.0, "width": 1e-9}, "DDDDDDDDD"),
    ("hard_tit_for_tat", {"first": False}, "DCDDDDDDC"),
    ("noisy", {"p": 0}, "CCDCDDCCC"),
    ("noisy", {"of": "alternate", "p": 0}, "CDCDCDCDC"),
    ("noisy", {"of": ("always", 2), "p": 1}, "CCCCCCCCC"),
    ("composed", {"act": "grim"}, "CCDDDDDDD"),
    ("composed", {"act": ("naive_prober", 1)}, "CDDDDDDDD"),
]


def letters(chances: list[float]) -> str:
    return "".join({0.0: "D", 1.0: "C"}[chance] for chance in chances)


@pytest.mark.parametrize("name", ANSWERS)
def test_by_default(name: str) -> None:
    assert letters(chances_against(STRATEGIES[name](), AGAINST)) == ANSWERS[name]


@pytest.mark.parametrize(("name", "parameters", "answers"), WITH_PARAMETERS)
def test_with_parameters(name: str, parameters: dict[str, object], answers: str) -> None:
    assert letters(chances_against(STRATEGIES[name](**parameters), AGAINST)) == answers


# With a memory of everything: image scoring adds up (0 +1 0 +1 0 -1 0 +1 +2); under both norms the opponent is bad
# after every defection, which is always on a good player, and good again after it has cooperated.
@pytest.mark.parametrize(
    ("name", "answers"),
    [("image_scoring", "CCCCCDCCC"), ("standing", "CCDCDDCCC"), ("stern_judging", "CCDCDDCCC")],
)
def test_of_reputation_strategies_between_the_same_two(name: str, answers: str) -> None:
    assert letters(chances_against(STRATEGIES[name](), AGAINST, memory="all")) == answers


@pytest.mark.parametrize(
    ("name", "parameters", "chances"),
    [
        ("random", {"p": 0.25}, [0.25] * 9),
        ("generous_tit_for_tat", {"p": 0.25}, [1, 1, 0.25, 1, 0.25, 0.25, 1, 1, 1]),
        ("generous_tit_for_tat", {}, [1, 1, 1 / 3, 1, 1 / 3, 1 / 3, 1, 1, 1]),
        ("naive_prober", {"p": 0.25}, [1, 0.75, 0, 0.75, 0, 0, 0.75, 0.75, 0.75]),
        ("naive_prober", {}, [1, 0.9, 0, 0.9, 0, 0, 0.9, 0.9, 0.9]),
        ("noisy", {"of": "tit_for_tat", "p": 0.25}, [0.75, 0.75, 0.25, 0.75, 0.25, 0.25, 0.75, 0.75, 0.75]),
        ("noisy", {"of": ("random", 0.5), "p": 0.25}, [0.5] * 9),
        ("persistent", {"stay": 0.5, "cooperates": 0}, [0] * 9),
        ("individual", {"a": 1, "b": 3}, [0.25] * 9),
        # paid 0 beside somebody who is paid 3, which is the largest difference there is, it changes over for certain
        ("imitator", {"rule": "proportional", "first": 1}, [1, 1, 0] + [0] * 6),
        ("noisy", {"of": ("random", 1), "p": 0.25}, [0.75] * 9),
        (
            "conditional_contributor",
            {"first": 0.5, "intercept": 0.25, "slope": 0.5},
            [0.5, 0.75, 0.25, 0.75] + [0.25] * 2 + [0.75] * 3,
        ),
    ],
)
def test_of_those_that_mix(name: str, parameters: dict[str, Any], chances: list[float]) -> None:
    assert chances_against(STRATEGIES[name](**parameters), AGAINST) == chances


def test_memory_one_looks_at_what_it_did_itself() -> None:
    mixing = STRATEGIES["memory_one"](first=1, both=0.1, sucker=0.2, tempted=0.3, neither=0.4)
    recorder = Recorder(mixing)
    match = match_of(
        Repeated(PrisonersDilemma(), rounds=40, memory=1), recorder, Fixed(*(LETTERS[c] for c in "CD" * 20))
    )
    table = {("C", "C"): 0.1, ("C", "D"): 0.2, ("D", "C"): 0.3, ("D", "D"): 0.4}
    done = [tuple(action[0].upper() for action in choices) for choices in match.choices]
    assert [chance_of(reply) for reply in recorder.of("act")] == [1, *(table[pair] for pair in done[:-1])]
    assert len(set(done)) == 4


def contributions(strategy: Strategy, *others: str) -> list[float]:
    names = {"C": "contribute", "D": "free_ride"}
    recorder = Recorder(strategy)
    game = Repeated(PublicGoods(len(others) + 1), rounds=len(others[0]), memory=1)
    match_of(game, recorder, *(Fixed(*(names[letter] for letter in other)) for other in others))
    return [chance_of(reply, "contribute") for reply in recorder.of("act")]


def test_in_a_group_the_others_cooperated_if_all_did() -> None:
    assert contributions(STRATEGIES["tit_for_tat"](), "CDCCD", "CCDCD") == [1, 1, 0, 0, 1]
    assert contributions(STRATEGIES["grim"](), "CCDCC", "CCCCC") == [1, 1, 1, 0, 0]


def test_threshold_and_conditional_contributors_count() -> None:
    assert contributions(STRATEGIES["threshold_contributor"](k=1), "CDDCD", "CCDDD") == [1, 1, 1, 0, 1]
    assert contributions(STRATEGIES["threshold_contributor"](k=2), "CDDCD", "CCDCD") == [1, 1, 0, 0, 1]
    assert contributions(STRATEGIES["conditional_contributor"](), "CDDCD", "CCDDD") == [1, 1, 0.5, 0, 0.5]
    weak = STRATEGIES["conditional_contributor"](first=0.75, intercept=-0.25, slope=1)
    assert contributions(weak, "CDDCD", "CCDDD") == [0.75, 0.75, 0.25, 0, 0.25]


def claims(strategy: Strategy, *opponent: str) -> list[Reply]:
    recorder = Recorder(strategy)
    match_of(Repeated(TravellersDilemma(), rounds=len(opponent), memory=1), recorder, Fixed(*opponent))
    return recorder.of("act")


def test_in_the_travellers_dilemma_levels_step_down() -> None:
    for k, claim in enumerate(["5", "4", "3", "2", "2"]):
        assert claims(STRATEGIES["level_k"](k=k), "5", "3") == [claim, claim]


# Against a uniform claim of 2 to 5, a claim of 2 earns (2 + 4 + 4 + 4) / 4, one of 3 (0 + 3 + 5 + 5) / 4,
# one of 4 (0 + 1 + 4 + 6) / 4 and one of 5 (0 + 1 + 2 + 5) / 4.
def test_a_level_above_uniform_play() -> None:
    [lottery] = claims(STRATEGIES["level_k"](k=0, anchor="uniform"), "5")
    assert dict(lottery.chances()) == dict.fromkeys(("2", "3", "4", "5"), 0.25)
    assert claims(STRATEGIES["level_k"](k=1, anchor="uniform"), "5") == ["2"]


def test_undercutting_goes_down_the_ladder_and_climbs_it_again() -> None:
    assert claims(STRATEGIES["undercut"](), "5", "4", "2", "5", "3") == ["5", "4", "3", "2", "4"]
    assert claims(STRATEGIES["undercut"](by=2), "5", "4", "2", "5", "3") == ["5", "3", "2", "2", "3"]


def test_in_between_claims_count_as_defection() -> None:
    assert claims(STRATEGIES["tit_for_tat"](), "5", "4", "5") == ["5", "5", "2"]


def test_without_names_the_first_action_cooperates_and_the_last_defects() -> None:
    recorder = Recorder(STRATEGIES["tit_for_tat"]())
    match_of(Repeated(MatchingPennies(), rounds=3, memory=1), recorder, Fixed("heads", "tails", "heads"))
    assert recorder.of("act") == ["heads", "heads", "tails"]


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("random", {"p": 1.5}),
        ("level_k", {"k": -1}),
        ("level_k", {"anchor": "lowest"}),
        ("undercut", {"by": -1}),
        ("threshold_contributor", {"k": -1}),
        ("conditional_contributor", {"first": 2}),
        ("automaton", {"start": 5}),
        ("composed", {"act": "tit_for_tit"}),
        ("composed", {"sign": "nothing"}),
        ("composed", {"act": ("tit_for_tat", 3)}),
        ("composed", {"act": 3}),
        ("composed", {"act": ()}),
        ("composed", {"speak": ("promise", 1)}),
        ("always", {"option": 0}),
        ("noisy", {"of": "tit_for_tit"}),
        ("noisy", {"p": 1.5}),
    ],
)
def test_impossible_parameters_are_refused(name: str, parameters: dict[str, object]) -> None:
    with pytest.raises(BadParameter):
        STRATEGIES[name](**parameters)


def test_every_strategy_has_its_transcript() -> None:
    parametrised = {name for name, _, _ in WITH_PARAMETERS}
    by_reputation = {"image_scoring", "standing", "stern_judging"}
    of_exchanges = {"exchanger", "assisted"}  # see tests/exchange
    by_person = {"individual"}  # above, and in tests/network
    assert set(STRATEGIES) == {*ANSWERS, *parametrised, *by_reputation, *of_exchanges, *by_person}
