"""The same fact in other words: hours, scores, deaths, names; and what looks like it and is another fact."""

import pytest

from streams.process.dedup.compare import compare


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("إغلاق نفق المطار من الساعة 9 ليلا", "إغلاق نفق المطار من الساعة التاسعة ليلا"),
        ("إغلاق نفق المطار من الساعة 11 ليلا", "إغلاق نفق المطار من الساعة الحادية عشرة ليلا"),
        ("Le tunnel ferme à 21h00 pour travaux", "Le tunnel ferme à 21 heures pour travaux"),
        ("Le tunnel ferme à 21h30 pour travaux", "Le tunnel ferme à 21:30 pour travaux"),
        ("Tunnel to close at 9:00 p.m. for repairs", "Tunnel to close at 9pm for repairs"),
        ("Tunnel to close at 9.30pm for repairs", "Tunnel to close at 9:30 pm for repairs"),
        ("الفتح يهزم الماص 3-1 في الديربي", "الفتح يهزم الماص بثلاثة أهداف لهدف في الديربي"),
        ("الفتح يهزم الماص 3-0 في الديربي", "الفتح يهزم الماص بثلاثية نظيفة في الديربي"),
        ("Lens bat Metz 2-1 en amical", "Lens bat Metz deux buts à un en amical"),
        ("الفتح يعادل الماص 1-1 بالديربي", "الفتح يعادل الماص بهدف لمثله بالديربي"),
        ("Hull beat Leeds 2-0 in friendly", "Hull beat Leeds two goals to nil in friendly"),
        ("وفاة النحات جميل الرامي بعد مرض", "توفي النحات جميل الرامي بعد مرض"),
        ("La sculptrice Ana Mora meurt à 90 ans", "La sculptrice Ana Mora est morte à 90 ans"),
        ("Sculptor Ana Mora dies aged 90", "Sculptor Ana Mora has died aged 90"),
        ("Sculptor Ana Mora dead at 90", "Sculptor Ana Mora dies at 90"),
        ("Sculptor Ana Mora has died at 90", "Sculptor Ana Mora dead at the age of 90"),
        ("رئيس الحكومة يدشن سد الوادي الكبير", "رئيس الوزراء يدشن سد الوادي الكبير"),
        ("رئيس مجلس الوزراء يدشن سد الوادي الكبير", "رئيس الحكومة يدشن سد الوادي الكبير"),
        ("Swell 3 m high batters the old pier", "Swell 3 metres high batters the old pier"),
        ("Swell 12m high batters the old pier", "Swell 12 metres high batters the old pier"),
        ("Isle of 3 m people votes on tolls", "Isle of 3 million people votes on tolls"),
        ("Isle council will ban barbecues", "Isle council to ban barbecues"),
        ("إيجارات المرفأ ترتفع بنسبة 5%", "إيجارات المرفأ ترتفع 5%"),
        ("Zelensky attendu au sommet d'Oslo", "Zelenskyy attendu au sommet d'Oslo"),
        ("اعتقال مهرب آثار في المطار", "الساحل تايمز: اعتقال مهرب آثار في المطار"),
        ("تكريم عبد الرحمان الزين بقصر البلدية", "تكريم عبدالرحمن الزين بقصر البلدية"),
        ("Ferry firm to re-open the old dock", "Ferry firm to reopen the old dock"),
    ],
)
def test_a_fact_is_said_in_many_ways(one: str, other: str) -> None:
    """As a number or in words, as a verb or a noun, by one spelling of a name or another."""
    assert compare(one, other).relation == compare(other, one).relation == "duplicate"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("إغلاق نفق المطار من الساعة 9 ليلا", "إغلاق نفق المطار من الساعة العاشرة ليلا"),
        ("إغلاق نفق المطار من الساعة 1 ليلا", "إغلاق نفق المطار من الساعة الحادية عشرة ليلا"),
        ("Le tunnel ferme à 21h00 pour travaux", "Le tunnel ferme à 21h30 pour travaux"),
        ("Tunnel to close at 9:00 p.m. for repairs", "Tunnel to close at 9am for repairs"),
        ("الفتح يهزم الماص 3-1 في الديربي", "الفتح يهزم الماص بثلاثة أهداف لهدفين في الديربي"),
        ("الفتح يهزم الماص 3-1 في الديربي", "الفتح يهزم الماص بثلاثة أهداف في الديربي"),
        ("Lens bat Metz 2-1 en amical", "Lens bat Metz deux buts à zéro en amical"),
        ("Hull beat Leeds 2-0 in friendly", "Hull beat Leeds two goals to one in friendly"),
        ("وفاة النحات جميل الرامي بعد مرض", "وفاة والد النحات جميل الرامي بعد مرض"),
        ("Sculptor Ana Mora dies aged 90", "Sculptor Ana Mora nearly died aged 90"),
        ("Sculptor Ana Mora dead at 90", "Sculptor Ana Mora found dead at 90"),
        ("Sculptor Ana Mora dead at 90", "Sculptor Ana Mora dies at 91"),
        ("Four dead at quarry in the hills", "Four hurt at quarry in the hills"),
        ("رئيس الحكومة يستقبل رئيس الوزراء", "رئيس الوزراء يستقبل رئيس الحكومة"),
        ("نائب رئيس الحكومة يدشن سد الوادي الكبير", "رئيس الوزراء يدشن سد الوادي الكبير"),
        ("Swell 3 m high batters the old pier", "Swell 4 metres high batters the old pier"),
        ("Isle of 3 m people votes on tolls", "Isle of 30 million people votes on tolls"),
        ("الغرفة تعاقب على 10 مخالفات بالمرفأ", "الغرفة تعاقب عن 10 مخالفات بالمرفأ"),
        ("إيجارات المرفأ ترتفع بنسبة 50 درهما", "إيجارات المرفأ ترتفع إلى 50 درهما"),
        ("Isle council starts talks in 3 hours", "Isle council starts talks of 3 hours"),
        ("Isle council to ban barbecues", "Isle council bans barbecues"),
        ("Isle council shelves presidential wing", "Isle council shelves residential wing"),
        ("Pilots warn of altitude in report", "Pilots warn of attitude in report"),
        ("La réparation du vieux phare fait débat", "La séparation du vieux phare fait débat"),
        ("Le maire va publier ses comptes de campagne", "Le maire va oublier ses comptes de campagne"),
        ("الزاوية تستقبل المؤمنين في مقرها الجديد", "الزاوية تستقبل المدمنين في مقرها الجديد"),
        ("المجلة تنشر مقالات مديرها السابق", "المجلة تنشر مقابلات مديرها السابق"),
        ("المسبح البلدي مغلق حتى الخميس للصيانة", "المسبح البلدي مغلق الخميس للصيانة"),
        ("افتتاح السوق الأسبوعي قبل رمضان بالقرية", "افتتاح السوق الأسبوعي في رمضان بالقرية"),
        ("Le bal des pompiers reporté à samedi", "Le bal des pompiers reporté samedi"),
        ("La foire aux ânes remise au 9 juin", "La foire aux ânes remise le 9 juin"),
        ("التعاونية تبيع الزيت أو العسل", "التعاونية تبيع الزيت والعسل"),
        ("School counsel quits over leak", "School council quits over leak"),
        ("La coprésidente du club de voile s'en va", "La présidente du club de voile s'en va"),
        ("Le gardien Ana Mora est mort à 90 ans", "Le gardien Ana Mora est morte à 90 ans"),
        ("تكريم عبد الله الزين بقصر البلدية", "تكريم عبد الإله الزين بقصر البلدية"),
        ("تكريم عبدالله الزين بقصر البلدية", "تكريم عبدالإله الزين بقصر البلدية"),
        ("تكريم عبد الحليم الزين بقصر البلدية", "تكريم عبدالحكيم الزين بقصر البلدية"),
        ("تكريم الزين بقصر البلدية مساء", "تكريم الزين بقصر البلدية مساء (رسميا)"),
        ("Ferry firm to re-form its board in spring", "Ferry firm to reform its board in spring"),
        ("Diver found a live shell under the pier", "Diver found alive shell under the pier"),
        ("Accord à près de dix jours de la foire", "Accord après dix jours de la foire"),
    ],
)
def test_another_fact_is_no_other_way_to_say_it(one: str, other: str) -> None:
    """Other hours, dates, scores and people; one or the other, and both."""
    assert compare(one, other).relation != "duplicate"
