"""What the people of the year do: look, sign up, read, click, buy, answer, leave. By the product's public ways in."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable
from datetime import timedelta

from demo_year.orders import DAY, EVERY_DAYS, Till
from demo_year.personas import Persona
from demo_year.travel import Travel
from demo_year.web import IMAGE_PROXY, Browser
from jouren.api.ingest import ingest
from jouren.backoffice.demo import products, texts
from jouren.capture.models import Form
from jouren.catalog.models import Product
from jouren.catalog.offers.coupons import code_for
from jouren.catalog.offers.links import offer_token
from jouren.catalog.offers.models import Coupon, Offer
from jouren.contacts.queries import find_by_email
from jouren.core import clock
from jouren.messaging.models import Delivery
from jouren.messaging.tracking import make_token
from jouren.messaging.vocabulary import State

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
PAGE = "/letters/"
_VOICES = (
    "手順が減って、朝の支度が楽になりました。香りがないのも気に入っています。",
    "泡がもっちりしていて、洗うのが楽しみになりました。小さいので旅行にも持っていきました。",
    "最初は物足りなく感じましたが、二週間ほどで慣れました。いまはこれで十分だと思っています。",
    "夕方に鏡を見るのが、前ほどいやではなくなりました。クリームは少しで伸びます。",
    "店主さんの返信が丁寧で安心しました。使い方の相談に乗ってもらえるのがありがたいです。",
    "夫も一緒に使っています。せっけんの減りが早いのだけが困りごとです。",
    "しっとりするのに、べたつかないところが好きです。枕カバーも替えるようになりました。",
    "三つだけという潔さに惹かれました。棚がすっきりしました。",
    "泡立てがまだ上手にできません。動画を見ながら練習しています。",
)
_TROUBLES = ("首もとの乾きが気になる", "髪の乾燥が気になる", "日焼けのあとのお手入れがわからない", "手荒れが気になる")


class Shoppers:
    """All people, and what they are going to do. Seeded by ``chance``."""

    def __init__(self, personas: Iterable[Persona], travel: Travel, chance: random.Random) -> None:
        self._travel, self._chance = travel, chance
        self.till = Till(travel)
        self.by_contact: dict[int, Persona] = {}
        self._browsers: dict[int, Browser] = {}
        self._form = Form.objects.get(title=texts.FORM["title"])
        self._trial = Offer.objects.get(product__name="7日間お試しセット")
        self._discount = Coupon.objects.get(offer=self._trial).discount
        self._product = Product.objects.get(name="7日間お試しセット")
        self._keys = {letter.name: key for key, letter in texts.MESSAGES.items()}
        self._looked = clock.now()
        self._seen: set[int] = set()
        for persona in personas:
            travel.plan(persona.arrives, self._doing(persona, self._arrive), is_heard=False)

    # ---- Before anybody knows them.

    def pass_by(self, number: int, query: str, referrer: str) -> None:
        """Somebody looks at the page and goes again."""
        Browser(1000 + number).get(PAGE + query, referrer=referrer)

    def _arrive(self, persona: Persona) -> None:
        browser = self._browsers[persona.number] = Browser(persona.number)
        browser.get(PAGE + persona.query, referrer=persona.referrer)
        pause = self._hours(0.01, 0.1) if self._chance.random() < 0.7 else self._hours(4, 120)
        self._after(pause, persona, self._sign_up)

    def _sign_up(self, persona: Persona) -> None:
        browser = self._browsers[persona.number]
        shown = browser.get(PAGE)
        clock.move_to(clock.now() + timedelta(seconds=self._chance.randint(20, 90)))
        answers = {
            "family_name": persona.family[0],
            "given_name": persona.given[0],
            "email": persona.email,
            "problem": persona.problems,
            "consent": "on",
            "stamp": shown.stamp,
        }
        if persona.writes_kana:
            answers |= {"family_kana": persona.family[1], "given_kana": persona.given[1]}
        taken = browser.post(f"/f/{self._form.public_id}/", answers)
        if taken.status != 303:
            raise RuntimeError(f"The form was not taken: {taken.status} {taken.text[:2000]}")
        contact = find_by_email(persona.email)
        assert contact is not None
        persona.contact_id = contact.pk
        self.by_contact[contact.pk] = persona
        if not persona.confirms:
            return
        waiting = Delivery.objects.filter(contact_id=contact.pk).order_by("-pk")[0]
        assert waiting.context is not None
        link = str(waiting.context["confirm_url"])
        pause = self._hours(0.05, 0.6) if self._chance.random() < 0.85 else self._hours(3, 60)
        self._after(pause, persona, lambda who: self._confirm(who, link))

    def _confirm(self, persona: Persona, link: str) -> None:
        browser = self._browsers[persona.number]
        browser.get(link)
        done = browser.post(link)
        gift = done.link('/gift/[^"]+/file')
        if gift and self._chance.random() < 0.55:
            browser.get(gift)

    # ---- What they do about a message.

    def look(self) -> None:
        """Let people find what has been sent to them since the last look."""
        sent = Delivery.objects.filter(state=State.SENT, sent_at__gte=self._looked - MINUTE).exclude(pk__in=self._seen)
        for delivery in sent.select_related("message_version").order_by("sent_at", "pk"):
            self._seen.add(delivery.pk)
            persona = self.by_contact.get(delivery.contact_id)
            if persona is not None:
                self._get(persona, delivery)
        self._looked = clock.now()

    def _get(self, persona: Persona, delivery: Delivery) -> None:
        chance = self._chance
        key = self._keys.get(delivery.message_version.name, "news" if delivery.message_version.topic else "")
        if not key or persona.is_gone:
            return
        token = make_token(delivery.pk)
        browser = self._browsers.get(persona.number) or Browser(persona.number)
        if chance.random() < 0.2:
            self._quietly(timedelta(seconds=1), persona, lambda _who: browser.get(f"/o/{token}.gif", agent=IMAGE_PROXY))
        if chance.random() > 0.34 + 0.58 * persona.interest:
            return
        opened = self._hours(0.1, 3) if chance.random() < 0.7 else self._hours(3, 40)
        self._quietly(opened, persona, lambda _who: browser.get(f"/o/{token}.gif"))
        links = list(delivery.message_version.bodies["email"]["links"])
        own = [place for place, url in enumerate(links) if "/-/" not in url]
        if own and chance.random() < 0.14 + 0.42 * persona.interest:
            place = chance.choice(own)
            self._quietly(opened + 3 * MINUTE, persona, lambda _who: browser.get(f"/c/{token}/{place}"))
        if chance.random() < 0.012 - 0.008 * persona.interest:
            self._after(opened + 2 * MINUTE, persona, lambda who: self._unsubscribe(who, browser, token))
            return
        self._answer(key, persona, delivery, opened)

    def _answer(self, key: str, persona: Persona, delivery: Delivery, opened: timedelta) -> None:
        chance = self._chance
        token = make_token(delivery.pk)
        browser = self._browsers.get(persona.number) or Browser(persona.number)
        if key in {"trick", "opportunity", "letter2", "miss_you", "news"} and chance.random() < 0.05:
            message_id = delivery.message_id
            self._after(opened + 20 * MINUTE, persona, lambda who: self._reply(who, message_id))
        if key == "letter1" and chance.random() < 0.4:
            self._quietly(opened + MINUTE, persona, lambda _who: self._fetch_gift(browser, token, delivery))
        if key == "offer":
            self._quietly(opened + 5 * MINUTE, persona, lambda who: self._look_at_offer(who, browser))
        if key == "peace" and chance.random() < 0.72:
            self._after(opened + 4 * MINUTE, persona, lambda who: self._answer_survey(who, browser, token, delivery))
        if key == "effect" and persona.likes_it != "below" and chance.random() < 0.35:
            self._after(opened + 9 * MINUTE, persona, lambda who: self._give_voice(who, browser, token))
        if key == "regular" and persona.likes_it != "below" and chance.random() < 0.15 + 0.8 * persona.loyalty:
            self._after(opened + self._hours(1, 150), persona, self._buy_regular)
        if key == "welcome_regular" and chance.random() < 0.35:
            self._after(opened + self._hours(1, 100), persona, lambda who: self._buy(who, products.FINEST))
        if key in {"miss_you", "invite_back"} and chance.random() < 0.12:
            self._after(opened + self._hours(5, 90), persona, self._buy_pack)

    def _fetch_gift(self, browser: Browser, token: str, delivery: Delivery) -> None:
        links = delivery.message_version.bodies["email"]["links"]
        place = next(at for at, url in enumerate(links) if "/gift/-/" in url)
        page = browser.get(browser.get(f"/c/{token}/{place}").location)
        file = browser.get(page.location).link('/gift/[^"]+/file') if page.location else ""
        if file:
            browser.get(file)

    def _look_at_offer(self, persona: Persona, browser: Browser) -> None:
        if persona.contact_id is None or self._chance.random() > 0.35 + 0.65 * persona.interest:
            return
        browser.get(f"/offer/{offer_token(self._trial.pk, persona.contact_id)}")
        if self._chance.random() < persona.likes_trial:
            self._after(self._hours(0.1, 60), persona, self._buy_trial)
        elif self._chance.random() < 0.3:
            key = f"cart-{persona.number}"
            self._told(persona, {"type": "cart.left", "key": key, "payload": {"products": [products.TRIAL]}})

    def _buy_trial(self, persona: Persona) -> None:
        if persona.contact_id is None or persona.bought:
            return
        code = code_for(self._trial, persona.contact_id)
        self.till.sell(persona, products.TRIAL, coupon=code, discount=self._discount if code else 0)
        if persona.likes_it == "above" and self._chance.random() < 0.25:
            self._after(self._hours(24 * 9, 24 * 20), persona, self._buy_regular)

    def _answer_survey(self, persona: Persona, browser: Browser, token: str, delivery: Delivery) -> None:
        links = delivery.message_version.bodies["email"]["links"]
        place = next(at for at, url in enumerate(links) if url.endswith(persona.likes_it))
        page = browser.get(f"/c/{token}/{place}").location
        browser.post(page, {"satisfaction": persona.likes_it})
        if self._chance.random() < 0.6:
            is_glad = persona.likes_it != "below"
            more = {"still_using": "yes" if is_glad else "no", "worth_price": "yes" if is_glad else "no"}
            if self._chance.random() < 0.3:
                more["trouble"] = self._chance.choice(_TROUBLES)
            browser.post(f"{page}?more", more)
        if persona.likes_it == "below" and self._chance.random() < 0.35:
            number = persona.bought[-1] if persona.bought else ""
            if number:
                self._after(
                    self._hours(20, 60),
                    persona,
                    lambda who: self.till.refund(who, number, products.TRIAL_PRICE, "肌に合わなかったため"),
                )

    def _give_voice(self, persona: Persona, browser: Browser, token: str) -> None:
        words = {
            "text": self._chance.choice(_VOICES),
            "name_form": self._chance.choice(("family", "initials", "anonymous")),
            "age_group": self._chance.choice(("30", "40", "50", "60", "")),
            "prefecture": self._chance.choice(("13", "20", "23", "27", "")),
            "permits": "on",
        }
        browser.post(f"/voice/{token}/{self._product.pk}", words)

    def _unsubscribe(self, persona: Persona, browser: Browser, token: str) -> None:
        browser.get(f"/u/{token}")
        browser.post(f"/u/{token}")
        persona.is_gone = True

    def _reply(self, persona: Persona, message_id: str) -> None:
        if message_id:
            key = f"<reply-{message_id.strip('<>')}>"
            self._told(
                persona,
                {"type": "message.replied", "key": key, "payload": {"in_reply_to": f"<{message_id.strip('<>')}>"}},
            )

    # ---- What they buy later.

    def _buy(self, persona: Persona, *codes: str) -> None:
        self.till.sell(persona, *codes)

    def _buy_regular(self, persona: Persona) -> None:
        if len(persona.bought) > 1:
            return
        if persona.wants_subscription:
            subscription = self.till.subscribe(persona)
            self._after(EVERY_DAYS * DAY, persona, lambda who: self._renew(who, subscription))
        else:
            self._buy_pack(persona)

    def _buy_pack(self, persona: Persona) -> None:
        extra = (products.TOWEL,) if self._chance.random() < 0.12 else ()
        number = self.till.sell(persona, products.PACK, *extra)
        if extra and self._chance.random() < 0.3:
            self._after(
                9 * DAY,
                persona,
                lambda who: self.till.refund(who, number, products.TOWEL_PRICE, "タオルの糸のほつれ"),
            )
        if self._chance.random() < 0.25 + 0.6 * persona.loyalty:
            self._after(self._hours(24 * 27, 24 * 44), persona, self._buy_pack)

    def _renew(self, persona: Persona, subscription: str) -> None:
        chance = self._chance.random()
        if chance < 0.17 - 0.12 * persona.loyalty:
            self.till.end(
                persona, subscription, self._chance.choice(("使い切れなくなった", "ほかのものを試したい", ""))
            )
            return
        if chance > 0.94:
            self.till.skip(persona, subscription)
        else:
            extra = (products.TOWEL,) if self._chance.random() < 0.06 else ()
            self.till.renew(persona, subscription, *extra)
        self._after(EVERY_DAYS * DAY, persona, lambda who: self._renew(who, subscription))

    # ---- Time.

    def _hours(self, least: float, most: float) -> timedelta:
        return self._chance.uniform(least, most) * HOUR

    def _after(self, pause: timedelta, persona: Persona, act: Callable[[Persona], object]) -> None:
        self._travel.plan(clock.now() + pause, self._doing(persona, act))

    def _quietly(self, pause: timedelta, persona: Persona, act: Callable[[Persona], object]) -> None:
        self._travel.plan(clock.now() + pause, self._doing(persona, act), is_heard=False)

    @staticmethod
    def _doing(persona: Persona, act: Callable[[Persona], object]) -> Callable[[], None]:
        def do() -> None:
            act(persona)

        return do

    @staticmethod
    def _told(persona: Persona, event: dict[str, object]) -> None:
        entry = {"contact": {"email": persona.email}, **event}
        ingest(json.dumps({"events": [entry]}).encode(), "shop")
