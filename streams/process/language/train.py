"""Learn `latin.json`: `python -m streams.process.language.train DATA`.

DATA is a folder with `corpus_headlines.tsv.gz` (lines of `language TAB headline`) and `labelled_headlines.dev.jsonl`;
headlines of our own writing and the word lists of other rooms are learned from too, each entry as a headline. Logistic
regression on words and their character trigrams with a Gaussian prior, in pieces of two words, so that a short headline
is told as surely as a long one. Names are left out, for they say where a story plays, not who tells it: French
headlines are full of Rabat, and so are English ones about it. For the small words of long names (`Tour de France`) such
names are examples of both. Prints the accuracy on a held-out tenth of the headlines, then learns from all of it.
Deterministic: the same data give the same bytes.
"""

import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from streams.process.categorize.train import read_corpus, read_labelled, read_own
from streams.process.fold import fold
from streams.process.language import LatinModel, trigrams_of, words_of

_LANGUAGES: Final = ("fr", "en")
_LISTS: Final = ("streams.process.categorize.lexicon", "streams.process.dedup.words")
"""Packages with lists of words by language, `fr.toml` and `en.toml`."""
_LEAST_COUNT: Final = 2
"""Words and trigrams that are seen less often say nothing by themselves."""
_WHOLE: Final = "="
"""What the feature of a whole word begins with."""
_PIECE: Final = 2
"""Words of a piece that is learned from. In a whole headline a word learns little beside others that tell as much."""
_TIMES: Final = 5
"""So many headlines is a name of `exonyms.txt` worth."""
_UNKNOWN: Final = 0.5
"""The share of what its trigrams say that counts for an unknown word, as it is likely to be a name."""
_STRENGTH: Final = 0.25
"""How strongly the prior holds the weights near zero; chosen on headlines of our own."""
_STEPS: Final = 300
_HUNDREDTHS: Final = 100

_WORD: Final = re.compile(r"[^\W\d_]+")
_BEGINS: Final = frozenset('.:!?"“«|(–—-')
"""What stands before a word that begins a sentence, which is written with a capital whatever it is."""
_LONG_NAME: Final = re.compile(
    r"(?<=[a-zà-ÿ] )"
    r"(?:[A-ZÀ-Ý][\w-]+ (?:(?:de la|de|du|des|la|le|les|sur) |(?:de )?[dl]['’])|L['’]|(?:L[ea]|Les|El|Al) )"
    r"[A-ZÀ-Ý][\w-]+"
)
_LONG: Final = 4
_FEWEST_LONG: Final = 3
_MOST_CAPITALS: Final = 0.5
"""Of the longer words of a headline, unless it is written With A Capital Each."""
_MOST_SMALL: Final = 0.2
"""Of a name's occurrences, those that begin with a small letter."""

Texts = Sequence[tuple[str, str]]
"""Rows of language and text."""
Vector = np.ndarray[Any, np.dtype[np.float64]]


def names_in(headlines: Iterable[str]) -> frozenset[str]:
    """Folded words that are written with a capital in the middle of headlines, and seldom without one."""
    capital, small = Counter[str](), Counter[str]()
    for headline in headlines:
        words = list(_WORD.finditer(headline))[1:]
        long = [word[0] for word in words if len(word[0]) >= _LONG]
        if len(long) < _FEWEST_LONG or sum(word[0].isupper() for word in long) > _MOST_CAPITALS * len(long):
            continue
        for word in words:
            if headline[: word.start()].rstrip()[-1:] not in _BEGINS:
                (capital if word[0][0].isupper() else small)[fold(word[0])] += 1
    return frozenset(
        word
        for word, count in capital.items()
        if len(word) > 1 and small[word] <= _MOST_SMALL * (count + small[word])
    )


def long_names_in(headlines: Iterable[str]) -> set[str]:
    """Names that have a small word, from the middle of headlines: `Tour de France`, `Côte d'Azur`, `Le Havre`."""
    return {name[0] for headline in headlines for name in _LONG_NAME.finditer(headline)}


def telling_words(rows: Texts) -> frozenset[str]:
    """Words that stand in rows of one language only."""
    french, english = (
        {word for row, folded in rows if row == language for word in words_of(folded)}
        for language in _LANGUAGES
    )
    return frozenset(french ^ english)


def learn(rows: Texts, names: frozenset[str]) -> LatinModel:
    """Weights from `(language, folded text)` rows, those of `names` zero."""
    pieces = [(language, piece) for language, folded in rows for piece in _pieces(folded, names)]
    features = [[*_features(piece)] for _, piece in pieces]
    counts = Counter(feature for row in features for feature in row)
    kept = sorted(feature for feature, count in counts.items() if count >= _LEAST_COUNT)
    column = {feature: at for at, feature in enumerate(kept)}
    columns = [[column[feature] for feature in row if feature in column] for row in features]
    ends = np.cumsum([0, *map(len, columns)])
    inputs = csr_matrix(
        (np.ones(ends[-1]), np.concatenate(columns).astype(np.int64), ends), shape=(len(pieces), len(kept))
    )
    weights = dict(
        zip(kept, _fit(inputs, np.array([language == "fr" for language, _ in pieces])), strict=True)
    )
    trigrams = {feature: weights[feature] for feature in kept if feature[0] != _WHOLE}
    words = {feature[1:]: weights[feature] for feature in kept if feature[0] == _WHOLE}
    whole = {
        word: odds + sum(trigrams.get(t, 0.0) for t in trigrams_of(word)) for word, odds in words.items()
    }
    return LatinModel(
        words={
            word: round(_HUNDREDTHS * odds)
            for word, odds in sorted((whole | dict.fromkeys(names, 0.0)).items())
        },
        trigrams={
            t: rounded for t, odds in trigrams.items() if (rounded := round(_HUNDREDTHS * _UNKNOWN * odds))
        },
    )


def _pieces(folded: str, names: frozenset[str]) -> Iterator[Sequence[str]]:
    """The words of a text, a few at a time, names left out."""
    words = [word for word in words_of(folded) if word not in names]
    return (words[at : at + _PIECE] for at in range(0, len(words), _PIECE))


def _features(words: Iterable[str]) -> Iterator[str]:
    for word in words:
        yield _WHOLE + word
        yield from trigrams_of(word)


def _fit(inputs: Any, french: Vector) -> Vector:
    """The weights that make the languages of texts likeliest, both languages being as likely as each other."""
    signs = np.where(french, 1.0, -1.0)
    shares = np.where(french, 0.5 / french.mean(), 0.5 / (1 - french.mean()))
    transposed = inputs.T.tocsr()

    def loss(weights: Vector) -> tuple[float, Vector]:
        margins = signs * (inputs @ weights)
        value = float((shares * np.logaddexp(0, -margins)).sum()) + 0.5 * _STRENGTH * float(weights @ weights)
        slope = transposed @ (-signs * shares / (1 + np.exp(np.minimum(margins, 500))))
        return value, slope + _STRENGTH * weights

    start = np.zeros(inputs.shape[1])
    found: Vector = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _STEPS}).x
    return found


def accuracy(model: LatinModel, rows: Texts) -> float:
    """The share of `(language, folded text)` rows that a model gets right."""
    return sum(model.language_of(folded) == language for language, folded in rows) / len(rows)


def _headlines(data: Path) -> list[tuple[str, str]]:
    """Rows of language and headline, as written."""
    corpus = read_corpus(data / "corpus_headlines.tsv.gz")
    rows = [(language, text) for language in _LANGUAGES for text in corpus[language]]
    rows += [(row.lang, row.text) for row in read_labelled(data / "labelled_headlines.dev.jsonl")]
    rows += [(row.language, row.text) for row in read_own("examples")]
    return sorted({(language, text) for language, text in rows if language in _LANGUAGES})


def _listed() -> Iterator[tuple[str, str]]:
    """Rows of language and entry of a list; beginnings of words (`labour*`) are none."""
    for language in _LANGUAGES:
        for package in _LISTS:
            lists = tomllib.loads(_file(package, f"{language}.toml"))
            yield from ((language, entry) for entry in _strings(lists) if "*" not in entry)


def _exonyms() -> Iterator[tuple[str, str]]:
    """Rows of language and name, of `exonyms.txt`."""
    for line in _file(__package__, "exonyms.txt").splitlines():
        for language, names in zip(_LANGUAGES, line.split(" | "), strict=False):
            yield from ((language, name) for name in names.split(", ") if not line.startswith("#"))


def _file(package: str, name: str) -> str:
    parent, _, folder = package.rpartition(".")
    return files(parent).joinpath(folder, name).read_text("utf-8")


def _strings(tree: Any) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree
    else:
        for branch in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
            yield from _strings(branch)


def main(data: Path) -> None:
    """Learn, say how well, and write the model beside this module."""
    headlines = _headlines(data)
    lists, exonyms = sorted(set(_folded(_listed()))), sorted(set(_folded(_exonyms())))
    names = names_in(text for _, text in headlines) - telling_words(lists) - telling_words(exonyms)
    rows = sorted({folded: language for language, folded in _folded(headlines)}.items())
    texts = [(language, folded) for folded, language in rows]
    lists += _TIMES * exonyms
    french = (text for language, text in headlines if language == "fr")
    lists += sorted(("en", fold(name)) for name in long_names_in(french))
    trained = learn([*(row for at, row in enumerate(texts) if at % 10), *lists], names)
    print(f"{len(texts)} headlines; accuracy on a held-out tenth: {accuracy(trained, texts[::10]):.4f}")
    model = learn([*texts, *lists], names)
    target = Path(__file__).with_name("latin.json")
    target.write_bytes(msgspec.json.format(msgspec.json.encode(model), indent=0) + b"\n")
    print(f"{len(model.words)} words, {len(model.trigrams)} trigrams, {target.stat().st_size} bytes")


def _folded(rows: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    return ((language, fold(text)) for language, text in rows)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
