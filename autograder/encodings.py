"""Which encoding old archives and spreadsheets mean: the one in which their text reads as names.

Zip files carry a mark for UTF-8 and none for anything else: Windows packs names in the code page of the
country, old tools in that of DOS. A wrong guess gives readable nonsense, so each encoding is judged by what
its reading is made of: syllables and characters that are common there, letters among letters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

_KOREAN_SURNAMES = frozenset(
    "김이박최정강조윤장임한오서신권황안송류전홍고문양손배백허유남심노하곽성차주우구나민진지엄채원천방공현함"
    "변염여추도소석선설마길연위표명기반왕금옥육인맹제모탁국어은편용"
)
_CHINESE_SURNAMES = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏"
    "钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)


def _korean(character: str) -> float:
    if not "가" <= character <= "힣":
        return 0.1 if character.isalpha() else -1.0
    # The syllables that are in use have two bytes there; the others came later, to have them all.
    return 1.0 if len(character.encode("euc_kr")) == 2 else 0.1


def _chinese(character: str) -> float:
    if not "一" <= character <= "鿿":
        return 0.0 if character.isalpha() else -1.0
    try:
        first = character.encode("gb2312")[0]
    except UnicodeEncodeError:
        return 0.1
    return 0.9 if first <= 0xD7 else 0.4  # the first level holds the common ones


def _japanese(character: str) -> float:
    if "｡" <= character <= "ﾟ":
        return -0.5  # half-width: single bytes, which any other encoding has as well
    if "ぁ" <= character <= "ヿ":
        return 1.0
    if not "一" <= character <= "鿿":
        return 0.0 if character.isalpha() else -1.0
    try:
        first = character.encode("shift_jis")[0]
    except UnicodeEncodeError:
        return 0.1
    return 0.9 if first <= 0x97 else 0.4


def _western(character: str) -> float:
    return 0.8 if character.isalpha() and character < "\u0250" else -1.0


_ENCODINGS: dict[str, Callable[[str], float]] = {
    "cp949": _korean,
    "gbk": _chinese,
    "shift_jis": _japanese,
    "cp1252": _western,
    "cp437": _western,
}
"""By which code page a country's Windows packs; in doubt the earlier one."""


_SURNAMES: dict[Callable[[str], float], frozenset[str]] = {
    _korean: _KOREAN_SURNAMES,
    _chinese: _CHINESE_SURNAMES,
}


def encoding_of(texts: Sequence[bytes]) -> str:
    """The encoding in which these texts, all from one source, read as names."""
    if _decoded(texts, "utf-8") is not None:
        return "utf-8"
    scores = {}
    for encoding, worth in _ENCODINGS.items():
        decoded = _decoded(texts, encoding)
        if decoded is not None:
            scores[encoding] = _plausibility(decoded, worth)
    return max(scores, key=lambda encoding: scores[encoding]) if scores else "cp437"


def _decoded(texts: Iterable[bytes], encoding: str) -> list[str] | None:
    try:
        return [text.decode(encoding) for text in texts]
    except UnicodeDecodeError:
        return None


def _plausibility(texts: Sequence[str], worth: Callable[[str], float]) -> float:
    """The mean worth of the characters beyond ASCII, and a little for words that begin as names do."""
    total, count = 0.0, 0
    for text in texts:
        before = ""
        for character in text:
            if character > "\x7f":
                # Letters with accents stand among plain ones; whole words of them are another encoding's.
                crowded = worth is _western and before > "\x7f"
                total += -0.5 if crowded else worth(character)
                starts = not before.isalpha()
                surnames = _SURNAMES.get(worth, frozenset())
                total += 0.2 if starts and character in surnames else 0.0
                count += 1
            before = character
    return total / count if count else 0.0


_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def decoded(raw: bytes, encoding: str | None = None) -> tuple[str, str]:
    """A text file's content and the encoding in which it was read.

    Args:
        raw: the file.
        encoding: to be taken; found out if None, by a mark at its beginning or by how it reads.

    Raises:
        UnicodeDecodeError, LookupError: it is not in the encoding that was asked for.
    """
    if encoding is None:
        encoding = next((name for mark, name in _MARKS if raw.startswith(mark)), None)
    if encoding is None:
        # The mark was lost: every other byte of a table in Western letters is 0.
        without_mark = raw[1:64:2].count(0) > 16
        encoding = "utf-16-le" if without_mark else encoding_of(raw.splitlines())
    return raw.decode(encoding).removeprefix("\ufeff"), encoding
