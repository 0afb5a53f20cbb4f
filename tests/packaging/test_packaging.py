"""What is declared, what is locked and what is imported agree."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (CHECKOUT / "requirements.lock").read_text(encoding="utf-8")
RUNTIME = PROJECT["project"]["dependencies"]
OPTIONAL = [line for extra in PROJECT["project"]["optional-dependencies"].values() for line in extra]
DEVELOPMENT = PROJECT["dependency-groups"]["dev"]
PART_OF = {
    "pydantic-core": "pydantic",  # released together, one version for one version
    "openai": "pydantic-ai-slim",  # comes with an extra of it, which says in which version
    "tenacity": "inspect-ai",  # only to catch what Inspect raises by way of it
}
BOUNDED = {"inspect-ai"}  # its logs and some of its inner modules are used, and may be others in its next version


def name(requirement: str) -> str:
    """The normalised name of the distribution that a requirement asks for."""
    return re.sub(r"[-_.]+", "-", re.split(r"[<>=!~ ;\[]", requirement)[0]).lower()


def imported() -> Iterator[str]:
    """The top-level names of other people's modules that the package imports."""
    for file in CHECKOUT.glob("comity/**/*.py"):
        yield from modules(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))


def modules(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """The top-level names of the modules that these nodes import."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


@pytest.mark.slow
def test_what_is_imported_is_declared_and_the_other_way_round() -> None:
    provided = packages_distributions()
    others = set(imported()) - sys.stdlib_module_names - {"comity"}
    needed = {name(provided[module][0]) for module in others}
    assert {PART_OF.get(needed_name, needed_name) for needed_name in needed} == {
        name(line) for line in (*RUNTIME, *OPTIONAL)
    }


def test_extras_are_tested() -> None:
    assert set(OPTIONAL) <= set(DEVELOPMENT)


def test_dependencies_have_lower_bounds_only() -> None:
    for requirement in (*RUNTIME, *OPTIONAL, *DEVELOPMENT):
        upper = r"(,<[\d.]+)" if name(requirement) in BOUNDED else ""
        assert re.fullmatch(rf"[\w.-]+(\[[\w,.-]+\])?>=[\d.]+{upper}", requirement), requirement


def test_what_needs_an_extra_is_imported_where_it_is_asked_for() -> None:
    needed = {name(line).replace("-", "_") for line in OPTIONAL}
    for file in CHECKOUT.glob("comity/**/*.py"):
        if file.parent.name != "inspect":
            body = ast.parse(file.read_text(encoding="utf-8")).body
            assert not needed & set(modules(body)), f"{file} would need it as soon as it is imported"


def test_everything_declared_is_locked_with_hashes() -> None:
    locked = dict(re.findall(r"^([\w.-]+)==[^\n]*\\\n    --hash=sha256:([0-9a-f]{64})", LOCK, re.MULTILINE))
    declared = (*RUNTIME, *OPTIONAL, *DEVELOPMENT, *PROJECT["build-system"]["requires"])
    assert {name(requirement) for requirement in declared} <= set(locked)
    assert len(locked) == len(re.findall(r"^[\w.-]+==", LOCK, re.MULTILINE))


def test_the_lock_names_no_host() -> None:
    assert not re.search(r"://|index-url|find-links|trusted-host", LOCK)
