"""The closed lists of voices."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class State(TextChoices):
    """How a voice stands; what waits for a person first."""

    RECEIVED = "received", _("To be looked at")
    APPROVED = "approved", pgettext_lazy("voice", "Shown")
    ASKED = "asked", pgettext_lazy("voice", "Asked for")
    DECLINED = "declined", pgettext_lazy("voice", "Not shown")
    WITHDRAWN = "withdrawn", pgettext_lazy("voice", "Withdrawn")


class NameForm(TextChoices):
    """Under which name somebody's words are shown."""

    FULL = "full", _("My full name")
    FAMILY = "family", _("My family name")
    INITIALS = "initials", _("My initials")
    NICKNAME = "nickname", _("Another name")
    ANONYMOUS = "anonymous", _("No name")


class Given(TextChoices):
    """What somebody got in return for their words."""

    NOTHING = "nothing", _("Nothing")
    SAMPLE = "sample", _("A sample or a gift")
    DISCOUNT = "discount", _("A discount, coupon or points")


class AgeGroup(TextChoices):
    """An age that somebody chooses to show."""

    TEENS = "10", _("Under 20")
    TWENTIES = "20", _("In their 20s")
    THIRTIES = "30", _("In their 30s")
    FORTIES = "40", _("In their 40s")
    FIFTIES = "50", _("In their 50s")
    SIXTIES = "60", _("In their 60s")
    SEVENTIES = "70", _("In their 70s")
    EIGHTIES = "80", _("80 or older")


class Prefecture(TextChoices):
    """Where somebody lives, as far as they choose to show it. Numbers of JIS X 0401."""

    HOKKAIDO = "01", _("Hokkaido")
    AOMORI = "02", _("Aomori")
    IWATE = "03", _("Iwate")
    MIYAGI = "04", _("Miyagi")
    AKITA = "05", _("Akita")
    YAMAGATA = "06", _("Yamagata")
    FUKUSHIMA = "07", _("Fukushima")
    IBARAKI = "08", _("Ibaraki")
    TOCHIGI = "09", _("Tochigi")
    GUNMA = "10", _("Gunma")
    SAITAMA = "11", _("Saitama")
    CHIBA = "12", _("Chiba")
    TOKYO = "13", _("Tokyo")
    KANAGAWA = "14", _("Kanagawa")
    NIIGATA = "15", _("Niigata")
    TOYAMA = "16", _("Toyama")
    ISHIKAWA = "17", _("Ishikawa")
    FUKUI = "18", _("Fukui")
    YAMANASHI = "19", _("Yamanashi")
    NAGANO = "20", _("Nagano")
    GIFU = "21", _("Gifu")
    SHIZUOKA = "22", _("Shizuoka")
    AICHI = "23", _("Aichi")
    MIE = "24", _("Mie")
    SHIGA = "25", _("Shiga")
    KYOTO = "26", _("Kyoto")
    OSAKA = "27", _("Osaka")
    HYOGO = "28", _("Hyogo")
    NARA = "29", _("Nara")
    WAKAYAMA = "30", _("Wakayama")
    TOTTORI = "31", _("Tottori")
    SHIMANE = "32", _("Shimane")
    OKAYAMA = "33", _("Okayama")
    HIROSHIMA = "34", _("Hiroshima")
    YAMAGUCHI = "35", _("Yamaguchi")
    TOKUSHIMA = "36", _("Tokushima")
    KAGAWA = "37", _("Kagawa")
    EHIME = "38", _("Ehime")
    KOCHI = "39", _("Kochi")
    FUKUOKA = "40", _("Fukuoka")
    SAGA = "41", _("Saga")
    NAGASAKI = "42", _("Nagasaki")
    KUMAMOTO = "43", _("Kumamoto")
    OITA = "44", _("Oita")
    MIYAZAKI = "45", _("Miyazaki")
    KAGOSHIMA = "46", _("Kagoshima")
    OKINAWA = "47", _("Okinawa")
    ABROAD = "99", _("Outside of Japan")
