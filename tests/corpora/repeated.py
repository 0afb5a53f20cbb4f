"""The study of repeated games in both of its source's layouts, from moves of our making.

Both layouts are spelled out here a second time and from our side, so that a misreading in the importer cannot hide in
the test as well. What was played is kept as plain letters; who is paid what stands in small tables of its own.
"""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate, product
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

Row = dict[str, Any]
Pair = tuple[str, str]
Matrix = list[list[list[int]]]

PD: Matrix = [[[8, 8], [0, 10]], [[10, 0], [5, 5]]]
BOS: Matrix = [[[10, 7], [0, 0]], [[0, 0], [7, 10]]]
EVEN: Matrix = [[[8, 8], [0, 0]], [[0, 0], [8, 8]]]
AGAINST: Matrix = [[[8, 9], [0, 0]], [[0, 0], [9, 8]]]
HEGEMONY: Matrix = [[[3, 4], [2, 3]], [[4, 2], [1, 1]]]
MISPRINTED: Matrix = [[[3, 4], [3, 2]], [[4, 1], [1, 3]]]

HISTORIES = ["".join(moves) for length in range(10) for moves in product("JF", repeat=length)]
LOOKUPS = {
    ("BoS", "Base"): "bos_gpt4_lookup.json",
    ("BoS", "SCoT"): "bos_variation_predict_gpt4_lookup.json",
    ("PD", "Base"): "pd_gpt4_lookup.json",
    ("PD", "SCoT"): "pd_variation_predict_gpt4_lookup.json",
}


@dataclass(frozen=True)
class Played:
    """One episode: the letters of both players, round by round, and everything that both layouts say of it.

    raw, names: the players as the source writes them and as the tidy tables do. extra: columns of the source's own file
    besides those that all have. action: what the tidy tables call an option of a seat.
    """

    experiment: str
    number: int
    file: str
    game_id: str
    family: str
    matrix: Matrix
    labels: str
    raw: tuple[str, str]
    names: tuple[str, str]
    models: tuple[bool, bool]
    letters: tuple[Pair, ...]
    unit: str = "points"
    story: str = "plain game"
    end: float | None = None
    variant: str = ""
    extra: tuple[tuple[str, Any], ...] = ()
    action: Callable[[int, int], str] = lambda seat, option: f"option{option + 1}"

    @property
    def paid(self) -> list[list[int]]:
        return [self.matrix[self.labels.index(one)][self.labels.index(two)] for one, two in self.letters]

    @property
    def totals(self) -> list[list[int]]:
        return [list(sums) for sums in zip(*(accumulate(own) for own in zip(*self.paid, strict=True)), strict=True)]

    def lines(self) -> Iterable[Row]:
        """As the source's own file has it."""
        for number, (letters, paid, total) in enumerate(zip(self.letters, self.paid, self.totals, strict=True), 1):
            yield {
                "round": number, **dict(self.extra), "player1": self.raw[0], "player2": self.raw[1],
                "answer1": letters[0], "answer2": letters[1], "points1": paid[0], "points2": paid[1],
                "total1": total[0], "total2": total[1],
            }  # fmt: skip

    def rows(self) -> Iterable[Row]:
        """As the tidy table has it."""
        for own, other in ((0, 1), (1, 0)):
            for place, (letters, paid) in enumerate(zip(self.letters, self.paid, strict=True)):
                taken = [self.labels.index(letter) for letter in letters]
                yield {
                    "experiment": self.experiment, "game_id": self.game_id, "family": self.family,
                    "payoff_matrix": json.dumps(self.matrix), "episode": f"{self.experiment}/{self.number}",
                    "round": place + 1, "n_rounds": len(self.letters), "seat": own + 1,
                    "player": self.names[own], "player_is_llm": self.models[own], "opponent": self.names[other],
                    "action_label": letters[own], "option": taken[own] + 1, "action": self.action(own, taken[own]),
                    "opponent_action_label": letters[other], "opponent_option": taken[other] + 1,
                    "opponent_action": self.action(other, taken[other]), "payoff": paid[own],
                    "opponent_payoff": paid[other], "cumulative_payoff": self.totals[place][own],
                    "label_option1": self.labels[0], "label_option2": self.labels[1], "payoff_unit": self.unit,
                    "cover_story": self.story, "stated_end_probability": self.end, "variant": self.variant,
                }  # fmt: skip


def _dilemma(_: int, option: int) -> str:
    return ("cooperate", "defect")[option]


def _sexes(seat: int, option: int) -> str:
    return "preferred" if seat == option else "other"


def _letters(labels: str, rounds: int, seed: int) -> tuple[Pair, ...]:
    """Random moves, in which everything that can happen does."""
    dice = random.Random(seed)
    every = _all_pairs(*labels)
    return tuple(dice.sample(every, 4) + dice.choices(every, k=rounds - 4))


_MODELS = {"act_gpt4": "GPT-4", "act_claude2": "Claude 2", "act_claude": "Claude 2", "act_llama2": "Llama 2 70B chat"}
_SCRIPTS = {
    "act_defect_once": "defect once, then cooperate",
    "act_tft": "tit for tat",
    "act_fj": "alternate, starting F",
}


def _met(first: str, second: str) -> Row:
    both = (first, second)
    names = tuple(_MODELS.get(raw) or _SCRIPTS[raw] for raw in both)
    return {"raw": both, "names": names, "models": tuple(raw in _MODELS for raw in both)}


def _all_pairs(*players: str) -> list[tuple[str, str]]:
    return [(first, second) for first in players for second in players]


def _swept() -> Iterable[Played]:
    pairs = _all_pairs("act_claude2", "act_gpt4")
    for place, (game, family, matrix, labels) in enumerate(
        [("rg001", "Unfair", HEGEMONY, ("NB", "IO")), ("rg017", "Cyclic", MISPRINTED, ("KZ", "KZ"))]
    ):
        for step, pair in enumerate(pairs):
            label, number = labels[step // 2], place * len(pairs) + step
            yield Played(
                "all_games", number, f"all_games/experiments/game_{int(game[2:])}.csv", game, family, matrix, label,
                letters=_letters(label, 10, number), **_met(*pair),
                extra=(("choice_option1", label[0]), ("choice_option2", label[1])),
            )  # fmt: skip


def _plain(
    experiment: str, file: str, game: str, rounds: int, pairs: Iterable[tuple[str, str]], end: float | None = None
) -> Iterable[Played]:
    known = {"pd": ("PD Family", PD, _dilemma), "bos": ("Biased", BOS, _sexes)}
    family, matrix, action = known[game]
    for number, pair in enumerate(pairs):
        yield Played(
            experiment, number, file, game, family, matrix, "JF", letters=_letters("JF", rounds, number + rounds),
            **_met(*pair), end=end, action=action,
        )  # fmt: skip


def _robust(game: str, story: str, told: str, units: Iterable[str], letters: Mapping[str, str]) -> Iterable[Played]:
    """letters: by the pair the source lists its labels as, which of them is the first option and which the second."""
    known = {"pd": ("PD Family", PD, _dilemma), "bos": ("Biased", BOS, _sexes)}
    partner = {"pd": "defect once, then cooperate", "bos": "alternate, starting with player 1's preferred option"}
    family, matrix, action = known[game]
    for number, (listed, unit) in enumerate(product(letters, units)):
        labels = letters[listed]
        yield Played(
            f"{game}_robust_{story}", number,
            f"{game}/variations_robustness/data/experiment_robustness_checks_{story}.csv",
            game, family, matrix, labels, ("GPT-4", "Defect_once"), ("GPT-4", partner[game]), (True, False),
            _letters(labels, 10, number), unit, told, action=action,
            extra=(("option1", listed[0]), ("option2", listed[1]), ("outcomes", unit)),
        )  # fmt: skip


def _gradation() -> Iterable[Played]:
    kinds: Mapping[int, tuple[Matrix, Callable[[int, int], str]]] = {
        3: (EVEN, lambda seat, option: "indifferent"),
        4: (AGAINST, lambda seat, option: "other" if seat == option else "preferred"),
    }
    for number, (matrix, action) in kinds.items():
        yield Played(
            "bos_payoff_gradation", number, "bos/payoff_changes/experiment_payoff_changes.csv", f"bos_v{number}",
            "Biased", matrix, "JF", ("GPT-4", "Alternate"), ("GPT-4", "alternate, starting J"), (True, False),
            _letters("JF", 10, number), variant=f"payoff {number}", extra=(("payoff", number),), action=action,
        )  # fmt: skip


EPISODES: tuple[Played, ...] = (
    *_swept(),
    *_plain("pd_main", "pd/experiment_pd.csv", "pd", 10, _all_pairs("act_gpt4", "act_defect_once")),
    *_plain("bos_main", "bos/experiment_bos.csv", "bos", 10, [("act_fj", "act_claude"), ("act_llama2", "act_gpt4")]),
    *_plain("pd_20_rounds", "pd/tft/data/pd_base_gpt4_tfts.csv", "pd", 20, [("act_gpt4", "act_tft")]),
    *_plain("pd_end_40pct", "pd/ending_probs/data/pd_gpt4_40p.csv", "pd", 20, [("act_gpt4", "act_tft")], 0.4),
    *_robust("pd", "project", "collaborative project", ["credits", "bonus rewards"], {"XQ": "QX", "RH": "HR"}),
    *_robust("bos", "cooking", "cooking competition", ["audience votes"], {"FJ": "JF", "HR": "RH"}),
    *_gradation(),
)
"""In the order of the tidy tables. In the project story the letters R and H are paid in exchanged roles."""


@dataclass(frozen=True)
class Person:
    """One game of a participant: the letters of both, GPT-4's first, and the rounds whose score or column is odd.

    scores: by round what is written instead of what was paid. odd: the rounds in which `coordination` is turned round.
    """

    participant: int
    game: str
    order: int
    condition: str
    guess: str
    letters: tuple[Pair, ...]
    scores: tuple[tuple[int, int], ...] = ()
    odd: tuple[int, ...] = ()

    @property
    def paid(self) -> list[int]:
        matrix = PD if self.game == "PD" else BOS
        paid = [matrix["JF".index(one)]["JF".index(two)][1] for one, two in self.letters]
        return [dict(self.scores).get(number, score) for number, score in enumerate(paid, 1)]

    @property
    def coordination(self) -> list[int]:
        fits = [score == 5 if self.game == "PD" else score > 0 for score in self.paid]
        return [int(fit != (number in self.odd)) for number, fit in enumerate(fits, 1)]

    def lines(self) -> Iterable[Row]:
        """As the source's own file has it."""
        for (_, move), score, coordinated in zip(self.letters, self.paid, self.coordination, strict=True):
            yield {
                "id": self.participant, "game": self.game, "action": int(move == "J"), "score": score,
                "opponent": self.condition, "guess": self.guess, "coordination": coordinated,
            }  # fmt: skip

    def rows(self, answers: Mapping[tuple[str, str], Mapping[str, str]]) -> Iterable[Row]:
        """As the tidy table has it."""
        told = zip(self.letters, self.paid, self.coordination, strict=True)
        for number, ((served, move), score, coordinated) in enumerate(told, 1):
            history = "".join(move for _, move in self.letters[: number - 1])
            base, scot = (answers[self.game, version][history] for version in ("Base", "SCoT"))
            possible = number not in dict(self.scores)
            if base == scot:
                version = "either"
            elif not possible:
                version = "unknown"
            else:
                version = "Base" if served == base else "SCoT"
            yield {
                "participant": self.participant, "game_id": self.game.lower(),
                "family": "PD Family" if self.game == "PD" else "Biased",
                "payoff_matrix": json.dumps(PD if self.game == "PD" else BOS), "game_order": self.order,
                "round": number, "condition_label": self.condition, "action_label": move, "payoff": score,
                "opponent_action_label": served if possible else None, "guess_after_game": self.guess,
                "coordination_in_source": coordinated, "human_history": history, "gpt4_base_would_play": base,
                "gpt4_scot_would_play": scot, "version_served": version, "row_consistent": possible,
            }  # fmt: skip


def _responses() -> dict[tuple[str, str], dict[str, str]]:
    dice = random.Random(7)
    return {key: {history: dice.choice("JF") for history in HISTORIES} for key in LOOKUPS}


RESPONSES = _responses()

PEOPLE: tuple[Person, ...] = (
    Person(1, "BoS", 1, "Base", "Human", _letters("JF", 10, 1), odd=(3,)),
    Person(1, "PD", 2, "Base", "LLM", _letters("JF", 10, 2)),
    Person(2, "PD", 1, "Prompted", "LLM", (("J", "J"), *_letters("JF", 9, 3)), scores=((1, 10),)),
    Person(2, "BoS", 2, "Prompted", "LLM", _letters("JF", 10, 4)),
)
"""The second participant is paid 10 for cooperating once, which no cell does."""

GAMES = (
    (1, "Hegemony", "Unfair", HEGEMONY),
    (17, "Tragic Cycle", "Cyclic", MISPRINTED),
)


def write_clone(folder: Path) -> Path:
    """All of it in the source's own layout."""
    by_file: dict[str, list[Row]] = {}
    for played in EPISODES:
        by_file.setdefault(played.file, []).extend(played.lines())
    by_file["human_experiment/analysis/repgames.csv"] = [row for person in PEOPLE for row in person.lines()]
    for name, rows in by_file.items():
        write_csv(folder / name, rows)
    write_csv(folder / "all_games/144_games_info.csv", map(_info, GAMES), ";")
    for key, name in LOOKUPS.items():
        lookup = folder / "human_experiment/experiment/lookups" / name
        lookup.parent.mkdir(parents=True, exist_ok=True)
        lookup.write_text(json.dumps(RESPONSES[key], indent=4))
    return folder


def write_csv(path: Path, rows: Iterable[Row], delimiter: str = ",") -> None:
    found = list(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(found[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(found)


def _info(game: tuple[int, str, str, Matrix]) -> Row:
    number, name, family, matrix = game
    cells = {f"r{i + 1}_c{j + 1}_p{seat + 1}": matrix[i][j][seat] for i, j, seat in product((0, 1), (0, 1), (0, 1))}
    return {"game_number": number, "game_name": name, "game_family": family, **cells}


def write_parquet(folder: Path, change: Callable[[dict[str, list[Row]]], None] = lambda tables: None) -> Path:
    """All of it as tidy tables, once `change` has been at them; a table without rows is left out."""
    tables = {
        "decisions": [row for played in EPISODES for row in played.rows()],
        "games": [_info(game) for game in GAMES],
        "human_decisions": [row for person in PEOPLE for row in person.rows(RESPONSES)],
        "gpt4_response_tables": [
            {"game": game, "version": version, "human_history": history, "gpt4_move": move, "round": len(history) + 1}
            for (game, version), answers in RESPONSES.items()
            for history, move in answers.items()
        ],
    }
    change(tables)
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        if rows:
            pq.write_table(pa.Table.from_pylist(rows), folder / f"{name}.parquet")
    return folder
