"""Who plays a study instead of who was published."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from comity.studies.study import MODEL, Roster, StudyError


def named(models: Iterable[str]) -> Roster:
    """Language models by their names, asked as the study asks everybody."""
    return [{"name": MODEL, "model": model} for model in models]


def read_roster(path: Path) -> Roster:
    """The agents in that TOML file, written as in a plan; an entry with a `model` needs no `name`.

    Raises `StudyError` where the file has none.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StudyError(f"{path}: the agents cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise StudyError(f"{path}: the agents cannot be read: this is not text in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"{path}: this is not TOML: {error}") from None
    agents = document.get("agents")
    if not isinstance(agents, list) or not agents:
        raise StudyError(f"{path}: the field 'agents' must be a list of agents as in a plan, and there is none")
    return [_entry(agent) for agent in agents]


def _entry(agent: Any) -> dict[str, Any]:
    if isinstance(agent, dict):
        return {"name": MODEL, **agent} if "model" in agent else agent
    return {"name": agent}
