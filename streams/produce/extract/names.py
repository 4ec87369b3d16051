"""Interpret class and id names: whether an element is a ticker, and which part of an item it is.

Names are read as whole words of class and id tokens: `newsTicker`, `c-ticker__list` and `شريط-الأخبار` name a ticker,
`product-stickers` names none. Words written together count where known parts make up the whole: `breakingnews`.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final, Literal

Part = Literal["title", "time", "section", "byline", "counter", "summary", "call", "unseen", "icon"]
"""What an element of an item holds."""

TICKER, BREAKING, LATEST = 3.0, 2.5, 1.5
"""How surely a name is a ticker's, as evidence in `candidates`."""

_OF_NEWS: Final = 0.3
"""How much surer a name is that says news, too: `latest-news` and `latest`."""

UNLIKE: Final = -4.0
"""How surely a name is that of something else that moves or is new: prices, scores, comments, offers."""

_MAX_CALLED: Final = 400
_PIECE: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+", re.UNICODE)
_ALEFS: Final = str.maketrans("أإآ", "ااا")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.translate(_ALEFS).split())


_WRITTEN_TOGETHER: Final = _set(
    """
    news ticker tickers breaking flash info infos latest last bar box wrap wrapper container content list scroll
    scroller scrolling marquee headline headlines hot top live web js jquery main rotator roll rolling stories alert
    strip crawl crawler line slider actu actus title item items inner simple advanced acme easy modern bn mg bd tie td
    tape area holder home bx flex owl nivo
    """
)
"""Words that names write without anything between them: `breakingnews`, `tickerwrap`."""
_TOGETHER_PART: Final = re.compile("|".join(sorted(_WRITTEN_TOGETHER, key=len, reverse=True)))
_TOGETHER: Final = re.compile(f"(?:{_TOGETHER_PART.pattern})+")

_INITIALLED: Final = re.compile(r"(?!s)([a-z]{1,2})(tickers?|marquee|scroll(?:er)?)")
"""Plugins of which an initial stands before the word: `vTicker`, `vticker`, `liMarquee`."""

_TICKERS: Final = _set(
    """
    ticker tickers marquee chyron telex ditty dnt defilement defilant defilante defilants defilantes defile
    sharit shareet shrit شريط الشريط
    """
)
_NEWS: Final = _set(
    """
    news headlines infos actu actus actualite actualites breaking akhbar depeches
    اخبار الاخبار خبر
    """
)
_RUNNING: Final = _set(
    """
    bar strip stripe belt crawl crawler scroll scroller scrolling roll rolling running tape rotator fader bandeau
    """
)
_SHOWING: Final = _set(
    "slider carousel slideshow swiper top hot last recent newest live fresh new feed wire alert sticky header line"
)
_BREAKING: Final = _set(
    """
    breaking urgent urgents urgente newsflash alerte alertes eilmeldung ajel ajil ajila aajel 3ajel 3ajil
    عاجل العاجل عاجلة العاجلة
    """
)
_FLASH: Final = frozenset({"flash"})
_OF_FLASH: Final = _NEWS | _set("info une bandeau bar")
"""What makes news of a flash, which is a message or a game as well."""
_TEXT: Final = frozenset({"text"})
_HOOK: Final = frozenset({"js", "news"})
"""What the commonest plugin of all takes for its list: `js-news`."""
_LATEST: Final = _set("latest headlines scroller scrolling bandeau depeche depeches اخر احدث trending")
_RECENT: Final = _set(
    """
    last recent dernieres derniere derniers hot top newest live fil continu une bandeau direct
    """
)
_STORIES: Final = _set(
    """
    news posts post headlines articles article stories story infos info actu actus nouvelles actualites minute
    continu heure dactu dactualite dactualites الاخبار اخبار
    """
)
_SAYINGS: Final = _set(
    """
    proverb proverbs proverbe proverbes dicton dictons citation citations saying sayings maxim maxims wisdom adages
    quotes hadith hadiths athkar azkar adhkar adkar dua doua ayah ayat verse verses joke jokes blague blagues
    hikma hikam amthal حكمة حكم امثال اقوال اذكار ادعية دعاء
    """
)
_OTHER: Final = _SAYINGS | _set(
    """
    comment comments commentaire commentaires threads thread review reviews reply replies
    forum letters testimonial testimonials
    sale sales soldes offer offers offre offres deal deals promo promos coupon coupons shop product products cart
    price prices quote stock stocks bourse crypto coin coins currency currencies forex rates quotes lottery lotto
    weather meteo forecast forecasts previsions score scores scoreboard livescore livescores match matches fixtures
    league horoscope
    prayer prayers salat
    nav navbar navigation menu menus breadcrumb breadcrumbs footer search login cookie cookies consent gdpr
    newsletter subscribe social share tweet tweets tags poll polls quiz
    video videos photo photos gallery podcast podcasts recipe recipes
    schedule timetable horaires agenda playing playlist
    job jobs emploi classified classifieds events deaths obituaries obituary deces وفيات الوفيات
    produit produits boutique avis temoignages partenaires evenements départs departures
    partner partners sponsor sponsors logos brands clients authors sticker stickers related popular mostread
    طقس الطقس تعليقات التعليقات العملات اسعار الاسعار البورصة الصلاة فيديو
    منتجات المنتجات عروض العروض وظائف الوظائف
    """
)
_TOPICS: Final = frozenset({"topics"})
"""What a forum lists, unless it runs: `latest-topics` names one, `hot-topics-ticker` a ticker."""
_KEY_EVENTS: Final = frozenset({"key", "events"})
_NEWS_OF_DAY: Final = frozenset({"news"})
"""What the points of a live page are called: `key-events`; other events are an agenda."""
_AROUND_ALL: Final = _set(
    """
    cookie cookies consent gdpr onetrust didomi cmp tarteaucitron axeptio truste usercentrics cookiebot sourcepoint
    paywall comment comments commentaires footer navbar navigation breadcrumb modal popup offcanvas megamenu menu
    """
)
_IN_SPITE: Final = re.compile(
    r"(?:^|\s)(?:(?:[a-z]{1,3}[-_])?(?:has|with|no|without|not|is)|category|tag)[-_]\S+", re.IGNORECASE
)
"""States of an element or a page, and what a post is about: `has-ticker`, `ob-is-breaking-bad`, `category-flash`."""

_PARTS: Final[tuple[tuple[Part, str], ...]] = (
    ("unseen", "sronly screenreader visuallyhidden assistive offscreen"),
    ("icon", "icon icons material"),
    (
        "time",
        """
        time times date dates datetime clock ago timeago hour heure timestamp published posted updated modified
        pubdate moment وقت تاريخ الوقت التاريخ
        """,
    ),
    ("counter", "count counter counts views hits likes votes comment comments number num rank index"),
    ("byline", "author authors byline auteur writer vcard source src credit agency publisher كاتب المصدر"),
    (
        "section",
        """
        cat cats category categories categorie rubrique tag tags badge topic kicker overline eyebrow surtitre label
        lbl section chip pill flag flair تصنيف القسم
        """,
    ),
    (
        "summary",
        """
        excerpt summary description desc chapo dek standfirst snippet resume abstract subtitle subheading intro lead
        lede ملخص
        """,
    ),
    ("call", "more readmore share sharing social btn button cta suite controls control nav arrow المزيد"),
    ("title", "title titre headline heading ttl عنوان العنوان"),
)
_PART_OF_WORD: Final = {word: name for name, words in reversed(_PARTS) for word in _set(words)}

_UNSEEN: Final = re.compile(
    r"(?:^|[\s_-])(?:sr-only|visually-?hidden|screen-reader(?:-text)?|a11y|visuallyhidden|assistive-text|offscreen|"
    r"element-invisible|hide-?text)(?:$|[\s_-])",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def words_of(token: str) -> tuple[str, ...]:
    """The words of a class or id: `c-newsTicker__list` is c, news, ticker, list."""
    words: list[str] = []
    for piece in _PIECE.findall(token):
        small = piece.lower().translate(_ALEFS)
        if _TOGETHER.fullmatch(small):
            words += _TOGETHER_PART.findall(small)
        elif initialled := _INITIALLED.fullmatch(small):
            words += initialled.groups()
        else:
            words.append(small)
    return tuple(words)


def unaccented(label: str) -> str:
    """A label as classes and ids are written: `Dernières nouvelles` without its accent."""
    return "".join(c for c in unicodedata.normalize("NFKD", label) if not "\u0300" <= c <= "\u036f")


def likeness(called: str) -> float:
    """The evidence of these classes and ids that an element is a ticker: negative if it is something else.

    `news-ticker` gives TICKER, `latest-news` LATEST, and `flash-sale` a negative number.
    """
    return _likeness(called[:_MAX_CALLED])


@lru_cache(maxsize=4096)
def _likeness(called: str) -> float:
    sure = 0.0
    other = 0.0
    news = 0.0
    for token in _IN_SPITE.sub("", called).split():
        words = frozenset(words_of(token))
        if words >= _KEY_EVENTS:
            words = words - _KEY_EVENTS | _NEWS_OF_DAY
        sure = max(sure, _sure(words))
        if words & _OTHER or (words & _TOPICS and not words & _TICKERS):
            other = min(other, UNLIKE / 3 if words & _NEWS and words & _TICKERS else UNLIKE)
        elif words & _NEWS:
            news = _OF_NEWS
    return sure + other + news if sure else 0.0


def _sure(words: frozenset[str]) -> float:
    if words & _TICKERS or (words & _NEWS and words & _RUNNING):
        return TICKER
    if words & _BREAKING or (words & _FLASH and words & _OF_FLASH):
        return BREAKING
    told = (_LATEST, None), (_NEWS, _SHOWING), (_RECENT, _STORIES), (_RUNNING, _TEXT), (_FLASH, None)
    latest = words == _HOOK or any(words & one and (other is None or words & other) for one, other in told)
    return LATEST if latest else 0.0


def is_place_of_others(called: str) -> bool:
    """Whether an element is called as what holds no strip: `site-footer`, `main-menu`, `cookie-banner`."""
    return any(
        (words and words[-1] in _AROUND_ALL) or (len(words) > 1 and words[0] in _AROUND_ALL)
        for words in map(words_of, called[:_MAX_CALLED].split())
    ) and not likeness(called)


def part(tag: str, called: str) -> Part | None:
    """The part of an item that an element is, by its tag and names; None if they do not indicate one."""
    if tag in _TAG_PARTS:
        return _TAG_PARTS[tag]
    return _part(called[:_MAX_CALLED]) if called else None


@lru_cache(maxsize=4096)
def _part(called: str) -> Part | None:
    if _UNSEEN.search(called):
        return "unseen"
    found = {
        _PART_OF_WORD[word] for token in called.split() for word in words_of(token) if word in _PART_OF_WORD
    }
    return next((name for name in _SUREST if name in found), None)


_TAG_PARTS: Final[dict[str, Part]] = {
    "time": "time",
    "button": "call",
    "figcaption": "summary",
    "address": "byline",
    "h1": "title",
    "h2": "title",
    "h3": "title",
    "h4": "title",
    "h5": "title",
    "h6": "title",
}
_SUREST: Final[tuple[Part, ...]] = (
    "unseen", "icon", "time", "counter", "byline", "call", "summary", "section", "title",
)  # fmt: skip


def is_of_others(called: str) -> bool:
    """Whether an element is called as what is no news: prices, weather, scores; `ticker__item quote`."""
    return any(not _OTHER.isdisjoint(words_of(token)) for token in called[:_MAX_CALLED].split())


def is_place_of_sayings(called: str) -> bool:
    """Whether an element is called as what holds proverbs, quotations, verses or prayers."""
    return any(not _SAYINGS.isdisjoint(words_of(token)) for token in called[:_MAX_CALLED].split())


_PROMOTED: Final = _set(
    """
    ad ads advert adverts advertisement advertising advertorial sponsored sponsor sponsorise sponsorisee promo promoted
    promotion publicite pub publireportage اعلان اعلانات ممول ممولة دعاية
    """
)


@lru_cache(maxsize=4096)
def is_promoted(called: str) -> bool:
    """Whether an item is called an advertisement: `ticker-item sponsored`."""
    return any(not _PROMOTED.isdisjoint(words_of(token)) for token in called[:_MAX_CALLED].split())
