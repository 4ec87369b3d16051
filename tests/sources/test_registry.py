"""`sources.toml`: what it may say, and that every error names its line and key."""

import json
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.errors import SettingsError
from streams.sources.registry import _FIELDS, MAX_TOLD, Registry, read_sources


def write(folder: Path, text: str) -> Path:
    path = folder / "sources.toml"
    path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
    return path


def errors_of(folder: Path, text: str, environment: dict[str, str] | None = None) -> list[str]:
    """What is told of a file, a line for each error, without the folder."""
    path = write(folder, text)
    with pytest.raises(SettingsError) as caught:
        read_sources(path, environment or {})
    return str(caught.value).replace(f"{folder}/", "").splitlines()


def test_an_entry_says_what_is_read_and_how(tmp_path: Path) -> None:
    """Every key arrives, and the secret of a header comes from the environment and is not shown."""
    path = write(
        tmp_path,
        """
        [[source]]
        id = "bawaba"
        address = "https://bawaba.example/"
        kind = "page"
        site = "bawaba-site"
        selector = ".ticker li"
        separator = " | "
        interval = [30, 600]
        language = "ar"
        timezone = "Africa/Casablanca"
        timeout = 12
        headers = { Authorization = "Bearer ${BAWABA_TOKEN}", Accept-Language = "ar" }

        [[source]]
        id = "depeches/local"
        path = "depeches.html"
        interval = 60
        """,
    )
    page, file = read_sources(path, {"BAWABA_TOKEN": "sesame"})
    assert (page.id, page.address, page.kind, page.site) == (
        "bawaba",
        "https://bawaba.example/",
        "page",
        "bawaba-site",
    )
    assert (page.shortest, page.longest, page.timeout) == (30, 600, 12)
    assert page.headers["Authorization"].reveal() == "Bearer sesame"
    assert "sesame" not in repr(page)
    assert (file.path, file.shortest, file.longest) == (tmp_path / "depeches.html", 60, 60)
    assert file.site == "depeches/local"


def test_all_errors_are_told_at_once_each_with_its_line_and_key(tmp_path: Path) -> None:
    """Whoever mends a file sees everything that is wrong with it, in its order."""
    told = errors_of(
        tmp_path,
        '''
        [[source]]
        id = "one"
        address = "ftp://one.example/"
        kind = "book"

        [[source]]
        id = "two"
        address = """https://two.example/
        and-on"""
        intervall = 60

        [[source]]
        id = "one"
        path = "page.html"
        interval = [600, 30]
        timezone = "Mars/Olympus"
        ''',
    )
    assert [line.split(": ")[:2] for line in told] == [
        ["sources.toml:3", "address"],
        ["sources.toml:4", "kind"],
        ["sources.toml:8", "address"],
        ["sources.toml:10", "intervall"],
        ["sources.toml:13", "id"],
        ["sources.toml:15", "interval"],
        ["sources.toml:16", "timezone"],
    ]


def test_an_address_over_several_lines_is_told_at_the_first_of_them(tmp_path: Path) -> None:
    """A value that spans lines is named by the line where its key stands."""
    text = '''
        # a comment
        [[source]]
        id = "one"
        address = """https://one.example/
        and-on"""
        language = "ar"
        '''
    assert errors_of(tmp_path, text)[0].startswith("sources.toml:4: address: ")


@pytest.mark.parametrize(
    ("entry", "line", "told"),
    [
        ('address = "https://a.example"', 1, "an entry without an id"),
        ('id = "a"', 1, "neither an address nor a path"),
        ('id = "a"\naddress = "https://a.example"\npath = "b"', 4, "path: an address stands there too"),
        ('id = "a"\naddress = "https://me:word@a.example"', 3, "address: credentials in an address"),
        ('id = "a"\naddress = "https://a.example"\ninterval = 1', 4, "interval: expected"),
        (f'id = "a"\npath = "b"\nseparator = "{"-" * 41}"', 4, "separator: expected `str` of length <= 40"),
        (
            'id = "a"\naddress = "https://a.example"\nkind = "feed"\nselector = "li"',
            5,
            "selector: a selector picks elements of a page",
        ),
        (
            'id = "a"\naddress = "https://a.example"\nheaders.Cookie = "session=1"',
            4,
            "headers.Cookie: credentials come from the environment",
        ),
        (
            'id = "a"\naddress = "https://a.example"\n[source.headers]\nX-Key = "${NOT_SET}"',
            5,
            "headers.X-Key: the variable NOT_SET is not set",
        ),
        (
            'id = "a"\naddress = "https://a.example"\nheaders.If-None-Match = "1"',
            4,
            "headers.If-None-Match: is a header that the fetcher decides itself",
        ),
        ('id = "a b"\npath = "b"', 2, "id: expected"),
    ],
)
def test_what_is_wrong_with_an_entry_is_told_where_it_stands(
    tmp_path: Path, entry: str, line: int, told: str
) -> None:
    """Each kind of error names its line, its key, and what is allowed."""
    path = tmp_path / "sources.toml"
    path.write_text(f"[[source]]\n{entry}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=f"sources.toml:{line}: ") as caught:
        read_sources(path, {})
    assert told in str(caught.value)


def test_no_toml_and_no_file_are_told(tmp_path: Path) -> None:
    """A file that is not there, or is no TOML, is told with what the parser says of the line."""
    with pytest.raises(SettingsError, match=r"there is no .*nowhere\.toml; `ticker sources add"):
        read_sources(tmp_path / "nowhere.toml")
    path = write(tmp_path, '[[source]]\nid = "a\n')
    with pytest.raises(SettingsError, match=r"is no TOML: .*line 2"):
        read_sources(path)


def test_a_changed_file_is_read_again_and_a_wrong_one_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A reload never ends the program, and never leaves it without sources."""
    path = write(tmp_path, '[[source]]\nid = "one"\npath = "one.html"\n')
    registry = Registry(path, {})
    assert not registry.reload()
    path.write_text('[[source]]\nid = "one"\n', encoding="utf-8")
    assert not registry.reload()
    assert "sources.toml:1: neither an address nor a path" in caplog.text
    assert [source.id for source in registry.sources] == ["one"]
    path.write_text(
        '[[source]]\nid = "one"\npath = "1.html"\n[[source]]\nid = "two"\npath = "2"\n', encoding="utf-8"
    )
    assert registry.reload()
    assert [source.id for source in registry.sources] == ["one", "two"]


def test_the_example_of_the_deployment_is_right() -> None:
    """What people start from is read without an error."""
    deploy = Path(__file__).parents[2] / "deploy"
    page, feed = read_sources(deploy / "kubernetes/overlays/sources/sources.toml", {})
    assert page.site != page.id
    assert feed.site == "example"


VALUES = st.one_of(
    st.text(max_size=20),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.lists(st.integers(), max_size=3),
    st.none(),
)


@settings(max_examples=50)
@given(
    st.lists(
        st.dictionaries(st.sampled_from([*_FIELDS, "other"]), VALUES.filter(lambda value: value is not None)),
        max_size=4,
    )
)
def test_any_entries_are_sources_or_errors_with_their_lines(
    tmp_path_factory: pytest.TempPathFactory, entries: list[dict[str, object]]
) -> None:
    """Whatever the keys hold, a line of the file is told for each of them that is wrong."""
    path = tmp_path_factory.mktemp("sources") / "sources.toml"
    lines = [
        line
        for entry in entries
        for line in ["[[source]]", *(f"{key} = {toml(entry[key])}" for key in entry)]
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    try:
        sources = read_sources(path, {})
    except SettingsError as error:
        for told in str(error).splitlines()[:MAX_TOLD]:
            number = int(told.removeprefix(f"{path}:").partition(":")[0] or 0)
            assert 1 <= number <= max(1, len(lines))
            key = told.removeprefix(f"{path}:{number}: ").partition(":")[0]
            if key in _FIELDS:
                assert lines[number - 1].startswith(f"{key} =")
    else:
        assert len(sources) == len(entries)


def toml(value: object) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value)


def test_a_site_is_shared_by_the_sources_that_name_it(tmp_path: Path) -> None:
    """Only sources that have another beside them can be held against something, as the file is now."""
    path = write(
        tmp_path,
        """
        [[source]]
        id = "page"
        address = "https://bawaba.example/"

        [[source]]
        id = "feed"
        address = "https://feeds.example/bawaba.xml"
        site = "bawaba.example"

        [[source]]
        id = "alone"
        address = "https://depeches.example/"
        """,
    )
    registry = Registry(path)
    sites = [registry.shared_site(name) for name in ("page", "feed", "alone", "nobody")]
    assert sites == ["bawaba.example", "bawaba.example", None, None]
    write(tmp_path, '[[source]]\nid = "page"\naddress = "https://bawaba.example/"\n')
    assert registry.reload()
    assert registry.shared_site("page") is None


def test_of_thousands_of_errors_the_first_are_told_with_their_lines(tmp_path: Path) -> None:
    """A file is told of in time that grows with it, however many of its entries are wrong."""
    entries = "".join(
        f'[[source]]\nid = "s{number}"\naddress = "ftp://{number}"\n' for number in range(10_000)
    )
    told = errors_of(tmp_path, entries)
    assert [int(line.split(":")[1]) for line in told[:MAX_TOLD]] == [3 * number for number in range(1, 21)]
    assert told[MAX_TOLD:] == ["sources.toml: 9980 more errors"]


def test_what_looks_like_an_entry_within_a_value_is_none(tmp_path: Path) -> None:
    """Strings, lists and comments hold brackets and lines that end nothing."""
    text = '''
        [[ "source" ]] # [[source]]
        id = "one"
        address = """
        [[source]]
        "quoted\\""""""
        interval = [
          10, # ]
          600,
        ]
        kind = 'book"'
        [[source]]
        id = 'two'
        pth = 1
        '''
    assert [line.split(": ")[:2] for line in errors_of(tmp_path, text)] == [
        ["sources.toml:3", "address"],
        ["sources.toml:10", "kind"],
        ["sources.toml:11", "neither an address nor a path; a source has one of them"],
        ["sources.toml:13", "pth"],
    ]


def test_entries_that_are_a_list_in_one_line_are_told_at_that_line(tmp_path: Path) -> None:
    """There is no other line to tell of."""
    text = """
        # as one can write it too
        source = [{id = "one"}, {id = "two", pth = 1}]

        [other]
        """
    assert {line.split(":")[1] for line in errors_of(tmp_path, text)} == {"2", "4"}


def test_a_home_that_is_not_there_is_told(tmp_path: Path) -> None:
    """When the file is read, be it for the second time."""
    path = write(tmp_path, '[[source]]\nid = "one"\npath = "one.html"\n')
    registry = Registry(path, {})
    told = errors_of(tmp_path, '[[source]]\nid = "one"\npath = "~nosuchuser/one.html"\n')
    assert told == ["sources.toml:3: path: there is no home of that name; write the folder out"]
    assert not registry.reload()
    assert [source.id for source in registry.sources] == ["one"]
