"""Playing repeated games (Akata, Schulz, Coda-Forno, Oh, Bethge and Schulz, Nature Human Behaviour 2025)."""

from __future__ import annotations

from collections.abc import Mapping

from comity.games.ordinal import OrdinalGame, ordinal_games
from comity.studies.study import Part, Study

EPISODES = 2
EPISODES_IN_FULL = 10
"""As many episodes of every pair in each order as the study should have had; it had one."""


def _games(full: bool) -> Mapping[str, str]:
    return {"games": "\n".join(map(_listed, ordinal_games() if full else _one_of_each()))}


def _one_of_each() -> list[OrdinalGame]:
    """The twelve symmetric games, and the first of every family that has none among them."""
    found = [game for game in ordinal_games() if game.row + game.column == 13]
    for game in ordinal_games():
        if game.family not in {other.family for other in found}:
            found.append(game)
    return found


def _listed(game: OrdinalGame) -> str:
    entry = f'{{label = "{game.number}", name = "ordinal", row = {game.row}, column = {game.column}}},'
    return f"    {entry}  # {game.title} ({game.family})"


def _runs(full: bool) -> Mapping[str, str]:
    return {"runs": "54" if full else "18"}


def _longest(full: bool) -> Mapping[str, str]:
    return {"least": "1", "longest": "0.99"} if full else {"least": "10", "longest": "0.9"}


REPEATED_GAMES = Study(
    name="repeated-games",
    about="All 2x2 games, the prisoner's dilemma and the battle of the sexes, repeated (Nature Human Behaviour 2025).",
    parts=(
        Part(
            "games",
            "The strict ordinal 2x2 games, ten rounds each; in full all 144, else the symmetric ones and one of every "
            "other family.",
            "repeated-games",
            EPISODES,
            EPISODES_IN_FULL,
            _games,
        ),
        Part(
            "prisoners",
            "The prisoner's dilemma against scripts, with and without a prediction before each move.",
            "repeated-games_prisoners",
            EPISODES,
            EPISODES_IN_FULL,
        ),
        Part(
            "battle",
            "The battle of the sexes against scripts, with and without a prediction before each move.",
            "repeated-games_battle",
            EPISODES,
            EPISODES_IN_FULL,
        ),
        Part(
            "twenty-rounds",
            "Twenty rounds of the prisoner's dilemma against nine scripts.",
            "repeated-games_twenty-rounds",
            EPISODES,
            EPISODES_IN_FULL,
        ),
        Part(
            "robustness",
            "Both dilemmas told in many ways: cover story, unit, aim, numbers, horizon, scale; a balanced fraction.",
            "repeated-games_robustness",
            EPISODES,
            EPISODES_IN_FULL,
            _runs,
        ),
        Part(
            "beliefs",
            "The prisoner's dilemma with something said about the partner: that it errs, that it defects once, that it "
            "may be a person.",
            "repeated-games_beliefs",
            EPISODES,
            EPISODES_IN_FULL,
        ),
        Part(
            "gradation",
            "The battle of the sexes with payoffs between (10, 7) and (7, 10), against turn-taking.",
            "repeated-games_gradation",
            EPISODES,
            EPISODES_IN_FULL,
        ),
        Part(
            "ending",
            "The prisoner's dilemma with a stated chance to end, which is drawn.",
            "repeated-games_ending",
            EPISODES,
            EPISODES_IN_FULL,
            _longest,
        ),
    ),
    settings={"form": "choice", "reasoning": False, "temperature": 1.0, "re_asks": 3},
    differs=(
        "The prompts are not the published ones; they say the same rules in words of comity. What else differs, on "
        "purpose: seat 2 is told the game that it plays; options are called by letters drawn anew for every episode, "
        "and their order, that of the rules and that of the question too; everybody predicts in turn, where only one "
        "model did; a stated chance to end is drawn, where twenty rounds were always played; models answer at "
        "temperature 1 and several times, where they answered once at temperature 0; an answer is one JSON object, "
        'where it was one token (form = "token" asks for that where a provider tells log-probabilities). Observers of '
        "recorded games are a plan of their own: `comity observe`."
    ),
)
"""Every model answers with a choice and without reasons, at temperature 1, and is asked again up to three times."""
