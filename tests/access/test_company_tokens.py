"""Tokens of a company's issuer: genuine ones that are meant for us count, for those we know."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from joserfc.jwk import ECKey, RSAKey

from meshport.access.consumers import Consumer
from meshport.access.issuer_keys import KEEP, LOOK_AGAIN, TRUST
from meshport.access.jwt import LEEWAY_SECONDS, Issuer
from meshport.access.principal import Kind
from meshport.access.register import AccessRegister
from meshport.errors import AccessError
from meshport.serving.app import create_app
from meshport.settings import OidcSettings
from tests.access.conftest import CUSTOMERS
from tests.access.issuer import (
    AUDIENCE,
    KEYS,
    OTHER_RSA,
    issuing,
    sign,
    signed_by_hand,
    signed_with_the_public_key,
    unsigned,
)
from tests.building import LOOPBACK, NOW, settings_at

pytestmark = pytest.mark.xdist_group("access")
ANNA = "anna@example.com"
ROWS = f"{CUSTOMERS.path}/rows"


@pytest.fixture
def issuer():
    with issuing() as one:
        yield one


@pytest.fixture
def register(tmp_path):
    made = AccessRegister.at_home(tmp_path)
    for name in (ANNA, "user-7"):
        one = Consumer(name, Kind.PERSON, None, None, "", is_disabled=False)
        made.consumers.add(one, "test", NOW)
    return made


@pytest.fixture
def door(issuer, register):
    return Issuer(issuer.settings, register.consumers)


def refusal(door, token, now=NOW):
    with pytest.raises(AccessError) as refused:
        door.authenticate(token, now)
    return refused.value.code


def seconds(count):
    return int((NOW + timedelta(seconds=count)).timestamp())


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_genuine_token_is_its_registered_consumers(issuer, door, algorithm):
    principal = door.authenticate(issuer.token(algorithm), NOW)

    assert (principal.name, principal.kind) == (ANNA, Kind.PERSON)
    assert principal.credential == f"jwt:{KEYS[algorithm].kid}"


def test_eddsa_is_taken_under_its_older_name_too(issuer, door):
    with pytest.warns(UserWarning, match="EdDSA is deprecated"):
        token = sign(issuer.claims(), {"alg": "EdDSA", "kid": "ed-1"}, KEYS["Ed25519"])

    assert door.authenticate(token, NOW).name == ANNA


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "another service"},
        {"aud": ["a", "b"]},
        {"aud": None},
        {"aud": 7},
        {"iss": "https://login.elsewhere.example"},
        {"iss": None},
        {"exp": None},
        {"exp": seconds(-LEEWAY_SECONDS)},
        {"exp": "never"},
        {"exp": True},
        {"nbf": seconds(LEEWAY_SECONDS + 1)},
        {"iat": seconds(LEEWAY_SECONDS + 1)},
        {"email": ""},
        {"email": ["anna@example.com"]},
        {"email": None, "sub": None},
        {"email_verified": False},
        {"email_verified": "false"},
    ],
    ids=str,
)
def test_a_token_that_is_not_for_us_or_not_for_now_counts_nothing(issuer, door, changes):
    assert refusal(door, issuer.token(**changes)) == "MP701"


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": ["another service", AUDIENCE]},
        {"exp": seconds(-LEEWAY_SECONDS + 1)},
        {"nbf": seconds(LEEWAY_SECONDS)},
        {"email": "Anna@Example.com"},
        {"email_verified": True},
    ],
    ids=str,
)
def test_clocks_may_differ_a_little_and_addresses_in_case(issuer, door, changes):
    assert door.authenticate(issuer.token(**changes), NOW).name == ANNA


@pytest.mark.parametrize("algorithm", ["RS512", "PS256", "HS256", "ES384", "none"])
def test_another_algorithm_is_not_taken_and_nobody_is_asked_for_keys(issuer, door, algorithm):
    keys = {"ES384": ECKey.generate_key("P-384"), "none": None}
    header, claims = {"alg": algorithm, "kid": "rsa-1"}, issuer.claims()
    if algorithm == "none":
        token = unsigned(claims, kid="rsa-1")
    elif algorithm == "HS256":
        token = signed_with_the_public_key(claims, KEYS["RS256"], "pem")
    else:
        token = sign(claims, header, keys.get(algorithm, KEYS["RS256"]))

    assert refusal(door, token) == "MP701"
    assert issuer.asked == []


@pytest.mark.parametrize("form", ["pem", "der"])
def test_a_public_key_is_no_secret_even_where_the_issuer_lists_one(issuer, door, form):
    token = signed_with_the_public_key(issuer.claims(), KEYS["RS256"], form)
    issuer.keys.append({"kty": "oct", "kid": "rsa-1", "k": "c2VjcmV0"})

    assert refusal(door, token) == "MP701"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token[:-4],
        lambda token: token + "A",
        lambda token: token.replace(".", ".e30", 1),
        lambda token: token.rsplit(".", 1)[0] + ".",
        lambda token: token.rsplit(".", 1)[0],
        lambda token: "." + token,
        lambda token: "é" + token,
        lambda _: "",
        lambda _: "...",
        lambda _: "W10.e30.AA",
        lambda _: "a" * 100_000,
    ],
)
def test_a_changed_token_counts_nothing(issuer, door, spoil):
    assert refusal(door, spoil(issuer.token())) == "MP701"


def test_a_token_signed_by_somebody_else_counts_nothing(issuer, door):
    stranger = RSAKey.generate_key(2048, {"kid": "rsa-1"})

    assert refusal(door, issuer.token(key=stranger)) == "MP701"


@pytest.mark.parametrize(
    "header", [{"crit": ["urgent"], "urgent": True}, {"b64": False, "crit": ["b64"]}, {"kid": 7}]
)
def test_a_header_that_asks_for_more_than_we_know_is_refused(issuer, door, header):
    assert door.authenticate(signed_by_hand(issuer.claims(), {"typ": "at+jwt", "x": 1}), NOW)

    assert refusal(door, signed_by_hand(issuer.claims(), header)) == "MP701"


@pytest.mark.parametrize("others", [[], [OTHER_RSA]], ids=len)
def test_without_a_name_the_key_has_to_be_the_only_one_of_its_kind(issuer, door, others):
    token = sign(issuer.claims(), {"alg": "RS256"}, KEYS["RS256"])
    issuer.keys += [key.as_dict(private=False) for key in others]

    if others:
        assert refusal(door, token) == "MP701"
    else:
        assert door.authenticate(token, NOW).name == ANNA


def test_a_key_for_another_use_or_too_short_signs_nothing(issuer, register):
    with pytest.warns(UserWarning, match="2048"):
        short = RSAKey.generate_key(1024, {"kid": "short"})
    for key, change in ((short, {}), (OTHER_RSA, {"use": "enc"}), (OTHER_RSA, {"alg": "RS512"})):
        issuer.keys = [{**key.as_dict(private=False), "kid": key.kid, **change}]
        token = sign(issuer.claims(), {"alg": "RS256", "kid": key.kid}, key)
        assert refusal(Issuer(issuer.settings, register.consumers), token) == "MP701"


def test_keys_are_read_once_and_again_when_a_new_one_is_named(issuer, door):
    for _ in range(5):
        door.authenticate(issuer.token(), NOW)
    assert issuer.asked == ["/.well-known/openid-configuration", "/keys"]

    issuer.keys = [OTHER_RSA.as_dict(private=False)]
    later = NOW + LOOK_AGAIN
    assert door.authenticate(issuer.token(key=OTHER_RSA), later).name == ANNA
    assert refusal(door, issuer.token(), later) == "MP701"


def test_unknown_keys_make_us_ask_no_more_than_once_in_a_while(issuer, door):
    door.authenticate(issuer.token(), NOW)
    before = len(issuer.asked)
    for number in range(20):
        stranger = RSAKey.import_key(OTHER_RSA.as_dict(private=True), {"kid": f"unknown-{number}"})
        assert refusal(door, issuer.token(key=stranger), NOW + LOOK_AGAIN) == "MP701"

    assert len(issuer.asked) - before == 2


def test_a_key_that_the_issuer_takes_back_counts_no_longer_than_keys_are_kept(issuer, door):
    assert door.authenticate(issuer.token(), NOW).name == ANNA
    issuer.keys = issuer.keys[1:]

    after = NOW + KEEP
    assert refusal(door, issuer.token(exp=seconds(KEEP.total_seconds() + 60)), after) == "MP701"


def test_an_issuer_that_is_down_stops_nobody_whose_key_is_known_for_a_while(issuer, door):
    token = issuer.token(exp=seconds(TRUST.total_seconds() + 60))
    door.authenticate(token, NOW)
    issuer.answers = {"/keys": (503, b"")}

    assert door.authenticate(token, NOW + KEEP).name == ANNA
    assert refusal(door, issuer.token(key=OTHER_RSA), NOW + KEEP + LOOK_AGAIN) == "MP741"
    assert refusal(door, token, NOW + TRUST) == "MP741"
    issuer.answers = {}
    assert door.authenticate(token, NOW + TRUST + LOOK_AGAIN).name == ANNA


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/keys", (404, b"")),
        ("/keys", (200, b"no JSON")),
        ("/keys", (200, b'{"keys": 7}')),
        ("/keys", (200, b"[" * 200_000)),
        ("/keys", (200, b" " * 2_000_000)),
        ("/keys", (302, b"/elsewhere")),
        ("/.well-known/openid-configuration", (200, b"[]")),
        ("/.well-known/openid-configuration", (200, b'{"issuer": "https://other.example"}')),
        ("/.well-known/openid-configuration", (200, b'{"issuer": "{me}", "jwks_uri": 7}')),
        (
            "/.well-known/openid-configuration",
            (200, b'{"issuer": "{me}", "jwks_uri": "http://192.0.2.1/keys"}'),
        ),
    ],
)
def test_what_is_no_set_of_keys_is_said_to_be_unreadable(issuer, door, path, answer):
    status, body = answer
    issuer.answers = {path: (status, body.replace(b"{me}", issuer.address.encode()))}
    issuer.answers["/elsewhere"] = (200, json.dumps({"keys": issuer.keys}).encode())

    assert refusal(door, issuer.token()) == "MP741"
    assert "/elsewhere" not in issuer.asked


def test_keys_that_nobody_can_use_do_not_hide_the_others(issuer, door):
    issuer.keys = [7, {}, {"kty": "RSA", "kid": "rsa-1", "n": 1}, {"kty": "odd"}, *issuer.keys]

    assert door.authenticate(issuer.token("ES256"), NOW).name == ANNA


def test_keys_can_be_a_file(issuer, register, tmp_path):
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"keys": issuer.keys}))
    door = Issuer(OidcSettings(issuer.address, AUDIENCE, str(file)), register.consumers)

    assert door.authenticate(issuer.token(), NOW).name == ANNA
    assert issuer.asked == []


def test_the_claim_that_names_the_consumer_is_the_settings_to_choose(issuer, register):
    by_sub = Issuer(replace(issuer.settings, claim="sub"), register.consumers)
    by_nothing = Issuer(replace(issuer.settings, claim="upn"), register.consumers)

    assert by_sub.authenticate(issuer.token(), NOW).name == "user-7"
    assert refusal(by_nothing, issuer.token()) == "MP701"
    either = Issuer(issuer.settings, register.consumers)
    assert either.authenticate(issuer.token(email=None), NOW).name == "user-7"


def test_who_is_not_registered_here_is_nobody_whoever_vouches(issuer, door, register):
    assert refusal(door, issuer.token(email="zoe@example.com")) == "MP740"
    register.consumers.disable(ANNA, NOW)
    assert refusal(door, issuer.token()) == "MP701"


@pytest.fixture
def server(issuer, office):
    settings = replace(settings_at(office.home), oidc=issuer.settings)
    with ExitStack() as opened:
        app = create_app(settings, lambda: NOW)
        yield opened.enter_context(TestClient(app, base_url=LOOPBACK))


def bearer(secret):
    return {"Authorization": f"Bearer {secret}"}


def test_a_door_shows_the_bearer_of_a_company_token_what_its_agreement_allows(
    issuer, office, server
):
    office.agree(ANNA, "confidential")

    seen = server.get(ROWS, headers=bearer(issuer.token())).json()[0]
    ours = server.get(ROWS, headers=bearer(office.secret(ANNA))).json()[0]

    assert seen == ours
    assert "zip_prefix" in seen
    assert "full_name" not in seen


def test_while_the_issuer_is_down_its_tokens_wait_and_ours_work(issuer, office, server):
    issuer.answers = {"/.well-known/openid-configuration": (500, b"")}

    theirs = server.get(ROWS, headers=bearer(issuer.token()))
    ours = server.get(ROWS, headers=bearer(office.secret(ANNA)))

    assert (theirs.status_code, theirs.json()["code"]) == (503, "MP741")
    assert "Retry-After" in theirs.headers
    assert ours.status_code == 200


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [({"email": "zoe@example.com"}, 403, "MP740"), ({"aud": "x"}, 401, "MP701")],
)
def test_a_company_token_that_does_not_count_is_a_problem_with_a_way_out(
    issuer, server, changes, status, code
):
    answer = server.get(ROWS, headers=bearer(issuer.token(**changes)))

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["hint"]


def test_without_settings_a_company_token_is_just_a_wrong_one(issuer, office):
    answer = office.client().get(ROWS, headers=bearer(issuer.token()))

    assert (answer.status_code, answer.json()["code"]) == (401, "MP701")
    assert issuer.asked == []


def test_an_agent_is_shut_out_with_the_person_it_acts_for(issuer, door, register):
    agent = Consumer("shopper", Kind.AGENT, ANNA, None, "", is_disabled=False)
    register.consumers.add(agent, "test", NOW)
    token = issuer.token(email=None, sub="shopper")
    assert door.authenticate(token, NOW).acts_for == ANNA

    register.consumers.disable(ANNA, NOW)

    assert refusal(door, token) == "MP701"
