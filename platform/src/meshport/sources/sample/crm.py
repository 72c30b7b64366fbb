"""The contacts kept in the CRM: most buyers, a few strangers, and records nobody cleaned up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meshport.sources.sample.fields import (
    Column,
    dates,
    either,
    ids,
    joined,
    picked,
    replaced,
    upper,
    whole,
)
from meshport.sources.sample.geography import plain
from meshport.sources.sample.plan import DAY
from meshport.sources.sample.randomness import Draws, Flags, Ints, Quantiles
from meshport.sources.sample.sample_file import SampleFile
from meshport.sources.sample.words import FIRST_NAMES, LAST_NAMES, MAIL_DOMAINS

_KNOWN_SHARE = 0.8
_STRANGER_SHARE = 0.003
_FIRST_STRANGER = 1 << 50
_OUTDATED_SHARE = 0.01
_NO_MAIL, _NO_PHONE, _NO_BIRTH = 0.03, 0.15, 0.1
_MALFORMED_SHARE = 0.003
_UPPER_SHARE, _SPACED_SHARE = 0.04, 0.02
_IMPOSSIBLE_BIRTH_SHARE = 0.0005
_BIRTHDAY = Quantiles(((0.0, -11_000), (0.1, -3500), (0.5, 5200), (0.9, 11_800), (1.0, 13_800)))
_IN_1900 = -25_567
_CONSENTS = ("true", "false", "", "yes", "no", "S", "N")
_CONSENT_WEIGHTS = (5470, 3380, 1100, 15, 12, 13, 10)


@dataclass(frozen=True)
class _Records:
    """One entry per row of the file; an outdated record precedes the person's current one."""

    person: Ints
    is_outdated: Flags
    mail: Ints
    phone: Ints


def list_contacts(draws: Draws, persons: Ints, now: int) -> SampleFile:
    """The contact records of most of the persons, known by the keys of their first orders."""
    records = _keep(draws, persons)
    first = draws.below("first name", records.person, len(FIRST_NAMES))
    last = draws.below("last name", records.person, len(LAST_NAMES))
    consent = draws.pick("consent", records.person * 2 + records.is_outdated, _CONSENT_WEIGHTS)
    return SampleFile(
        "crm_contacts.csv",
        {
            "person_id": ids(draws.ids("person", records.person)),
            "full_name": joined(picked(FIRST_NAMES, first), " ", picked(LAST_NAMES, last)),
            "email": _mail(draws, records, first, last),
            "phone": _phones(draws, records),
            "birth_date": _birth_dates(draws, records.person, now // DAY),
            "marketing_consent": picked(_CONSENTS, consent),
        },
    )


def _keep(draws: Draws, persons: Ints) -> _Records:
    """Who is in the file, and in which order."""
    known = persons[draws.chance("in the crm", persons, _KNOWN_SHARE)]
    strangers = _FIRST_STRANGER + np.arange(round(_STRANGER_SHARE * len(known)))
    current = np.concatenate([known, strangers])
    current = current[np.argsort(draws.bits("crm order", current))]
    twice = np.flatnonzero(draws.chance("outdated", current, _OUTDATED_SHARE))
    person = np.concatenate([current[twice], current])
    is_outdated = np.arange(len(person)) < len(twice)
    # Halving its row number puts the outdated record somewhere well before the current one.
    rows = np.argsort(np.concatenate([twice // 2, np.arange(len(current))]), kind="stable")
    person, is_outdated = person[rows], is_outdated[rows]
    other_mail = is_outdated & draws.chance("mail changed", person, 0.5)
    other_phone = is_outdated & ~other_mail
    return _Records(person, is_outdated, person * 2 + other_mail, person * 2 + other_phone)


def _mail(draws: Draws, records: _Records, first: Ints, last: Ints) -> Column:
    """Addresses at reserved domains; some empty, malformed, in capitals or with spaces around."""
    keys = records.mail
    domain = draws.below("mail domain", keys, len(MAIL_DOMAINS))
    address = joined(
        picked([plain(name).lower() for name in FIRST_NAMES], first),
        ".",
        picked([plain(name).lower() for name in LAST_NAMES], last),
        whole(draws.below("mail number", keys, 100_000)).cast("string"),
        "@",
        picked(MAIL_DOMAINS, domain),
    )
    broken = draws.chance("malformed mail", keys, _MALFORMED_SHARE)
    way = draws.below("way malformed", keys, 3)
    address = either(broken & (way == 0), replaced(address, "@", ""), address)
    address = either(broken & (way == 1), replaced(address, ".", " "), address)
    address = either(broken & (way == 2), replaced(address, "@", " @ "), address)
    address = either(draws.chance("mail in capitals", keys, _UPPER_SHARE), upper(address), address)
    spaced = draws.chance("spaces around mail", keys, _SPACED_SHARE)
    address = either(spaced, joined(" ", address, "  "), address)
    # A changed address is never empty, or the outdated record would equal the current one.
    empty = draws.chance("no mail", keys, _NO_MAIL) & (keys % 2 == 0)
    return either(empty, None, address)


def _phones(draws: Draws, records: _Records) -> Column:
    """Numbers with the area code 00, which Brazil does not have; some empty."""
    keys = records.phone
    digits = [f"{number:04d}" for number in range(10_000)]
    head = picked(digits, draws.below("phone head", keys, 10_000))
    tail = picked(digits, draws.below("phone tail", keys, 10_000))
    formal = joined("+55 00 9", head, "-", tail)
    casual = joined("(00) 9", head, tail)
    phone = either(draws.chance("casual phone", keys, 0.2), casual, formal)
    empty = draws.chance("no phone", keys, _NO_PHONE) & (keys % 2 == 0)
    return either(empty, None, phone)


def _birth_dates(draws: Draws, person: Ints, today: int) -> Column:
    """Birth dates; some empty, very few in 1900 or still to come."""
    born = draws.spread("birth", person, _BIRTHDAY)
    count = max(1, round(_IMPOSSIBLE_BIRTH_SHARE * len(person)))
    impossible = draws.rarest("impossible birth", person, count)
    to_come = today + 1 + draws.below("birth to come", person, 2000)
    wrong = np.where(draws.chance("born in 1900", person, 0.5), _IN_1900, to_come)
    empty = draws.chance("no birth date", person, _NO_BIRTH) & ~impossible
    return dates(np.where(impossible, wrong, born), empty)
