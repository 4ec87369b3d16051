"""Tell what a site puts beside its headlines from the headlines: clocks, dates, ages, counters, calls, labels.

Such a text is told by its words: all of them belong to one small vocabulary. `tidy` uses that on a strip as a
whole: what most slots begin or end with, at the same place in the same shape, is taken off them.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

from streams.produce.labels import is_label

_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d+", re.UNICODE)
_HARAKAT: Final = re.compile("[\u064b-\u065f\u0670\u0640]")
_ALEFS: Final = str.maketrans("أإآٱ", "اااا")


def _vocabulary(*words: str) -> frozenset[str]:
    return frozenset(_normal(word) for words_ in words for word in words_.split())


def _normal(text: str) -> str:
    """Small letters, Arabic without vowel signs and with one form of alef."""
    return _HARAKAT.sub("", text.casefold()).translate(_ALEFS).replace("’", "'")


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
    "posted published updated update publié publiee publiée mis jour mise modifié",
    "ص م صباحا مساء الساعة في على نشر تحديث آخر بتاريخ ظهرا من الأول الثاني وقت منتصف",
)
_TIME_WORDS: Final = _MONTHS | _DAYS | _UNITS | _SINCE | _NOW | _AROUND
_COUNTED: Final = _vocabulary(
    "view views read reads comment comments share shares like likes vote votes reply replies "
    "reaction reactions",
    "hit hits k m vue vues lecture lectures commentaire commentaires partage partages réaction "
    "réactions avis",
    "مشاهدة مشاهدات تعليق تعليقات مشاركة مشاركات قراءة قراءات إعجاب ردود رد زيارة no n",
)
_CALL_PHRASES: Final = """
    read | more | read more | read on | read now | read article | read the article | read full story | read the full
    story | full story | continue | continue reading | details | more details | learn more | find out more | see
    more | view more | show more | see all | view all | all news | more news | all headlines | share | share this |
    share on facebook | tweet | save | print | email | e-mail | follow | follow us | watch | watch now | listen |
    comment | leave a comment | subscribe | close | dismiss | previous | prev | next | previous story | next story |
    next story now | pause | play | stop | skip | back | opens in a new window | opens in new window | opens in a
    new tab | open | click here | loading | copy link | bookmark | facebook | twitter | whatsapp | telegram |
    linkedin | lire | lire plus | lire la suite | lire l'article | la suite | suite | en savoir plus | voir plus |
    plus | plus d'infos | tout voir | voir tout | toutes les infos | toutes les actualités | partager | partagez |
    suivant | précédent | fermer | imprimer | commenter | écouter | regarder | s'abonner | ouvre une nouvelle
    fenêtre | nouvelle fenêtre | اقرأ | اقرأ المزيد | إقرأ المزيد | قراءة المزيد | المزيد | للمزيد | اقرأ أيضا |
    تابع القراءة | أكمل القراءة | التفاصيل | تفاصيل | شارك | مشاركة | شاركها | شارك الخبر | انشر | غرد | طباعة | حفظ
    | تعليق | أضف تعليق | التالي | السابق | إغلاق | عرض الكل | عرض المزيد | كل الأخبار | شاهد | استمع | اشترك | يفتح
    في نافذة جديدة
"""
_CALLS: Final = frozenset(" ".join(_WORD.findall(_normal(phrase))) for phrase in _CALL_PHRASES.split("|"))
_MAX_COUNTER_WORDS: Final = 4
_MAX_WORDS: Final = 9
_BYLINE: Final = re.compile(
    r"(?:by|By|BY|par|Par)\s+(?:[^\W\da-z_][\w.'’-]*\s*){1,4}"
    r"|بقلم\s*:?\s*\S+(?:\s+\S+){0,3}"
    r"|(?:[Ss]ource|[Pp]hotos?|[Cc]rédits?|[Cc]redit|المصدر|صورة|تصوير)\s*:\s*\S+(?:\s+\S+){0,4}"
)
_NUMBERED: Final = re.compile(r"#?\s*\d{1,4}\s*[.)]?")
_CLOCK: Final = re.compile(r"\b\d{1,2}\s?(?::|h|H)\s?\d{2}\b|\b\d{1,2}\s?[hH]\b|\b\d{1,2}\.\d{2}\b")
_DATE: Final = re.compile(r"\b\d{1,4}([/.-])\d{1,2}(?:\1\d{2,4})?\b")
_WORDLESS: Final = re.compile(r"[\W_]*")
_PLACEHOLDER: Final = re.compile(r"\{\{|\}\}|\{%|\$\{|<%|%%\w+%%|lorem ipsum|\[\[\w+\]\]", re.IGNORECASE)


def is_placeholder(text: str) -> bool:
    """Whether a text is part of a template that no script has filled: `{{ title }}`, lorem ipsum."""
    return _PLACEHOLDER.search(text) is not None


def is_moment(text: str) -> bool:
    """Whether a text says when: a clock, a date, an age (`14h05`, `منذ 5 دقائق`, `just now`)."""
    words = _WORD.findall(_normal(text))
    if not words or len(words) > _MAX_WORDS + 3:
        return False
    glued = [word for word in words if not word.isdigit() and word not in _TIME_WORDS]
    if glued:
        return False
    has_number = any(word.isdigit() for word in words)
    if not has_number:
        return any(word in _NOW or word in _DAYS for word in words) or (
            any(word in _SINCE for word in words) and any(word in _UNITS for word in words)
        )
    timed = any(word in _MONTHS or word in _DAYS or word in _UNITS or word in _SINCE for word in words)
    return timed or _CLOCK.search(text) is not None or _DATE.search(text) is not None


def is_counter(text: str) -> bool:
    """Whether a text is a number of something: `(5)`, `12 comments`, `1.2k`, `3.`, `٥ تعليقات`."""
    words = _WORD.findall(_normal(text))
    return (
        0 < len(words) <= _MAX_COUNTER_WORDS
        and any(word.isdigit() for word in words)
        and all(word.isdigit() or word in _COUNTED for word in words)
    )


def is_call(text: str) -> bool:
    """Whether a text asks to do something: `Read more`, `Partager`, `التالي`."""
    return _phrase(text) in _CALLS


def _phrase(text: str) -> str:
    """The words of a text and nothing else."""
    return " ".join(_WORD.findall(_normal(text))).replace(" ' ", "'")


def is_byline(text: str) -> bool:
    """Whether a text says who wrote or took it, and no more."""
    return _BYLINE.fullmatch(text) is not None


@lru_cache(maxsize=1 << 14)
def is_furniture(text: str) -> bool:
    """Whether a text that stands alone is no headline whatever stands around it."""
    return (
        _WORDLESS.fullmatch(text) is not None
        or is_moment(text)
        or is_counter(text)
        or is_call(text)
        or is_label(text)
        or is_byline(text)
        or is_placeholder(text)
    )


_MOST: Final = 0.6
"""The share of a strip's slots that show a thing at the same place from which it is the site's, "
"not the news."""
_FEWEST: Final = 3
"""Slots from which a strip shows what its shape is."""
_JOINT: Final = r"[ \xa0]*[-–—|:•·»>،,]?[ \xa0]+"
_BRACKETED_HEAD: Final = re.compile(r"[(\[]([^()\[\]]{1,30})[)\]][ \xa0]*[-–—|:•·»]?[ \xa0]*(?=\S)")
_BRACKETED_TAIL: Final = re.compile(r"[ \xa0]*[(\[]([^()\[\]]{1,40})[)\]]\Z")
_ORNAMENTS: Final = (
    "\u2023\u2043\u2190-\u21ff\u25a0-\u25ff\u2605\u2606\u261a-\u261f\u2756\u2794-\u27bf\u2b00-\u2bff"
)
_BULLET: Final = re.compile(rf"\A(?:[-–—*•·»›>+~|{_ORNAMENTS}]\ufe0f?[ \xa0]*)+(?=\S)")
_TRAILING: Final = re.compile(r"(?:[ \xa0]*[|•·»›→←►◄*\u25a0-\u25ff])+\Z")
_TRAILING_UNQUOTED: Final = re.compile(r"(?:[ \xa0]*[|•·→←►◄*\u25a0-\u25ff])+\Z")


def without_bullet(text: str) -> str:
    """A text of an element without the bullets, arrows and bars around it: `» Ferry …` is `Ferry …`."""
    bare = _BULLET.sub("", text, count=1) if text and not text[0].isalnum() else text
    if bare and not bare[-1].isalnum():
        quoted = bare.count("«") >= bare.count("»")
        bare = (_TRAILING_UNQUOTED if quoted else _TRAILING).sub("", bare, count=1)
    return bare or text


def tidy(texts: Sequence[str]) -> list[str]:
    """The texts of a strip's slots without what the site puts at the same place in most of them.

    A clock, date or age before or after, a counter in brackets, or numbers that count the slots. A strip of fewer
    than three slots shows no shape and stays as it is.
    """
    left = list(texts)
    written = sum(1 for text in left if text)
    if written < _FEWEST or not any(map(_may_have_furniture, left)):
        return left
    for take in (_without_moment_before, _without_note_before, _without_note_after, _without_moment_after):
        left = _taken(left, take)
    return _without_numbers(left)


def _may_have_furniture(text: str) -> bool:
    return any(map(str.isdigit, text)) or text[-1:] in {")", "]"} or text[:1] in {"(", "["}


def _taken(texts: list[str], take: Callable[[str], str | None]) -> list[str]:
    """The texts with something taken off, where most of them have it."""
    taken = [take(text) if text else None for text in texts]
    having = sum(1 for text in taken if text)
    if having < _MOST * sum(1 for text in texts if text):
        return texts
    return [short or text for short, text in zip(taken, texts, strict=True)]


def _without_moment_before(text: str) -> str | None:
    """`10:05 Ferry …`, `3 min ago - Ferry …`: the longest beginning that says when."""
    rest: str | None = None
    for match in re.finditer(_JOINT, text[:48]):
        head = text[: match.start()]
        if head and is_moment(head) and any(map(str.isdigit, head)):
            rest = text[match.end() :]
    return rest


def _without_note_before(text: str) -> str | None:
    match = _BRACKETED_HEAD.match(text)
    return text[match.end() :] if match and _is_note(match[1]) else None


def _without_note_after(text: str) -> str | None:
    """`Ferry … (5)`, `Ferry … [3 min ago]`."""
    match = _BRACKETED_TAIL.search(text)
    return text[: match.start()] if match and _is_note(match[1]) else None


def _without_moment_after(text: str) -> str | None:
    """`Ferry … - 10:05`, `Ferry … 12 comments`: the longest end that says when or how many."""
    start = max(0, len(text) - 48)
    for match in re.finditer(_JOINT, text[start:]):
        tail = text[start + match.end() :]
        if not any(map(str.isdigit, tail)):
            continue
        if _says_when_surely(tail) or (is_counter(tail) and not _NUMBERED.fullmatch(tail)):
            return text[: start + match.start()]
    return None


def _says_when_surely(tail: str) -> bool:
    """Whether an end without brackets is no part of a sentence: a clock, a date with its year, an age."""
    if not is_moment(tail):
        return False
    words = _WORD.findall(_normal(tail))
    aged = any(word in _SINCE for word in words) and any(word in _UNITS for word in words)
    return aged or _CLOCK.search(tail) is not None or _DATE.search(tail) is not None or len(words) >= _FEWEST


def _is_note(text: str) -> bool:
    return is_moment(text) or is_counter(text)


_COUNTING: Final = re.compile(r"(?:#|n°|no\.?)?\s*(\d{1,3})(?:\s*[.)\-–:/]|\s)\s*(?=\S)", re.IGNORECASE)


def _without_numbers(texts: list[str]) -> list[str]:
    """Slots without the numbers that count them: `1. …`, `2. …`, `3. …`."""
    written = [text for text in texts if text]
    matches = [_COUNTING.match(text) for text in written]
    numbers = [int(match[1]) for match in matches if match]
    if len(numbers) != len(written) or numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        return texts
    return [text[match.end() :] if text and (match := _COUNTING.match(text)) else text for text in texts]
