"""The pages of the documentation, and how their fenced blocks are run.

A page is read like a person would read it who tries everything, in a folder that looks like a fresh clone:

- a `python` block is executed, or checked as a doctest if it starts with `>>>`; the blocks of a page share their names;
- in a `console` or `sh` block each line `$ comity ...` is run, and the lines under it, if any, are what it must print;
  `...` stands for anything, and line breaks and the width of tables do not count;
- `<!-- exits with 2 -->` before a block of commands says that its commands end with that status instead of 0;
- `$ comity fake-provider ...` serves from when its first line is printed until the page ends (`end_servers`), and the
  port that a page gives it is a free one instead, wherever the page says it, since pages run beside each other;
- a block right under the words "Save this as `NAME`:" is written to that file;
- `<!-- not run: REASON -->` before a block leaves it out. There is no other way to leave one out.
"""

from __future__ import annotations

import doctest
import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from sybil import Document, Example, Sybil
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser
from sybil.parsers.markdown.lexers import FencedCodeBlockLexer

from tests.commands import Called, called

CHECKOUT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    page.relative_to(CHECKOUT).as_posix() for page in (*CHECKOUT.glob("*.md"), *CHECKOUT.glob("docs/**/*.md"))
)

PLAIN = {"COLUMNS": "120", "NO_COLOR": "1", "TERM": "dumb"}
SERVER = "fake-provider"
SERVERS: list[subprocess.Popen[str]] = []

COMMANDS = ("console", "sh")
FILES = ("ini", "json", "text", "toml")
COMMAND = re.compile(r"^\$ comity\b(?:.*\\\n)*.*$", re.MULTILINE)
PROMPT = re.compile(r"^\$ ", re.MULTILINE)
PORT = re.compile(r"--port (\d+)")
REMARK = re.compile(r"<!--\s*(not run|exits with):?\s+(\S[^\n]*?)\s*-->\s*\Z")
FENCE = re.compile(r"^```", re.MULTILINE)
SAVED = re.compile(r"\bSave this as `([\w./-]+)`:\s*\Z")


class OnFreePorts(Document):
    """A page that names free ports in place of those it was written with."""

    def __init__(self, text: str, path: str) -> None:
        for port in set(PORT.findall(text)):
            text = re.sub(rf"\b{port}\b", free_port(), text)
        super().__init__(text, path)


def free_port() -> str:
    """A port of this machine on which nobody listens now."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return str(taken.getsockname()[1])


def parsed(page: str) -> Document:
    """The page with its examples found."""
    return _READER.parse(CHECKOUT / page)


def examples(page: str) -> Iterator[Example]:
    """What is to be run of the page, in order."""
    return (example for example in parsed(page) if "not run" not in remarks(example))


def has_commands(page: str) -> bool:
    """Whether running the page starts processes."""
    return any(COMMAND.search(example.parsed) for example in examples(page) if isinstance(example.parsed, str))


def languages(page: str) -> Iterator[str]:
    """The language of each fenced block of the page."""
    lexer = FencedCodeBlockLexer(r"[^\n]*")
    return (region.lexemes["language"] for region in lexer(parsed(page)))


def remarks(example: Example) -> dict[str, str]:
    """The comment right before a block, by its kind."""
    found = REMARK.search(before(example))
    return {found[1]: found[2]} if found else {}


def before(example: Example) -> str:
    """The page up to the block of an example; a doctest is one of several examples in its block."""
    page = example.document.text[: example.start]
    fences = [found.start() for found in FENCE.finditer(page)]
    return page[: fences[-1]] if len(fences) % 2 else page


def run_commands(example: Example) -> None:
    """Run the commands of a block and compare what they print with what the page shows."""
    status = int(remarks(example).get("exits with", "0"))
    for command, shown in transcript(example.parsed):
        ended = run(command)
        where = f"{example.path}, line {example.line}: $ comity {shlex.join(command)}"
        assert ended.returncode == status, f"{where}\nended with {ended.returncode}, not {status}:\n{ended.stdout}"
        assert not shown.strip() or agree(shown, ended.stdout), f"{where}\nprinted:\n{ended.stdout}\nnot:\n{shown}"


def transcript(block: str) -> Iterator[tuple[list[str], str]]:
    """The arguments of each `comity` command of the block, and the output shown under it."""
    for found in COMMAND.finditer(block):
        following = PROMPT.search(block, found.end())
        shown = block[found.end() : following.start() if following else len(block)]
        yield shlex.split(found[0].removeprefix("$ comity").replace("\\\n", " "), comments=True), shown


def run(arguments: list[str]) -> Called:
    """Run the command as a person would, in the present folder and without colours.

    What may start processes is started as one itself; everything else is called in this process.
    """
    if arguments[0] not in ("run", SERVER):
        return called(arguments, environment=PLAIN, together=True)
    process = started(arguments)
    if arguments[0] == SERVER:
        return first_line(process)
    printed, _ = process.communicate()
    return Called(process.returncode, printed, "")


def first_line(server: subprocess.Popen[str]) -> Called:
    """What a server says when it begins to serve; or how it ended, where it does not."""
    SERVERS.append(server)
    assert server.stdout is not None
    told = server.stdout.readline()
    return Called(0 if "http://" in told else server.wait(), told, "")


def started(arguments: list[str]) -> subprocess.Popen[str]:
    """A process of the command; both its streams are one."""
    return subprocess.Popen(
        [Path(sys.executable).with_name("comity"), *arguments],
        env={**os.environ, **PLAIN},
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def end_servers() -> None:
    """End what a page left serving."""
    while SERVERS:
        with SERVERS.pop() as process:
            process.terminate()


def agree(shown: str, printed: str) -> bool:
    """Whether the output is as shown."""
    return doctest.OutputChecker().check_output(shown, printed, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)


def write_file(example: Example) -> None:
    """Write a block to the file that the words before it name."""
    if found := SAVED.search(before(example)):
        Path(found[1]).parent.mkdir(parents=True, exist_ok=True)
        Path(found[1]).write_text(example.parsed, encoding="utf-8")


_READER = Sybil(
    [
        PythonCodeBlockParser(doctest_optionflags=doctest.ELLIPSIS),
        *(CodeBlockParser(language, run_commands) for language in COMMANDS),
        *(CodeBlockParser(language, write_file) for language in FILES),
    ],
    document_types={".md": OnFreePorts},
)
