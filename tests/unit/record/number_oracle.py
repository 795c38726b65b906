# SPDX-License-Identifier: Apache-2.0
"""Numbers with decimal and thousands signs, well and badly written, and what Python's decimal reads.

usage: number_oracle.py COUNT SEED

Writes lines of decimal sign, thousands sign, text, and the number in plain digits or `-` where it is
none, separated by tabs.
"""
import random
import re
import sys
from decimal import Decimal

SIGNS = [(",", "."), (".", ","), (",", " "), (".", "'"), (",", "\u00a0"), (",", ""), (".", "\u2019"), (",", "'")]


def plain(text, decimal, thousands):
    digits = r"\d+"
    if thousands:
        digits = rf"(?:\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+|\d+)"
    form = rf"([+-]?)({digits})?(?:{re.escape(decimal)}(\d*))?"
    match = re.fullmatch(form, text)
    if not match or not ((match[2] or "") + (match[3] or "")):
        return "-"
    whole = (match[2] or "0").replace(thousands, "") if thousands else match[2] or "0"
    return f"{Decimal(match[1] + whole + '.' + (match[3] or '0')):f}"


def number(rng, decimal, thousands):
    whole = str(rng.randrange(10 ** rng.randrange(1, 12)))
    if rng.random() < 0.6:
        whole = f"{int(whole):,}".replace(",", thousands)
    fraction = decimal + str(rng.randrange(1000)) if rng.random() < 0.6 else ""
    return rng.choice(["", "", "-", "+"]) + whole + fraction


def spoil(rng, text, decimal, thousands):
    at = rng.randrange(len(text) + 1)
    return text[:at] + rng.choice([decimal, thousands, ".", ",", " ", "7", "-"]) + text[at + rng.randrange(2):]


def main(count, seed):
    rng = random.Random(seed)
    for _ in range(count):
        decimal, thousands = rng.choice(SIGNS)
        text = number(rng, decimal, thousands)
        if rng.random() < 0.5:
            text = spoil(rng, text, decimal, thousands)
        print(decimal, thousands, text, plain(text, decimal, thousands), sep="\t")


main(int(sys.argv[1]), int(sys.argv[2]))
