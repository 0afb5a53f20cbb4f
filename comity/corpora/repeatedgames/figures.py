"""Every published number of the 2025 study of repeated games, worked out again from its records, with a verdict.

Source: Akata, Schulz, Coda-Forno, Oh, Bethge and Schulz, "Playing repeated games with large language models", Nature
Human Behaviour 9 (2025), and its public records. What is not published but should be stands beside what is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from comity.corpora.repeatedgames import published_dilemmas, published_games, published_people, published_variations
from comity.corpora.repeatedgames.frames import Frames
from comity.corpora.repeatedgames.verdicts import VERDICTS, Figure, Verdict

_PEOPLE = "people"
_CONDITIONS = {"Base", "Prompted"}
_TOLD = ("game", "cooking", "project")


@dataclass(frozen=True)
class Part:
    """What is worked out from the same records.

    title: what it is about. needs: the experiments it takes, and how many episodes each has in the public records. of:
    its figures; they are not asked for unless every episode is there, for a number of less is another number. players:
    who must have played in each of these experiments.
    """

    title: str
    needs: Mapping[str, int]
    of: Callable[[Frames], Iterator[Figure]]
    players: tuple[str, ...] = (published_dilemmas.GPT4,)


PARTS: tuple[Part, ...] = (
    Part("the Prisoner's Dilemma", {"pd_main": 64}, published_dilemmas.dilemma, tuple(published_dilemmas.PD_MAP)),
    Part("the Battle of the Sexes", {"bos_main": 81}, published_dilemmas.sexes, tuple(published_dilemmas.BOS_MAP)),
    Part("the steps of pay", {"bos_payoff_gradation": 5}, published_variations.gradation),
    Part(
        "the Battle of the Sexes told otherwise",
        {f"bos_robust_{cover}": 9 for cover in _TOLD},
        published_variations.told_sexes,
    ),
    Part(
        "the Prisoner's Dilemma told otherwise",
        {f"pd_robust_{cover}": 9 for cover in _TOLD},
        published_variations.told_dilemma,
    ),
    Part(
        "stated chances to end",
        {f"pd_end_{percent}pct": 9 for percent in published_variations.CHANCES},
        published_variations.ending,
    ),
    Part("all 144 games", {"all_games": 3_600}, published_games.figures, published_games.MODELS),
    Part("people", {_PEOPLE: 390}, published_people.figures, ()),
)
"""In the order in which they are told."""


def figures(frames: Frames) -> list[Figure]:
    """Every figure that can be worked out from these records."""
    episodes = _episodes(frames)
    return [figure for part in PARTS if _is_whole(part, frames, episodes) for figure in part.of(frames)]


def left_out(frames: Frames) -> list[str]:
    """What nothing is said of, because the records lack something of it."""
    episodes = _episodes(frames)
    return [part.title for part in PARTS if not _is_whole(part, frames, episodes)]


def tally(found: Iterable[Figure]) -> dict[Verdict, int]:
    """How many printed numbers have each verdict."""
    counts = Counter(figure.verdict for figure in found if figure.verdict)
    return {verdict: counts[verdict] for verdict in VERDICTS}


def _is_whole(part: Part, frames: Frames, episodes: Mapping[str, int]) -> bool:
    if any(episodes.get(name, 0) != number for name, number in part.needs.items()):
        return False
    moves = [published_dilemmas.experiment(frames, name) for name in part.needs] if part.players else []
    return all(set(part.players) <= set(one["player"]) for one in moves)


def _episodes(frames: Frames) -> dict[str, int]:
    """How many episodes each experiment has; of people, how many games, none unless under both conditions."""
    found = frames.decisions.groupby("experiment")["episode"].nunique()
    games = frames.people[["participant", "game_id"]].drop_duplicates()
    compared = set(frames.people["condition_label"]) == _CONDITIONS
    return {**{str(name): int(number) for name, number in found.items()}, _PEOPLE: len(games) if compared else 0}
