"""What a channel is: how a message is compiled for it, written for one person, and handed over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple, Protocol

from jouren.core.relay import Trouble
from jouren.messaging.errors import DeliveryError


class Rendered(NamedTuple):
    """A message as one person sees it. Channels without a subject or HTML leave those empty."""

    subject: str
    html: str
    text: str


class Letter(NamedTuple):
    """One message ready to be handed over: from whom, to whom, and the bytes that travel."""

    sender: str
    recipient: str
    data: bytes


class Sender(NamedTuple):
    """Who a message is from, and where its links lead."""

    name: str
    address: str
    reply_to: str
    base_url: str


class LetterOrder(NamedTuple):
    """What a writer needs for one letter. ``variables`` are those of the template, without links."""

    version_id: int
    message_id: str
    token: str
    address: str
    variables: Mapping[str, Any]


class Fate(Enum):
    """How handing a letter over ended. ``NOT_TAKEN``: the line broke before it could count; it may go again at once.
    ``LOST``: the line broke when the receiver may have had it already. ``NOT_BEGUN``: the line broke before this
    letter's turn came; nothing of it was sent, and that was no try."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    NOT_TAKEN = "not_taken"
    LOST = "lost"
    NOT_BEGUN = "not_begun"


class Handover(NamedTuple):
    """A letter for line ``line``. Its outcome comes back under ``key``."""

    line: int
    key: int
    letter: Letter


class Outcome(NamedTuple):
    """The end of the letter handed over under ``key``. ``error``: why it was refused or broke off; ``is_dead``: nobody
    lives at its address."""

    key: int
    fate: Fate
    error: DeliveryError | None = None
    is_dead: bool = False


class Transport(Protocol):
    """A bundle of lines, each carrying its letters one after the other. Belongs to one thread."""

    def ready(self, wanted: int, lines: int, letters: int, wait: float = 0.0) -> list[int]:
        """Places for letters: the number of a line for each that it can take now, lines in turn, each at most
        ``letters`` with what it has. Opens lines in the background, up to ``lines`` and not more than ``wanted``;
        with none yet, waits up to ``wait`` seconds for the first."""
        ...

    def send(self, letters: Sequence[Handover]) -> None:
        """Begin to hand over letters, at most as many a line as :meth:`ready` gave places."""
        ...

    def poll(self, timeout: float) -> list[Outcome]:
        """What has ended, waiting up to ``timeout`` seconds for all; less once only stragglers are left."""
        ...

    def recall(self) -> None:
        """Begin no more letters: those that wait for their turn end as ``NOT_BEGUN``."""
        ...

    def news(self) -> list[Trouble | None]:
        """What became known of the way out since this was last asked: a trouble, or None when it is open again."""
        ...

    def close(self) -> None:
        """Close all lines."""
        ...


class Writer(Protocol):
    """Writes letters of published versions. Belongs to one thread; remembers what it compiled."""

    def knows(self, version_id: int) -> bool:
        """Whether :meth:`learn` was called for this version."""
        ...

    def learn(self, version_id: int, body: Mapping[str, Any], kind: str) -> None:
        """Take in a version's body for this channel."""
        ...

    def write(self, order: LetterOrder, now: datetime) -> Letter:
        """The letter for one person. Raises TemplateProblem, DeliveryError."""
        ...


@dataclass(frozen=True)
class Channel:
    """A way for messages to travel. ``compile`` turns an authored body into the JSON that a version keeps.

    ``compile(block value, context)`` raises InvalidMessage. ``render`` shows a compiled body to a person's variables.
    """

    name: str
    label: Any
    compile: Callable[[Any, CompileContext], dict[str, Any]]
    render: Callable[[Mapping[str, Any], Mapping[str, Any]], Rendered]
    open_transport: Callable[[], Transport]
    open_writer: Callable[[Sender], Writer]


class Logo(NamedTuple):
    """The shop's logo: where it is (a path, or a whole address), and how large it is shown, in pixels."""

    url: str
    width: int
    height: int


@dataclass(frozen=True)
class CompileContext:
    """What compiling a body depends on besides the body. ``colour``: the shop's, ``#rrggbb``, or empty."""

    kind: str
    language: str
    purpose: str
    base_url: str
    colour: str = ""
    logo: Logo | None = None


_channels: dict[str, Channel] = {}


def register_channel(channel: Channel) -> Channel:
    """Make a channel known; one of the same name is replaced."""
    _channels[channel.name] = channel
    return channel


def channel(name: str) -> Channel:
    """The registered channel of that name. Raises LookupError."""
    try:
        return _channels[name]
    except KeyError:
        raise LookupError(f"Unknown channel {name!r}; known are {sorted(_channels)}.") from None


def channels() -> list[Channel]:
    """All registered channels, by name."""
    return [_channels[name] for name in sorted(_channels)]
