"""Furniture: what a site puts next to its headlines, such as times, dates, ages, counters, calls to action, labels.

Furniture is recognized by its words, which all belong to a small vocabulary. `tidy` applies that to a whole strip: if
most slots begin or end with furniture of the same shape, it is removed from them.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final

from streams.produce.counting import COUNT, numbers_of, written_with
from streams.produce.labels import announces, is_label, is_section

_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d+", re.UNICODE)
_HARAKAT: Final = re.compile("[\u064b-\u065f\u0670\u0640]")
_ALEFS: Final = "أإآٱ"


def _vocabulary(*words: str) -> frozenset[str]:
    return frozenset(_normal(word) for words_ in words for word in words_.split())


def _normal(text: str) -> str:
    """Small letters, Arabic without vowel signs and with one form of alef."""
    text = text.casefold()
    for alef in _ALEFS:  # a translation takes ten times as long
        text = text.replace(alef, "ا")
    return _HARAKAT.sub("", text).replace("’", "'")


@lru_cache(maxsize=1 << 6)
def _words(text: str) -> tuple[str, ...]:
    """The words and numbers of a text, cached: several questions are asked of one text after another."""
    return tuple(_WORD.findall(_normal(_with_minutes(text))))


def _with_minutes(text: str) -> str:
    """A text in which `5m ago` is `5min ago`: an m is minutes there, and elsewhere metres or millions."""
    return _SHORT_MINUTES.sub("min", text) if " ago" in text else text


_SHORT_MINUTES: Final = re.compile(r"(?<=\d)m(?= ago\b)")


_MONTHS: Final = _vocabulary(
    "january february march april may june july august september october november december",
    "jan feb mar apr jun jul aug sep sept oct nov dec",
    "janvier février fevrier mars avril mai juin juillet août aout septembre octobre novembre "
    "décembre decembre",
    "janv févr fevr avr juil déc",
    "يناير فبراير مارس أبريل ابريل إبريل مايو ماي يونيو يونيه يوليو يوليوز غشت أغسطس شتنبر سبتمبر أكتوبر",
    "نونبر نوفمبر دجنبر ديسمبر جانفي فيفري أفريل جوان جويلية أوت كانون شباط آذار نيسان أيار "
    "حزيران تموز آب أيلول تشرين",
)
_DAYS: Final = _vocabulary(
    "monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thurs fri sat sun",
    "lundi mardi mercredi jeudi vendredi samedi dimanche lun mer jeu ven sam dim",
    "الاثنين الإثنين الثلاثاء الأربعاء الخميس الجمعة السبت الأحد",
)
_UNITS: Final = _vocabulary(
    "s sec secs second seconds m min mins minute minutes h hr hrs hour hours d day days w week "
    "weeks mo month months",
    "y yr year years seconde secondes heure heures j jour jours semaine semaines mois an ans",
    "ثانية ثواني ثوان دقيقة دقائق دقيقتين ساعة ساعات ساعتين يوم أيام يومين أسبوع أسابيع أسبوعين "
    "شهر أشهر شهرين سنة سنوات",
)
_SINCE: Final = _vocabulary("ago il y a منذ قبل مضت depuis since")
_NOW: Final = _vocabulary(
    "now just yesterday today hier aujourd'hui l'instant instant الآن أمس اليوم البارحة"
)
_AROUND: Final = _vocabulary(
    "at on the of le à a am pm p st nd rd th er gmt utc cet est t z the les",
    "read lecture posted published updated update reported added publié publiee publiée mis jour mise modifié signalé",
    "ص م صباحا مساء الساعة في على نشر تحديث آخر بتاريخ ظهرا من الأول الثاني وقت منتصف",
)
_TIME_WORDS: Final = _MONTHS | _DAYS | _UNITS | _SINCE | _NOW | _AROUND
_COUNTED: Final = _vocabulary(
    "view views read reads comment comments share shares like likes vote votes reply replies "
    "reaction reactions",
    "hit hits k m vue vues lecture lectures commentaire commentaires partage partages réaction "
    "réactions avis",
    "عدد المشاهدات الزيارات القراءات التعليقات المشاركات زيارات",
    "مشاهدة مشاهدات تعليق تعليقات مشاركة مشاركات قراءة قراءات إعجاب ردود رد زيارة no n",
)
_CALL_PHRASES: Final = """
    read | more | read more | read on | read now | read article | read the article | read full story | read the
    full story | full story | continue | continue reading | details | more details | learn more | find out more
    | see more | view more | show more | see all | view all | all news | more news | all headlines | share |
    share this | share on facebook | tweet | save | print | email | e-mail | follow | follow us | watch | watch
    now | listen | comment | leave a comment | subscribe | close | dismiss | previous | prev | next | previous
    story | next story | next story now | pause | play | stop | skip | back | opens in a new window | opens in
    new window | opens in a new tab | open | click here | follow live | follow it live | follow our live
    coverage | live coverage | full coverage | loading | copy link | bookmark | facebook | twitter | whatsapp |
    telegram | linkedin | instagram | youtube | tiktok | snapchat | pinterest | threads | bluesky | mastodon | x
    | rss | lire | lire plus | lire la suite | lire l'article | la suite | suite | en savoir plus | voir plus |
    plus | plus d'infos | tout voir | voir tout | toutes les infos | toutes les actualités | partager | partagez
    | suivre le direct | suivez le direct | suivre en direct | suivez en direct | voir le direct
    | notre direct | suivre notre direct | suivez notre direct | suivant |
    précédent | fermer | imprimer | commenter | écouter | regarder | s'abonner | ouvre une nouvelle fenêtre |
    nouvelle fenêtre | اقرأ | اقرأ المزيد | إقرأ المزيد | قراءة المزيد | المزيد | للمزيد | اقرأ أيضا | تابع
    القراءة | تابع التغطية | تابعوا التغطية | تابع مباشرة | تابعوا مباشرة | تغطية مباشرة | أكمل القراءة |
    التفاصيل | تفاصيل | شارك | مشاركة | شاركها | شارك الخبر | انشر | غرد | طباعة | حفظ | تعليق | أضف تعليق |
    التالي | السابق | إغلاق | عرض الكل | عرض المزيد | كل الأخبار | شاهد | استمع | اشترك | يفتح في نافذة جديدة
"""
_CALLS: Final = frozenset(" ".join(_words(phrase)) for phrase in _CALL_PHRASES.split("|"))
_ASKING: Final = _vocabulary(
    "view see show read browse load more all go follow watch voir afficher lire toutes tous tout plus charger suivre",
    "suivez regardez revoir عرض شاهد كل جميع المزيد اقرأ تابع تابعوا",
)
"""Words that a call begins with, and below, what follows them."""
_ASKED: Final = _vocabulary(
    "all more news headlines stories story articles article the full our of latest next previous post posts to live",
    "updates coverage blog stream notre ce fil live replay vidéo",
    "les l' la le de d' des du toutes tous tout info infos l'info l'actu actu actualité actualités actus",
    "dépêches suite plus fil direct article articles titres news",
    "الأخبار الاخبار أخبار من المزيد التفاصيل الخبر كامل كاملا العناوين المقال المقالات التتمة عن المستجدات العاجل",
    "البث المباشر المباشرة مباشر مباشرة التغطية تغطية الآن هنا",
)
_CLICK: Final = re.compile(
    r"(?:click|tap) (?:here|to|for|the link)\b|press (?:here|the link|to (?:play|listen|watch|read|continue))\b"
    r"|cliquez (?:ici|pour|sur)\b|(?:اضغط|انقر) (?:هنا|ل)"
)
"""What asks for a click, whatever for: `Click here to read on`."""
_INVITING: Final = re.compile(
    r"(?:subscribe|sign up|download)\b.*\b(?:our|newsletters?|app|today)\b|(?:follow|join) us (?:on|for|at)\b"
    r"|(?:want|receive|enable|allow|turn on)\b.*\b(?:alerts|notifications)\b"
    r"|(?:recevez|activez)\b.*\b(?:alertes|notifications)\b|(?:فعلوا?|تفعيل) (?:الاشعارات|التنبيهات)"
    r"|join our (?:whatsapp|telegram|channel|community|newsletter)\b"
    r"|(?:abonnez vous|inscrivez vous|suivez nous|rejoignez (?:nous|notre)|téléchargez (?:notre|l'application))\b"
    r"|(?:اشترك|سجل)(?:وا)? في (?:نشرتنا|النشرة|قناتنا)|(?:تابعونا|تابعنا)\b|حمل(?:وا)? (?:تطبيق|التطبيق)"
    r"|انضم(?:وا)? الى (?:قناتنا|قناة|مجموعتنا)"
)
"""What asks its reader for something of the site: `Subscribe to our newsletter`, `Suivez-nous sur WhatsApp`."""
_ASKING_TOO: Final = _vocabulary(
    "click tap press subscribe sign download follow join want receive enable allow turn",
    "cliquez recevez activez abonnez inscrivez suivez rejoignez téléchargez",
    "اضغط انقر فعلو فعلوا تفعيل اشترك اشتركوا سجل سجلوا تابعونا تابعنا حمل حملوا انضم انضموا",
)
"""Words that what `_CLICK` and `_INVITING` find begins with."""
_BEGINNING: Final = _TIME_WORDS | _COUNTED | _ASKING | _ASKING_TOO | {call.split()[0] for call in _CALLS}
"""Words that a moment, a counter or a call begins with, if not with a number."""
_MAX_CALL_WORDS: Final = 5
_MAX_COUNTER_WORDS: Final = 4
_MAX_WORDS: Final = 12
_BYLINE: Final = re.compile(
    r"(?:by|By|BY|par|Par)\s+(?:[^\W\da-z_][\w.'’-]*\s*(?:(?:and|et|&|,)\s+)?){1,6}"
    r"|(?:by|By|par|Par)\s+(?:la\s+rédaction|notre\s+correspondante?|our\s+(?:correspondent|reporters?)|staff|"
    r"the\s+newsroom|admin|agences)"
    r"|بقلم\s*:?\s*\S+(?:\s+\S+){0,3}"
    r"|(?:كتبت?|الكاتبة?|المحررة?|المراسلة?|إعداد|تحرير)\s*:\s*\S+(?:\s+\S+){0,3}"
    r"|(?:[Ss]ource|[Pp]hotos?|[Cc]rédits?|[Cc]redit|المصدر|صورة|تصوير)\s*:\s*\S+(?:\s+\S+){0,4}"
)
_BYLINE_AFTER: Final = re.compile(rf"[ \xa0]+[-–—|•·][ \xa0]*(?:{_BYLINE.pattern})\Z")
_CLOCK: Final = re.compile(r"\b\d{1,2}\s?(?::|h|H)\s?\d{2}\b|\b\d{1,2}\s?[hH]\b|\b\d{1,2}\.\d{2}\b")
_DATE: Final = re.compile(r"\b\d{1,4}([/.-])\d{1,2}\1\d{2,4}\b|\b\d{1,2}/\d{1,2}\b|\b\d{1,2}\.\d{1,2}\.")
_MEASURED: Final = re.compile(r"[%$£€¥°+]|(?<!\w)-\d")
"""What numbers have that count nothing: prices, shares, degrees, changes."""
_WORDLESS: Final = re.compile(r"[\W_]*")
_PLACEHOLDER: Final = re.compile(
    r"[{}$<%\[lL](?:(?<=\{)[{%]|(?<=\})\}|(?<=\$)\{|(?<=<)%|(?<=%)%\w+%%|(?<=\[)\[\w+\]\]|(?<=[lL])(?i:orem ipsum))"
)
"""Unfilled parts of templates; a class of characters comes first, for that is looked for quickest."""


def is_placeholder(text: str) -> bool:
    """Whether a text is part of a template that no script has filled: `{{ title }}`, lorem ipsum."""
    return _PLACEHOLDER.search(text) is not None


def is_moment(text: str) -> bool:
    """Whether a text says when: a clock, a date, an age (`14h05`, `منذ 5 دقائق`, `just now`)."""
    words = _words(text)
    if not 0 < len(words) <= _MAX_WORDS or _MEASURED.search(text):
        return False
    if not all(word.isdigit() or word in _TIME_WORDS for word in words):
        return False
    has_number = any(word.isdigit() for word in words)
    if not has_number:
        return any(word in _NOW or word in _DAYS for word in words) or (
            any(word in _SINCE for word in words) and any(word in _UNITS for word in words)
        )
    timed = any(word in _MONTHS or word in _DAYS or word in _SINCE for word in words) or _measures_time(words)
    return timed or _CLOCK.search(text) is not None or _DATE.search(text) is not None


def _measures_time(words: Sequence[str]) -> bool:
    """Whether a number stands before a unit of time, as in `3 min`; after it, in `day 3`, it counts days of a story."""
    return any(number.isdigit() and unit in _UNITS for number, unit in pairwise(words))


def is_counter(text: str) -> bool:
    """Whether a text is a number of something: `(5)`, `12 comments`, `1.2k`, `3.`, `٥ تعليقات`."""
    words = _words(text)
    return (
        0 < len(words) <= _MAX_COUNTER_WORDS
        and _MEASURED.search(text) is None
        and any(word.isdigit() for word in words)
        and all(word.isdigit() or word in _COUNTED for word in words)
    )


def is_call(text: str) -> bool:
    """Whether a text asks to do something: `Read more`, `View all news`, `Partager`, `التالي`."""
    phrase = _phrase(text)
    if (_CLICK.match(phrase) and len(text) <= _LONGEST) or _INVITING.match(phrase):
        return True
    words = phrase.split()
    asking = 0 < len(words) <= _MAX_CALL_WORDS and words[0] in _ASKING
    return phrase in _CALLS or (asking and all(word in _ASKED for word in words[1:]) and len(words) > 1)


def _phrase(text: str) -> str:
    """The words of a text and nothing else."""
    return " ".join(_words(text)).replace(" ' ", "'")


_PROMOTED: Final = re.compile(
    r"(?:ads?|advert|advertisement|advertorial|sponsored(?: (?:post|content|by .{2,30}))?|promoted"
    r"|paid (?:post|content)|partner content|publicité|annonce|sponsorisé|(?:contenu|article) sponsorisé"
    r"|publi-?(?:reportage|rédactionnel)"
    r"|إعلان|اعلان|إعلان ممول|محتوى (?:ممول|مدعوم|إعلاني)|مادة إعلانية|ممول|برعاية .{2,30})",
    re.IGNORECASE,
)


def says_promoted(text: str) -> bool:
    """Whether a text labels what stands beside it as an advertisement: `Sponsored`, `إعلان ممول`."""
    return len(text) <= _LONGEST and _PROMOTED.fullmatch(text.strip("[]() :•·|")) is not None


def is_byline(text: str) -> bool:
    """Whether a text says who wrote or took it, and no more."""
    return _BYLINE.fullmatch(text) is not None


def is_furniture(text: str) -> bool:
    """Whether a text on its own is furniture, whatever its context."""
    return len(text) <= _LONGEST_FURNITURE and _is_furniture(text)


@lru_cache(maxsize=1 << 14)
def _is_furniture(text: str) -> bool:
    return (
        _WORDLESS.fullmatch(text) is not None
        or (_may_be_furniture(text) and (is_moment(text) or is_counter(text) or is_call(text)))
        or is_label(text)
        or is_byline(text)
        or is_placeholder(text)
        or text.startswith("©")
        or _is_line_of_notes(text)
    )


def _may_be_furniture(text: str) -> bool:
    """Whether a text begins as a moment, a counter or a call: most headlines do not, which is seen at once."""
    first = _WORD.search(_normal(text))
    return first is not None and (first[0].isdigit() or first[0] in _BEGINNING)


_LONGEST_FURNITURE: Final = 120
"""Characters beyond which a text is no clock, counter or call."""
_NOTE_PARTS: Final = re.compile(r"\s*[,،|·•/–—]\s+|\s+-\s+")
_NOTE_PART: Final = re.compile(r"[,،|·•/–—-]\s")
"""What stands between any two of them, looked for more quickly."""
_MAX_NOTE_PARTS: Final = 4
_MAX_NAME_WORDS: Final = 3


def _is_line_of_notes(text: str) -> bool:
    """Whether a text is times and counters with one name beside them: `(Ann Stone, 3 min ago)`."""
    if not _NOTE_PART.search(text):
        return False
    parts = _NOTE_PARTS.split(text.strip("()[] "))
    if not 1 < len(parts) <= _MAX_NOTE_PARTS:
        return False
    names = [part for part in parts if not _is_note_part(part)]
    return len(names) <= 1 and all(len(name.split()) <= _MAX_NAME_WORDS for name in names)


def _is_note_part(part: str) -> bool:
    return is_moment(part) or is_counter(part)


def could_be_news(text: str) -> bool:
    """Whether what is furniture by itself can be a short headline as well, which what stands around it tells.

    `Bus strike, Monday` is written as `Ann Stone, Monday` is, and `By royal decree` as a byline; `Ann Stone, 3 min ago`
    says when a page was written, and no headline does.
    """
    return len(text) <= _LONGEST_FURNITURE and _could_be_news(text)


@lru_cache(maxsize=1 << 12)
def _could_be_news(text: str) -> bool:
    if is_byline(text):
        return True
    if text[:1] in _OPENING or is_label(text) or not _is_line_of_notes(text):
        return False
    name, *notes = sorted(_NOTE_PARTS.split(text), key=_is_note_part)
    return not _is_note_part(name) and len(notes) == 1 and not _says_when_written(notes[0])


_OPENING: Final = tuple("([")
_YEAR: Final = re.compile(r"\b\d{4}\b")
_WRITTEN: Final = _vocabulary(
    "read lecture posted published updated reported added publié publiee publiée mis modifié signalé نشر تحديث بتاريخ"
)
"""Words that say of a time that it is when a page was written, or how long it takes to read it."""


def _says_when_written(note: str) -> bool:
    """Whether a moment or counter is a page's, no day or span of a story: `3 min ago`, `12 March 2025`, `10:05`."""
    words = _words(note)
    if (
        any(word in _WRITTEN or word in _COUNTED for word in words)
        or _CLOCK.search(note)
        or _DATE.search(note)
    ):
        return True
    if any(word in _SINCE for word in words):
        return not any(word in _YEARS and word not in _SINCE for word in words)
    dated = any(word in _MONTHS for word in words)
    return dated and (_YEAR.search(note) is not None or any(word in _DAYS for word in words))


_MOST: Final = 0.6
"""What at least this share of a strip's slots shows at the same place is the site's, not the news."""
_FEWEST: Final = 2
"""From so many slots on, what stands at their ends can have a shape in common."""
_FEWEST_WORDS: Final = 3
"""A date of fewer words may be part of a sentence: `on Monday`."""
_LONGEST: Final = 48
"""The most characters at an end of a slot in which a clock, counter or the like is looked for."""
_MARKS: Final = "-–—|:•·»>"
_JOINT: Final = re.compile(
    rf"[ \xa0]*(?:[{_MARKS}،,][ \xa0]+|[ \xa0])[ \xa0]*|[ \xa0]*(?=[(\[])|(?<=[)\]])[ \xa0]*"
)
"""What can stand between a headline and a thing before or after it."""
_ORNAMENTS: Final = (
    "※⁃❯\u2023\u2043\u2190-\u21ff\u2300-\u23ff\u25a0-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff\u200d"
)
_BULLET: Final = re.compile(
    rf"\A(?:(?:[-–—*•·»›>+~|{_ORNAMENTS}](?!\d)\ufe0f?|[:：,،;؛./](?=[ \xa0]))[ \xa0]*)+(?=\S)"
)
"""Bullets before a text, and the mark that joined it to what was taken off: `<b>10:05</b> : Ferry …`."""
_TRAILING: Final = "|•·→←►◄*-–—,،;؛" + "".join(map(chr, range(0x25A0, 0x2600)))
"""Symbols that are no part of a headline at whose end they stand; and so are » and › unless they close a quotation."""
_FEWEST_LETTERED: Final = 3
"""Slots that letters count: of fewer, `A. …` and `B. …`, they may be initials."""
_FEWEST_BARE: Final = 4
"""Slots that numbers without a mark count, `1 Ferry …`, `2 Bakers …`: fewer may be two facts of a sentence."""
_SECTIONED: Final = re.compile(
    r"[\[【(]\s*([^\[\]【】()\d]{2,24}?)\s*[\]】)]\s*(?=\S)|#(\w{2,24})\s+(?=\S)"
    rf"|([^{_MARKS}#]{{2,24}}?)(?:\s*[:：]\s*|\s+[-–—|•·»>]\s+)(?=\S)"
)
_SECTION_AFTER: Final = re.compile(r"\s*[\[(]\s*([^\[\]()\d]{2,24}?)\s*[\])]\Z")
_BRACKETS: Final = "[【(#"
_CLOSING: Final = "])"
_LABELLED: Final = re.compile(rf"([^{_MARKS}]{{2,32}}?)[ \xa0]*[:|–—•»-][ \xa0]*(?=\w)")
_LETTER: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d+", re.UNICODE)


def without_bullet(text: str) -> str:
    """A text of an element without the bullets, arrows and bars around it: `» Ferry …` is `Ferry …`."""
    bare = _BULLET.sub("", text, count=1) if text and not text[0].isalnum() else text
    if bare and not bare[-1].isalnum():
        quoted = bare.count("«") >= bare.count("»")
        trailing = _TRAILING if quoted else _TRAILING + "»›"
        if bare[-1] in trailing:
            bare = bare.rstrip(f" \xa0{trailing}")
    return bare or text


def without_label(text: str) -> str:
    """A headline without the label that leads it: `Breaking: Ferry …` is `Ferry …`."""
    match = _LABELLED.match(text)
    return text[match.end() :] if match and is_label(match[1]) else text


def without_notes(texts: list[str]) -> list[str]:
    """The texts of a strip's slots, empty where a slot is furniture alone: `View all`, `10:05`, `Advertisement`.

    A label that most slots end with stands before the next headline: `Breaking | Ferry … Breaking | Bakers …`. Where
    links lead, which goes from the ends (`Ferry … https://…`), is no headline either.
    """
    if texts and ("://" in texts[0] or "://" in texts[-1]):
        texts = [_ADDRESS.sub("", _LINKED.sub(r"\1", text)).rstrip() for text in texts]
    if sum(map(bool, texts)) < _FEWEST_ANNOUNCED:
        return texts
    bare = ["" if len(text) <= _LONGEST and _is_note_alone(text) else text for text in texts]
    if bare != texts:
        news = news_among(
            [text for text, left in zip(texts, bare, strict=True) if text and not left], len(texts)
        )
        bare = [text if text in news else left for text, left in zip(texts, bare, strict=True)]
    return _without_end_label(bare) if sum(map(bool, bare)) > 1 else texts


_MANY_DOUBTFUL: Final = 8
"""Of so many texts of a list one can be a headline that is written as furniture; where more are, they are furniture."""


def news_among(furniture: Sequence[str], texts: int) -> frozenset[str]:
    """Those of the pieces of furniture in a list that are headlines, as what is written as they are is seldom in it.

    `texts` is how many texts the list has, furniture included. One `Bus strike, Monday` among headlines is a headline;
    a line `Ann Stone, Monday` for each of them is a byline.
    """
    if texts < _FEWEST_ANNOUNCED:
        return frozenset()
    doubtful = [text for text in furniture if could_be_news(text)]
    few = len(doubtful) == 1 or _MANY_DOUBTFUL * len(doubtful) <= texts
    return frozenset(doubtful if few else ())


_LINKED: Final = re.compile(r"\A\[(.+)\]\(https?://\S+\)\Z")
"""A link as Markdown writes it: `[Ferry …](https://…)`."""
_ADDRESS: Final = re.compile(r"[(<\[]?\bhttps?://\S+\Z")


def _is_note_alone(text: str) -> bool:
    return is_furniture(text) or says_promoted(text) or _TEMPERATURE.fullmatch(text) is not None


def _without_end_label(texts: list[str]) -> list[str]:
    """The texts without the label, of a word or two, that all but the last end with; the first slot was it alone."""
    *others, last = [text for text in texts if text]
    if texts[0] or len(others) < _FEWEST:
        return texts
    for words in (2, 1):
        tail = " ".join(others[0].split()[-words:])
        if announces(tail) and not last.endswith(tail) and all(text.endswith(f" {tail}") for text in others):
            return [text.removesuffix(f" {tail}").rstrip() for text in texts]
    return texts


_ANNOUNCED: Final = re.compile(
    rf"([^{_MARKS}]{{2,32}}?)"
    r"(?:[ \xa0]*[:：][ \xa0]*|[ \xa0]+[-–—»>][ \xa0]+|[ \xa0]{2,})(?=\S)"
)
_FEWEST_ANNOUNCED: Final = 3
_MASTHEAD: Final = re.compile(r"\s*[|•·–—]\s+|\s+-\s+")
_TEMPERATURE: Final = re.compile(r"(?:[^\W\d_]+ ){0,2}-?\d{1,2}\s?°\s?[CFcf]?")


def without_announcement(texts: list[str]) -> list[str]:
    """The texts of a strip without the label that stands before the first headline alone and announces all of them.

    `Breaking news: Ferry … | Bakers … | Choir …` has one; in `Live: Rovers … | Bakers …`, or where another slot is
    labelled too, the label is that of its headline. The first slot can be a masthead that ends with the label:
    `Monday 3 March | Rabat 17° | Breaking`.
    """
    first = next((number for number, text in enumerate(texts) if text), None)
    if first is None or sum(map(bool, texts)) < _FEWEST_ANNOUNCED:
        return texts
    text = texts[first]
    if _is_masthead(text) or _TEMPERATURE.fullmatch(text):
        return without_announcement([*texts[:first], "", *texts[first + 1 :]])
    match = _ANNOUNCED.match(text)
    if (
        match is None
        or not announces(match[1])
        or any(without_label(each) != each for each in texts[first + 1 :])
    ):
        return texts
    return [*texts[:first], text[match.end() :], *texts[first + 1 :]]


def _is_masthead(text: str) -> bool:
    *before, label = _MASTHEAD.split(text)
    return (
        bool(before)
        and is_label(label)
        and all(is_moment(part) or _TEMPERATURE.fullmatch(part) is not None for part in before)
    )


def tidy(texts: Sequence[str]) -> list[str]:
    """The texts of a strip's slots without the furniture that most of them have at the same place.

    A clock, date or age before or after, a counter or byline after, a label or section before, or numbers that count
    the slots.
    In each slot it has the same shape, as `0 U S` for `3 min ago`: `… from Monday - 10:05` loses the clock alone. A
    strip of one slot shows no shape and stays as it is.
    """
    left = list(texts)
    written = [text for text in texts if text]
    if len(written) < _FEWEST:
        return left
    timed = _TIMED if _SINCE_THEN in written[0] or _SINCE_THEN in written[-1] else _DIGIT
    if _most(timed, written, _NEAR, first=True):
        left = _without_counts(_taken(left, _ends(left, _before)))
    elif COUNT.match(written[0]):
        left = _without_counts(left)
    if written[0][0] in _BRACKETS or written[1][0] in _BRACKETS:
        left = _without_sections(left)
    elif written[0][-1] in _CLOSING:
        left = _taken(left, [_without_section(text) for text in left])
    if _most(timed, written, _NEAR, first=False):
        left = _taken(left, _ends(left, _after))
    if _most(_MARK, written, _LONGEST, first=True):
        left = _taken(left, [bare if (bare := without_label(text)) != text else None for text in left])
        left = _without_sections(left)
    if _most(_MARK, written, _LONGEST, first=False):
        left = _taken(left, [_without_byline(text) for text in left])
    return left


_NEAR: Final = 24
"""Characters from an end within which a clock, date or counter has a digit, or an age its first word."""
_DIGIT: Final = re.compile(r"\d")
_SINCE_THEN: Final = "منذ"
_TIMED: Final = re.compile(rf"\d|{_SINCE_THEN}")
_MARK: Final = re.compile(f"[{_MARKS}]")


def _most(pattern: re.Pattern[str], texts: Sequence[str], width: int, *, first: bool) -> bool:
    """Whether most texts have a character near an end; given up as soon as too many have not."""
    spared = len(texts) - _MOST * len(texts)
    search = pattern.search
    for text in texts:
        if (search(text, 0, width) if first else search(text, max(0, len(text) - width))) is None:
            spared -= 1
            if spared < 0:
                return False
    return True


def _taken(texts: list[str], taken: Sequence[str | None]) -> list[str]:
    """The texts with something taken off, where most of them have it."""
    having = sum(1 for text in taken if text)
    if having < _MOST * sum(1 for text in texts if text):
        return texts
    return [short or text for short, text in zip(taken, texts, strict=True)]


def _ends(texts: Sequence[str], cuts: Callable[[str], list[tuple[str, str]]]) -> list[str | None]:
    """What is left of each text without the end that most have in one shape; None where one has none.

    `cuts` gives the ends that a text could lose, each with what is left. A text without the shape of most may lose an
    age all the same: `yesterday` among `3 min ago`.
    """
    possible = [[(_shape(end), end, rest) for end, rest in cuts(text)] for text in texts]
    counts = Counter(shape for ends in possible for shape in {shape for shape, _, _ in ends})
    most = max(counts.values(), default=0)
    common = max((shape for shape, count in counts.items() if count == most), key=len, default="")
    if most < _MOST * len(texts) and not _AGE.search(common):
        return [None] * len(texts)
    left: list[str | None] = []
    for ends in possible:
        fitting = [rest for shape, _, rest in ends if shape == common]
        aged = [rest for shape, _, rest in ends if _AGE.fullmatch(shape)]
        left.append(min(fitting or aged, key=len, default=None))
    return left


def _before(text: str) -> list[tuple[str, str]]:
    """The beginnings of a text that say when or how many: `10:05 `, `3 min ago - `, `(5) `."""
    return [
        (head, text[match.end() :])
        for match in _JOINT.finditer(text, 0, _LONGEST)
        if (head := text[: match.start()]) and match.end() < len(text) and _is_closed(head) and _is_note(head)
    ]


def _after(text: str) -> list[tuple[str, str]]:
    """The ends of a text that say when or how many: ` - 10:05`, ` (5)`, ` 12 comments`."""
    return [
        (tail, _before_joint(text, match))
        for match in _JOINT.finditer(text, max(0, len(text) - _LONGEST))
        if (tail := text[match.end() :]) and match.start() > 0 and _is_closed(tail) and _is_note(tail)
    ]


def _before_joint(text: str, joint: re.Match[str]) -> str:
    """What stands before a joint; a » that closes a quotation there belongs to it."""
    before = text[: joint.start()].rstrip(" \xa0")
    quoting = "»" in joint[0] and before.count("«") > before.count("»")
    return text[: text.index("»", joint.start()) + 1] if quoting else before


def _is_closed(text: str) -> bool:
    """Whether no bracket is cut off from its other half."""
    return text.count("(") == text.count(")") and text.count("[") == text.count("]")


def _is_note(text: str) -> bool:
    """Whether an end of a text is a clock, a date, an age or a counter, and no word or number of its sentence."""
    bare = text.strip("()[] \xa0")
    if bare != text.strip(" \xa0"):
        return is_moment(bare) or is_counter(bare)
    if is_moment(text):
        clocked = _CLOCK.search(text) or _DATE.search(text) or _AGE.search(_shape(text))
        return clocked is not None or (len(text.split()) >= _FEWEST_WORDS and not _is_lifetime(text))
    return is_counter(text) and any(word in _COUNTED for word in _words(text))


def _is_lifetime(text: str) -> bool:
    """Whether a number of years says how old somebody was: `à 94 ans`, `عن 94 عاما`."""
    told = [word for word in _words(text) if word in _TIME_WORDS and word not in _AROUND]
    return all(word in _YEARS for word in told)


_YEARS: Final = _vocabulary("y yr year years an ans سنة سنوات عام عاما أعوام")
_AGE: Final = re.compile(r"(?:.*\bS\b.*U\b.*|.*U\b.*\bS\b.*|.*\bN\b.*)")
"""Shapes of ages; a unit may touch its number, `2h ago`."""


def _shape(text: str) -> str:
    """What an end of a text is like, whatever its numbers: `3 min ago` is `0 U S`, `12 March, 10:05` is `0 M, 0:0`."""
    return _LETTER.sub(_shaped, _with_minutes(text))


def _shaped(match: re.Match[str]) -> str:
    word = _normal(match[0])
    if word.isdigit():
        return "0"
    for sign, words in (("M", _MONTHS), ("D", _DAYS), ("S", _SINCE), ("N", _NOW), ("U", _UNITS)):
        if word in words:
            return sign
    return word


def _without_byline(text: str) -> str | None:
    """`Ferry … — by Ann Stone` without its end."""
    match = _BYLINE_AFTER.search(text)
    return text[: match.start()] if match else None


def _without_counts(texts: list[str]) -> list[str]:
    """Slots without what counts them: `1. …`, `2. …`; `a) …`, `b) …`; numbers of links, `[7]`, from any number on."""
    found = [COUNT.match(text) for text in texts if text]
    matches = [match for match in found if match]
    numbers = numbers_of(matches) if len(matches) == len(found) else []
    if not numbers or numbers != list(range(numbers[0], numbers[0] + len(found))):
        return texts
    if matches[0]["letter"] and len(matches) < _FEWEST_LETTERED:
        return texts
    if numbers[0] > 1 and any(written_with(match) != "[]" for match in matches):
        return texts
    if any(not written_with(match) for match in matches) and not _are_bare(matches):
        return texts
    rest = iter([match.string[match.end() :] for match in matches])
    return [next(rest) if text else text for text in texts]


def _are_bare(matches: Sequence[re.Match[str]]) -> bool:
    """Whether numbers without a mark count the slots, and none begins a sentence: `3 dead in …`, `2,5 millions …`."""
    return len(matches) >= _FEWEST_BARE and all(
        match[0][-1].isspace() and not match.string[match.end()].islower() for match in matches
    )


def _without_sections(texts: list[str]) -> list[str]:
    """Slots without the names of sections that half of them begin with; other labels may be news, and stay.

    `[Sport] Rovers …`, `Sport: Rovers …` and `#Sport Rovers …` lose their label, and `[Women] Rovers …` does not.
    """
    known = [match if (match := _SECTIONED.match(text)) and _is_known(match) else None for text in texts]
    if 2 * sum(map(bool, known)) < sum(map(bool, texts)) or sum(map(bool, known)) < _FEWEST:
        return texts
    return [text[match.end() :] if match else text for text, match in zip(texts, known, strict=True)]


def _without_section(text: str) -> str | None:
    """`Ferry … (Transport)` without its end."""
    match = _SECTION_AFTER.search(text, max(0, len(text) - _LONGEST))
    return text[: match.start()] if match and match.start() and is_section(match[1]) else None


def _is_known(match: re.Match[str]) -> bool:
    return is_section(next(filter(None, match.groups())))
