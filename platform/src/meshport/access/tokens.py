"""Bearer tokens (RFC 6750): shown once, kept as a hash, expiring, revocable at any moment."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from meshport.access.audit import Audit
from meshport.access.consumers import Consumers
from meshport.access.principal import Kind, Principal
from meshport.access.state import AccessState, Row
from meshport.errors import AccessError

# The prefix lets secret scanners find a token that was committed by mistake.
_PREFIX = "mpt_"
_TOKEN = re.compile(_PREFIX + r"([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
DEFAULT_DAYS = 90
MAX_DAYS = 366


def is_ours(secret: str) -> bool:
    """Whether it looks like a token of meshport, and not like one of somebody else."""
    return secret.startswith(_PREFIX)


def id_in(secret: str) -> str | None:
    """The id that stands in a token, whether there is one of that id or not."""
    parts = _TOKEN.fullmatch(secret)
    return parts[1] if parts else None


@dataclass(frozen=True)
class NewToken:
    """A token just made; `secret` is shown now and never again."""

    id: str
    secret: str
    expires_at: datetime


class Tokens:
    """All tokens, and who is behind one."""

    def __init__(self, state: AccessState, consumers: Consumers, audit: Audit) -> None:
        self.state = state
        self.consumers = consumers
        self.audit = audit

    def create(
        self, consumer: str, now: datetime, days: int = DEFAULT_DAYS, purpose: str | None = None
    ) -> NewToken:
        """A new token of a consumer; raises AccessError MP722, MP723 (a lifetime that is none)."""
        if not 0 < days <= MAX_DAYS:
            hint = f"1 to {MAX_DAYS} days"
            raise AccessError("MP723", f"a token cannot live {days} days", hint=hint)
        holder = replace(self.consumers.get(consumer).principal, purpose=purpose)
        one = NewToken(secrets.token_hex(6), "", now + timedelta(days=days))
        secret = f"{_PREFIX}{one.id}_{secrets.token_urlsafe(32)}"
        values = (one.id, consumer, _digest(secret), purpose, now.isoformat())
        with self.state.transaction() as con:
            sql = "insert into token values (?, ?, ?, ?, ?, ?, null)"
            con.execute(sql, (*values, one.expires_at.isoformat()))
            self._record("token created", replace(holder, credential=one.id), now)
        return NewToken(one.id, secret, one.expires_at)

    def authenticate(self, secret: str, now: datetime) -> Principal:
        """Who the token belongs to.

        Raises AccessError MP701 for one that is wrong, truncated, expired, revoked or of a disabled
        consumer: one answer for all of them.
        """
        parts = _TOKEN.fullmatch(secret)
        row = self._row(parts[1]) if parts else None
        # Compared also where there is none, so that time does not tell which ids there are.
        is_right = hmac.compare_digest(_digest(secret), row["sha256"] if row else "0" * 64)
        return _principal(row if is_right else None, now)

    def holder(self, token: str, now: datetime) -> Principal:
        """Who a token of this id belongs to, as long as it counts; raises AccessError MP701."""
        return _principal(self._row(token), now)

    def revoke(self, token: str, now: datetime) -> None:
        """Let a token count no more, from now; raises AccessError MP724 where there is none."""
        row = self._row(token)
        if row is None:
            raise AccessError("MP724", f"there is no token `{token[:40]}`")
        with self.state.transaction() as con:
            sql = "update token set revoked_at = ? where id = ? and revoked_at is null"
            con.execute(sql, (now.isoformat(), token))
            self._record("token revoked", _holder(row), now)

    def of(self, consumer: str) -> list[Row]:
        """The tokens of a consumer, newest first, without what could be used."""
        found = self.state.rows(
            "select id, purpose, created_at, expires_at, revoked_at from token "
            "where consumer = ? order by created_at desc",
            consumer,
        )
        return list(found)

    def _record(self, act: str, holder: Principal, now: datetime) -> None:
        done = self.audit.operated(self.audit.door, act, holder, now)
        self.audit.record(replace(done, purpose=holder.purpose))

    def _row(self, token: str) -> Row | None:
        rows = self.state.rows(
            # Who acts for somebody is shut out with that person.
            "select token.*, consumer.kind, consumer.acts_for, "
            "coalesce(consumer.disabled_at, person.disabled_at) as disabled_at from token "
            "join consumer on consumer.name = token.consumer "
            "left join consumer person on person.name = consumer.acts_for where token.id = ?",
            token,
        )
        return rows[0] if rows else None


def _principal(row: Row | None, now: datetime) -> Principal:
    if row is None or not _is_good(row, now):
        hint = "ask for a new one: meshport token create CONSUMER"
        raise AccessError("MP701", "the token is not valid, or not any more", hint=hint)
    return _holder(row)


def _holder(row: Row) -> Principal:
    return Principal(
        name=row["consumer"],
        kind=Kind(row["kind"]),
        acts_for=row["acts_for"],
        purpose=row["purpose"],
        credential=row["id"],
    )


def _is_good(row: Row, now: datetime) -> bool:
    is_open = row["revoked_at"] is None and row["disabled_at"] is None
    return is_open and now < datetime.fromisoformat(row["expires_at"])


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
