"""A published study: the plans it consists of, who played it, and what every model in it was asked alike."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from importlib.resources import files
from string import Template
from textwrap import wrap
from typing import Any, TypeAlias

import tomli_w

from comity.core.errors import ComityError
from comity.llm.request import Settings
from comity.runs.models import models_of, refusals_without_key
from comity.runs.plan import PlanError, parsed_plan
from comity.runs.shape import unknown

HEAD = "# A study of comity: "
"""How every plan of a study begins."""
MODEL = "model"
_WIDTH = 116
_PROVIDERS = frozenset(setting.name for setting in fields(Settings))
"""The settings that are the provider's to take or not."""

Roster: TypeAlias = Sequence[Mapping[str, Any]]
"""The agents of a plan, as its file has them."""


class StudyError(ComityError):
    """There is no such study, or it has no such part, or its agents cannot be read."""


def _nothing(given: object) -> Mapping[str, str]:
    return {}


def _everybody(roster: Roster) -> Roster:
    return roster


@dataclass(frozen=True)
class Part:
    """One plan of a study; its template stands beside this file.

    about: one sentence. template: the name of the template. replicates: how many there are unless somebody asks for
    another number, and how many in full. filled: what the template leaves open, in small and in full.
    players: the labels of the published agents that play it unless others are named; none are all. cast: who plays it,
    given whom one has named. seats: what the template leaves open about who sits where, given who plays.
    """

    name: str
    about: str
    template: str
    replicates: int
    replicates_in_full: int
    filled: Callable[[bool], Mapping[str, str]] = _nothing
    players: tuple[str, ...] = ()
    cast: Callable[[Roster], Roster] = _everybody
    seats: Callable[[Roster], Mapping[str, str]] = _nothing


@dataclass(frozen=True)
class Study:
    """A study, as one or several plans; the first is the one that is meant unless another is named.

    about: one sentence. settings: what every model is asked alike, unless a roster says otherwise or the model does not
    take it. differs: what is not as published, in sentences.
    """

    name: str
    about: str
    parts: tuple[Part, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    differs: str = ""

    def plan(
        self,
        roster: Roster | None = None,
        *,
        part: str | None = None,
        replicates: int | None = None,
        full: bool = False,
    ) -> str:
        """The text of one plan, played by the roster or else by who is published.

        full: with as many games and replicates as sound numbers take, where the part is smaller otherwise. Raises
        `StudyError` where the study has no such part.
        """
        chosen = self._part(part)
        usual = chosen.replicates_in_full if full else chosen.replicates
        players = chosen.cast(self._published_in(chosen) if roster is None else roster)
        text = Template(_text(chosen.template)).substitute(
            replicates=replicates or usual,
            agents="\n".join(map(self._entry, players)),
            **chosen.filled(full),
            **chosen.seats(players),
        )
        return f"{HEAD}{self.name}\n{_commented(self.about)}{_commented(chosen.about)}{_commented(self.differs)}{text}"

    @property
    def published(self) -> Roster:
        """Who played it."""
        agents: Roster = tomllib.loads(_text(f"{self.name}_roster"))["agents"]
        return agents

    def _published_in(self, part: Part) -> Roster:
        return [agent for agent in self.published if not part.players or label_of(agent) in part.players]

    def _part(self, name: str | None) -> Part:
        if name is None:
            return self.parts[0]
        named = {part.name: part for part in self.parts}
        if name not in named:
            raise StudyError(f"the study {self.name}: {unknown('part', name, list(named))}")
        return named[name]

    def _entry(self, agent: Mapping[str, Any]) -> str:
        """The agent in TOML, asked as the study asks everybody, except for what its model does not take."""
        if agent.get("name") != MODEL:
            return f"[[agents]]\n{tomli_w.dumps(agent)}"
        asked = {**agent, **self.settings, **agent}
        comments = ""
        for name in self.settings:
            if name in _PROVIDERS and name not in agent and _in_the_way(name, asked):
                comments += (
                    f"# {name} = {asked.pop(name)} is left out: this model does not take it with these settings\n"
                )
        return f"[[agents]]\n{comments}{tomli_w.dumps(asked)}"


def label_of(agent: Mapping[str, Any]) -> str:
    """What tables will call an agent of a roster, as a plan would have it."""
    return str(agent.get("label") or agent.get("model") or agent.get("call") or agent.get("name"))


def _commented(text: str) -> str:
    return "".join(f"# {line}\n" for line in wrap(text, _WIDTH))


def _in_the_way(name: str, agent: Mapping[str, Any]) -> bool:
    """Whether the model could be asked but for that setting; what is no agent at all is for the plan to refuse."""
    try:
        with_it, without = (_refusals({**agent, **change}) for change in ({}, {name: None}))
    except PlanError:
        return False
    return len(without) < len(with_it)


def _refusals(agent: Mapping[str, Any]) -> list[str]:
    """What stands against asking that model, as a plan reads its entry. Raises `PlanError`."""
    entry = {name: value for name, value in agent.items() if value is not None and name != "wording"}
    trial = {"name": "trial", "seed": 0, "games": ["prisoners_dilemma"], "mechanisms": ["none"], "agents": [entry]}
    plan = parsed_plan(tomli_w.dumps(trial))
    return [sentence for model in models_of(plan).values() for sentence in refusals_without_key(model, plan.calling)]


def _text(name: str) -> str:
    return files("comity.studies").joinpath("templates", f"{name}.toml").read_text(encoding="utf-8")
