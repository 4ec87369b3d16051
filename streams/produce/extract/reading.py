"""Judge which share of a list's texts read like headlines, and what most of the others are.

The criteria are length, number of words, figures, and typical words of other lists on news sites: prices, scores,
weather, offers, comments, menus, small print. A short headline has no distinctive features, so most of a list must read
like headlines.
"""

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, Literal
from unicodedata import category

from msgspec import Struct

from streams.produce.furniture import is_furniture, is_placeholder
from streams.produce.split import LONGEST_HEADLINE, SHORTEST_HEADLINE

_WORD: Final = re.compile(r"(?<!_)[^\W\d_]+(?:['’-][^\W\d_]+)*(?!\w)", re.UNICODE)
"""A word; what underscores join is the name of an icon or a variable: `expand_more`."""
_NUMBER: Final = re.compile(r"\d+(?:[.,  \xa0\u202f]\d{3})*(?:[.,:]\d+)?")
_ARABIC: Final = re.compile("[\u0600-\u06ff]")
_QUOTATION: Final = re.compile(r"[\"“«„‘'].*?[\"”»’']")


def _any(*patterns: str, flags: int = re.IGNORECASE) -> re.Pattern[str]:
    return re.compile("|".join(patterns), flags)


_OFFER: Final = _any(
    r"\badd to (?:basket|cart|bag)\b|\bfree (?:delivery|shipping|returns)\b|\bfor free\b|\b\d+\s?% off\b",
    r"\b(?:get|save) (?:up to )?(?:[£$€]?\d+\s?%?|half)\b|\bbuy (?:now|one|two|three|\d)\b|\bget one\b|\bsave on\b",
    r"\b(?:shop|order|book|subscribe|join|sign up|download)\b[^.]{0,24}\b(?:now|today|here|free)\b",
    r"\b(?:two|three|\d) for (?:one|two|the price)\b|\bpromo(?:tional)? code\b|\bcoupons?\b|\bgift cards?\b",
    r"\blimited (?:time|offer|stock)\b|\b(?:half price|clearance|bestsellers?|special offer|new arrivals?)\b",
    r"\b(?:on sale|sale ends|while stocks last|money back|this weekend only)\b|\bfrom [£$€]\s?\d",
    r"\b\d+[ -]days? (?:returns?|money|trial)|\breturns policy\b|\bin stock\b",
    r"\bnew (?:\w+ )?(?:collection|range) (?:now|is|has)\b",
    r"\bnow (?:online|in store)\b|\buse (?:the )?code\b|\bno questions asked\b",
    r"\border\w* (?:over|ten|\d)|\bdelivery over\b|\bstarting (?:at|from) [£$€]",
    r"\blivraison (?:gratuite|offerte)\b|\bajouter au panier\b|\bsoldes\b|\bcode promo\b|\bretours gratuits\b",
    r"\boffres? (?:spéciale|du jour|exclusive)|-\s?\d+\s?%|\bachet(?:ez|és?)\b|\babonnez-vous\b|\bprofitez\b",
    r"^(?:vends|loue|cherche|à vendre|à louer|for sale|to let|wanted)\b|\bwanted (?:at|for|in)\b",
    r"\b(?:download|get|try) (?:our|the) (?:free )?app\b|\bnever miss\b",
    r"\b\d-?bed(?:room)?s?\b|[,–—-]\s?[£$€]\s?\d[\d,. ]*(?:k|pcm|pw|p/m)?$",
    r"[,–—-]\s?\d[\d\xa0 ,.]*\s?(?:€|EUR|DH|MAD|TND|DZD|SAR|AED|EGP)$",
    r"^(?:visit|contact|discover|explore|join) (?:our|us)\b",
    r"^(?:visitez|contactez|découvrez|rejoignez) (?:nos|notre|nous)\b",
    r"(?:تواصل|اتصل)(?:وا)? (?:معنا|بنا)",
    r"\bcommandez\b|\bpromotions?\b|\bremise de\b",
    r"(?:توصيل|شحن) مجاني|\bتخفيض|\bخصم (?:\d|يصل)|أضف إلى السلة|اشتر(?:ي)? (?:الآن|واحد)|تسوق|كوبون|عرض خاص",
    r"عروض (?:خاصة|اليوم)|اطلب الآن|^(?:للبيع|للكراء|للإيجار|للايجار)\b",
    r"^(?:سيارة|شقة|محل|أرض|منزل|فيلا|دكان|عمارة)\b.*\b(?:للبيع|للكراء|للإيجار|للايجار)\b",
)
_SPOKEN: Final = _any(
    r"\b(?:I|I['’]m|I['’]ve|my|My|me|you|You|your|Your|you['’]re|thanks|Thanks)\b",
    r"\b(?:je|Je|j['’]ai|J['’]ai|moi|mon|Mon|ma|Ma|mes|Mes|vous|Vous|votre|Votre|vos|merci|Merci|bravo|Bravo)\b",
    r"(?:^|\s)(?:أنا|أعتقد|رأيي|شكرا|برافو|أحسنتم|لكم)(?:\s|$)",
    r"^[a-z][\w.-]{1,15}\s?: [a-z]",
    r"^(?:Agreed?|Great|Nice|Well said|Totally|Exactly|So true|Shame|Finally|Lol)\b",
    flags=0,
)
_COMMENTED: Final = re.compile(
    r"[^\W\d_][\w.'’-]*(?:\s[^\W\d_][\w.'’-]*)?\s(?:on|sur|dans|commented on|a commenté|علق على)\s?:?\s?"
    r"[A-ZÀ-Ý«“\"'\u0600-\u06ff]"
)
"""`Ann on The old mill …`, as blogs list their comments."""
_QUOTED: Final = re.compile(
    r"[\"“«].+[\"”»]\s*(?:[-–—~]\s*[^\W\d_]+(?:,?\s[^\W\d_]+){0,3}|\([^\W\d_]+(?:,?\s[^\W\d_]+){0,3}\))"
)
"""`“At last someone listens” - Tom`, as readers are quoted, and others with whoever said it."""
_SAYING: Final = _any(
    r"[(\[~–—-]\s?(?:[^\W\d_]+ ){0,2}(?:proverbs?|proverbes?|dicton)(?: [^\W\d_]+){0,3}[)\]]?$",
    r"^(?:proverbs?|proverbes?|dicton|(?:old )?saying|hadith|citation|pensée)(?: [^\W\d_]+){0,2}\s?:",
    r"[(\[~–—-]\s?(?:مثل|حكمة)(?: [^\W\d_]+){0,2}[)\]]?$|^(?:حكمة|مثل|دعاء|حديث)(?: [^\W\d_]+){0,2}\s?:|^اللهم\s",
    r"^قال (?:رسول الله|النبي|تعالى|الله تعالى)|[(\[](?:سورة )?[^\W\d_]+(?: [^\W\d_]+)?\s?[:،]\s?\d+(?:-\d+)?[)\]]$",
)
"""A proverb with where it is from, a saying under its name, a prayer, a verse with its chapter."""
_REPLIES: Final = re.compile(
    r"^Re\s?:\s|^(?:reader|user|guest|anonymous|lecteur|anonyme|زائر|قارئ)\b[^:]{0,12}:", re.IGNORECASE
)
_SMALL_PRINT: Final = _any(
    r"\b(?:about (?:us|this)|contact us|terms (?:and|of|&)|privacy|cookies?|copyright|all rights reserved)\b|©\s?\d",
    r"\b(?:newsletter|log ?in|sign in|sign up|advertise|site ?map|accessibility|careers|legal notice|who we are)\b",
    r"^(?:welcome (?:to|back)|bienvenue|مرحبا بكم|أهلا (?:وسهلا|بكم))|\bwe use\b",
    r"\b(?:our team|your (?:settings|data|account|profile|changes|password)|accept all|javascript)\b",
    r"\b(?:mentions légales|conditions (?:générales|d['’]utilisation)|confidentialité|contactez|qui sommes)\b",
    r"\b(?:plan du site|tous droits réservés|publicité|données personnelles)\b",
    r"\b(?:personali[sz]ed?|limited data|select|measure|targeted|performance)\b.{0,40}\b(?:advertising|ads)\b",
    r"\b(?:store|access)\b.{0,40}\bon (?:a|your) device\b|\bmeasure content performance\b|\bunderstand audiences\b",
    r"\b(?:strictly )?necessary cookies\b|\bpublicités? (?:personnalisée|ciblée)|\bsélectionner la publicité\b",
    r"\bmesure d['’]audience\b|\bmesurer la performance\b|\bcontenus? personnalisés?\b|\bvotre consentement\b",
    r"ملفات تعريف الارتباط|الإعلانات المخصصة|إعلانات مخصصة",
    r"من نحن|اتصل بنا|سياسة الخصوصية|جميع الحقوق|شروط الاستخدام|للإعلان|هيئة التحرير",
)
_RULE: Final = _any(
    r"\b(?:at least|minimum(?: of)?|no more than|up to|maximum(?: of)?) \w+ (?:\w+ )?"
    r"(?:characters?|letters?|digits?|symbols?)\b",
    r"\b(?:upper|lower)-?case\b|\bspecial characters?\b|\bcaractères? spéci(?:al|aux)\b",
    r"\bau moins \w+ (?:caractères?|lettres?|chiffres?|majuscules?)\b",
    r"(?:أحرف|حرف|رموز) (?:على الأقل|كبيرة?|صغيرة?|خاصة?)",
    r"^(?:one|an?|une?|\d) (?:capital letter|(?:number|digit|symbol|capital|majuscule|chiffre|symbole)\b.{0,12}$)",
    r"^(?:please |be (?:kind|polite|respectful|civil|nice|courteous)\b)",
    r"^(?:stay|keep) (?:\w+ )?(?:on topic|civil|clean|relevant)\b",
    r"^(?:do not|don['’]t|never|no) (?:\w+ )?(?:post|spam|share|insult|swear|advertis|self-promotion|personal attacks)",
    r"^(?:merci de|veuillez|prière de|restez (?:poli|courtois|dans le sujet)|soyez (?:poli|courtois|respectueux))\b",
    r"^(?:ne |n['’]|pas d[e'’] ?)(?:\w+ )?(?:publi|post|partag|insult|spam|pub\b|diffam)",
    r"^(?:يرجى|(?:الرجاء|نرجو) (?:عدم|احترام|الالتزام|منكم|من)|يمنع (?:نشر|استخدام)|احترم|التزم)",
    r"^يجب أن (?:تحتوي|لا يقل)",
)
"""What asks readers to behave, or a password to be long: `At least one capital letter`, `Veuillez rester courtois`."""
_LISTED: Final = re.compile(r"\b(?:NASDAQ|NYSE(?:MKT)?|AMEX|LSE|TSX|OTC|EPA|Euronext)\s?:\s?[A-Z.]{1,6}\b")
"""A share with its exchange: `(NASDAQ: QUAY)`."""
_QUOTED_PRICE: Final = re.compile(r"[▲▼△▽]\s?[+-]?\d|\d\s?%?\s?[▲▼△▽]")
"""A price and how it moved: `EUR/USD 1.0841 ▲0.12`."""
_FIXTURE: Final = re.compile(r"\w ?× ?\w.*(?:\b\d{1,2}[:h]\d\d\b|\w ?× ?\w)")
"""Matches that are to be played: `Rovers × City 20:00`."""
_TIMETABLE: Final = _any(
    r"\bplatform \d+\b|\bgate [A-Z]?\d+\b|\bvoie \d+\b|\bquai n°\s?\d|\bالرصيف رقم \d|\bالبوابة \d"
)
"""When and where trains and planes leave."""
_CODE: Final = _any(
    r"[{};]\s*$|\w\(\)|=>|[=!]=|\w->\w|\$[a-z_]\w*\s?[=;(\[]|\)\s*;|\w\[\]|\\\w+\\|^/\*|^\*/|^\* ?@|^@\w+",
    r"\bdef \w+\s?\(|\bfunction\b.*\(|\b(?:var|const|let) \w+\s?=|</?[a-z][\w.:-]*(?:\s|/?>)",
)
"""What programs have."""
_CHARTED: Final = re.compile(
    r"(?:\d{1,3}[.)]?\s+)?(?:[A-ZÀ-Ý0-9][\w'’.&]*\s+){1,4}[–—-]\s+(?:[A-ZÀ-Ý0-9(][\w'’.&)]*(?:\s+|$)){1,4}",
    re.UNICODE,
)
"""Who sings what, as charts have it: `Ann Stone – Midnight Harbour`."""
_MENU: Final = re.compile(
    r"\w+(?:\s(?:and|&|et|or)\s|\sو)(?:the\s|les?\s|la\s)?\w+(?:\s\w+)?|(?:[A-ZÀ-Ý][\w'’-]*\s?){1,3}",
    re.UNICODE,
)
_SENTENCES: Final = re.compile(r"[.!?؟]\s+[^\W\d_]\w")
_MARKET: Final = re.compile(r"[%$€£¥°▲▼△▽↑↓]|[+-]\d")

_MENU_LENGTH: Final = 25
_FIGURES_WORDS: Final = 4
_FIGURES_NUMBERS: Final = 4
"""So few words, or so many numbers, make a row of figures where there is a number for every two words."""
_SPELT_OUT: Final = 8
"""Words of which most are single letters are letters that a page draws one by one."""
_SENTENCE_LENGTH: Final = 60
_LONG: Final = 140
_FEW_WORDS: Final = 3

_WEATHER: Final = _any(
    r"\b(?:high|low|highs|lows|max|min)\.? (?:of |near |around )?-?\d{1,2}\b(?! (?:million|per|points))",
    r"-?\d{1,2}\s?°\s?[CF]?\b.{0,30}\b(?:sunny|cloudy?|rainy?|clear|fog|showers?|snow|wind|ensoleillé|nuageux|pluie|صاف|غائم)",
    r"\b(?:sunny|cloudy|rain|clear|fog|showers|ensoleillé|nuageux|pluie|averses)\b.{0,20}-?\d{1,2}\s?°",
)
"""Temperatures as a forecast has them: `Monday: sunny spells, high 14, low 6`."""

Kind = Literal[
    "headlines",
    "a few words",
    "a menu",
    "figures",
    "weather",
    "offers",
    "comments",
    "small print",
    "rules",
    "sayings",
    "a chart",
    "a timetable",
    "code",
    "a sentence",
    "prose",
    "a template",
    "labels, times or counters",
]

FIGURES: Final[frozenset[Kind]] = frozenset({"figures", "weather"})
PROSE: Final[frozenset[Kind]] = frozenset({"a sentence", "prose"})
"""What stands below headlines as their summary."""

_DOUBTFUL: Final = 0.6
"""What a text that may be a headline counts, where one counts 1: three words, or a sentence with its full stop."""

HEADLINES: Final = 0.5
"""The share of a list that must read like headlines."""


class Reading(Struct, frozen=True):
    """The judgement of a list of texts: the share of headlines (0 to 1), and the kind of most others."""

    headlines: float
    mostly: str


def read(texts: Sequence[str]) -> Reading:
    """Judge the texts of a list, none of which is empty."""
    kinds = Counter(map(kind_of, texts))
    doubtful = kinds.get("a few words", 0) + kinds.get("a sentence", 0)
    share = (kinds.get("headlines", 0) + _DOUBTFUL * doubtful) / max(1, len(texts))
    others = [(count, kind) for kind, count in kinds.items() if kind != "headlines"]
    return Reading(round(share, 3), max(others)[1] if share <= HEADLINES and others else "headlines")


def kind_of(text: str) -> Kind:
    """The kind of a single text."""
    return "prose" if len(text) > LONGEST_HEADLINE else _kind_of(text)


@lru_cache(maxsize=1 << 14)
def _kind_of(text: str) -> Kind:
    if is_placeholder(text):
        return "a template"
    if is_furniture(text):
        return "labels, times or counters"
    found = _WORD.findall(_without_marks(text))
    words = len(found)
    if words >= _SPELT_OUT and 2 * sum(len(word) == 1 for word in found) > words:
        return "a template"
    numbers = len(_NUMBER.findall(text))
    if said := _by_words(text):
        return said
    few = words <= _FIGURES_WORDS or numbers >= _FIGURES_NUMBERS
    if numbers and few and (2 * numbers >= words or (words <= _FIGURES_WORDS and _MARKET.search(text))):
        return "figures"
    return "a chart" if _CHARTED.fullmatch(text) else _by_form(text, words)


def _without_marks(text: str) -> str:
    """A text without vowel signs and accents that are characters of their own, which part no words."""
    return text if text.isascii() else "".join([each for each in text if category(each)[0] != "M"])


def _by_words(text: str) -> Kind | None:
    """The kind of a text by typical words of other things than news."""
    for pattern, kind in _TOLD:
        if pattern.search(text):
            return kind
    if _COMMENTED.match(text) or _QUOTED.fullmatch(text) or _SPOKEN.search(_unquoted(text)):
        return "comments"
    return None


def _unquoted(text: str) -> str:
    """What a text says beside its quotations; a text that is one says what is in it."""
    return _QUOTATION.sub("", text) or text


_TOLD: Final[tuple[tuple[re.Pattern[str], Kind], ...]] = (
    (_OFFER, "offers"),
    (_SMALL_PRINT, "small print"),
    (_RULE, "rules"),
    (_SAYING, "sayings"),
    (_WEATHER, "weather"),
    (_LISTED, "figures"),
    (_QUOTED_PRICE, "figures"),
    (_FIXTURE, "figures"),
    (_TIMETABLE, "a timetable"),
    (_CODE, "code"),
    (_REPLIES, "comments"),
)
"""Words by which a text is told, wherever they stand in it."""


def _by_form(text: str, words: int) -> Kind:
    """The kind of a text by its length, words and sentences."""
    if len(text) > _LONG and _ends_sentence(text):
        return "prose"
    if _SENTENCES.search(text) and (len(text) > _LONG or _ends_sentence(text)):
        return "prose"
    if (
        len(text) < SHORTEST_HEADLINE
        or words < _FEW_WORDS
        or (len(text) < _MENU_LENGTH and _MENU.fullmatch(text))
    ):
        arabic = words >= _FEW_WORDS and _ARABIC.search(text)
        return "a few words" if arabic and not _MENU.fullmatch(text) else "a menu"
    if _MENU.fullmatch(text):
        return "a menu"
    if len(text) > _SENTENCE_LENGTH and _ends_sentence(text):
        return "a sentence"
    return "headlines" if words > _FEW_WORDS else "a few words"


def _ends_sentence(text: str) -> bool:
    return text.endswith((".", "。")) and not text.endswith("..")


def holds_headline(text: str) -> bool:
    """Whether a text could be a headline by its length alone, and is no furniture."""
    return SHORTEST_HEADLINE <= len(text) <= LONGEST_HEADLINE and not is_furniture(text)
