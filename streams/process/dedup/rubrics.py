"""Rubrics: headlines that come back with the same words and other news (weather, rates, prayer times …)."""

import re
from typing import Final

_RUBRICS: Final = {
    "weather": (
        r"(?:توقعات|احوال|حاله) (?:احوال )?(?:الطقس|الجو)|(?:ال)?طقس (?:اليوم|الغد|غدا)|نشره (?:جويه|انذاريه)"
        r"|مقاييس الامطار|درجات الحراره (?:اليوم|المرتقبه|الدنيا)"
        r"|meteo\b|previsions meteo\w*|le temps (?:qu il fait|prevu)"
        r"|bulletin (?:meteo\w*|d alerte)|weather (?:forecast|today|update|report)|forecast for (?:today|tomorrow)"
    ),
    "rates": (
        r"اسعار (?:صرف|العملات|الذهب|النفط|الخضر|المحروقات|الدولار)|سعر (?:صرف|الذهب|الدولار|الاورو|النفط)"
        r"|(?:تداولات|اغلاق|افتتاح|موشرات) (?:ب?بورصه|البورصه)|بورصه (?:الدار )?البيضاء"
        r"|cours (?:de change|des devises|de l or)"
        r"|taux de change|bourse de casablanca|cac 40|exchange rates?|currency rates?|gold prices?|oil prices?"
        r"|market (?:wrap|close|open)|stocks (?:open|close)"
    ),
    "kiosk": (
        r"^كيوسك|(?:قراءه|جوله) في (?:ابرز |اهم )?(?:ال)?(?:صحف|عناوين)|عناوين (?:الصحف|الصحافه)|اقوال الصحف|^صحف\b"
        r"|revue de (?:la )?presse|kiosque|a la une (?:des|de la)|press review|front pages|newspaper headlines"
    ),
    "prayer": r"(?:مواقيت|اوقات) الصلاه|موعد (?:الافطار|الامساك|اذان)|horaires? (?:de|des) prieres?|prayer times?",
    "programme": (
        r"برنامج (?:اليوم|مباريات اليوم)|مباريات اليوم|(?:جدول|نتائج) (?:مباريات|الجوله)|تردد (?:قناه|قنوات)"
        r"|programme (?:tv|du jour|des matchs)|matchs? du jour"
        r"|resultats? (?:du jour|de la journee)|tv (?:guide|schedule)"
        r"|today s (?:fixtures|matches|schedule)"
    ),
    "horoscope": r"(?:ال)?(?:ابراج|برجك) (?:اليوم|ليوم)|حظك اليوم|horoscope",
    "roundup": (
        r"(?:ابرز|اهم) (?:اخبار|احداث|عناوين) (?:اليوم|الساعه)|حصيله (?:اليوم|كورونا)|نشره (?:الاخبار|المسائيه)"
        r"|صيدليات (?:الحراسه|المداومه)|pharmacies? de garde|l essentiel de l actu\w*|journal de \d+h|le journal du"
        r"|(?:daily|morning|evening) (?:briefing|roundup)|what you need to know today|today in history"
        r"|ce jour la|مثل هذا اليوم|wordle|كاريكاتير|sudoku|photo du jour|صوره اليوم|picture of the day"
    ),
}
_RUBRIC: Final = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _RUBRICS.items()))


def rubric(folded: str) -> str | None:
    """The kind of rubric that a folded headline is (`weather`, `rates` …); None for news."""
    match = _RUBRIC.search(folded)
    return match.lastgroup if match else None
