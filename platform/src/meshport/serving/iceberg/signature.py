"""Requests signed with AWS Signature Version 4, as clients of object stores send them.

See "Authenticating Requests: Using the Authorization Header" in the reference of Amazon S3. Only
the header form is taken, and of every request what the clients of tables send: no body.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from meshport.errors import AccessError, Place

SKEW = timedelta(minutes=15)
"""How far the clocks of client and server may be apart, before or after."""
MAX_HEADER = 8192
EMPTY = hashlib.sha256(b"").hexdigest()
_ALGORITHM = "AWS4-HMAC-SHA256"
_AUTHORIZATION = re.compile(
    _ALGORITHM + r" +Credential=(?P<key>[A-Z0-9]{4,32})/(?P<day>\d{8})/(?P<region>[a-z0-9-]{1,32})"
    r"/s3/aws4_request, *SignedHeaders=(?P<headers>[a-z0-9;-]{1,2000}), *"
    r"Signature=(?P<signature>[0-9a-f]{64})",
    re.ASCII,
)
_MUST_BE_SIGNED = {"host", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token"}


@dataclass(frozen=True)
class Sent:
    """What of a request is signed: as it came over the wire, nothing decoded."""

    method: str
    path: str
    query: str
    """At most one parameter, written as it is signed."""
    headers: Mapping[str, Sequence[str]]
    """By name in lower case."""

    def header(self, name: str) -> str:
        """The only value of a header; raises AccessError MP707 for none or several."""
        values = self.headers.get(name, ())
        if len(values) != 1 or len(values[0]) > MAX_HEADER:
            raise unsigned(f"{name} has to be sent once, in at most {MAX_HEADER:,} characters")
        return values[0]


@dataclass(frozen=True)
class Signature:
    """What a request says of who signed it, and when."""

    key_id: str
    region: str
    at: datetime
    signed_headers: tuple[str, ...]
    digest: str

    @classmethod
    def of(cls, sent: Sent, now: datetime) -> Signature:
        """The signature of a request; raises AccessError MP707 for none, MP708 for another time."""
        found = _AUTHORIZATION.fullmatch(sent.header("authorization"))
        if found is None:
            raise unsigned(f"Authorization is no {_ALGORITHM} for s3")
        names = tuple(found["headers"].split(";"))
        if list(names) != sorted(set(names)) or not _MUST_BE_SIGNED.issubset(names):
            raise unsigned(f"SignedHeaders has to name {', '.join(sorted(_MUST_BE_SIGNED))}")
        if sent.header("x-amz-content-sha256") not in (EMPTY, "UNSIGNED-PAYLOAD"):
            raise unsigned("nothing is read from a body here")
        at = _moment(sent.header("x-amz-date"))
        if f"{at:%Y%m%d}" != found["day"]:
            raise unsigned("x-amz-date is not of the day of the credential")
        if abs(now - at) > SKEW:
            fact = f"it was signed at {at:%H:%M:%S} UTC, here it is {now.astimezone(UTC):%H:%M:%S}"
            raise AccessError("MP708", fact, Place("x-amz-date"), "set the clock")
        return cls(found["key"], found["region"], at, names, found["signature"])

    def require(self, sent: Sent, secret: str) -> None:
        """Raise AccessError MP707 where it was not made with this secret key for this request."""
        right = self._expected(sent, secret)
        if not secret or not hmac.compare_digest(right, self.digest):
            raise unsigned("the signature is not that of the key and of what was sent")

    def _expected(self, sent: Sent, secret: str) -> str:
        moment, day = f"{self.at:%Y%m%dT%H%M%SZ}", f"{self.at:%Y%m%d}"
        headers = "".join(f"{name}:{_spaced(sent, name)}\n" for name in self.signed_headers)
        request = "\n".join(
            (
                sent.method, sent.path, sent.query, headers,
                ";".join(self.signed_headers), sent.header("x-amz-content-sha256"),
            )
        )  # fmt: skip
        digest = hashlib.sha256(request.encode()).hexdigest()
        scope = f"{day}/{self.region}/s3/aws4_request"
        key = f"AWS4{secret}".encode()
        for part in (day, self.region, "s3", "aws4_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        text = "\n".join((_ALGORITHM, moment, scope, digest))
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def unsigned(fact: str) -> AccessError:
    """MP707, with what is wrong with a key or a signature."""
    hint = "load the table again, which hands out new keys"
    return AccessError("MP707", f"the request is not signed: {fact}", hint=hint)


def _moment(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise unsigned("x-amz-date is no moment") from error


def _spaced(sent: Sent, name: str) -> str:
    values = sent.headers.get(name)
    if values is None:
        raise unsigned(f"{name[:40]} was signed but not sent")
    return ",".join(" ".join(value.split()) for value in values)
