"""A published study: the plans it consists of, who played it, and what every model in it was asked alike."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
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


@dataclass(frozen=True)
class Study:
    """A study, whose plans are templates beside this file.

    about: one sentence. replicates: as published. settings: what every model is asked alike, unless a roster says
    otherwise or the model does not take it. differs: what is not as published, in sentences. ablations: whether it has
    a second plan of variations.
    """

    name: str
    about: str
    replicates: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    differs: str = ""
    ablations: bool = False

    def plan(self, roster: Roster | None = None, *, ablations: bool = False, replicates: int | None = None) -> str:
        """The text of a plan: of the study or of its ablations, played by the roster or else by who is published.

        Raises `StudyError` where the study has no ablations.
        """
        if ablations and not self.ablations:
            raise StudyError(f"the study {self.name} has no ablations")
        template = Template(_text(f"{self.name}_ablations" if ablations else self.name))
        agents = "\n".join(map(self._entry, self.published if roster is None else roster))
        head = f"{HEAD}{self.name}\n# {self.about}\n{_commented(self.differs)}"
        return f"{head}{template.substitute(replicates=replicates or self.replicates, agents=agents)}"

    @property
    def published(self) -> Roster:
        """Who played it."""
        agents: Roster = tomllib.loads(_text(f"{self.name}_roster"))["agents"]
        return agents

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
