"""The demo shop's own set-up: its look, the pages that the law asks for, the names of its stages, its owner's story.

Laid on top of the shop, whether that was made on the spot or loaded with its year. Made up, all of it.
"""

from __future__ import annotations

from pathlib import Path

from django.core.files.images import ImageFile

from jouren.backoffice.home.checklist import skip
from jouren.backoffice.setup.actions import keep_look
from jouren.content.legal.items import LegalKind
from jouren.content.legal.making import save_legal_page
from jouren.core.schedule import DEFAULT_ZONE
from jouren.core.zone import choose_zone
from jouren.messaging.models import Message, MessageVersion
from jouren.messaging.publishing import compile_bodies, digest_of
from jouren.pyramid.naming import FIVE
from jouren.pyramid.presets import choose_preset
from jouren.story.actions import save_story

COLOUR = "#3f4e7a"
_LOGO = Path(__file__).with_name("logo.png")

LAW = {
    "seller": "はだの店 つきしろ",
    "manager": "水野 ゆき（店主）",
    "address": "〒399-0000 長野県どこか市つきしろ1-2-3",
    "phone": "000-0000-0000（平日10時から16時）",
    "mail": "help@tsukishiro.example",
    "price": "商品ごとのページに、消費税込みの価格を表示しています。",
    "costs": (
        "送料：全国一律350円（7日間お試しセットと、毎月の定期便は無料です）。\n"
        "銀行振込の手数料は、お客様にご負担をお願いしています。\n"
        "ページをご覧になるための通信料は、お客様のご負担です。"
    ),
    "payment": (
        "クレジットカード：ご注文の時にお支払いが確定します。\n"
        "後払い：商品の到着後14日以内に、コンビニエンスストアか銀行でお支払いください。\n"
        "銀行振込：ご注文から7日以内に、前払いでお願いします。"
    ),
    "delivery": (
        "ご注文から3営業日以内に工房から発送します。銀行振込の場合は、ご入金を確かめてから3営業日以内です。\n"
        "工房の休業日（土日祝日、お盆、年末年始）は発送をお休みします。"
    ),
    "returns": (
        "届いてから30日以内は、使いかけでも返品できます。商品の代金をお返しします。返送料はお客様のご負担です。\n"
        "中身の不良や送り間違いのときは、送料もふくめて当店が負担し、交換または返金をいたします。\n"
        "発送の前でしたら、いつでもご注文を取り消せます。"
    ),
    "deadline": "期限のあるご案内は、そのページに期限を表示しています。",
    "quantity": "7日間お試しセットは、お一人様一つまでです。",
    "subscription": (
        "毎月の定期便は、ひと月ごとに5,200円（税込、送料込み）を、お届けのたびにお支払いいただきます。\n"
        "回数のお約束はありません。次のお届けの7日前までにご連絡くだされば、お休みもご解約もできます。手数料はかかりません。"
    ),
}
PRIVACY = {
    "business": "はだの店 つきしろ\n〒399-0000 長野県どこか市つきしろ1-2-3\n店主 水野 ゆき",
    "data": (
        "お名前、メールアドレス、ご住所、お電話番号。ご注文とお問い合わせの内容。アンケートのお答え。"
        "当店のページや手紙のうち、どれを開かれたか。"
    ),
    "purpose": (
        "ご注文の品をお届けし、代金をお受け取りするため。\n"
        "ご質問やご相談にお答えするため。\n"
        "ご同意いただいた手紙とご案内を、お悩みやお買い上げの内容に合わせてお送りするため。\n"
        "品物とお手入れのご説明を、よりよいものにするため。"
    ),
    "third_parties": (
        "法律で求められた場合のほかは、ご本人の同意なしに、どなたにもお渡ししません。\n"
        "配送、代金の受け取り、メールの送信は専門の会社にお願いしています。仕事に必要な分だけをお預けし、"
        "扱い方を当店が確かめています。"
    ),
    "safety": (
        "お客様の情報を見られるのは、店主と、発送にたずさわる者だけです。通信はすべて暗号化し、"
        "要らなくなったものは消しています。"
    ),
    "cookies": (
        "同じ方のご来店とわかるように、ページでクッキーを使っています。手紙の中のリンクと画像からは、"
        "開かれたかどうかがわかります。クッキーはブラウザーの設定で断れます。手紙は、どの手紙の下のリンクからでもやめられます。"
    ),
    "disclosure": (
        "お預かりしている情報の開示、訂正、利用の停止、消去をお求めいただけます。下の窓口までご連絡ください。"
        "ご本人とわかり次第、無料で、遅れることなくお答えします。"
    ),
    "contact": "はだの店 つきしろ お客様窓口\nhelp@tsukishiro.example\n000-0000-0000（平日10時から16時）",
    "changes": "この方針を変えるときは、このページでお知らせします。大切な変更は、前もってお伝えします。",
}
STORY = {
    "name": "水野 ゆき",
    "why": (
        "前の勤め先では、一日に十人の方へ化粧品をお勧めしていました。ある日、棚いっぱいの瓶を抱えた方に"
        "「もう何を信じたらいいか、わかりません」と言われて、何も答えられませんでした。\n"
        "売る品を増やすのではなく、お手入れを減らすお手伝いがしたい。そう思って、長野の小さな工房で店を始めました。"
    ),
    "for_whom": (
        "いつも思い浮かべるのは、五十代で、仕事と家のことに追われているお客様です。"
        "洗顔のあとの肌がつっぱって、よいと聞いたものを次々に試し、洗面台が瓶でいっぱいになっていました。\n"
        "洗い方を変えただけで「夕方の鏡がこわくなくなりました」とおっしゃった日のことを、よく覚えています。"
    ),
    "problem": "洗顔のあと、肌がつっぱる",
    "belief": (
        "肌は、足すより先に、落としすぎないこと。よい品は少なくてよい、と考えています。\n"
        "二百個より多くは一度に作りません。目が届く数だからです。"
    ),
    "never": (
        "お悩みをあおる言葉は使いません。「すぐに効く」「必ず治る」とは言いません。\n"
        "香料と着色料は入れません。お断りになった方に、もう一度お勧めすることもしません。"
    ),
    "first_step": (
        "今夜の洗顔で、お湯を少しだけぬるくしてみてください。手を入れて「少し冷たいかな」と思うくらいです。"
        "それだけで、洗い上がりのつっぱりが変わる方がたくさんいらっしゃいます。"
    ),
}
QUESTIONS = [
    (
        "肌が弱いのですが、使えますか",
        "はじめに腕の内側で一晩お試しください。赤みやかゆみが出たら、お使いにならないでください。",
    ),
    (
        "合わなかったら、どうなりますか",
        "届いてから30日は、使いかけでも代金をお返しします。理由をうかがうこともしません。",
    ),
    ("定期便でないと買えませんか", "いいえ。ひと月分ずつ、お好きなときにお求めになれます。"),
]


def put_look() -> None:
    """Give it its colour and its logo. Messages have them from when they are published next."""
    with _LOGO.open("rb") as file:
        keep_look(COLOUR, ImageFile(file, name="tsukishiro-logo.png"))


def wear_look() -> None:
    """Let the messages of a loaded year have the look too: they were published before there was one."""
    for message in Message.objects.filter(live=True).select_related("topic"):
        version = message.published_versions.first()
        if version is not None:
            bodies = compile_bodies(message)
            MessageVersion.objects.filter(pk=version.pk).update(bodies=bodies, hash=digest_of(message, bodies))


def finish_set_up() -> None:
    """Do all other steps of the set-up; that a demo sends no mail is put aside."""
    choose_zone(DEFAULT_ZONE)
    save_legal_page(LegalKind.COMMERCE, "ja", LAW, publish=True)
    save_legal_page(LegalKind.PRIVACY, "ja", PRIVACY, publish=True)
    choose_preset(FIVE)
    save_story(STORY, QUESTIONS)
    skip("setup-mail")
