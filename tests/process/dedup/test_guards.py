"""Each guard refuses what it is named after, in every language that it has words for."""

import pytest

from streams.process.dedup.compare import compare
from streams.process.dedup.guards import FACTS, GUARDS

REFUSED = [
    ("opposite", "أسعار الذهب ترتفع في التعاملات الصباحية", "أسعار الذهب تنخفض في التعاملات الصباحية"),
    ("opposite", "مباحثات قبل انطلاق القمة", "مباحثات بعد انطلاق القمة"),
    ("opposite", "الوفد يعود من جنيف", "الوفد يعود إلى جنيف"),
    ("opposite", "Le club gagne son procès", "Le club perd son procès"),
    ("opposite", "Senate votes for the dam", "Senate votes against the dam"),
    ("negation", "النادي يستأنف العقوبة", "النادي لن يستأنف العقوبة"),
    ("negation", "La ville rouvre le zoo", "La ville ne rouvre pas le zoo"),
    ("negation", "Witness can testify by video link", "Witness can't testify by video link"),
    ("denial", "انفجار بمصنع للأدوية", "إشاعة: انفجار بمصنع للأدوية"),
    ("denial", "Fuite d'eau à la centrale", "Intox : fuite d'eau à la centrale"),
    ("denial", "Singer leaves the band", "Fake: singer leaves the band"),
    ("doubt", "الوزير يستقيل من منصبه", "الوزير قد يستقيل من منصبه"),
    ("doubt", "Un député agressé à Nice", "Un député failli agressé à Nice"),
    ("doubt", "Bridge collapses in storm", "Bridge nearly collapses in storm"),
    ("question", "تلغى منافسات الدورة بسبب الحر", "هل تلغى منافسات الدورة بسبب الحر"),
    ("question", "Il faut rouvrir les mines", "Pourquoi il faut rouvrir les mines"),
    ("roles", "إيران تهدد إسرائيل برد قاس", "إسرائيل تهدد إيران برد قاس"),
    ("roles", "Chelsea beat Arsenal in cup tie", "Arsenal beat Chelsea in cup tie"),
    ("roles", "Le vol de Rabat à Nice est annulé", "Le vol de Nice à Rabat est annulé"),
    ("moved", "OM - PSG 2-1 au Vélodrome", "PSG - OM 2-1 au Vélodrome"),
    ("speaker", "مدرب الفريق: سنقاتل حتى النهاية", "رئيس النادي: سنقاتل حتى النهاية"),
    ("speaker", "Bourita : le dialogue reste ouvert", "Albares : le dialogue reste ouvert"),
    ("substituted", "زلزال خفيف يضرب إقليم تازة", "زلزال خفيف يضرب إقليم طاطا"),
    ("substituted", "Un chien sauve une famille", "Un voisin sauve une famille"),
    ("substituted", "Police rescue stranded baker", "Police rescue stranded banker"),
    ("inserted", "الأمن يوقف سائقا مخمورا", "الأمن يوقف سائقا مخمورا دهس ثلاثة ثم انتحر"),
    ("inserted", "Striker joins Napoli on loan", "Striker joins Napoli on loan, fails medical"),
    ("exchanged", "طنجة.. انقطاع الماء عن أحياء عديدة", "انقطاع الماء عن أحياء عديدة بوجدة"),
    (
        "exchanged",
        "Safi : coupures d'eau dans plusieurs quartiers",
        "Coupures d'eau dans plusieurs quartiers à Taza",
    ),
    ("exchanged", "Leeds: water cut off in several districts", "Water cut off in several districts in Hull"),
    ("unlike", "قطار يدهس سيارة عند معبر", "وفاة شاعر كبير بعد مرض"),
]

UPDATED = [
    ("toll", "مصرع 4 عمال في ورش بناء", "مصرع 6 عمال في ورش بناء"),
    ("toll", "Éboulement : trois morts", "Éboulement : huit morts"),
    ("toll", "Bus crash leaves 9 injured", "Bus crash leaves 12 injured"),
    ("score", "الفتح 1-0 الماص عند الاستراحة", "الفتح 3-0 الماص عند الاستراحة"),
    ("number", "سعر البصل يبلغ 12 درهما", "سعر البصل يبلغ 15 درهما"),
    ("number", "Subvention de 3 millions pour le musée", "Subvention de 3 milliards pour le musée"),
    ("number", "Firm to open seven plants", "Firm to open eleven plants"),
    ("ordinal", "الهزة الثانية تضرب المنطقة", "الهزة الثالثة تضرب المنطقة"),
    ("ordinal", "Troisième édition du salon", "4e édition du salon"),
    ("ordinal", "Rider wins first stage", "Rider wins 2nd stage"),
    ("quantity", "إجلاء عشرات الأسر من القرية", "إجلاء مئات الأسر من القرية"),
    ("quantity", "Des dizaines de plages fermées", "Des centaines de plages fermées"),
    ("quantity", "Half of voters stay home", "Most of voters stay home"),
    ("quantity", "Few hikers reach the hut", "A few hikers reach the hut"),
    ("quantity", "Une centaine de chèvres perdues", "Des centaines de chèvres perdues"),
    ("weekday", "إضراب الأطباء يوم الثلاثاء", "إضراب الأطباء يوم الجمعة"),
    ("weekday", "Le procès s'ouvre lundi", "Le procès s'ouvre jeudi"),
    ("weekday", "Launch moved to Sunday", "Launch moved to Tuesday"),
    ("month", "امتحانات الباكالوريا في يونيو", "امتحانات الباكالوريا في شتنبر"),
    ("month", "Le salon ouvre en mai", "Le salon ouvre en août"),
    ("month", "New fees apply from April", "New fees apply from July"),
    ("day", "المنتخب يواجه غانا اليوم", "المنتخب يواجه غانا غدا"),
    ("day", "Rentrée scolaire aujourd'hui à Fès", "Rentrée scolaire demain à Fès"),
    ("day", "Verdict due today in bribery trial", "Verdict due tomorrow in bribery trial"),
    ("state", "تأجيل سباق الزوارق بسبب الضباب", "إلغاء سباق الزوارق بسبب الضباب"),
    ("state", "Le Gard en vigilance orange", "Le Gard en vigilance rouge"),
    ("state", "Rower in serious condition after fall", "Rower in critical condition after fall"),
    ("more", "انهيار سقف مسجد عتيق بالسوق", "انهيار سقف مسجد عتيق بالسوق والوزارة تعاين الأضرار"),
    ("more", "Le maire de Sète condamné à un an", "Le maire de Sète condamné à un an, il démissionne"),
    ("more", "Quake shakes islands off Fiji", "Quake shakes islands off Fiji, ferry services halted"),
]


@pytest.mark.parametrize(("guard", "one", "other"), REFUSED)
def test_a_guard_makes_headlines_distinct(guard: str, one: str, other: str) -> None:
    """A difference that a guard is named after is never merged, and the guard is named."""
    relation = compare(one, other)
    assert (relation.relation, relation.rule) == ("distinct", guard)
    assert relation.detail


@pytest.mark.parametrize(("guard", "one", "other"), UPDATED)
def test_a_changed_fact_makes_an_update(guard: str, one: str, other: str) -> None:
    """A changed fact with all else the same is an update, and says its kind."""
    relation = compare(one, other)
    assert (relation.relation, relation.rule) == ("update", guard)
    assert relation.changes[0].kind == guard


def test_every_guard_is_shown_at_work() -> None:
    """No guard is without an example, a reason, or a name of its own."""
    assert {guard.name for guard in GUARDS} == {rule for rule, *_ in REFUSED}
    assert {guard.name for guard in FACTS} == {rule for rule, *_ in UPDATED}
    guards = (*GUARDS, *FACTS)
    assert all(guard.reason.endswith(".") for guard in guards)
    assert len({guard.name for guard in guards}) == len(guards)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("اجتماع الحكومة في شهر غشت", "اجتماع الحكومة في شهر أغسطس"),
        ("موعد القرعة 3 جانفي بالعاصمة", "موعد القرعة 3 يناير بالعاصمة"),
        ("المهرجان يعود في نونبر بحلة قشيبة", "المهرجان يعود في نوفمبر بحلة قشيبة"),
        ("انطلاق البطولة في جويلية بوهران", "انطلاق البطولة في يوليوز بوهران"),
        ("لقاء القمة في كانون الأول ببيروت", "لقاء القمة في دجنبر ببيروت"),
    ],
)
def test_a_month_has_many_names(one: str, other: str) -> None:
    """Egyptian, Moroccan, Algerian, Tunisian and Levantine names of a month are one month."""
    assert compare(one, other).relation == "duplicate"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("النمسا قد تطرد السفير", "النمسا تطرد السفير"),
        ("الملك محمد السادس يستقبل ملك إسبانيا", "ملك إسبانيا يستقبل الملك محمد السادس"),
        ("روسيا: أوكرانيا خرقت الهدنة", "أوكرانيا: روسيا خرقت الهدنة"),
        ("Court finds the sale lawful in Dover", "Court finds the sale unlawful in Dover"),
        ("Le podium est-il envisageable pour Rennes", "Le podium direct envisageable pour Rennes"),
        ("Des choses à savoir sur le port", "Des choses à l'avoir sur le port"),
        ("Team not able to reach camp", "Team notable to reach camp"),
        ("Le tribunal juge le contrat valide", "Le tribunal juge le contrat invalide"),
        ("Le PAM change de siège à Rabat", "Le PJM change de siège à Rabat"),
        ("Statue of Louis XIV moved to Lyon", "Statue of Louis XVI moved to Lyon"),
        ("Voters pick Anderson in northern town", "Voters pick Andersen in northern town"),
        ("Dog attacks in park", "Dog attacked in park"),
        ("Man shot police officer", "Man shot by police officer"),
        ("Un médecin se tue en montagne", "Un médecin tue en montagne"),
        ("Le maire a tué le projet de tramway", "Le maire a été tué le projet de tramway"),
        ("Le juge entend le témoin à huis clos", "La juge entend le témoin à huis clos"),
        ("Le musée inaugure une aile", "Le musée inaugurera une aile"),
        ("النادي يوقع عقدا مع المدرب", "النادي سيوقع عقدا مع المدرب"),
        ("علي بنيس يدير المعرض الجهوي", "عليا بنيس يدير المعرض الجهوي"),
        ("هجوم يستهدف القاعدة البحرية", "هجوم جديد يستهدف القاعدة البحرية"),
        ("Blast shakes the old harbour", "New blast shakes the old harbour"),
        ("New Mexico bans plastic nets", "Mexico bans plastic nets"),
        ("Un séjour en Grande-Bretagne primé", "Un séjour en Bretagne primé"),
        ("The bridge is safe after repairs", "Is the bridge safe after repairs"),
        ("Is the bridge safe after repairs", "The bridge safe after repairs"),
        ("Has council paid for the bridge", "Council has paid for the bridge"),
        ("Will council pay for the bridge", "Council will pay for the bridge"),
        ("Un policier tue", "Un policier tué"),
        ("Un gardien tue dans un entrepôt", "Un gardien tué dans un entrepôt"),
        ("Le maire attaque en justice", "Le maire attaqué en justice"),
        ("La mairie rejette le budget", "La mairie rejetée, le budget"),
        ("Un pêcheur ensevelit au port", "Un pêcheur enseveli au port"),
        ("Des agents contrôlent au port", "Des agents contrôlés au port"),
        ("Un témoin mord le gardien", "Un témoin mordu le gardien"),
        ("Un policier tué lors d'un contrôle", "Un policier tue lors d'un contrôle"),
        ("Le maire accuse son adjoint", "Le maire accusé, son adjoint"),
        ("Le but du capitaine refusé à la fin", "Le but du capitaine refusé à la fin à la VAR"),
    ],
)
def test_what_looks_like_a_slip_is_not_merged(one: str, other: str) -> None:
    """May against did, and roles that swap around a verb or a colon, are never a slip."""
    assert compare(one, other).relation == "distinct"
