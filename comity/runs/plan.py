"""From a TOML file to a plan, or to the sentences that say what is wrong with it.

First the shape of the document is validated, then every name, field and stack is looked up and built; nothing is played
before all of it stands. `docs/reference/plan.md` describes the format.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from pydantic import ValidationError

from comity.records.store import Header
from comity.runs.building import built_plan
from comity.runs.complaints import Complaints, PlanError
from comity.runs.design import Plan
from comity.runs.graph_files import files_beside, files_kept
from comity.runs.shape import Document, sentences
from comity.runs.texts import Texts
from comity.runs.wordings import beside, kept

__all__ = ["Plan", "PlanError", "parsed_plan", "plan_of", "read_plan"]


NO_TEXTS = kept(())
"""No wording but ours."""
NO_GRAPHS = files_kept(())
"""No file of edges."""


def read_plan(path: Path) -> Plan:
    """The plan in that file. Raises `PlanError`, with one line for each thing that is wrong with it."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise PlanError(f"{path}: a plan is text in UTF-8, and byte {error.start + 1} of this is not") from None
    except OSError as error:
        raise PlanError(f"{path}: the plan cannot be read: {error.strerror}") from None
    return parsed_plan(text, str(path), beside(path.parent), files_beside(path.parent))


def plan_of(header: Header, source: str) -> Plan:
    """The plan that a run was made by. Raises `PlanError`."""
    return parsed_plan(header.plan, source, kept(header.wordings), files_kept(header.graphs))


def parsed_plan(text: str, source: str = "plan.toml", texts: Texts = NO_TEXTS, graphs: Texts = NO_GRAPHS) -> Plan:
    """The plan in that text, which the sentences call `source`. Raises `PlanError`.

    texts: the user's wordings. graphs: the files of edges that the plan names.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PlanError(_syntax(source, text, str(error))) from None
    complaints = Complaints(source, text)
    try:
        shape = Document.model_validate(document)
    except ValidationError as error:
        for place, sentence in sentences(error):
            complaints.add(place, sentence)
        raise complaints.error() from None
    return built_plan(shape, text, texts, graphs, complaints)


def _syntax(source: str, text: str, error: str) -> str:
    found = re.fullmatch(r"(?P<what>.*) \(at line (?P<line>\d+), column (?P<column>\d+)\)", error)
    if found is None:
        return f"{source}, line {text.rstrip().count(chr(10)) + 1}: this is not TOML: {error}"
    return f"{source}, line {found['line']}, column {found['column']}: this is not TOML: {found['what']}"
