#!/usr/bin/env python3
"""Writes numbering.tsv: what Python's phonenumbers says of generated numbers, for numbering.rs to be compared with.

    pip install --target /tmp/phonenumbers phonenumbers==9.0.33
    PYTHONPATH=/tmp/phonenumbers python3 src/numbers/tests/numbering.py > src/numbers/tests/numbering.tsv

The version is the one whose metadata the Rust crate carries (phonenumber 0.3.10+9.0.33). Columns: the number, 1 when it is
valid, the region (that of the number, else the main one of its country code, else -), the type, the length by
is_possible_number_with_reason. No number is left out because of what it gives.
"""
import random
import sys

import phonenumbers as pn
from phonenumbers import PhoneNumberType as T

SEED = 20261124
COUNT = 5000
COUNTRIES = ("DE GB FR US CA AU IE SE CH AT IT ES NL BE DK NO FI PL CZ PT GR HU RO BG "
             "GG IM AR BR MX IN JP SG ZA IL TR AE NZ KZ RU JM").split()
TYPES = {T.FIXED_LINE: "fixed", T.MOBILE: "mobile", T.FIXED_LINE_OR_MOBILE: "either", T.TOLL_FREE: "free",
         T.PREMIUM_RATE: "premium", T.SHARED_COST: "shared", T.VOIP: "voip", T.PERSONAL_NUMBER: "personal", T.PAGER: "pager",
         T.UAN: "uan", T.VOICEMAIL: "voicemail", T.UNKNOWN: "-"}
LENGTHS = {pn.ValidationResult.IS_POSSIBLE: "ok", pn.ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "local",
           pn.ValidationResult.INVALID_COUNTRY_CODE: "code", pn.ValidationResult.TOO_SHORT: "short",
           pn.ValidationResult.INVALID_LENGTH: "length", pn.ValidationResult.TOO_LONG: "long"}


def told(text):
    """What the library says of a number."""
    try:
        number = pn.parse(text, None)
    except pn.NumberParseException as error:
        reason = {error.INVALID_COUNTRY_CODE: "code", error.TOO_SHORT_NSN: "short", error.TOO_LONG: "long"}
        return 0, "-", "-", reason.get(error.error_type, "short")
    region = pn.region_code_for_number(number) or pn.region_code_for_country_code(number.country_code)
    region = "-" if region in ("001", "ZZ", None) else region
    return (int(pn.is_valid_number(number)), region, TYPES[pn.number_type(number)],
            LENGTHS[pn.is_possible_number_with_reason(number)])


def examples(country):
    """One number of each type that the country has."""
    found = []
    for kind in TYPES:
        number = pn.example_number_for_type(country, kind)
        if number is not None:
            found.append(pn.national_significant_number(number))
    return sorted(set(found))


def made(chance, country, seeds):
    """One number of a country: an example with other digits, one digit too many or too few, or chance alone."""
    code = str(pn.country_code_for_region(country))
    national = chance.choice(seeds)
    way = chance.random()
    if way < 0.45:  # other digits at the end, the range stays
        keep = chance.randint(2, max(2, len(national) - 2))
        national = national[:keep] + "".join(chance.choice("0123456789") for _ in national[keep:])
    elif way < 0.60:  # any digits of a length that exists
        national = "".join(chance.choice("0123456789") for _ in national)
    elif way < 0.70:
        national = national[:-chance.randint(1, 3)]
    elif way < 0.80:
        national = national + "".join(chance.choice("0123456789") for _ in range(chance.randint(1, 3)))
    elif way < 0.85:  # as dialled inside the country
        national = (pn.ndd_prefix_for_region(country, True) or "0") + national
    elif way < 0.90:  # one digit in the front changed
        at = chance.randrange(min(4, len(national)))
        national = national[:at] + chance.choice("0123456789") + national[at + 1:]
    elif way < 0.92:  # a country code that is not given out
        code = chance.choice(["999", "210", "384", "801", "899", "80", "999"])
    return "+" + (code + national)[:15]


def main():
    chance = random.Random(SEED)
    numbers = {}
    for country in COUNTRIES:
        seeds = examples(country)
        for national in seeds:
            numbers["+" + str(pn.country_code_for_region(country)) + national] = None
    seeds = {country: examples(country) for country in COUNTRIES}
    while len(numbers) < COUNT:
        for country in COUNTRIES:
            numbers.setdefault(made(chance, country, seeds[country]), None)
    out = sys.stdout
    out.write(f"# phonenumbers {pn.__version__}, seed {SEED}, {len(COUNTRIES)} countries; made by numbering.py\n")
    for text in list(numbers)[:COUNT]:
        out.write("\t".join(map(str, (text, *told(text)))) + "\n")


if __name__ == "__main__":
    main()
