"""Tournaments in the source's own layout, made from play of ours: the importer must bring back what went in.

The layout is spelled out here a second time and from our side, so that a misreading in the importer cannot hide in the
test as well. Players choose at random; every agent makes one proposal per seat for the whole tournament.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count, product
from pathlib import Path
from typing import Any

from comity.core.chance import Address, stream_key
from comity.core.decision import Decision
from comity.core.flow import Game
from comity.core.match import Match, play
from comity.core.outcome import Outcome, StagePlay, stage_plays
from comity.games.matrix import MatchingPennies, PrisonersDilemma, StagHunt, TrustGame
from comity.games.normal_form import NormalForm
from comity.games.symmetric import PublicGoods
from comity.games.travellers import TravellersDilemma
from comity.mechanisms.contracting import Contracted
from comity.mechanisms.matching import Rotated
from comity.mechanisms.mediation import Delegated, Mediated
from comity.mechanisms.repetition import Repeated

ROSTER = ("maker/zeta(CoT)", "maker/alpha(IO)")


@dataclass(frozen=True)
class SourceGame:
    """A game of the source: its parameters there, ours, and the source's names of our actions in order."""

    kwargs: Mapping[str, Any]
    ours: NormalForm
    tokens: tuple[str, ...]


GAMES = {
    "PrisonersDilemma": SourceGame(
        {"payoff_matrix": {"CC": [2, 2], "CD": [0, 3], "DC": [3, 0], "DD": [1, 1]}},
        PrisonersDilemma(),
        ("COOPERATE", "DEFECT"),
    ),
    "PublicGoods": SourceGame({"num_players": 3, "multiplier": 1.5}, PublicGoods(), ("CONTRIBUTE", "FREE_RIDE")),
    "TravellersDilemma": SourceGame(
        {"min_claim": 2, "num_actions": 4, "claim_spacing": 1, "bonus": 2.0},
        TravellersDilemma(),
        ("CLAIM_0", "CLAIM_1", "CLAIM_2", "CLAIM_3"),
    ),
    "TrustGame": SourceGame(
        {"payoff_matrix": {"GG": [10, 10], "GK": [0, 20], "KG": [6, 2], "KK": [4, 4]}}, TrustGame(), ("GIVE", "KEEP")
    ),
    "StagHunt": SourceGame(
        {"payoff_matrix": {"SS": [5, 5], "SH": [0, 3], "HS": [3, 0], "HH": [3, 3]}}, StagHunt(), ("STAG", "HARE")
    ),
    "MatchingPennies": SourceGame(
        {"payoff_matrix": {"HH": [1, -1], "HT": [-1, 1], "TH": [-1, 1], "TT": [1, -1]}},
        MatchingPennies(),
        ("HEADS", "TAILS"),
    ),
}

ROUNDS = {"num_rounds": 4, "discount": 0.8, "lookup_depth": 3, "include_prior_distributions": False}

MECHANISMS: dict[str, tuple[Mapping[str, Any], Callable[[Any, int], Game]]] = {
    "NoMechanism": ({}, lambda base, agents: base),
    "Repetition": (ROUNDS, lambda base, agents: Repeated(base, 4, 0.8, 3)),
    "ReputationFirstOrder": (
        {**ROUNDS, "max_recursion_depth": 1},
        lambda base, agents: Rotated(base, agents * base.n_players, 4, 0.8, 3, 1),
    ),
    "Reputation": (
        {**ROUNDS, "max_recursion_depth": 3},
        lambda base, agents: Rotated(base, agents * base.n_players, 4, 0.8, 3, 3),
    ),
    "Mediation": ({}, lambda base, agents: Mediated(base, recall=False)),
    "Contracting": ({}, lambda base, agents: Contracted(base, recall=False)),
}
"""The parameters of each mechanism in the source, and what stands for it here."""

ROTATING = ("ReputationFirstOrder", "Reputation")
DESIGNED = {"Mediation": "mediator", "Contracting": "contract"}


@dataclass(frozen=True)
class Tournament:
    """One tournament that was really played: its matches by the agents of their seats (of all players, if rotating)."""

    game: str
    mechanism: str
    roster: tuple[str, ...]
    matches: Mapping[tuple[str, ...], Match]
    designs: Mapping[tuple[str, int], Any]

    @property
    def seats(self) -> int:
        return GAMES[self.game].ours.n_players


def played(game: str, mechanism: str, roster: tuple[str, ...] = ROSTER, seed: int = 1) -> Tournament:
    """All agents against all, or one population of them."""
    base = GAMES[game].ours
    built = MECHANISMS[mechanism][1](base, len(roster))
    designs = dict(_designs(game, mechanism, roster, seed))
    if mechanism in ROTATING:
        seatings = [tuple(agent for agent in roster for _ in range(base.n_players))]
    else:
        seatings = list(product(roster, repeat=base.n_players))
    matches = {
        agents: _match(built, agents, designs, stream_key(seed, game, mechanism, *agents)) for agents in seatings
    }
    return Tournament(game, mechanism, roster, matches, designs)


def _match(game: Game, agents: tuple[str, ...], designs: Mapping[tuple[str, int], Any], key: int) -> Match:
    asked = count()

    def decide(decision: Decision[Any]) -> Any:
        if decision.kind == "propose":
            return designs[agents[decision.player], decision.player]
        return any_of(decision.options, Address(key, next(asked), 1_000))

    return play(game, decide, key)


def _designs(game: str, mechanism: str, roster: tuple[str, ...], seed: int) -> Iterator[tuple[tuple[str, int], Any]]:
    base = GAMES[game].ours
    for agent, seat in product(roster, range(base.n_players)):
        at = [Address(stream_key(seed, game, mechanism, agent, seat), place, 0) for place in range(4)]
        if mechanism == "Mediation":
            yield (agent, seat), tuple(any_of(base.actions[0], at[place]) for place in range(base.n_players))
        elif mechanism == "Contracting":
            yield (agent, seat), tuple(any_of(range(-3, 4), at[place]) for place in range(len(base.actions[0])))


def any_of(options: Any, address: Address) -> Any:
    """One of the options, each equally often."""
    listed = list(options)
    return listed[int(address.uniform() * len(listed))]


# Writing it down as the source does


def write(tournament: Tournament, folder: Path, changes: Mapping[str, Any] | None = None) -> Path:
    """The files of the tournament in that folder. changes: parameters of its mechanism to be claimed instead."""
    folder.mkdir(parents=True)
    kwargs = {**MECHANISMS[tournament.mechanism][0], **(changes or {})}
    config = {
        "game": {"type": tournament.game, "kwargs": GAMES[tournament.game].kwargs},
        "mechanism": {"type": tournament.mechanism, "kwargs": kwargs},
        "agents": [_agent(name) for name in tournament.roster],
        "evaluation": {"methods": []},
        "concurrency": {"max_workers": 3, "tournament_workers": 9},
        "name": folder.name,
    }
    (folder / "config.json").write_text(json.dumps(config))
    lines = [json.dumps(line) + "\n" for line in reversed(list(_lines(tournament)))]  # in no particular order
    (folder / "records.jsonl").write_text("".join(lines))
    (folder / "matchup_payoffs.json").write_text(json.dumps({"discount": 0.8, "profile": list(_profile(tournament))}))
    if tournament.mechanism in DESIGNED:
        kind = DESIGNED[tournament.mechanism]
        design = {
            _seated(agent, seat): _design(tournament, kind, told) for (agent, seat), told in tournament.designs.items()
        }
        (folder / f"{kind}_design.json").write_text(json.dumps(design))
    return folder


def _agent(name: str) -> dict[str, Any]:
    model, style = name[:-1].split("(")
    return {"llm": {"provider": "Nobody", "model": model, "kwargs": {"temperature": 1}}, "type": f"{style}Agent"}


def _seated(agent: str, seat: int) -> str:
    return f"{agent}#P{seat + 1}"


def _token(game: str, action: str, seat: int) -> str:
    return f"{game}Action.{GAMES[game].tokens[GAMES[game].ours.actions[seat].index(action)]}"


def _lines(tournament: Tournament) -> Iterator[Any]:
    for agents, match in tournament.matches.items():
        plays = [_moves(tournament, agents, play) for play in _plays(match)]
        if tournament.mechanism in DESIGNED:
            yield [_election(tournament, agents, match, plays[0])]
        else:
            yield plays[0] if tournament.mechanism == "NoMechanism" else plays


def _outcome(match: Match) -> Outcome:
    assert match.outcome is not None
    return match.outcome


def _plays(match: Match) -> list[StagePlay]:
    return list(stage_plays(_outcome(match)))


def _moves(tournament: Tournament, agents: tuple[str, ...], play: StagePlay) -> list[dict[str, Any]]:
    delegated = {seat for note in play.outcome.notes if isinstance(note, Delegated) for seat in note.players}
    return [
        {
            "player": _seated(agents[player], seat),
            "action": _token(tournament.game, play.outcome.actions[seat], seat),
            "points": play.outcome.payoffs[seat],
            "trace_id": "0123abcd",
            **({"mediated": True} if seat in delegated else {}),
        }
        for seat, player in enumerate(play.players)
    ]


def _election(
    tournament: Tournament, agents: tuple[str, ...], match: Match, moves: list[dict[str, Any]]
) -> dict[str, Any]:
    kind, ballots = DESIGNED[tournament.mechanism], match.choices[1]
    winner = next(note.by for note in _outcome(match).notes if hasattr(note, "by"))
    voted = [{str(place + 1): approved for place, approved in enumerate(ballot)} for ballot in ballots]
    told = {
        "votes": [{"voter_name": _seated(a, s), "votes": voted[s], "trace_id": "01"} for s, a in enumerate(agents)],
        f"selected_{kind}_index": winner + 1,
        f"selected_{kind}_designer_name": _seated(agents[winner], winner),
        "moves": moves,
    }
    if kind == "contract":
        signed = match.choices[-2]
        told["signatures"] = {_seated(a, s): {"trace_id": "02", "agree": signed[s]} for s, a in enumerate(agents)}
        told["all_signed"] = all(signed)
    return told


def _design(tournament: Tournament, kind: str, told: Any) -> dict[str, Any]:
    if kind == "mediator":
        plan = [[number + 1, _token(tournament.game, action, 0)] for number, action in enumerate(told)]
        return {"mediator": plan, "trace_id": "03"}
    actions = GAMES[tournament.game].ours.actions[0]
    return {
        "contract": {_token(tournament.game, a, 0): x for a, x in zip(actions, told, strict=True)},
        "trace_id": "03",
    }


def _profile(tournament: Tournament) -> Iterator[dict[str, Any]]:
    for agents, match in tournament.matches.items():
        plays = _plays(match)
        if tournament.mechanism in ROTATING:
            for player, agent in enumerate(agents):
                points = [p.outcome.payoffs[p.players.index(player)] for p in plays if player in p.players]
                yield {"player": {**_agent(agent), "player_id": player % tournament.seats + 1}, "points": points}
        else:
            players = [{**_agent(agent), "player_id": seat + 1} for seat, agent in enumerate(agents)]
            yield {"players": players, "payoffs": [[list(play.outcome.payoffs) for play in plays]]}


# Writing it down as tidy tables


def write_parquet(tournaments: Mapping[str, Tournament], folder: Path) -> Path:
    """The tables of these tournaments, by their `exp_id` ("RUN/FOLDER")."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("experiments", "matches", "moves", "stage_decisions", "proposals")
    }
    for exp_id, tournament in tournaments.items():
        for table, row in _rows(tournament):
            rows[table].append({"exp_id": exp_id, "run": exp_id.split("/")[0], **row})
    folder.mkdir(parents=True)
    for name, listed in rows.items():
        if listed:
            pq.write_table(pa.Table.from_pylist(listed), folder / f"{name}.parquet")
    return folder


def _rows(tournament: Tournament) -> Iterator[tuple[str, dict[str, Any]]]:
    kwargs = MECHANISMS[tournament.mechanism][0]
    yield (
        "experiments",
        {
            "game": tournament.game,
            "game_params": json.dumps(GAMES[tournament.game].kwargs),
            "mechanism": tournament.mechanism,
            "num_rounds": kwargs.get("num_rounds", 1),
            "discount": kwargs.get("discount"),
            "window": kwargs.get("lookup_depth"),
            "recursion_depth": kwargs.get("max_recursion_depth"),
        },
    )
    for (agent, seat), told in tournament.designs.items():
        yield "proposals", {"agent": agent, "seat": seat + 1, "values": _values(tournament, told)}
    numbers = count()
    for agents, match in tournament.matches.items():
        if tournament.mechanism in ROTATING:
            for play in _plays(match):
                yield from _match_rows(tournament, next(numbers), tuple(agents[p] for p in play.players), [play], None)
        else:
            yield from _match_rows(tournament, next(numbers), agents, _plays(match), match)


def _values(tournament: Tournament, told: Any) -> list[int]:
    actions = GAMES[tournament.game].ours.actions[0]
    return [part if tournament.mechanism == "Contracting" else actions.index(part) for part in told]


def _match_rows(
    tournament: Tournament, number: int, agents: tuple[str, ...], plays: list[StagePlay], match: Match | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    told = dict.fromkeys(("selected_proposal", "selected_designer", "all_signed"))
    if match is not None and tournament.mechanism in DESIGNED:
        winner = next(note.by for note in _outcome(match).notes if hasattr(note, "by"))
        told |= {"selected_proposal": winner + 1, "selected_designer": agents[winner]}
        yield from _stage_rows(number, "vote", match.choices[1])
        if tournament.mechanism == "Contracting":
            told["all_signed"] = all(match.choices[-2])
            yield from _stage_rows(number, "sign", [(signed,) for signed in match.choices[-2]])
    payoffs = plays[0].outcome.payoffs if match is None else _outcome(match).payoffs
    yield "matches", {"match_id": number, "agents": list(agents), "payoffs": list(map(float, payoffs)), **told}
    for each in plays:
        for seat in range(tournament.seats):
            round = each.rounds[0] if each.rounds else 0
            yield "moves", {"match_id": number, "round": round + 1, "seat": seat + 1, **_move(tournament, each, seat)}


def _stage_rows(number: int, stage: str, told: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for seat, votes in enumerate(told):
        yield "stage_decisions", {"match_id": number, "stage": stage, "seat": seat + 1, "votes": list(votes)}


def _move(tournament: Tournament, play: StagePlay, seat: int) -> dict[str, Any]:
    actions = GAMES[tournament.game].ours.actions[seat]
    action = actions.index(play.outcome.actions[seat])
    delegated = any(isinstance(note, Delegated) and seat in note.players for note in play.outcome.notes)
    options = len(actions) + (tournament.mechanism == "Mediation")
    place = len(actions) if delegated else action
    return {
        "action": action,
        "delegated": delegated if tournament.mechanism == "Mediation" else None,
        "base_payoff": float(play.base.payoffs[seat]),
        "payoff": float(play.outcome.payoffs[seat]),
        "probs": [60 if place == other else 40 // (options - 1) for other in range(options)],
        "source": "records",
    }
