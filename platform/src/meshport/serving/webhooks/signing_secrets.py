"""With which secrets calls are signed: the newest, and for a while those that it replaced.

Whoever receives calls can change to the new secret at any moment of that while.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from meshport.access.audit import Audit, Entry
from meshport.access.state import AccessState
from meshport.errors import ServingError
from meshport.serving.webhooks.sending import new_secret

MOST = 5
"""Replaced secrets that count at once: each is one more signature in every call."""

_COUNTING = """
select secret from (
    select secret, null as until from webhook where id = ?
    union all
    select secret, until from replaced_secret where webhook = ? and until > ?
) one order by until is not null, until desc
"""


class SigningSecrets:
    """The secrets of the webhooks of one meshport home."""

    def __init__(self, state: AccessState, audit: Audit) -> None:
        self.state = state
        self.audit = audit

    def of(self, webhook: str, now: datetime) -> list[str]:
        """The secrets that count, the newest first."""
        rows = self.state.rows(_COUNTING, webhook, webhook, now.isoformat())
        return [row["secret"] for row in rows]

    def rotate(self, webhook: str, overlap: timedelta, now: datetime, entry: Entry) -> str:
        """A new secret; those before it count no longer than the overlap.

        Raises ServingError MP660 (no such webhook), MP663 (too many count at once).
        """
        made, at, until = new_secret(), now.isoformat(), (now + overlap).isoformat()
        ended = "delete from replaced_secret where webhook = ? and until <= ?"
        with self.state.transaction() as con:
            query = "insert into replaced_secret select id, secret, ? from webhook where id = ?"
            if not con.execute(query, (until, webhook)).rowcount:
                raise ServingError("MP660", f"there is no webhook `{webhook[:40]}`")
            shorten = "update replaced_secret set until = ? where webhook = ? and until > ?"
            con.execute(shorten, (until, webhook, until))
            con.execute(ended, (webhook, at))
            count = "select count(*) from replaced_secret where webhook = ?"
            if con.execute(count, (webhook,)).fetchone()[0] > MOST:
                fact = f"{MOST} secrets before it still count"
                hint = "wait until they end, or end them now: --overlap-hours 0"
                raise ServingError("MP663", fact, hint=hint)
            con.execute("update webhook set secret = ? where id = ?", (made, webhook))
            self.audit.record(entry)
        return made

    def prune(self, now: datetime) -> None:
        """Forget those that count no more."""
        self.state.run("delete from replaced_secret where until <= ?", now.isoformat())
