"""Labels of strips: the words before a site's headlines that announce them (`Breaking News`, `عاجل`).

A slot that is only a label is empty. A label before a headline in the same slot is a tag, which the fold removes.
"""

import re
from functools import lru_cache
from typing import Final

LONGEST_LABEL: Final = 32
"""Characters of the longest label, its marks included."""


def _words(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


_SAYING: Final = _words(
    "breaking news headlines headline latest trending live updates update newsflash ticker urgent alert flash",
    "developing stories bulletin exclusive exclusives highlights trends",
    "urgent alerte infos info actualités actualité actualites actu actus nouvelles brèves bref direct continu",
    "fil minute dépêches titres flash essentiel tendance tendances exclusif exclusivité exclusivités affiche vedette",
    "عاجل عاجلة العاجل العاجلة أخبار اخبار الأخبار الاخبار خبر أنباء الأنباء الانباء مستجدات المستجدات عناوين",
    "العناوين موجز الموجز الإخباري الاخباري الإخبارية نشرة مباشر المباشر تغطية حصري مستجد رائج الرائج تريند "
    "ترند حديث",
)
"""Words of which a label has at least one."""

_JOINING: Final = _words(
    "the top just in now today today's this hour hot more most recent important must read local world national",
    "all our your and on of at a glance from story",
    "à la l le les en de du des d dernière dernières derniere dernieres derniers heure heures toute toutes grands",
    "une principaux principales jour aujourd hui temps réel et sur plus par",
    "آخر اخر أهم اهم أبرز ابرز أحدث احدث جديد الجديد شريط الشريط الآن الان في من و على هذا اليوم الساعة مدار هام",
    "بث المحلية العالمية الوطنية الرئيسية متابعة متواصلة مستمرة النشرة لحظة بلحظة",
)
"""Words that join them."""

_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_DRAWN_OUT: Final = re.compile("[\u0640\u064b-\u065f\u0670]")
"""What Arabic words have besides letters: `عـــاجل`, and vowel signs."""
_POPULAR: Final = frozenset(
    [
        "most read",
        "most popular",
        "most viewed",
        "most shared",
        "les plus lus",
        "les plus lues",
        "articles les plus lus",
        "les plus consultés",
        "le plus lu",
        "الأكثر قراءة",
        "الاكثر قراءة",
        "الأكثر مشاهدة",
        "الاكثر مشاهدة",
    ]
)
_ALONE: Final = _POPULAR | frozenset(
    [
        "just in",
        "this just in",
        "happening now",
        "right now",
        "what's new",
        "in brief",
        "news in brief",
        "at a glance",
        "don't miss",
        "quick read",
        "news wire",
        "top stories",
        "news",
        "en bref",
        "à retenir",
        "à la une",
        "a la une",
        "une",
        "la une",
        "en une",
        "newsfeed",
        "newswire",
        "à ne pas manquer",
        "à l'instant",
        "à chaud",
        "à suivre",
        "en ce moment",
        "dernière heure",
        "télex",
        "tout de suite",
        "vite dit",
        "ça vient de tomber",
        "vient de tomber",
        "الآن",
        "متابعات",
        "حدث الآن",
        "يحدث الآن",
        "الخبر العاجل",
        "أخبار سريعة",
        "على مدار الساعة",
        "تصريحات عاجلة",
        "must read",
    ]
)
"""Labels whose words say nothing by themselves."""


def is_label(text: str) -> bool:
    """Whether a slot is only the label of its strip."""
    return len(text) <= LONGEST_LABEL and _is_label(text)


_SAYINGS: Final = _words(
    "proverb proverbs sayings quotes quotations wisdom maxims adages aphorisms hadiths",
    "proverbe proverbes dicton dictons citations pensées sagesse adages maximes",
    "حكمة الحكمة أمثال امثال الأمثال مقولات أدعية ادعية أذكار اذكار آيات خواطر",
)
"""Words that name by themselves what is said and is no news."""
_OF_SAYINGS: Final = _SAYINGS | _words(
    "saying quote quotation verse verses hadith prayer dua joke citation pensée verset prière blague",
    "حكم أقوال اقوال مقولة دعاء آية نكتة شريف نبوي",
)
"""Words that do so where others stand beside them: `Quote of the day`; `Prayer` alone may be a section."""
_SAID_WITH: Final = _words(
    "of the a day daily week our today's famous popular words from inspirational inspiring motivational",
    "quran holy bible du de des la le les jour semaine célèbres populaires et nos coran arabes",
    "اليوم الأسبوع شعبية الشعبية مأثورة عربية وأمثال وحكم وأقوال حديث قرآنية قرآن كريم كريمة من العظماء مختارة",
)


def is_of_sayings(text: str) -> bool:
    """Whether a label is that of proverbs, quotations, verses or prayers: `Proverb of the day`, `حكمة اليوم`."""
    words = _words_of(text) if len(text) <= LONGEST_LABEL else []
    return (
        not _OF_SAYINGS.isdisjoint(words)
        and all(word in _OF_SAYINGS or word in _SAID_WITH for word in words)
        and (len(words) > 1 or words[0] in _SAYINGS)
    )


def announces_sayings(text: str) -> bool:
    """Whether the first slot of a strip is such a label, or begins with one: `Proverbs: A stitch in time …`."""
    return is_of_sayings(_AFTER_LABEL.split(text, maxsplit=1)[0])


_AFTER_LABEL: Final = re.compile(r"\s*[:：]|\s[-–—]\s")

_SECTION: Final = _words(
    "sport sports football soccer tennis rugby cricket basketball golf racing athletics",
    "world international national nation local region regional regions politics political policy government",
    "business economy economics markets finance money industry energy transport travel tourism",
    "culture arts art entertainment books music film cinema theatre television media celebrity lifestyle",
    "society people education health science sciences technology tech digital environment climate weather",
    "crime justice courts law defence defense security religion opinion farming agriculture",
    "foot politique économie economie éco bourse marchés entreprises finances monde étranger région régions",
    "société societe santé sante éducation enseignement technologie technologies high-tech numérique",
    "environnement climat météo meteo culture arts livres musique théâtre médias télévision people tourisme voyages",
    "faits-divers justice police sécurité défense religion opinions agriculture transports énergie industrie",
    "رياضة الرياضة رياضات كرة سياسة السياسة سياسي اقتصاد الاقتصاد مال أعمال أسواق بورصة العالم عالم دولي دولية",
    "دوليات عربي عربية محلي محلية محليات وطني وطنية وطنيات جهات جهوي جهوية مجتمع المجتمع ثقافة الثقافة فن فنون",
    "الفن صحة الصحة تعليم التعليم علوم العلوم تكنولوجيا تقنية بيئة البيئة مناخ طقس الطقس حوادث قضاء القضاء أمن",
    "دين سياحة فلاحة زراعة طاقة نقل إعلام منوعات مشاهير سينما مسرح كتب موسيقى",
)
"""Words that sections of news sites are called, beside which `_BETWEEN` joins two: `Arts & culture`."""
_BETWEEN: Final = _words("and & et de des du la le les the news أخبار اخبار القدم")


def is_section(text: str) -> bool:
    """Whether a text is the name of a section: `Sport`, `Arts & culture`, `اقتصاد`, `فن وثقافة`."""
    return len(text) <= LONGEST_LABEL and _is_section(text)


@lru_cache(maxsize=4096)
def _is_section(text: str) -> bool:
    words = [word for word in text.casefold().replace("/", " ").split() if word not in _BETWEEN]
    return 0 < len(words) <= _MOST_OPENING and all(
        word in _SECTION or (word[0] == "و" and word[1:] in _SECTION) for word in words
    )


_FIRST_ARABIC: Final = "\u0600"
"""A label is of one script: words of both that could be labels are a headline, however odd."""
_OPENS: Final = (":", "：")
_MOST_OPENING: Final = 3


def opens_list(text: str) -> bool:
    """Whether a slot is a word or a few with a colon at the end, and so the label of those after it: `On watch:`."""
    return text.endswith(_OPENS) and len(text.split()) <= _MOST_OPENING


def announces(text: str) -> bool:
    """Whether a label is that of a whole strip, and not of one headline as `Live`, `Exclusif` and `حصري` are."""
    return is_label(text) and not _OF_ONE.issuperset(_words_of(text))


def is_of_popular(text: str) -> bool:
    """Whether a label is that of what is read most, which is no strip: it is not what is new."""
    return len(text) <= LONGEST_LABEL and " ".join(_words_of(text)) in _POPULAR


def is_urgent(text: str) -> bool:
    """Whether a label says that its headlines are breaking news, and not only new: `Breaking news`, `عاجل`."""
    return is_label(text) and not _URGENT.isdisjoint(_words_of(text))


_URGENT: Final = _words(
    "breaking urgent alert newsflash flash alerte عاجل عاجلة العاجل العاجلة",
)
_OF_ONE: Final = _words(
    "live exclusive exclusives update updates developing highlights bulletin trends",
    "direct en exclusif exclusivité exclusivités tendance tendances essentiel l'essentiel minute",
    "حصري مباشر المباشر خبر تغطية بث موجز نشرة رائج تريند ترند",
)


def _words_of(text: str) -> list[str]:
    return _WORD.findall(_DRAWN_OUT.sub("", text.casefold()).replace("’", "'"))


@lru_cache(maxsize=4096)
def _is_label(text: str) -> bool:
    words = _words_of(text)
    if " ".join(words) in _ALONE:
        return True
    joining = [word for word in words if not _says(word)]
    if len(joining) == len(words) or not _JOINING.issuperset(joining) or len(set(joining)) < len(joining):
        return False
    return len({word.isascii() or word[0] < _FIRST_ARABIC for word in words}) == 1


def _says(word: str) -> bool:
    """Whether a word is one of a label, also after a French article."""
    return word in _SAYING or (word[:2] in {"l'", "d'"} and word[2:] in _SAYING)
