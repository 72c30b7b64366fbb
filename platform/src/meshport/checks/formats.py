"""What `logicalTypeOptions.format` means for text, as RE2 patterns that match the whole value.

Sources: RFC 9562 (uuid), RFC 5321/5322 as browsers read them (email), RFC 3986 (uri),
RFC 1123 (hostname), RFC 791 and 4291 (ip), RFC 3339 (date, time, date-time).
"""

from __future__ import annotations

_OCTET = r"(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HEX = "[0-9A-Fa-f]"
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?"
_DATE = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_ZONE = r"([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"

TEXT_FORMATS = {
    "uuid": f"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}",
    "email": rf"[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{_LABEL}(\.{_LABEL})+",
    "uri": r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+",
    "hostname": rf"{_LABEL}(\.{_LABEL})*",
    "ipv4": rf"{_OCTET}(\.{_OCTET}){{3}}",
    "ipv6": rf"({_HEX}{{0,4}}:){{2,7}}({_HEX}{{1,4}}|{_OCTET}(\.{_OCTET}){{3}})?",
    "date": _DATE,
    "time": _TIME + f"({_ZONE})?",
    "date-time": f"{_DATE}[Tt ]{_TIME}{_ZONE}",
}

_BITS = {f"{sign}{bits}": (sign, bits) for sign in "iu" for bits in (8, 16, 32, 64, 128)}


def integer_range(name: str) -> tuple[int, int] | None:
    """The least and greatest value of a Rust-style integer format such as `i32` or `u64`."""
    if name not in _BITS:
        return None
    sign, bits = _BITS[name]
    return (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if sign == "i" else (0, 2**bits - 1)
