"""A page read back as a tree, by the parser of the standard library."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "wbr", "br", "link", "img", "input", "hr"}


@dataclass(eq=False)
class Element:
    """An element with its attributes and what is in it, in order."""

    tag: str
    attributes: dict[str, str]
    content: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All the text inside, white space as it shows."""
        parts = (part if isinstance(part, str) else part.text for part in self.content)
        return " ".join("".join(parts).split())

    def all(self, *tags: str, **attributes: str) -> Iterator[Element]:
        """Every element inside, this one too, with one of the tags (any, without tags) and these attributes."""
        wanted = {name.rstrip("_"): value for name, value in attributes.items()}
        if (not tags or self.tag in tags) and wanted.items() <= self.attributes.items():
            yield self
        for part in self.content:
            if isinstance(part, Element):
                yield from part.all(*tags, **attributes)

    def one(self, *tags: str, **attributes: str) -> Element:
        """The only such element."""
        [found] = self.all(*tags, **attributes)
        return found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("document", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        assert len(element.attributes) == len(attrs), f"<{tag}> has an attribute twice"
        self.open[-1].content.append(element)
        if tag not in _VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].content.append(data)


def read(page: str) -> Element:
    """The page as a tree. Fails where elements are not nested, or not closed."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert [element.tag for element in reader.open] == ["document"], "something is not closed"
    return reader.root


def grid(page: Element, caption: str) -> dict[str, dict[str, Element]]:
    """The entries of the one table with that caption, by the heads of row and column."""
    [found] = [each for each in page.all("table") if next(each.all("caption")).text.startswith(caption)]
    heads = [head.text for head in found.one("thead").all("th")][1:]
    rows = found.one("tbody").all("tr")
    return {row.one("th").text: dict(zip(heads, row.all("td"), strict=True)) for row in rows}


def value(entry: Element) -> float | None:
    """The number of an entry in full, None where a dash stands."""
    return next((float(data.attributes["value"]) for data in entry.all("data")), None)


def interval(entry: Element) -> str:
    """The interval of an entry as it is printed, empty where there is none."""
    return "".join(small.text for small in entry.all("small", class_="interval"))


def rests(entry: Element) -> list[str]:
    """What an entry says it rests on, and what is missing: its small print but for the interval."""
    return [small.text for small in entry.all("small") if small.attributes.get("class") != "interval"]
