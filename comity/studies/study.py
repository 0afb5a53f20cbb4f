"""A published study: the plans it consists of, who played it, and what every model in it was asked alike."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from string import Template
from typing import Any, TypeAlias

import tomli_w

from comity.core.errors import ComityError

HEAD = "# A study of comity: "
"""How every plan of a study begins."""
MODEL = "model"

Roster: TypeAlias = Sequence[Mapping[str, Any]]
"""The agents of a plan, as its file has them."""


class StudyError(ComityError):
    """There is no such study, or it has no such part, or its agents cannot be read."""


@dataclass(frozen=True)
class Study:
    """A study, whose plans are templates beside this file.

    about: one sentence. replicates: as published. settings: what every model is asked alike, unless a roster says
    otherwise. ablations: whether it has a second plan of variations.
    """

    name: str
    about: str
    replicates: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    ablations: bool = False

    def plan(self, roster: Roster | None = None, *, ablations: bool = False, replicates: int | None = None) -> str:
        """The text of a plan: of the study or of its ablations, played by the roster or else by who is published.

        Raises `StudyError` where the study has no ablations.
        """
        if ablations and not self.ablations:
            raise StudyError(f"the study {self.name} has no ablations")
        template = Template(_text(f"{self.name}_ablations" if ablations else self.name))
        agents = [self._set(agent) for agent in (self.published if roster is None else roster)]
        head = f"{HEAD}{self.name}\n# {self.about}\n"
        text = template.substitute(replicates=replicates or self.replicates, agents=tomli_w.dumps({"agents": agents}))
        return f"{head}{text}"

    @property
    def published(self) -> Roster:
        """Who played it."""
        agents: Roster = tomllib.loads(_text(f"{self.name}_roster"))["agents"]
        return agents

    def _set(self, agent: Mapping[str, Any]) -> dict[str, Any]:
        return {**agent, **(self.settings if agent.get("name") == MODEL else {}), **agent}


def _text(name: str) -> str:
    return files("comity.studies").joinpath("templates", f"{name}.toml").read_text(encoding="utf-8")
