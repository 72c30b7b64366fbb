"""Reading the text of a condition from left to right."""

from __future__ import annotations

import re

from meshport.serving.rows.faults import bad

_WORD = re.compile(r"[a-z]*")
_NAME = re.compile(r"[^\s.,:()\"{}]*")
_RAW = re.compile(r"[^,)]*")


class Scanner:
    """A place in a text; in nested conditions values end where the next one begins."""

    def __init__(self, text: str, parameter: str, *, is_nested: bool) -> None:
        self.text = text
        self.parameter = parameter
        self._is_nested = is_nested
        self._at = 0

    def is_at(self, expected: str) -> bool:
        """Whether that comes next."""
        return self.text.startswith(expected, self._at)

    def has(self, expected: str) -> bool:
        """Whether that comes next; if so, go past it."""
        found = self.is_at(expected)
        if found:
            self._at += len(expected)
        return found

    def take(self, expected: str, hint: str) -> None:
        """Go past what has to come next; raises ServingError MP602."""
        if not self.has(expected):
            rest = self.text[self._at : self._at + 40]
            raise bad(self.parameter, f"`{expected}` is missing before `{rest}`", hint)

    def word(self) -> str:
        """The lower-case letters that come next."""
        return self._match(_WORD)

    def name(self) -> str:
        """The name of a column, quoted or not."""
        return self._quoted() if self.is_at('"') else self._match(_NAME)

    def value(self) -> str:
        """One value: all of the rest, in a nested condition up to the next comma or parenthesis."""
        if not self._is_nested:
            found, self._at = self.text[self._at :], len(self.text)
            return found
        return self._quoted() if self.is_at('"') else self._match(_RAW)

    def listed(self, brackets: str, most: int) -> tuple[str, ...]:
        """The values between two brackets, quoted or not; reading stops behind `most` of them."""
        opening, closing = brackets[0], brackets[1]
        self.take(opening, f"write the list as {opening}a,b{closing}")
        raw = re.compile(rf"[^,{re.escape(closing)}]*")
        found: list[str] = []
        if not self.is_at(closing):
            found.append(self._item(raw))
            while self.has(",") and len(found) <= most:
                found.append(self._item(raw))
        if len(found) <= most:
            hint = f'close the list, and quote values that hold a comma or bracket: "a{closing}"'
            self.take(closing, hint)
            if not self._is_nested:
                self.end()
        return tuple(found)

    def end(self) -> None:
        """Raise ServingError MP602 unless everything was read."""
        rest = self.text[self._at :]
        if rest:
            raise bad(self.parameter, f"`{rest[:40]}` comes too much", 'quote values: in.("a,b",c)')

    def _item(self, raw: re.Pattern[str]) -> str:
        return self._quoted() if self.is_at('"') else self._match(raw)

    def _match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self._at)
        self._at = found.end() if found else self._at
        return found[0] if found else ""

    def _quoted(self) -> str:
        """A text in quotes: `\\"` and `""` are a quote in it, `\\\\` is a backslash."""
        parts: list[str] = []
        at = self._at + 1
        while at < len(self.text):
            sign = self.text[at]
            following = self.text[at + 1 : at + 2]
            if sign == '"' and following != '"':
                self._at = at + 1
                return "".join(parts)
            is_escape = sign == '"' or (sign == "\\" and following != "")
            parts.append(following if is_escape else sign)
            at += 2 if is_escape else 1
        raise bad(self.parameter, "a quote is not closed", 'quote values as in.("a,b",c)')
