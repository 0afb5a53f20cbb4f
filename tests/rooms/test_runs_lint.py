"""What a plan is warned of, and what it is not."""

from __future__ import annotations

import pytest

from comity.runs.lint import lint, telling
from comity.runs.plan import parsed_plan

SOUND = """\
name = "p"
seed = 1
replicates = 10
games = ["prisoners_dilemma"]
mechanisms = [[{name = "repetition", rounds = 4, horizon = "announced"}, "presentation"]]
agents = ["tit_for_tat", "defect_once"]
[factors.levels]
"presentation.labels" = ["random"]
"presentation.options" = ["random"]
"presentation.question" = ["given", "reversed"]
"""
LABELS = '"presentation.labels" = ["random"]'


def warned(text: str) -> dict[str, str]:
    """The warnings by what they are about; of several of one kind, all."""
    found: dict[str, str] = {}
    for each in lint(parsed_plan(text)):
        found[each.about] = f"{found.get(each.about, '')}{each.sentence}\n"
    return found


def test_a_sound_plan_is_warned_of_nothing() -> None:
    assert warned(SOUND) == {}


def test_labels_that_always_stand_for_the_same_are_named() -> None:
    own = warned(SOUND.replace(LABELS, '"presentation.labels" = ["own"]'))
    assert "'cooperate' always stands for the cooperative action and 'defect' always stands for" in own["labels"]
    fixed = warned(SOUND.replace(LABELS, '"presentation.labels" = [["J", "F"]]'))
    assert "'J' always stands for the cooperative action and 'F' always stands for the defective" in fixed["labels"]
    assert "the options are called 'J' and 'F' in every episode" in fixed["labels"]


@pytest.mark.parametrize("levels", ['[["J", "F"], ["F", "J"]]', '["random", ["J", "F"]]'])
def test_labels_that_stand_for_either_are_no_matter(levels: str) -> None:
    assert "labels" not in warned(SOUND.replace(LABELS, f'"presentation.labels" = {levels}'))


def test_a_name_stays_loaded_where_letters_are_drawn_elsewhere() -> None:
    found = warned(SOUND.replace(LABELS, '"presentation.labels" = ["random", "own"]'))
    assert "'cooperate' always stands for the cooperative action" in found["labels"]
    assert "in every episode" not in found["labels"]


def test_three_labels_in_turn_are_confounded_as_far_as_they_go() -> None:
    found = warned(SOUND.replace(LABELS, '"presentation.labels" = [["J", "F"], ["F", "X"]]'))
    assert "'J' always stands for the cooperative action and 'X' always stands for the defective" in found["labels"]
    assert "'F'" not in found["labels"]


def test_the_words_of_a_wording_are_labels_too() -> None:
    model = '{name = "model", model = "openai:gpt-5.2", wording = "neutral"}'
    text = SOUND.replace(LABELS, '"presentation.labels" = ["own"]').replace('"tit_for_tat"', model)
    assert "'A0' always stands for the cooperative action" in warned(text)["labels"]


def test_an_order_that_never_changes_is_named() -> None:
    rules = warned(SOUND.replace('"presentation.options" = ["random"]\n', ""))
    assert "always named first in the rules" in rules["order"]
    assert "answer is asked for" not in rules["order"]
    question = warned(SOUND.replace('["given", "reversed"]', '["reversed"]'))
    assert "always named last where the answer is asked for" in question["order"]
    assert telling(parsed_plan(SOUND)) == ()


def test_a_stated_continuation_that_is_not_played_is_named() -> None:
    told = warned(SOUND.replace(', horizon = "announced"', ""))
    assert "a fixed number of rounds is played" in told["horizon"]
    continued = '{name = "random_continuation", chance = 0.9, most = 20}'
    cut = warned(SOUND.replace('{name = "repetition", rounds = 4, horizon = "announced"}', continued))
    assert "(14% of matches) the longest length ends" in cut["horizon"]
    longer = continued.replace("20", "100")
    assert "horizon" not in warned(SOUND.replace('{name = "repetition", rounds = 4, horizon = "announced"}', longer))


def test_beliefs_that_scripts_do_not_bear_out_are_named() -> None:
    errs = SOUND.replace('"presentation"]]', '"belief", "presentation"]]')
    assert "that the other sometimes errs, and that is not so of tit_for_tat, defect_once" in warned(errs)["belief"]
    noisy = errs.replace('[[{name = "rep', '[["execution_noise", {name = "rep')
    assert "belief" not in warned(noisy)
    once = errs.replace('"belief"', '{name = "belief", about = "defects_once"}')
    assert "will defect once and then cooperate, and that is not so of tit_for_tat\n" in warned(once)["belief"]
    either = errs.replace('"belief"', '{name = "belief", about = "person_or_program"}')
    assert "belief" not in warned(either)


def test_one_replicate_and_one_level_are_named() -> None:
    found = warned(SOUND.replace("replicates = 10\n", "") + '"presentation.story" = ["cooking"]\n')
    assert "there is one replicate, and each match is played once" in found["replicates"]
    assert found["factors"] == "the factor presentation.story has one level only, so what it does cannot be seen\n"


def test_worlds_are_the_replicates_of_exchanges() -> None:
    text = 'name = "p"\nseed = 1\nmechanisms = ["none"]\nagents = ["exchanger"]\nmatching = {kind = "alike"}\n'
    first, second = (f'{{label = "{world}", name = "exchange", world = {world}}}' for world in (1, 2))
    assert "there is one world" in warned(f"{text}games = [{first}]")["replicates"]
    assert "replicates" not in warned(f"{text}games = [{first}, {second}]")


def test_games_without_a_cooperative_action_have_nothing_to_confound() -> None:
    text = SOUND.replace("prisoners_dilemma", "matching_pennies").replace(LABELS, '"presentation.labels" = ["own"]')
    assert {"labels", "order"}.isdisjoint(warned(text))


def test_plans_of_observers_and_of_exchanges_have_no_label_to_warn_of() -> None:
    watching = """\
name = "p"
seed = 1
replicates = 10
games = ["prisoners_dilemma"]
mechanisms = [{name = "observation", moves = [["cooperate", "defect"], ["defect", "defect"]], seat = 1}]
agents = ["tit_for_tat"]
"""
    assert "order" not in warned(watching)
    exchanging = (
        'name = "p"\nseed = 1\nreplicates = 2\ngames = ["exchange"]\nmechanisms = ["none"]\nagents = ["exchanger"]\n'
    )
    assert warned(f'{exchanging}[matching]\nkind = "alike"\n') == {}
