"""Published repeated play, read by our measures: every cell of the published maps, and what GPT-4 did after defections.

The maps are those of "Playing repeated games with large language models", to one digit as they are printed: the seats
of a pairing are never averaged, so a row is the first player.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from comity.corpora.repeatedgames import import_repeated_games
from comity.metrics.memory import forgiveness, memory_one
from comity.metrics.pairings import pairings, together
from comity.metrics.turns import turns
from comity.report.results import Results
from tests.report.measured import results_of

pytestmark = pytest.mark.slow

ONCE, J, F = "defect once, then cooperate", "always J", "always F"
COLUMNS = ("GPT-4", "text-davinci-003", "text-davinci-002", "Claude 2", "Llama 2 70B chat", ONCE, J, F)
DEFECTS = {
    "GPT-4": (0, 0.8, 0, 0.7, 0, 0.9, 0, 0.9),
    "text-davinci-003": (0.2, 0.1, 0.9, 0.2, 0.9, 0.1, 0.9, 0.4),
    "Claude 2": (0.9, 0.9, 0.9, 0.9, 0.9, 0.8, 0.9, 0.8),
    "text-davinci-002": (0,) * 8,
    "Llama 2 70B chat": (0,) * 8,
}
"""How often the first player defects in the prisoner's dilemma."""
POINTS = {
    "GPT-4": (80, 83, 80, 43, 80, 90, 80, 45),
    "text-davinci-003": (23, 77, 98, 18, 98, 74, 98, 20),
    "Claude 2": (68, 88, 98, 53, 98, 88, 98, 40),
    "text-davinci-002": (80, 8, 80, 8, 80, 72, 80, 0),
    "Llama 2 70B chat": (80, 8, 80, 8, 80, 72, 80, 0),
}
"""What it is paid in ten rounds, of 100 at most."""
MEETS = {
    "GPT-4": (0.6, 1, 0.4, 1, 0.5, 1, 0.5, 1, 0.6),
    "GPT-4 SCoT": (0.9, 1, 0.8, 1, 0.8, 1, 0.8, 1, 0.9),
    "text-davinci-003": (0.6, 1, 0.2, 1, 0.2, 1, 0.5, 1, 0),
    "Claude 2": (0.2, 0.9, 0.4, 0.9, 0.5, 0.9, 0.6, 0.9, 0.2),
}
"""How often both meet in the battle of the sexes; the first player in the row."""
SECOND = ("GPT-4", "GPT-4 SCoT", "text-davinci-003", "text-davinci-002", "Claude 2", "Llama 2 70B chat")
ALTERNATING = ("alternate, starting J", "alternate, starting F")


@pytest.fixture(scope="module")
def results(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Results]:
    folder = shared_data / "repeatedgames"
    if not folder.is_dir():
        pytest.skip("needs the published moves, in the folder shared/data/repeatedgames beside the checkout")
    run = tmp_path_factory.mktemp("repeatedgames") / "run"
    import_repeated_games(folder, run)
    with results_of(run) as found:
        yield found


def _main(results: Results, game: str) -> dict[tuple[str, str, str], float]:
    rounds = results.rounds
    taken = rounds[(rounds["mechanism"] == "main") & (rounds["game"] == game)]
    return {key: one.value for key, one in together(pairings(taken, results.cells.values())).items()}


def test_every_cell_of_the_map_of_defection(results: Results) -> None:
    found = _main(results, "pd")
    told = {first: tuple(found["defection_1", first, second] for second in COLUMNS) for first in DEFECTS}
    assert told == {first: pytest.approx(row) for first, row in DEFECTS.items()}


def test_every_cell_of_the_map_of_scores(results: Results) -> None:
    found = _main(results, "pd")
    told = {first: tuple(100 * found["score_1", first, second] for second in COLUMNS) for first in POINTS}
    assert told == {first: pytest.approx(row) for first, row in POINTS.items()}


def test_every_cell_of_the_map_of_coordination(results: Results) -> None:
    found = _main(results, "bos")
    [alternating] = [name for name in ALTERNATING if ("coordination", "GPT-4", name) in found]
    columns = (*SECOND, alternating, J, F)
    told = {first: tuple(found["coordination", first, second] for second in columns) for first in MEETS}
    assert told == {first: pytest.approx(row) for first, row in MEETS.items()}


def test_gpt_4_defects_for_good_after_the_first_defection(results: Results) -> None:
    rounds = results.rounds
    game = rounds[(rounds["mechanism"] == "main") & (rounds["game"] == "pd")]
    matches = game.loc[game["agent"] == ONCE, "match"]
    against = game[game["match"].isin(matches) & (game["agent"] == "GPT-4")]
    [curve] = forgiveness(against)
    assert [share.value for share in curve.after] == [1, 0]
    assert curve.again.value == 0
    [fit] = memory_one(against)
    assert fit.nearest == ("grim", "win_stay_lose_shift")  # which do the same against one defection at the start
    assert fit.agreement == 1


def test_only_social_chain_of_thought_takes_turns(results: Results) -> None:
    rounds = results.rounds
    game = rounds[(rounds["mechanism"] == "main") & (rounds["game"] == "bos")]
    matches = game.loc[game["agent"].isin(ALTERNATING) & (game["seat"] == 1), "match"]
    against = game[game["match"].isin(matches) & (game["seat"] == 0)]
    found = {one.key[0]: one for one in turns(against)}
    assert found["GPT-4"].switching.value == found["GPT-4"].alternation.value == 0
    assert found["GPT-4 SCoT"].since.value == 5
