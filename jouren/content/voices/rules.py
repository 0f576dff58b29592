"""What the law forbids in a customer's words once a shop shows them, or makes doubtful. Data for :mod:`lint`.

This is no legal advice and finds no more than common words. Shown by a shop, a customer's words are its advertising.
Sources, read for what they forbid, not copied:

- 薬機法 第66条 (第1項 exaggeration, 第2項 guarantees by physicians), 第68条 (unapproved drugs and devices). What
  claims to cure, or to change the body's functions, is advertised as a drug whatever it is:
  無承認無許可医薬品の指導取締りについて (昭和46年薬発第476号, 医薬品の範囲に関する基準).
- 医薬品等適正広告基準 (平成29年薬生発0929第4号) and its 解説及び留意事項等 (薬生監麻発0929第5号), 第4の3: effects,
  guarantees of effect or safety, users' stories (but for how it feels to use), highest expressions, quick effect;
  第4の9: other makers; 第4の10: recommendations by professionals.
- 化粧品の効能の範囲の改正について (平成23年薬食発0721第1号): the 56 effects that a cosmetic may claim.
- 景品表示法 第5条第1号 (優良誤認), 第2号 (有利誤認), 第7条第2項 (不実証広告規制);
  消費者庁, No.1表示に関する実態調査報告書 (令和6年).
- ステマ告示 (令和5年内閣府告示第19号, 一般消費者が事業者の表示であることを判別することが困難である表示; in force since
  1 October 2023), made under 景品表示法 第5条第3号; its 運用基準 (令和5年3月28日), and 消費者庁,
  ステルスマーケティングに関するQ&A.

Patterns are matched on text folded by NFKC and in small letters.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jouren.catalog.vocabulary import Goods


class Law(StrEnum):
    """Which law it is."""

    DRUGS = "薬機法"
    PREMIUMS = "景品表示法"
    HIDDEN = "ステマ告示"


class Level(StrEnum):
    """What a finding does: it stops the approval, or has to be ticked."""

    FORBIDDEN = "forbidden"
    DOUBTFUL = "doubtful"


_CUT = _("Leave the passage out with “…”, or do not show this voice.")
_CURES = _("Says that something is cured. Only an approved drug or device may.")
_PROOF = _("Leave it out with “…”. Only with proof of your own that fits the words exactly may it stay.")


@dataclass(frozen=True)
class Rule:
    """Words that say too much, and what one may do. ``goods``: of these (``elsewhere``: of others); empty: of any."""

    name: str
    pattern: str
    law: Law
    level: Level
    why: str | Promise
    remedy: str | Promise = _CUT
    goods: frozenset[str] = frozenset()
    elsewhere: Level | None = None


COSMETIC = frozenset({Goods.COSMETIC.value})
EATEN = frozenset({Goods.FOOD.value, Goods.HEALTH_FOOD.value})
BODILY = frozenset({*COSMETIC, *EATEN, Goods.DEVICE.value})


RULES = (
    Rule(
        "cure",
        r"完治|根治|治癒|特効薬|\bcur(?:e|es|ed)\b|\bheal(?:s|ed)?\b"
        r"|(?:病気?|症|痛み?|こり|炎|風邪|湿疹|荒れ|腰|膝|ニキビ|にきび|アトピー|アレルギー)[^。!?\n]{0,8}"
        r"(?:治(?:る|った|って|ら|り|し|せ|れ|ちゃ)|なお(?:った|りました))",
        Law.DRUGS,
        Level.FORBIDDEN,
        _CURES,
    ),
    Rule(
        "mend",
        r"(?<![明政自統退])治(?:る|った|って|ら|り|し|せ|れ|ちゃ)|なお(?:った|りました)",
        Law.DRUGS,
        Level.FORBIDDEN,
        _CURES,
        goods=BODILY,
        elsewhere=Level.DOUBTFUL,
    ),
    Rule(
        "illness",
        r"癌|ガン(?=が|に|の|を|も|で|細胞)|糖尿病|高血圧|アトピー|うつ病|鬱病|花粉症|喘息|ぜんそく|リウマチ|関節炎|認知症"
        r"|更年期障害|不眠症|水虫|湿疹|蕁麻疹|じんましん|ヘルニア|\b(?:cancer|diabetes|eczema|asthma|arthritis)\b",
        Law.DRUGS,
        Level.DOUBTFUL,
        _("Names an illness. Beside a product it is read as its effect."),
    ),
    Rule(
        "pain",
        r"痛みが?.{0,8}(?:消え|なくな|無くな|取れ|とれ|引い|ひい|楽に|和ら|やわら|治ま|おさま)",
        Law.DRUGS,
        Level.FORBIDDEN,
        _("Says that pain goes away. Only an approved drug or device may."),
        goods=BODILY,
    ),
    Rule(
        "spots",
        r"(?:シミ|しみ|そばかす|ソバカス|くすみ)[^。!?\n]{0,10}(?:消え|消し|なくな|無くな|取れ|とれ|薄く|うすく|薄れ|改善)"
        r"|美白(?:に|され|でき|効果)|肌が白く|色白に",
        Law.DRUGS,
        Level.FORBIDDEN,
        _("Goes beyond the 56 effects that a cosmetic may claim: spots do not vanish by one."),
        goods=COSMETIC,
    ),
    Rule(
        "wrinkles",
        r"(?:シワ|しわ|ほうれい線|たるみ|毛穴)[^。!?\n]{0,10}(?:消え|なくな|無くな|伸び|のび|取れ|とれ|改善|引き上が)"
        r"|リフトアップ|小顔に|ハリが(?:戻|よみがえ|蘇)",
        Law.DRUGS,
        Level.FORBIDDEN,
        _("Goes beyond the 56 effects that a cosmetic may claim: it does not take wrinkles away or lift."),
        goods=COSMETIC,
    ),
    Rule(
        "youth",
        r"アンチ[・ ]?エイジング|若返|老化(?:防止|を防|が止)|細胞[^。!?\n]{0,6}(?:活性|再生|よみがえ|蘇)|肌[がの]?再生"
        r"|ターンオーバー|新陳代謝|デトックス|解毒|\banti-?ag(?:e|ing)\b|\brejuvenat",
        Law.DRUGS,
        Level.FORBIDDEN,
        _("Says that age is turned back, or that the body works otherwise. Neither cosmetics nor food may claim it."),
        goods=BODILY,
    ),
    Rule(
        "hair",
        r"発毛|育毛|増毛|(?:髪|毛)が(?:生え|増え)|白髪が(?:減|なくな|黒く)|抜け毛が(?:減|なくな|止ま)",
        Law.DRUGS,
        Level.FORBIDDEN,
        _("Says that hair grows or changes. A cosmetic, food or device without approval may not claim it."),
        goods=BODILY,
    ),
    Rule(
        "slimming",
        r"痩せ(?:た|て|る|ま|られ|効果)|やせ(?:た|て|る|ま|られ)|ダイエット(?:効果|に成功|でき)|脂肪[^。!?\n]{0,6}(?:燃|減|落ち|溶)"
        r"|(?:体重|ウエスト|お腹)[^。!?\n]{0,8}(?:減|落ち|細く|へこ|凹)|\d+ ?(?:kg|キロ)[^。!?\n]{0,6}(?:減|落|痩|やせ)"
        r"|\blost \d+ ?(?:kg|kilos?|pounds?|lbs?)\b",
        Law.DRUGS,
        Level.FORBIDDEN,
        _("Says that one gets slim by it. Without a proof the premiums act (景品表示法) forbids it too."),
        goods=BODILY,
    ),
    Rule(
        "body",
        r"血圧[^。!?\n]{0,6}(?:下|さが|正常)|血糖[^。!?\n]{0,6}(?:下|さが|正常)|コレステロール[^。!?\n]{0,6}(?:下|減)"
        r"|免疫力?[^。!?\n]{0,4}(?:上|高|アップ|つい)|疲労回復|疲れが?(?:取れ|とれ|なくな)|便秘[^。!?\n]{0,4}(?:解消|なくな|改善)"
        r"|(?:冷え性?|不眠|肩こり|腰痛|アレルギー|体質)[^。!?\n]{0,6}(?:解消|なくな|改善|消え|良くな|よくな|楽に)"
        r"|(?:眠れる|熟睡できる)ように|血流|代謝が(?:上|良|よ)",
        Law.DRUGS,
        Level.FORBIDDEN,
        _("Says that the body's functions change. Of food that is a drug's claim, unless it is registered to say so."),
        goods=BODILY,
    ),
    Rule(
        "effect",
        r"効果|効能|効い[たて]|効く|効きま|効き目|即効|すぐに?(?:変わ|違いが)|\beffective\b|\bit works\b",
        Law.DRUGS,
        Level.DOUBTFUL,
        _("Tells of an effect. Of cosmetics customers may tell how they feel to use, not what they do."),
        _(
            "Keep what tells of scent, touch, taste or ease of use, and leave the rest out with “…”. "
            "“A personal impression” beside it does not help."
        ),
        goods=frozenset({*COSMETIC, Goods.HEALTH_FOOD.value, Goods.DEVICE.value}),
    ),
    Rule(
        "side_effects",
        r"副作用[^。!?\n]{0,8}(?:な(?:い|く|し)|無|ありません|ゼロ|心配)|絶対に?安全|(?:100 ?%|完全に)安全"
        r"|誰(?:に)?でも安全|\bno side[- ]effects?\b",
        Law.DRUGS,
        Level.FORBIDDEN,
        _("Guarantees that it is safe. Nobody may."),
    ),
    Rule(
        "professionals",
        r"(?:医師|医者|お医者さん|ドクター|薬剤師|看護師|美容師|歯科医|病院|クリニック|皮膚科|大学|学会|厚生労働省|専門家)"
        r"[^。!?\n]{0,10}(?:推薦|推奨|勧め|すすめ|オススメ|お墨付|公認|認め|認定|監修|愛用|使って)"
        r"|\b(?:doctor|physician|dermatologist)s?[ -](?:recommend|approv)",
        Law.DRUGS,
        Level.FORBIDDEN,
        _("Somebody of medicine recommends it. Even where it is true it may not be advertised with."),
        goods=BODILY,
    ),
    Rule(
        "guarantee",
        r"(?:絶対|必ず|確実)に?[^。!?\n]{0,6}(?:効|痩|やせ|変わ|キレイ|きれい|綺麗|若|良くな|よくな|治|儲|もうか|成功|合格|結果)"
        r"|100 ?%[^。!?\n]{0,6}(?:効|満足|痩|成功|治|安心)|\bguaranteed\b",
        Law.PREMIUMS,
        Level.FORBIDDEN,
        _("Promises a result to everybody. What holds for one customer is shown as if it held for all."),
    ),
    Rule(
        "certain",
        r"(?:絶対|確実)に?(?![^。!?\n]{0,8}(?:また|リピ|買|オススメ|おすすめ|お勧め|続け|手放|欲し))"
        r"|間違いなく|100 ?%(?!果汁|天然|コットン|綿)|\babsolutely\b|\b100 ?percent\b",
        Law.PREMIUMS,
        Level.DOUBTFUL,
        _("Sounds certain. If it is about what the product does, it promises too much."),
        _("Look at the sentence. If it is about the product, leave it out with “…”."),
    ),
    Rule(
        "best",
        r"(?:no\.?|ナンバー) ?(?:1|ワン)(?!\d)|日本一|世界一|業界(?:一|初|最)|(?<![\d一二三四五六七八九十])第?[1一]位"
        r"|日本初|世界初|唯一|他に(?:は)?ない|\b(?:the )?best in (?:japan|the world)\b|\bnumber one\b",
        Law.PREMIUMS,
        Level.DOUBTFUL,
        _("Says that it is the first or the only one. A shop that shows it must be able to prove it."),
        _PROOF,
    ),
    Rule(
        "cheapest",
        r"最安|一番安|いちばん安|どこ(?:の店)?より(?:も)?安|他より(?:も)?安|\bcheapest\b|\blowest price\b",
        Law.PREMIUMS,
        Level.DOUBTFUL,
        _("Says that nothing is cheaper (有利誤認). A shop that shows it must be able to prove it today."),
        _PROOF,
    ),
    Rule(
        "others",
        r"(?:他社|他の(?:商品|製品|メーカー|店|サプリ|化粧品)|[^\s、。]{1,8}社の)[^。!?\n]{0,14}"
        r"(?:だめ|ダメ|駄目|悪い|ひど|効か|粗悪|偽物|まず[いく]|負け)",
        Law.DRUGS,
        Level.DOUBTFUL,
        _("Speaks ill of others. Cosmetics and the like may not be advertised so, and of anything it needs a proof."),
    ),
    Rule(
        "got_something",
        r"モニター|試供品|サンプル|プレゼント(?:して|で|に当|され|いただ|を?(?:もら|いただ))|謝礼|報酬|商品提供|提供(?:して|を)"
        r"|お礼の(?:品|クーポン)|無料で(?:もら|いただ|頂)|\bfree (?:sample|gift)\b|\bgifted\b",
        Law.HIDDEN,
        Level.DOUBTFUL,
        _("Sounds as if they were given something for it. Then it must be shown with their words."),
        _("Find out. If so, say below what they were given; the mark “PR” then stands beside the voice."),
    ),
)
"""In the order in which they are told of one place."""
