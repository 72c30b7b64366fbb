"""`meshport consumer`, `meshport token` and `meshport access`, from asking to revoking."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from meshport.access.register import AccessRegister
from meshport.cli.main import main
from meshport.errors import AccessError
from tests.access.conftest import CUSTOMERS, OFFICER, OWNER
from tests.building import ROOT

ANNA = "anna@example.com"
REQUEST = (
    *("access", "request", CUSTOMERS, "--consumer", "mailer", "--class", "confidential"),
    *("--purpose", "direct-marketing", "--reason", "the weekly newsletter"),
)


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def document(self):
        return json.loads(self.out)


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """The command line over a home of its own, in this process."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("MESHPORT_HOME", str(tmp_path / "home"))

    def command(*arguments):
        monkeypatch.setattr(sys, "argv", ["meshport", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Ended(ended.value.code or 0, said.out, said.err)

    return command


@pytest.fixture
def people(run):
    """The same, with everybody registered."""
    for name in (ANNA, OWNER, OFFICER):
        assert run("consumer", "add", name).code == 0
    assert run("consumer", "add", "mailer", "--kind", "service", "--contact", ANNA).code == 0
    agent = ("consumer", "add", "robot", "--kind", "agent", "--acts-for", ANNA)
    assert run(*agent).code == 0
    return run


def asked(run, *more):
    ended = run(*REQUEST, *more)
    assert ended.code == 0, ended.err
    return int(ended.out)


def test_consumers_are_listed_and_shut_out(people):
    listed = {one["name"]: one for one in people("consumer", "list", "--format", "json").document}

    assert set(listed) == {ANNA, OWNER, OFFICER, "mailer", "robot"}
    assert (listed["robot"]["kind"], listed["robot"]["acts_for"]) == ("agent", ANNA)
    assert listed["mailer"]["contact"] == ANNA

    assert people("consumer", "disable", "mailer").code == 0
    text = people("consumer", "list").out
    assert re.search(r"mailer +service +anna@example.com +no", text)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((ANNA,), "MP720"),
        (("Anna Smith",), "MP721"),
        (("demo",), "MP721"),
        (("nobody",), "MP721"),
        (("helper", "--kind", "agent"), "MP721"),
        (("helper", "--kind", "agent", "--acts-for", "mailer"), "MP721"),
        (("helper", "--kind", "agent", "--acts-for", "zoe"), "MP722"),
        (("helper", "--kind", "robot"), "MP721"),
        (("helper", "--acts-for", ANNA), "MP721"),
    ],
)
def test_a_consumer_that_nobody_could_answer_for_is_refused(people, arguments, code):
    ended = people("consumer", "add", *arguments)

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(code)


def test_a_token_is_printed_alone_and_once_and_ends_when_revoked(people, tmp_path):
    made = people("token", "create", "mailer", "--days", "3", "--purpose", "direct-marketing")

    assert re.fullmatch(r"mpt_[0-9a-f]{12}_[\w-]{43}\n", made.out)
    assert "not shown again" in made.err
    (listed,) = people("token", "list", "mailer", "--format", "json").document
    assert listed["purpose"] == "direct-marketing"
    assert made.out.strip() not in people("token", "list", "mailer").out
    stored = (tmp_path / "home" / "access.sqlite").read_bytes()
    assert made.out.strip().rpartition("_")[2].encode() not in stored

    tokens = AccessRegister.at_home(tmp_path / "home").tokens
    assert tokens.authenticate(made.out.strip(), datetime.now(UTC)).name == "mailer"
    assert people("token", "revoke", listed["id"]).code == 0
    with pytest.raises(AccessError):
        tokens.authenticate(made.out.strip(), datetime.now(UTC))
    assert "revoked" in people("token", "list", "mailer").out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("create", "zoe"), "MP722"),
        (("create", "mailer", "--days", "0"), "MP723"),
        (("create", "mailer", "--days", "400"), "MP723"),
        (("create", "mailer", "--purpose", "fun"), "MP730"),
        (("revoke", "000000000000"), "MP724"),
    ],
)
def test_a_token_that_cannot_be_is_refused(people, arguments, code):
    ended = people("token", *arguments)

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(code)


def test_from_asking_to_revoking_each_step_says_where_the_agreement_stands(people):
    number = asked(people, "--scope", "SP, RJ", "--days", "30", "--as", ANNA)

    (waiting,) = people("access", "list", "--waiting-for", OWNER, "--format", "json").document
    assert waiting["agreement"] == number
    assert "is asked" in people("access", "ask", number, "--as", OWNER, "--note", "which?").err
    assert "is requested" in people("access", "answer", number, "--as", ANNA).err
    assert re.search(
        r"is active, until \d{4}-\d\d-\d\d", people("access", "approve", number, "--as", OWNER).err
    )
    assert "is active" in people("access", "ask-renewal", number, "--as", ANNA).err
    assert "is active" in people("access", "deny", number, "--as", OWNER).err
    assert "is revoked" in people("access", "revoke", number, "--as", OWNER).err

    shown = people("access", "show", number, "--format", "json").document
    assert (shown["state"], shown["scope"], shown["days"]) == ("revoked", ["SP", "RJ"], 30)
    assert [event["act"] for event in shown["history"]] == [
        *("request", "ask", "answer", "approve", "ask_renewal", "deny", "revoke"),
    ]
    assert shown["history"][1]["note"] == "which?"
    text = people("access", "show", number).out
    assert "which?" in text
    assert "SP,RJ" in text
    assert people("access", "list", "--waiting-for", OWNER, "--format", "json").document == []
    (mine,) = people("access", "list", "--consumer", "mailer", "--format", "json").document
    assert mine == shown


def test_one_gives_up_what_one_asked_for(people):
    number = asked(people)

    assert "is cancelled" in people("access", "cancel", number, "--as", ANNA).err


def test_who_decides_is_said_when_one_asks(people):
    assert f"waits for {OWNER}" in people(*REQUEST).err


def test_breaking_the_glass_says_until_when_and_that_all_see_it(people):
    ended = people(
        *("access", "request", CUSTOMERS, "--consumer", ANNA, "--class", "restricted"),
        *("--purpose", "fraud-prevention", "--reason", "a fraud is going on", "--break-glass"),
    )

    assert ended.code == 0
    assert re.search(r"access until \d\d:\d\d UTC, and everybody sees it", ended.err)
    shown = people("access", "show", ended.out.strip(), "--format", "json").document
    assert shown["history"][0]["act"] == "break_glass"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"--consumer": "zoe"}, "MP722"),
        ({"--purpose": "fun"}, "MP730"),
        ({"--class": "root"}, "MP733"),
        ({"--reason": "because"}, "MP733"),
        ({"--reason": "see \x1b[2J here"}, "MP733"),
        ({"--days": "0"}, "MP733"),
        ({"--scope": " , "}, "MP733"),
        ({"--scope": ""}, "MP733"),
        ({"--as": OWNER}, "MP734"),
        ({"--as": "zoe"}, "MP722"),
        ({str(CUSTOMERS): "customers.customers"}, "MP104"),
        ({str(CUSTOMERS): "customers.nothing.v1"}, "MP733"),
    ],
    ids=str,
)
def test_a_request_that_no_door_could_keep_is_refused_and_leaves_no_trace(people, change, code):
    arguments = [str(one) for one in REQUEST]
    for name, value in change.items():
        if name in arguments and not name.startswith("--"):
            arguments[arguments.index(name)] = value
        else:
            arguments += [name, value]

    ended = people(*arguments)

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(code)
    assert people("access", "list", "--format", "json").document == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("approve", 1, "--as", ANNA), "MP734"),
        (("approve", 1, "--as", "robot"), "MP734"),
        (("approve", 1, "--as", OFFICER), "MP734"),
        (("revoke", 1, "--as", OWNER), "MP735"),
        (("approve", 2, "--as", OWNER), "MP731"),
        (("approve", 10**30, "--as", OWNER), "MP731"),
        (("approve", 1, "--as", "zoe"), "MP722"),
        (("show", 7), "MP731"),
    ],
)
def test_a_step_that_is_not_allowed_ends_with_its_reason(people, arguments, code):
    asked(people)

    ended = people("access", *arguments)

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(code)


@pytest.mark.parametrize(
    "arguments",
    [
        ("access", "approve", "one", "--as", OWNER),
        ("access", "approve", "1"),
        ("access", "sing", "1"),
        ("token", "create", "mailer", "--days", "soon"),
        ("consumer", "add"),
    ],
)
def test_bad_usage_ends_with_two(run, arguments):
    assert run(*arguments).code == 2


def test_lists_are_json_documents_also_when_there_is_nothing(run):
    for arguments in (("consumer", "list"), ("access", "list"), ("token", "list", "zoe")):
        assert run(*arguments, "--format", "json").document == []
