"""A networked dilemma played by people and by models (Gracia-Lázaro et al. 2012; Ferraz de Arruda et al. 2026)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from comity.studies.study import MODEL, Part, Roster, Study, label_of

REPLICATES = 2
REPLICATES_IN_FULL = 20
"""As many independent runs as a claim that models play like people takes; there was one of each condition."""
SELECTED = "llama4:16x17b"
"""The model that was taken on from the first part to all others."""
SHARES = tuple(share / 10 for share in range(10))
"""The shares of seats whose agent tosses a coin."""
TEMPERATURES = (0.0, 0.5, 1.0, 1.5, 2.0)
OTHER_TEMPERATURE = 0.5
COIN = "coin"

NETWORKED, CONTROL = (6, 51), (6, 58)
"""Rounds in small and in full, of a network that stays and of one that is rewired."""
_GRAPHS = {
    "lattice": ('graph = "lattice", size = [6, 6]', 'graph = "lattice", size = [25, 25]'),
    "heterogeneous": ('graph = "scale_free", size = [36, 2, 8]', 'graph = "scale_free", size = [604, 2, 16]'),
}

_SCHOOL = "in the last year of secondary school"
STUDENT = (("student", f"You are a student {_SCHOOL}.", 1.0),)
GENDER = (("woman", "You are a woman.", 0.5), ("man", "You are a man.", 0.5))
BOTH = (
    ("woman, student", f"You are a woman and a student {_SCHOOL}.", 0.5),
    ("man, student", f"You are a man and a student {_SCHOOL}.", 0.5),
)
Personas = Sequence[tuple[str, str, float]]

_LABELS = 'labels = ["GREEN", "BROWN"]'
_SWAPPED = 'labels = ["BROWN", "GREEN"]'


def _stack(
    label: str,
    network: str,
    personas: Personas = STUDENT,
    presentation: str = _LABELS,
) -> str:
    """One line of a plan: the network, who the players are told to be, and how all of it is told."""
    told = ", ".join(f'{{label = "{name}", share = {share:g}, text = "{text}"}}' for name, text, share in personas)
    stack = [f'{{name = "neighbourhood", {network}}}']
    if personas:
        stack.append(f'{{name = "personas", personas = [{told}]}}')
    stack.append(f'{{name = "presentation", {presentation}, goal = "own"}}')
    return f'    {{label = "{label}", stack = [{", ".join(stack)}]}},'


def _rounds(full: bool, rewired: bool = False) -> str:
    return f"rounds = {CONTROL[full]}, rewired = true" if rewired else f"rounds = {NETWORKED[full]}"


def _lattice(full: bool) -> str:
    return f"{_GRAPHS['lattice'][full]}, {_rounds(full)}"


def _filled(name: str, stacks: Callable[[bool], Sequence[str]]) -> Callable[[bool], Mapping[str, str]]:
    return lambda full: {"name": name, "mechanisms": "\n".join(stacks(full))}


def _one_lattice(full: bool) -> Sequence[str]:
    return [_stack("lattice", _lattice(full))]


def _four(full: bool) -> Sequence[str]:
    return [
        _stack(f"{graph}, control" if rewired else graph, f"{fields[full]}, {_rounds(full, rewired)}")
        for graph, fields in _GRAPHS.items()
        for rewired in (False, True)
    ]


def _told_who(full: bool) -> Sequence[str]:
    named: Mapping[str, Personas] = {"nobody in particular": (), "student": STUDENT, "gender": GENDER, "both": BOTH}
    return [_stack(label, _lattice(full), personas) for label, personas in named.items()]


def _perturbed(full: bool) -> Sequence[str]:
    network = _lattice(full)
    return [
        _stack("as published", network),
        _stack("labels swapped", network, presentation=_SWAPPED),
        _stack("neighbours in another order each round", f'{network}, order = "shuffled"'),
        _stack(
            "options in another order", network, presentation=f'{_LABELS}, options = "reversed", question = "reversed"'
        ),
        _stack("other words", network, presentation=f'{_LABELS}, language = "terse"'),
        _stack("other persona", network, BOTH),
        _stack("no persona", network, ()),
    ]


def _one_after_another(full: bool) -> Sequence[str]:
    found = []
    for graph, fields in _GRAPHS.items():
        parts = f"parts = [{{{_rounds(full)}, rewired = false}}, {{{_rounds(full, rewired=True)}}}]"
        for label, carried in (("carried over", "true"), ("begun afresh", "false")):
            network = f"{fields[full]}, {parts}, carry_over = {carried}"
            found.append(_stack(f"{graph}, then control, {label}", network))
    return found


# Who plays, and who sits where


def _alike(roster: Roster) -> Mapping[str, str]:
    return {"matching": 'kind = "alike"'}


def _with_coin(roster: Roster) -> Roster:
    return [*roster, {"label": COIN, "name": "random"}]


def _with_coins(roster: Roster) -> Mapping[str, str]:
    """Every agent but the coin with every share of coins."""
    players = [label_of(agent) for agent in roster if label_of(agent) != COIN]
    lines = (
        _population(f"{player}, {100 * share:.0f} % coins", {player: 1 - share, COIN: share})
        for player in players
        for share in SHARES
    )
    return {"matching": _populations(lines)}


def _population(label: str, shares: Mapping[str, float]) -> str:
    seated = ", ".join(f"{json.dumps(agent)} = {share:.9g}" for agent, share in shares.items() if share)
    return f"    {{label = {json.dumps(label)}, shares = {{{seated}}}}},"


def _populations(lines: Iterable[str]) -> str:
    return 'kind = "populations"\npopulations = [\n' + "\n".join(lines) + "\n]"


def _hotter_and_colder(roster: Roster) -> Roster:
    """Every model at every temperature; who is no model has none and stays."""
    return [copy for agent in roster for copy in _at_temperatures(agent, TEMPERATURES)]


def _at_another(roster: Roster) -> Roster:
    """Everybody, and every model at another temperature too."""
    copies = [
        copy for agent in roster if agent.get("name") == MODEL for copy in _at_temperatures(agent, (OTHER_TEMPERATURE,))
    ]
    return [*roster, *copies]


def _at_temperatures(agent: Mapping[str, Any], temperatures: Sequence[float]) -> list[Mapping[str, Any]]:
    if agent.get("name") != MODEL:
        return [agent]
    return [
        {**agent, "label": f"{label_of(agent)} at {temperature:g}", "temperature": temperature}
        for temperature in temperatures
    ]


def _mixed_and_alone(roster: Roster) -> Mapping[str, str]:
    """Everybody alone, and all in equal shares: temperatures that differ from node to node."""
    labels = [label_of(agent) for agent in roster]
    lines = [_population(f"{label} alone", {label: 1.0}) for label in labels]
    if len(labels) > 1:
        lines.append(_population("all mixed", dict.fromkeys(labels, 1 / len(labels))))
    return {"matching": _populations(lines)}


def _part(
    name: str,
    about: str,
    stacks: Callable[[bool], Sequence[str]],
    players: tuple[str, ...] = (SELECTED,),
    cast: Callable[[Roster], Roster] = lambda roster: roster,
    seats: Callable[[Roster], Mapping[str, str]] = _alike,
) -> Part:
    filled = _filled(name, stacks)
    return Part(name, about, "network", REPLICATES, REPLICATES_IN_FULL, filled, players, cast, seats)


NETWORK = Study(
    name="network",
    about="A weak prisoner's dilemma on networks of hundreds, played by people in 2011 and by models since "
    "(arXiv 2606.30454).",
    parts=(
        _part("selection", "Nine models on the lattice, one of which was selected for the rest.", _one_lattice, ()),
        _part("conditions", "Lattice and heterogeneous network, each as it is and rewired every round.", _four),
        _part(
            "hybrid",
            "The lattice with 0, 10, ... 90 per cent of the seats tossing a coin.",
            _one_lattice,
            cast=_with_coin,
            seats=_with_coins,
        ),
        _part(
            "temperature",
            "The lattice at five temperatures, and with all of them mixed over the nodes.",
            _one_lattice,
            cast=_hotter_and_colder,
            seats=_mixed_and_alone,
        ),
        _part("personas", "The lattice with four tellings of who the players are.", _told_who),
        _part(
            "perturbations",
            "What a claim has to survive: other labels, orders, words, personas, and another temperature.",
            _perturbed,
            cast=_at_another,
        ),
        _part(
            "carry-over",
            "The network and then the control one after another, as people played them, remembered or begun afresh.",
            _one_after_another,
        ),
    ),
    settings={"form": "choice", "reasoning": True, "structured": False, "re_asks": 9},
    differs=(
        "The prompts are not the published ones; they say the same rules in words of comity. What else differs, on "
        "purpose: nobody is told that neighbours are people, because they are not; an answer that cannot be read "
        "after ten attempts is missing in that round, where it was taken for cooperation; reasons come before the "
        "answer, where they came after it; there is no timer; payoffs are points; ties of the control are drawn "
        "anew, where those of the experiment were replayed (give the neighbourhood a sequence_file for that); the "
        "heterogeneous network is a surrogate with degrees from 2 to 16, because the one that was played on is not "
        "public; temperatures that differ from node to node are five, where they were drawn from 0 to 2. Models are "
        "named as published and are reached at a base_url of your own. Without --full networks are small and rounds "
        "are few, so that it can be tried; a claim that models play like people takes --full and its "
        f"{REPLICATES_IN_FULL} replicates."
    ),
)
"""All nodes are the same agent unless the part says otherwise; every one is told that it is a student, as published."""
