"""Who the people of the year are: invented names, where they come from, and how they are minded. Seeded."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from jouren.backoffice.demo import texts

_FAMILIES = """
佐藤/さとう 鈴木/すずき 高橋/たかはし 田中/たなか 伊藤/いとう 渡辺/わたなべ 山本/やまもと 中村/なかむら 小林/こばやし
加藤/かとう 吉田/よしだ 山田/やまだ 佐々木/ささき 山口/やまぐち 松本/まつもと 井上/いのうえ 木村/きむら 林/はやし
清水/しみず 斎藤/さいとう 阿部/あべ 森田/もりた 池田/いけだ 橋本/はしもと 石川/いしかわ 前田/まえだ 藤田/ふじた
岡田/おかだ 後藤/ごとう 長谷川/はせがわ 村上/むらかみ 近藤/こんどう 坂本/さかもと 遠藤/えんどう 青木/あおき
西村/にしむら 福田/ふくだ 太田/おおた 三浦/みうら 藤原/ふじわら
"""
_GIVENS = """
美咲/みさき 由美子/ゆみこ さくら/さくら 恵子/けいこ 千尋/ちひろ 明日香/あすか 花子/はなこ 文/あや 香織/かおり 静/しずか
真由/まゆ 和子/かずこ 奈々/なな 智子/ともこ 直美/なおみ 陽子/ようこ 久美子/くみこ 麻衣/まい 彩/あや 友美/ともみ
裕子/ゆうこ 沙織/さおり 里奈/りな 典子/のりこ 幸子/さちこ 春菜/はるな 瞳/ひとみ 綾乃/あやの 真理/まり 早苗/さなえ
健一/けんいち 誠/まこと 大輔/だいすけ 浩二/こうじ 直樹/なおき 亮/りょう
"""
_SOURCES = (
    ("?utm_source=instagram&utm_medium=social&utm_campaign=awa", "https://l.instagram.com/", 30),
    ("?utm_source=x&utm_medium=social", "https://t.co/", 12),
    ("", "https://www.google.com/", 28),
    ("", "https://blog.example/hada", 12),
    ("?utm_source=youtube&utm_medium=video&utm_campaign=awa", "https://www.youtube.com/", 8),
    ("", "", 10),
)
_YEAR = 365


@dataclass
class Persona:
    """Somebody, as they are minded. All ``likes_…`` are chances from 0 to 1."""

    number: int
    family: tuple[str, str]
    given: tuple[str, str]
    arrives: datetime
    query: str
    referrer: str
    problems: list[str]
    interest: float
    writes_kana: bool
    confirms: bool
    likes_trial: float
    likes_it: str
    loyalty: float
    wants_subscription: bool
    is_gone: bool = False
    contact_id: int | None = None
    bought: list[str] = field(default_factory=list)

    @property
    def email(self) -> str:
        """Of a domain that is nobody's."""
        return f"shop{self.number:03d}@example.jp"


def draw_personas(count: int, begin: datetime, chance: random.Random) -> list[Persona]:
    """So many people, who come over a year, more and more of them, in the order in which they come."""
    families, givens = _names(_FAMILIES), _names(_GIVENS)
    pairs = [(family, given) for family in families for given in givens]
    names = chance.sample(pairs, count)
    moments = sorted(_moment(begin, chance) for _each in range(count))
    return [_draw(number + 1, *names[number], moments[number], chance) for number in range(count)]


def _draw(
    number: int, family: tuple[str, str], given: tuple[str, str], arrives: datetime, chance: random.Random
) -> Persona:
    query, referrer, _weight = chance.choices(_SOURCES, [weight for *_rest, weight in _SOURCES])[0]
    interest = chance.betavariate(2.2, 2.0)
    return Persona(
        number=number,
        family=family,
        given=given,
        arrives=arrives,
        query=query,
        referrer=referrer,
        problems=chance.sample(texts.PROBLEMS, chance.choice((1, 1, 1, 2))),
        interest=interest,
        writes_kana=chance.random() < 0.7,
        confirms=chance.random() < 0.9,
        likes_trial=min(0.95, 0.3 + 0.65 * interest),
        likes_it=chance.choices(("above", "as_expected", "below"), (34, 48, 18))[0],
        loyalty=chance.betavariate(2.4, 1.6),
        wants_subscription=chance.random() < 0.45,
    )


def _moment(begin: datetime, chance: random.Random) -> datetime:
    """In the year, later ones likelier: the shop becomes known. In the daytime, mostly in the evening."""
    day = int(_YEAR * chance.uniform(0.004, 0.999) ** 0.65)
    hour = chance.choices((8, 12, 15, 19, 21, 22), (10, 18, 12, 20, 25, 15))[0]
    return begin + timedelta(days=day, hours=hour, minutes=chance.randint(0, 59), seconds=chance.randint(0, 59))


def _names(listed: str) -> list[tuple[str, str]]:
    pairs = (each.split("/") for each in listed.split())
    return [(written, spoken) for written, spoken in pairs]
