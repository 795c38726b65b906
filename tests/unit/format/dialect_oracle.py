# SPDX-License-Identifier: Apache-2.0
"""Random CSV files in random dialects and encodings, written cell by cell, so that what must be read
from them, and out of which bytes, is known.

usage: dialect_oracle.py FOLDER COUNT SEED

Writes N.csv and N.txt. The first line of N.txt is the dialect: delimiter, quote, escape, header, skip,
footer, comment, encoding, with \\x1f between them. Records follow: START-END, \\x1f before each cell,
\\x1e behind each record.
"""
import codecs
import random
import re
import sys

LETTERS = ["a", "B", "7", ".", " ", "-", '"', "'", "\\", "\\\\", "|", "||", ":", ",", ";", "\t", "\n", "\r\n", "x" * 70]
# Python's name, iconv's name, letters beyond ASCII, what the file begins with.
ENCODINGS = [("utf-8", "utf-8", "äß€🌊", b""), ("utf-8", "UTF-8", "äß€🌊", codecs.BOM_UTF8),
             ("latin-1", "latin1", "äÿ", b""), ("cp1252", "windows-1252", "ä€", b""),
             ("utf-16-le", "utf-16", "ä€🌊Ċ਍", codecs.BOM_UTF16_LE), ("utf-16-be", "utf-16", "ä€🌊", codecs.BOM_UTF16_BE),
             ("utf-16-be", "utf-16be", "ä€🌊", b""), ("utf-32-le", "utf-32", "ä€🌊", codecs.BOM_UTF32_LE),
             ("shift_jis", "shift_jis", "日本語ｱ表", b""), ("euc_jp", "euc-jp", "日本語表", b""),
             ("iso2022_jp", "iso-2022-jp", "日本語表", b""), ("gb18030", "gb18030", "中文€🌊", b""),
             ("big5", "big5", "中文功", b""), ("euc_kr", "euc-kr", "한글", b""), ("cp1250", "cp1250", "ąłŻ", b""),
             ("koi8_r", "koi8-r", "Жщ", b""), ("cp037", "ibm037", "äé", b""), ("utf-7", "utf-7", "ä€", b"")]
DELIMITERS = [",", ";", "\t", "|", "||", "::", "\t|\t", "<>", "\x01", "aa"]
WIDE_DELIMITERS = ["¦", "‖", ", ", "→|"]


class Dialect:
    def __init__(self, rng):
        self.codec, self.encoding, self.letters, self.mark = rng.choice(ENCODINGS)
        self.delimiter = rng.choice(DELIMITERS)
        if self.encoding.lower().startswith(("utf-8", "utf-16", "utf-32", "gb18030")):
            self.delimiter = rng.choice(DELIMITERS + WIDE_DELIMITERS)
        if self.encoding == "windows-1252" and rng.random() < 0.5:
            self.delimiter = "¦"
        self.quote = rng.choice(['"', '"', "'", ""])
        self.escape = rng.choice(["", "\\", "^"])
        if self.encoding == "shift_jis":  # its backslash is a yen sign to some
            self.escape = rng.choice(["", "^"])
        self.header = rng.choice([1, 1, 2])
        self.skip = rng.choice([0, 0, 1, 3])
        self.footer = rng.choice([0, 0, 1, 3])
        self.comment = rng.choice(["", "", "#", "//"])
        self.line_end = rng.choice(["\n", "\r\n", "\r"])

    def alphabet(self):
        letters = LETTERS + list(self.letters) * 3 + ["#", "//", "^"]
        if self.encoding == "shift_jis":
            letters = [c for c in letters if "\\" not in c]
        return letters


def splits_well(dialect, text, first):
    return (text + dialect.delimiter).find(dialect.delimiter) == len(text) and not re.search("[\r\n]", text) \
        and not (first and dialect.comment and text.startswith(dialect.comment))


def escape(dialect, text):
    """Without quoting: delimiters, line ends and the escape character behind an escape character."""
    found = "|".join(re.escape(c) for c in [dialect.escape, dialect.delimiter]) + "|\r\n|\r|\n"
    return re.sub(found, lambda match: dialect.escape + match.group(), text)


def enquote(rng, dialect, text):
    if dialect.escape:
        text = text.replace(dialect.escape, dialect.escape * 2)
    parts = text.split(dialect.quote)
    while len(parts) > 1:
        between = rng.choice([dialect.quote, dialect.escape or dialect.quote]) + dialect.quote
        parts[:2] = [parts[0] + between + parts[1]]
    return dialect.quote + parts[0] + dialect.quote


def written(rng, dialect, text, first):
    """The cell as it stands in the file; None when this dialect cannot have it there."""
    if dialect.quote:
        if not splits_well(dialect, text, first) or text.startswith(dialect.quote) or rng.random() < 0.3:
            return enquote(rng, dialect, text)
        return text
    if dialect.escape:
        text = escape(dialect, text)
        bare = text.replace(dialect.escape + dialect.delimiter, "")
        if not (bare + dialect.delimiter).find(dialect.delimiter) == len(bare) or text.endswith("\r") \
                or (first and dialect.comment and text.startswith(dialect.comment)):
            return None
        return text
    return text if splits_well(dialect, text, first) else None


def cell(rng, dialect, first):
    while True:
        text = "".join(rng.choice(dialect.alphabet()) for _ in range(rng.choice([0, 1, 1, 2, 3, 8])))
        if text.endswith(("\r", dialect.delimiter[0])) or (first and "\n" in text[:1]):
            continue
        out = written(rng, dialect, text, first)
        if out is not None:
            return text, out


class File:
    def __init__(self, dialect):
        self.dialect = dialect
        self.data = bytearray(dialect.mark)

    def add(self, text):
        start = len(self.data)
        self.data += text.encode(self.dialect.codec)
        return start, len(self.data)

    def add_line(self, text):
        return self.add(text + self.dialect.line_end)


def noise(rng, dialect, file):
    if dialect.comment and rng.random() < 0.2:
        file.add_line(dialect.comment + "".join(c for c in rng.choices(dialect.alphabet(), k=3) if c not in "\r\n"))
    if rng.random() < 0.1:
        file.add_line("")


def write(rng, path):
    dialect = Dialect(rng)
    file = File(dialect)
    width = rng.choice([2, 2, 3, 5])
    records = []
    for _ in range(dialect.skip):
        file.add_line("preamble " + dialect.quote)
    for row in range(dialect.header):
        noise(rng, dialect, file)
        file.add_line(dialect.delimiter.join(f"c{row}{i}" for i in range(width)))
    for _ in range(rng.randrange(30)):
        noise(rng, dialect, file)
        cells = [cell(rng, dialect, i == 0) for i in range(width)]
        start, end = file.add_line(dialect.delimiter.join(out for _, out in cells))
        records.append((start, end, [text for text, _ in cells]))
    for n in range(dialect.footer):
        noise(rng, dialect, file)
        file.add_line(f"Total {n}" + dialect.quote)
    if rng.random() < 0.3:
        file.add_line("")
    with open(path + ".csv", "wb") as out:
        out.write(file.data)
    with open(path + ".txt", "w", encoding="utf-8", newline="") as out:
        out.write("\x1f".join([dialect.delimiter, dialect.quote, dialect.escape, str(dialect.header), str(dialect.skip),
                               str(dialect.footer), dialect.comment, dialect.encoding]) + "\n")
        for start, end, cells in records:
            out.write(f"{start}-{end}" + "".join("\x1f" + text for text in cells) + "\x1e")


def main(folder, count, seed):
    rng = random.Random(seed)
    for n in range(count):
        write(rng, f"{folder}/{n}")


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
