"""What an SMTP server's reply means."""

from __future__ import annotations

import re

from jouren.messaging.errors import DeliveryError

# Enhanced status codes (RFC 3463, RFC 7505) that say nobody lives there: no such user, no such host, moved,
# the domain takes no mail, the mailbox is disabled.
_DEAD_CODES = frozenset({"5.1.1", "5.1.2", "5.1.6", "5.1.10", "5.2.1"})
_ENHANCED = re.compile(r"^([245]\.\d{1,3}\.\d{1,3})\b")
_ADDRESS = re.compile(r"\S+@\S+")
_DEAD_WORDS = re.compile(
    r"user unknown|unknown user|no such (user|mailbox|recipient|address|account)|"
    r"(user|mailbox|recipient|account|address)\b.{0,40}(does ?n.t|does not) exist|"
    r"does ?n.t have an? \S+ account|(unknown|invalid) (recipient|mailbox)|(host|domain) (unknown|not found)|"
    r"has moved|account (is )?(disabled|closed|suspended)",
    re.IGNORECASE,
)
# Words that tell of us, or of the moment, not of the address.
_OTHER_WORDS = re.compile(
    r"polic|spam|block|black ?list|reputation|\bspf\b|dkim|dmarc|gr[ea]y ?list|rate|too many|quota|\bfull\b|"
    r"storage|size|large|relay|\brbl\b|dnsbl|denied|authenticat|content|virus",
    re.IGNORECASE,
)


class ReplyReader:
    """Collects bytes and gives complete replies: three digits and the text of all its lines."""

    LIMIT = 65_536

    def __init__(self) -> None:
        self._rest = b""
        self._lines: list[str] = []

    def feed(self, data: bytes) -> list[tuple[int, str]]:
        """The replies that ``data`` completes. Raises ValueError when this is not SMTP."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) + sum(map(len, self._lines)) > self.LIMIT:
            raise ValueError("The server's reply is too long.")
        replies = []
        for line in lines:
            if not (len(line) >= 3 and line[:3].isdigit()):
                raise ValueError("The server does not speak SMTP.")
            self._lines.append(line[4:].decode("utf-8", "replace").strip())
            if line[3:4] != b"-":
                replies.append((int(line[:3]), " ".join(self._lines)))
                self._lines.clear()
        return replies


def refusal(code: int, text: str) -> DeliveryError:
    """The error that a negative reply is."""
    found = _ENHANCED.match(text)
    shown = f"{code} {text}"[:500].replace("\x00", "")
    return DeliveryError(shown, permanent=500 <= code < 600, code=code, enhanced=found[1] if found else "")


def means_nobody_lives_there(error: DeliveryError) -> bool:
    """True when a refusal of a recipient is about the address itself: user or host unknown, moved, not accepting.

    Never for policy, size, rate, greylisting or a full mailbox: those pass, and the person is still there.
    """
    if not error.permanent:
        return False
    words = _ADDRESS.sub(" ", str(error))
    if _OTHER_WORDS.search(words):
        return False
    if error.enhanced:
        return error.enhanced in _DEAD_CODES or (error.enhanced == "5.0.0" and bool(_DEAD_WORDS.search(words)))
    return error.code in {521, 551, 556} or (error.code in {550, 553, 554} and bool(_DEAD_WORDS.search(words)))
