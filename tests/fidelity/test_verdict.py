"""What is drawn again, what follows from a comparison, and what is said where too little is known."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.corpora.human.recovered import MODEL, recovered
from comity.fidelity import macro
from comity.fidelity.aggregates import NO_CHOICES, compare_aggregates
from comity.fidelity.audit import AS_IT_IS, audit_of, audited
from comity.fidelity.bounds import UNKNOWN, Number, below, bounds
from comity.fidelity.catalogue import STATISTICS, statistic
from comity.fidelity.comparison import (
    Against,
    Ceiling,
    Comparison,
    Finding,
    Reference,
    compare,
    reference,
    share_for_calibration,
)
from comity.fidelity.floors import FLOORS
from comity.fidelity.kept import Fidelity, read, to_json, write
from comity.fidelity.known import POPULATIONS, villages
from comity.fidelity.observations import FidelityError, Floats, Observations, Weighted
from comity.fidelity.parity import checklist, of_game, payoffs_of
from comity.fidelity.resampling import halves, resampled, split_sessions
from comity.fidelity.simulate import Constant, Rule
from comity.fidelity.statistic import Level, Statistic
from comity.fidelity.verdict import RULES, Verdicts, Word, verdicts
from comity.games.matrix import WeakPrisonersDilemma
from comity.mechanisms.neighbourhood import Neighbourhood
from comity.mechanisms.presentation import presented
from comity.mechanisms.repetition import Repeated

PRIMARY: dict[str, Level] = {key: level for level, rule in RULES.items() for key in (*rule.passes, *rule.stands)}


# What is drawn again


@pytest.fixture(scope="module")
def people() -> dict[str, Observations]:
    return villages(np.random.default_rng(1), sessions=12, size=8, rounds=12)


def test_a_resample_has_as_many_agents_as_there_are_and_whole_sessions_as_units(
    people: dict[str, Observations],
) -> None:
    drawn = resampled(people, 300, np.random.default_rng(2))["lasting"]
    assert (drawn.weights.sum(axis=1) == people["lasting"].n_agents).all()
    per_session = drawn.weights @ (people["lasting"].session_of[:, None] == np.arange(12))
    assert (per_session % 8 == 0).all(), "a session is drawn k times, and then k times as many agents as it has"
    # The number of times a session comes up is binomial(12, 1/12), with variance 11/12.
    assert (per_session / 8).var() == pytest.approx(11 / 12, rel=0.1)


def test_the_bootstrap_of_agents_who_are_alike_in_sessions_is_that_of_sessions(
    people: dict[str, Observations],
) -> None:
    one = people["lasting"]
    rates = np.linspace(0, 1, 12)
    alike = one.with_actions((rates[one.session_of[one.agent]] > 0.5).astype(float), "alike")
    drawn = resampled({"lasting": alike}, 4_000, np.random.default_rng(3))["lasting"]
    # Half of the sessions always cooperate: the mean over sessions has variance 1/4 / 12.
    assert drawn.mean.var() == pytest.approx(1 / 48, rel=0.08)


def test_conditions_with_the_same_sessions_are_drawn_and_split_together(people: dict[str, Observations]) -> None:
    twin = {"a": people["lasting"], "b": replace(people["lasting"], condition="b")}
    drawn = resampled(twin, 50, np.random.default_rng(4))
    counts = [each.weights @ (each.observations.session_of[:, None] == np.arange(12)) for each in drawn.values()]
    assert (counts[0] == counts[1]).all()
    calibration, confirmation = split_sessions(twin, 0.25, np.random.default_rng(5))
    assert calibration["a"].sessions == calibration["b"].sessions
    assert len(calibration["a"].sessions) == 3
    assert set(calibration["a"].sessions).isdisjoint(confirmation["a"].sessions)


def test_a_session_tunes_in_all_its_conditions_or_in_none(people: dict[str, Observations]) -> None:
    all_, some = people["lasting"], people["lasting"].taking(people["lasting"].session_of > 0)
    for seed in range(20):
        calibration, confirmation = split_sessions({"a": all_, "b": some}, 0.25, np.random.default_rng(seed))
        assert set(calibration["a"].sessions) == set(calibration["b"].sessions)
        assert (len(confirmation["a"].sessions), len(confirmation["b"].sessions)) == (9, 8)
    a, b = all_.taking(all_.session_of < 3), all_.taking(all_.session_of > 1)
    parts = split_sessions({"a": a, "b": b}, 0.3, np.random.default_rng(0))
    assert parts[0]["a"].sessions == parts[0]["b"].sessions == (all_.sessions[2],)


@given(st.integers(2, 14), st.integers(0, 1_000))
def test_halves_share_no_session_and_have_the_sizes_that_were_asked(sessions: int, seed: int) -> None:
    one = villages(np.random.default_rng(seed), sessions=sessions, size=5, rounds=2)["lasting"]
    first, second = halves({"a": one}, {"a": (35.0, 10.0)}, 20, np.random.default_rng(seed))["a"]
    member = one.session_of[:, None] == np.arange(sessions)
    drawn = [(each.weights @ member) > 0 for each in (first, second)]
    assert not (drawn[0] & drawn[1]).any()
    assert (first.weights.sum(axis=1) == 35).all()
    assert (second.weights.sum(axis=1) == 10).all()


def test_conditions_with_the_same_sessions_are_halved_together(people: dict[str, Observations]) -> None:
    twin = {"a": people["lasting"], "b": replace(people["lasting"], condition="b")}
    made = halves(twin, dict.fromkeys(twin, (96.0, 96.0)), 50, np.random.default_rng(4))
    drawn = {
        name: [(half.weights @ (half.observations.session_of[:, None] == np.arange(12))) > 0 for half in pair]
        for name, pair in made.items()
    }
    assert not (drawn["a"][0] & drawn["b"][1]).any()
    assert not (drawn["a"][1] & drawn["b"][0]).any()


def test_pairs_are_not_cut_apart_where_there_is_one_session(people: dict[str, Observations]) -> None:
    one = people["lasting"].taking(people["lasting"].session_of == 0)
    pairs = replace(one, unit_of=np.arange(8) // 2)
    for side in halves({"a": pairs}, {"a": (8.0, 8.0)}, 40, np.random.default_rng(6))["a"]:
        assert (side.weights[:, ::2] == side.weights[:, 1::2]).all()
    alone = pairs.taking(pairs.unit_of == 0)
    with pytest.raises(FidelityError, match="it takes two sessions or agents to split"):
        halves({"a": alone}, {"a": (2.0, 2.0)}, 4, np.random.default_rng(6))


def test_a_third_is_for_calibration_but_ten_sessions_always_judge() -> None:
    assert [round(share_for_calibration(n) * n) for n in (6, 10, 11, 12, 14, 15, 30, 60)] == [0, 0, 0, 2, 4, 5, 10, 20]
    with pytest.raises(FidelityError, match="from 0 to below 1"):
        split_sessions({}, 1.0, np.random.default_rng(0))


def test_bounds_are_draws_and_what_is_mostly_unknown_has_none() -> None:
    draws = np.arange(101.0)
    assert bounds(draws) == (5.0, 95.0)
    draws[:4] = np.nan
    low, high = bounds(draws)
    assert (low, high) == (8.0, 96.0)
    draws[:10] = np.nan
    assert all(map(math.isnan, bounds(draws)))
    assert bounds(np.array([-np.inf] * 10 + [0.0] * 90))[0] == -np.inf


def test_a_p_value_below_what_draws_can_tell_is_that_of_their_normal_tail() -> None:
    draws = np.random.default_rng(0).normal(size=999)
    assert below(draws, 0.0) == pytest.approx(0.5, abs=0.05)
    assert below(draws + 10, 0.0) < 1e-12 * 1.01
    assert below(draws + 3.9, 0.0) < 1e-3
    assert below(np.ones(99), 0.0) == 0.01, "what does not vary has no tail"


# What is said


def finding(key: str, **changes: object) -> Finding:
    """A statistic that passes, changed."""
    known = next((each for each in STATISTICS if each.key == key), None)
    base = Finding(
        key=key,
        title=key,
        level=PRIMARY.get(key, known.level if known else "macro"),
        kind="distance",
        primary=key in ("M2", "M7", "H2", "H3", "D2", "D3"),
        condition="a - b" if key == "M7" else "a",
        value=Number(0.02, 0.01, 0.03),
        distance=Number(0.02, 0.01, 0.03),
        candidate=None,
        people=None,
        ceiling=Ceiling(0.02, 0.04),
        smallest=0.0,
        margin=0.04,
        beyond=0.9,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def skilled(key: str, low: float = 0.5, high: float = 1.1) -> Finding:
    value = Number((low + high) / 2, low, high)
    return finding(key, level="rule", kind="score", value=value, distance=UNKNOWN, ceiling=Ceiling(math.nan, math.nan))


def found(*changed: Finding, without: tuple[str, ...] = (), clusters: int = 20, runs: int = 20) -> Comparison:
    """A comparison in which everything passes but for these."""
    keys = {each.key for each in changed}
    every = [finding(key) for key in PRIMARY if key not in keys and key not in without]
    every += [skilled(key) for key in RULES["rule"].skills if key not in keys]
    return Comparison(
        candidate="agents",
        people="people",
        conditions=("a", "b") if "M7" not in without else ("a",),
        findings=(*every, *changed),
        pictured=(),
        clusters=clusters,
        runs=runs,
        calibration=5,
        in_sample=(),
        draws=999,
    )


def floor(gain: Number, apart: bool = True, bar: bool = True) -> Against:
    return Against(
        "one_rule", Number(0.1, 0.08, 0.12), gain, Number(0.5, 0.2, 0.8), bar, apart, 0.001 if gain.high < 0 else 0.9
    )


def words(comparison: Comparison) -> tuple[Word, ...]:
    return tuple(each.verdict.word for each in verdicts(comparison).levels)


def reasons(said: Verdicts, level: Level) -> str:
    return "; ".join(next(each for each in said.levels if each.level == level).verdict.reasons)


FAR = Number(0.09, 0.07, 0.11)


def test_everything_that_passes_is_told_level_by_level_and_never_as_one_score() -> None:
    said = verdicts(found())
    assert said.pattern == "macro ✓ / heterogeneity ✓ / rule ✓"
    assert said.surrogate.word == "INCONCLUSIVE", "no audit was made"


def test_a_stand_in_passes_everything_under_every_perturbation_and_out_of_sample() -> None:
    def audited_as(word: Word) -> dict[Level, dict[str, Word]]:
        return {level: {AS_IT_IS: "PASS", "labels": word if level == "rule" else "PASS"} for level in RULES}

    assert verdicts(found(), audited_as("PASS")).surrogate.word == "PASS"
    assert verdicts(found(), audited_as("FAIL")).surrogate.word == "FAIL"
    for word in ("INCONCLUSIVE", "NOT ASSESSABLE"):
        assert verdicts(found(), audited_as(word)).surrogate.word == "INCONCLUSIVE", "it did not fail"
    tuned = verdicts(replace(found(), in_sample=("the candidate was tuned",)), audited_as("PASS"))
    assert tuned.surrogate.word == "INCONCLUSIVE"
    assert tuned.pattern.endswith("rule ✓ (IN-SAMPLE)")


def test_who_is_beyond_the_margin_fails_at_that_level_alone() -> None:
    said = verdicts(found(finding("H3", distance=FAR, beyond=0.001)))
    assert said.pattern == "macro ✓ / heterogeneity ✗ / rule ✓"
    assert "at least 0.070, beyond the margin of 0.040" in reasons(said, "heterogeneity")
    assert said.surrogate.word == "FAIL"


def test_a_failure_that_so_many_questions_would_bring_by_chance_is_left_open() -> None:
    said = verdicts(found(finding("H3", distance=FAR, beyond=0.03)))
    assert said.of("heterogeneity") == "INCONCLUSIVE"
    assert "after Holm" in reasons(said, "heterogeneity")
    assert verdicts(found(finding("H7", distance=FAR, beyond=0.03))).of("heterogeneity") == "PASS"
    far = replace(floor(Number(-0.05, -0.07, -0.03)), worse=0.03)
    assert verdicts(found(finding("M2", floors=(far,)))).of("macro") == "INCONCLUSIVE"


def test_who_may_be_beyond_the_margin_does_not_pass() -> None:
    said = verdicts(found(finding("M2", distance=Number(0.02, 0.01, 0.05))))
    assert said.of("macro") == "INCONCLUSIVE"
    assert "may be anything up to 0.050, and the margin is 0.040" in reasons(said, "macro")


def test_a_cheap_rule_must_be_beaten_unless_it_is_as_near_as_people() -> None:
    tie, worse = Number(0.0, -0.01, 0.01), Number(-0.05, -0.07, -0.03)
    assert words(found(finding("M2", floors=(floor(tie),))))[0] == "INCONCLUSIVE"
    assert words(found(finding("M2", floors=(floor(worse),))))[0] == "FAIL"
    assert words(found(finding("M2", floors=(floor(worse, bar=False),))))[0] == "PASS"
    said = verdicts(found(finding("M2", floors=(floor(worse, apart=False),))))
    assert said.of("macro") == "PASS"
    assert "passing shows no more than that rule has" in reasons(said, "macro")


def test_a_cheap_rule_of_which_nothing_is_known_is_not_beaten() -> None:
    unfitted = Against("one_rule", UNKNOWN, UNKNOWN, UNKNOWN, True, False, math.nan, "there is one choice")
    said = verdicts(found(finding("M2", floors=(unfitted,))))
    assert said.of("macro") == "INCONCLUSIVE"
    assert "cannot be held against the cheap rule one_rule: there is one choice" in reasons(said, "macro")
    assert words(found(finding("M2", floors=(floor(UNKNOWN),))))[0] == "INCONCLUSIVE"
    assert words(found(finding("M2", floors=(replace(unfitted, bar=False),))))[0] == "PASS"


def test_a_contrast_of_opposite_sign_fails_whatever_its_size() -> None:
    sides = {"candidate": Number(-0.02, -0.03, -0.01), "people": Number(0.01, 0.005, 0.015), "opposite": True}
    said = verdicts(found(finding("M7", **sides)))
    assert said.of("macro") == "FAIL"
    assert "opposite sign: -0.020 against people's +0.010" in reasons(said, "macro")


def test_with_one_condition_the_aggregate_is_not_assessable_and_what_stands_is_told() -> None:
    said = verdicts(found(without=("M7",)))
    assert said.of("macro") == "NOT ASSESSABLE"
    assert "M7 is not assessable: there is one condition" in reasons(said, "macro")
    assert "what passes by itself: M2 in a" in reasons(said, "macro")
    assert verdicts(found(finding("M2", distance=FAR, beyond=0.001), without=("M7",))).of("macro") == "FAIL"


def test_what_only_must_not_fail_need_not_pass() -> None:
    open_ = finding("M3", distance=Number(0.05, 0.02, 0.09))
    said = verdicts(found(open_))
    assert said.of("macro") == "PASS"
    assert "not failed, but not passed either: M3" in reasons(said, "macro")
    assert words(found(finding("M3", distance=FAR, beyond=1e-5)))[0] == "FAIL"


def test_rates_that_look_alike_without_traits_are_a_noise_match() -> None:
    said = verdicts(found(finding("H3", distance=FAR, beyond=1e-5)))
    assert "location match / noise match in a" in reasons(said, "heterogeneity")


def test_the_rule_passes_only_with_skill_over_the_mean_and_over_repeating() -> None:
    assert words(found(skilled("D3.over_persistence", low=-0.1)))[2] == "INCONCLUSIVE"
    assert words(found(skilled("D3.over_persistence", low=-0.6, high=-0.1)))[2] == "FAIL"
    parts = [finding(key, level="rule", kind="signed") for key in ("D2.mood", "D2.after_C", "D2.after_D")]
    rule = verdicts(found(*parts)).levels[2]
    assert [each.key for each in rule.parts] == ["D2.mood", "D2.after_C", "D2.after_D"]


def test_too_few_sessions_are_not_assessable_and_too_few_runs_never_pass() -> None:
    few = verdicts(found(finding("H3", distance=FAR, beyond=1e-5), clusters=9))
    assert {each.verdict.word for each in few.levels} == {"NOT ASSESSABLE"}
    assert {each.verdict.word for each in few.statistics} == {"NOT ASSESSABLE"}
    assert "neither a pass nor a failure may be claimed" in few.unsaid[0]
    runs = verdicts(found(runs=19))
    assert {each.verdict.word for each in runs.levels} == {"INCONCLUSIVE"}
    assert "a pass takes 20 runs; there are 19" in reasons(runs, "macro")
    assert verdicts(found(finding("H3", distance=FAR, beyond=1e-5), runs=1)).of("heterogeneity") == "FAIL"


@pytest.mark.parametrize("key", [*PRIMARY, *RULES["rule"].skills])
def test_nothing_that_is_not_known_passes(key: str) -> None:
    nothing = finding(key, distance=UNKNOWN, value=UNKNOWN, margin=math.nan, beyond=math.nan)
    if key in RULES["rule"].skills:
        nothing = skilled(key, math.nan, math.nan)
    said = verdicts(found(nothing))
    assert next(each.verdict.word for each in said.statistics if each.key == key) == "NOT ASSESSABLE"
    assert all(each.verdict.word != "NOT ASSESSABLE" for each in said.statistics if each.key != key)
    level = next(level for level, rule in RULES.items() if key in (*rule.passes, *rule.stands, *rule.skills))
    assert said.of(level) == ("PASS" if key in RULES[level].stands else "NOT ASSESSABLE")


def test_a_level_of_which_something_was_not_measured_does_not_pass() -> None:
    whole = found()
    for key in ("H2", "D3", *RULES["rule"].skills):
        rest = tuple(each for each in whole.findings if each.key != key)
        said = verdicts(replace(whole, findings=rest))
        level: Level = "heterogeneity" if key == "H2" else "rule"
        assert said.of(level) == "NOT ASSESSABLE"
        assert f"{key} was not measured" in reasons(said, level)


def test_what_is_not_known_is_not_assessable_and_says_why() -> None:
    said = verdicts(found(finding("D2", reasons=("agents have no record of last actions",))))
    assert said.of("rule") == "NOT ASSESSABLE"
    assert "no record of last actions" in reasons(said, "rule")


# All of it, on small populations

SOME = tuple(
    statistic(key) for key in ("M1", "M2", "H2", "H3", "D2", "D3", "D3.over_marginal", "D3.over_persistence", "M4")
)


def held(
    people: dict[str, Observations], like: dict[str, Observations], share: float | None = None, draws: int = 100
) -> Reference:
    return reference(people, like, SOME, FLOORS, np.random.default_rng(7), share=share, draws=draws)


@pytest.fixture(scope="module")
def compared(people: dict[str, Observations]) -> tuple[Reference, Comparison, dict[str, Observations]]:
    like = villages(np.random.default_rng(8), sessions=20, size=8, rounds=12)
    judges = held(people, like)
    return judges, compare(like, judges, np.random.default_rng(9)), like


def test_every_number_stands_between_a_ceiling_and_floors(
    compared: tuple[Reference, Comparison, dict[str, Observations]],
) -> None:
    _, comparison, _ = compared
    assert (comparison.clusters, comparison.calibration, comparison.runs) == (10, 2, 20)
    of = {(each.key, each.condition): each for each in comparison.findings}
    course = of["M2", "lasting"]
    assert {floor.name for floor in course.floors} == set(FLOORS)
    assert 0 < course.ceiling.mean < course.ceiling.high == course.margin
    for against in course.floors:
        assert against.gain.value == pytest.approx(against.distance.value - course.distance.value)
        if against.apart:
            expected = against.gain.value / (against.distance.value - course.ceiling.mean)
            assert against.skill.value == pytest.approx(expected)
    assert of["M4", "lasting"].ceiling.high != of["M4", "lasting"].ceiling.high, "a score has no ceiling"
    assert of["M7", "changing - lasting"].people is not None
    assert of["M1", "lasting"].people is not None
    pictured = comparison.pictured[0]
    assert [line.name for line in pictured.trajectories][:2] == ["candidate", "people"]
    assert pictured.after_c[0].at == (0.0, 0.25, 0.5, 0.75, 1.0)
    assert pictured.rates[0].value[-1] == 1.0
    mood = next(each for each in pictured.rule if each.name == "mood")
    assert 0 < mood.people.low < mood.people.value < mood.people.high


def test_the_same_seed_gives_the_same_numbers(
    people: dict[str, Observations], compared: tuple[Reference, Comparison, dict[str, Observations]]
) -> None:
    _, first, like = compared
    again = compare(like, held(people, like), np.random.default_rng(9))
    # Floors are drawn as they are asked for, so both generators must be in the same state.
    assert to_json(Fidelity(again, verdicts(again), {})) == to_json(Fidelity(first, verdicts(first), {}))


def test_a_comparison_survives_its_file(
    tmp_path: Path, compared: tuple[Reference, Comparison, dict[str, Observations]]
) -> None:
    judges, comparison, like = compared
    swapped = {name: POPULATIONS["labels_swapped"].make(part, np.random.default_rng(1)) for name, part in like.items()}
    audit = audited(comparison, {"labels": swapped}, judges, np.random.default_rng(2))
    kept = Fidelity(comparison, verdicts(comparison), {"lasting": checklist({}, {"rounds": "12"})}, audit, ("a note",))
    write(kept, tmp_path / "kept.json")
    json.loads((tmp_path / "kept.json").read_text(), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert to_json(read(tmp_path / "kept.json")) == to_json(kept)
    (tmp_path / "other.json").write_text('{"version": 1, "comparison": 5}')
    with pytest.raises(FidelityError, match=r"other\.json"):
        read(tmp_path / "other.json")
    (tmp_path / "none.json").write_text("no")
    with pytest.raises(FidelityError, match="is no JSON"):
        read(tmp_path / "none.json")


def test_an_audit_tells_the_spread_between_perturbations_and_what_turns(
    compared: tuple[Reference, Comparison, dict[str, Observations]],
) -> None:
    judges, comparison, like = compared
    swapped = {name: POPULATIONS["labels_swapped"].make(part, np.random.default_rng(1)) for name, part in like.items()}
    audit = audited(comparison, {"the same": like, "labels": swapped}, judges, np.random.default_rng(2))
    assert audit.perturbations == (AS_IT_IS, "the same", "labels")
    mean = next(each for each in audit.statistics if (each.key, each.condition) == ("M1", "changing"))
    unperturbed = mean.value.value
    other = next(
        each.value.value
        for each in compare(swapped, judges, np.random.default_rng(2), pictures=False).findings
        if (each.key, each.condition) == ("M1", "changing")
    )
    assert mean.spread == pytest.approx(np.std([unperturbed, unperturbed, other], ddof=1))
    assert mean.spread > mean.value.value
    turned = [each for each in audit.statistics if each.turns]
    assert any(each.words["labels"] == "FAIL" != each.words[AS_IT_IS] for each in turned)
    assert audit.levels["macro"]["labels"] == "FAIL"
    alone = audit_of({AS_IT_IS: comparison})
    assert {tuple(words) for words in alone.levels.values()} == {(AS_IT_IS,)}
    assert all(math.isnan(each.spread) for each in alone.statistics)


def test_one_session_of_people_has_numbers_and_no_verdict(people: dict[str, Observations]) -> None:
    alone = {"lasting": people["lasting"].taking(people["lasting"].session_of < 1)}
    like = {"lasting": people["lasting"].taking(people["lasting"].session_of > 0)}
    comparison = compare(like, held(alone, like), np.random.default_rng(1))
    said = verdicts(comparison)
    assert {each.verdict.word for each in said.levels} == {"NOT ASSESSABLE"}
    assert any("lower bound" in sentence for sentence in said.unsaid)
    assert said.in_sample == ("people are one session, so that what tunes is what judges",)
    assert not math.isnan(comparison.findings[1].distance.high)


def measured(
    people: dict[str, Observations], kind: Literal["distance", "signed"], draws: Floats, coin: Floats, smallest: float
) -> Finding:
    """What is found by a statistic with these draws for the candidate, and these for coins; of halves 0 to 0.05."""

    def of(candidate: Weighted, human: Weighted) -> Floats:
        known = {"people": np.linspace(0, 0.05, 100), "coin": coin, "others": draws}[candidate.observations.population]
        return np.asarray(known.mean(keepdims=True) if candidate.n_draws == 1 else known[: candidate.n_draws])

    made = Statistic("M2", "made", "macro", kind, of, primary=True, floors=("coin",))
    like = {"lasting": replace(people["lasting"], population="others")}
    judges = reference(
        *({"lasting": people["lasting"]}, like, [made], {"coin": FLOORS["coin"]}, np.random.default_rng(1)),
        draws=100,
        smallest={"M2": smallest},
    )
    found = compare(like, judges, np.random.default_rng(1), pictures=False)
    return found.findings[0]


def test_what_is_signed_is_as_far_as_its_farther_bound(people: dict[str, Observations]) -> None:
    coin = np.full(100, 0.3)
    below = measured(people, "signed", np.linspace(-0.5, -0.1, 100), coin, 0.01)
    assert below.distance.low == pytest.approx(0.1 + 4 * 0.4 / 99)
    assert below.distance.high == pytest.approx(0.5 - 4 * 0.4 / 99)
    assert below.beyond < 0.02
    assert below.margin == below.ceiling.high == pytest.approx(0.05 * 95 / 99)
    around = measured(people, "signed", np.linspace(-0.3, 0.4, 100), coin, 0.2)
    assert around.distance.low == 0
    assert around.distance.high == pytest.approx(0.4 - 4 * 0.7 / 99)
    assert around.margin == 0.2


def test_a_floor_is_apart_where_its_own_noise_does_not_reach_people(people: dict[str, Observations]) -> None:
    near, far = np.full(100, 0.02), np.full(100, 0.5)
    [better] = measured(people, "distance", near, np.linspace(0.09, 0.11, 100), 0.0).floors
    assert better.apart
    assert better.gain.low > 0
    assert better.worse > 0.9
    [worse] = measured(people, "distance", far, np.linspace(0.09, 0.11, 100), 0.0).floors
    assert worse.gain.high < 0
    assert worse.worse < 0.02
    [noisy] = measured(people, "distance", near, np.tile([0.0, 0.2], 50), 0.0).floors
    assert not noisy.apart
    assert math.isnan(noisy.skill.value)


def test_floors_and_candidate_are_held_against_the_same_resamples_of_people(people: dict[str, Observations]) -> None:
    held_against: dict[str, list[Floats]] = {"coin": [], "others": [], "people": []}

    def of(candidate: Weighted, human: Weighted) -> Floats:
        if candidate.n_draws > 1:
            held_against[candidate.observations.population].append(human.weights)
        return np.full(candidate.n_draws, 0.1)

    made = Statistic("M2", "made", "macro", "distance", of, primary=True, floors=("coin",))
    like = {"lasting": replace(people["lasting"], population="others")}
    only, floors = {"lasting": people["lasting"]}, {"coin": FLOORS["coin"]}
    judges = reference(only, like, [made], floors, np.random.default_rng(1), draws=100)
    compare(like, judges, np.random.default_rng(1), pictures=False)
    for name in ("coin", "others"):
        assert (np.concatenate(held_against[name]) == judges.again["lasting"].weights).all()


def test_floors_are_fitted_to_sessions_that_do_not_judge(people: dict[str, Observations]) -> None:
    seen: list[Observations] = []

    def watching(of: Observations, candidate: Observations) -> Rule:
        seen.append(of)
        return Constant(0.5)

    floors = {"coin": replace(FLOORS["coin"], rule=watching)}
    judges = reference(people, people, SOME[:2], floors, np.random.default_rng(7), draws=100)
    assert {of.condition for of in seen} == set(people)
    for of in seen:
        assert set(of.sessions).isdisjoint(judges.people[of.condition].sessions)


def test_runs_and_sessions_are_counted_where_they_are_fewest(people: dict[str, Observations]) -> None:
    fewer = {**people, "changing": people["changing"].taking(people["changing"].session_of < 11)}
    like = villages(np.random.default_rng(8), sessions=20, size=8, rounds=12)
    like["changing"] = like["changing"].taking(like["changing"].session_of < 19)
    found = compare(like, held(fewer, like), np.random.default_rng(1), pictures=False)
    assert (found.clusters, found.runs) == (11, 19)


def test_an_effect_is_opposite_only_where_both_are_certain(people: dict[str, Observations]) -> None:
    def opposite(candidate: dict[str, Observations], judging: dict[str, Observations]) -> bool:
        rng = np.random.default_rng(7)
        judges = reference(judging, candidate, SOME[:1], {}, rng, draws=100)
        found = compare(candidate, judges, rng, pictures=False)
        return next(each.opposite for each in found.findings if each.key == "M7")

    def swapped(of: dict[str, Observations]) -> dict[str, Observations]:
        return {name: part.with_actions(1 - part.action, "swapped") for name, part in of.items()}

    like = villages(np.random.default_rng(8), sessions=20, size=8, rounds=12)
    assert opposite(swapped(like), people)
    assert opposite(like, swapped(people))
    assert not opposite(like, people)
    rng = np.random.default_rng(5)
    coins = {name: POPULATIONS["coins"].make(part, rng) for name, part in like.items()}
    assert not opposite(coins, people)
    assert not opposite(swapped(coins), people), "one of the two has the opposite sign, by chance"


def test_the_same_data_on_both_sides_is_no_comparison(people: dict[str, Observations]) -> None:
    judges = held(people, people)
    again = {name: replace(part, population="a copy") for name, part in people.items()}
    few = {name: part.taking(part.session_of < 4) for name, part in people.items()}
    for candidate in (again, few):
        said = verdicts(compare(candidate, judges, np.random.default_rng(1), pictures=False))
        assert {each.verdict.word for each in said.levels} == {"NOT ASSESSABLE"}
        assert "are sessions of people, choice by choice" in reasons(said, "rule")
    swapped = {name: part.with_actions(1 - part.action, "swapped") for name, part in people.items()}
    said = verdicts(compare(swapped, judges, np.random.default_rng(1), pictures=False))
    assert "choice by choice" not in "".join(reasons(said, level) for level in RULES)


def test_a_floor_that_cannot_be_fitted_is_told_and_the_others_stand(people: dict[str, Observations]) -> None:
    def impossible(*_: object) -> Rule:
        raise FidelityError("too few choices for a rule")

    floors = {**FLOORS, "one_rule": replace(FLOORS["one_rule"], rule=impossible)}
    like = villages(np.random.default_rng(8), sessions=20, size=8, rounds=12)
    judges = reference(people, like, SOME[:2], floors, np.random.default_rng(7), draws=100)
    found = compare(like, judges, np.random.default_rng(9))
    course = next(each for each in found.findings if (each.key, each.condition) == ("M2", "lasting"))
    assert {each.name: each.why for each in course.floors if each.why} == {"one_rule": "too few choices for a rule"}
    assert not math.isnan(next(each for each in course.floors if each.name == "own_mean").distance.low)
    assert "one_rule" not in {line.name for line in found.pictured[0].trajectories}


def test_people_without_a_condition_are_refused(people: dict[str, Observations]) -> None:
    with pytest.raises(FidelityError, match="people have no condition 'changing'; their conditions are lasting"):
        held({"lasting": people["lasting"]}, people)


def test_floors_fitted_on_the_sessions_that_judge_are_in_sample(people: dict[str, Observations]) -> None:
    judges = held(people, people, share=0.0)
    assert judges.in_sample == ("the floors were fitted on the sessions that judge",)
    assert judges.people["lasting"] is people["lasting"]


# Aggregates


def test_recovered_aggregates_give_the_published_numbers_and_no_verdict() -> None:
    series = recovered()
    sides = [{name: each for (who, name), each in series.items() if (who == MODEL) is model} for model in (True, False)]
    comparison = compare_aggregates(sides[0], sides[1], STATISTICS, np.random.default_rng(0), 100)
    of = {(each.key, each.condition): each for each in comparison.findings}
    conditions = ("lattice", "lattice control", "heterogeneous", "heterogeneous control")
    assert [round(of["M2", name].value.value, 4) for name in conditions] == [0.0981, 0.0889, 0.1070, 0.0787]
    assert [round(of["M4", name].value.value, 4) for name in conditions] == [0.6124, 0.5834, 0.6221, 0.4405]
    flat = [of["M2", name].floors[0].distance.value for name in conditions]
    assert [round(value, 3) for value in flat] == [0.098, 0.061, 0.108, 0.047]
    contrast = of["M7", "heterogeneous control - heterogeneous"]
    assert contrast.candidate is not None
    assert contrast.people is not None
    assert contrast.candidate.value > 0 > contrast.people.value, "the effect of the control has the wrong sign"
    assert of["D2", "lattice"].reasons == (NO_CHOICES,)
    assert {each.verdict.word for each in verdicts(comparison).levels} == {"NOT ASSESSABLE"}


def test_a_candidate_of_aggregates_is_told_as_one(people: dict[str, Observations]) -> None:
    series = {"lasting": next(each for (who, _), each in recovered().items() if who == MODEL)}
    found = compare_aggregates(series, people, STATISTICS, np.random.default_rng(0), 100)
    said = verdicts(found)
    assert (found.clusters, said.in_sample) == (12, ())
    assert "the candidate is known by aggregates only" in reasons(said, "heterogeneity")
    assert {each.verdict.word for each in said.levels} == {"NOT ASSESSABLE"}


def test_aggregates_of_a_population_are_measured_as_the_population_is(people: dict[str, Observations]) -> None:
    other = villages(np.random.default_rng(11), sessions=12, size=8, rounds=12)
    like = {"lasting": other["lasting"]}
    found = compare_aggregates(like, {"lasting": people["lasting"]}, SOME, np.random.default_rng(0), 100)
    course = next(each for each in found.findings if each.key == "M2")
    expected = macro.rmse(other["lasting"].once().trajectory, people["lasting"].once().trajectory)[0]
    assert course.value.value == pytest.approx(expected)


# The checklist


def test_payoffs_are_compared_whatever_their_unit() -> None:
    weak = payoffs_of(7, 0, 10, 0)
    assert weak == payoffs_of(3.5, 0, 5, 0) == "R 1, S 0, T 1.43, P 0"
    assert payoffs_of(107, 100, 110, 100) == weak
    items = {
        item.name: item.agreement
        for item in checklist({"payoffs": weak, "rounds": "51", "labels": "no"}, {"payoffs": weak, "rounds": "50"})
    }
    assert items["payoffs, relative to each other"] == "same"
    assert items["rounds"] == "different"
    assert items["labels counter-balanced"] == "unknown"
    assert set(items.values()) == {"same", "different", "unknown"}


def test_a_game_says_what_its_players_are_told() -> None:
    around = Neighbourhood(WeakPrisonersDilemma(), size=(4, 4), rounds=6)
    said = of_game(presented(around, labels=("GREEN", "BROWN")))
    assert said["payoffs"] == payoffs_of(7, 0, 10, 0)
    assert said["information"] == "the last round of oneself and neighbours, payoffs shown: normalised"
    assert (said["horizon"], said["order"]) == ("not announced", "one part")
    assert said["labels"] == "GREEN, BROWN; the same for everybody"
    assert of_game(presented(around, labels="random"))["labels"] == "drawn for every match"
    assert of_game(around)["labels"] == of_game(presented(around, goal="own"))["labels"] == "the same for everybody"
    assert of_game(replace(around, memory="all", horizon="announced"))["horizon"] == "announced"
    assert of_game(Repeated(WeakPrisonersDilemma(), rounds=3, memory=2))["information"] == "the last 2 rounds"
