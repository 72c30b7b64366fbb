"""/webhooks and `meshport webhook`: whose they are, where they may send, what is shown of them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from meshport.errors import ServingError
from meshport.serving.webhooks.endpoint import endpoint, is_public
from meshport.serving.webhooks.sending import Message, Sender
from meshport.serving.webhooks.subscriptions import MOST
from tests.building import NOW
from tests.doors.following import refused
from tests.doors.lab import GAUGES
from tests.doors.readers import PERSON
from tests.doors.receivers import HOST, receiving

pytestmark = pytest.mark.xdist_group("webhooks")
URL = "https://hooks.example.com/gauges"
SECRET = "whsec_" + "A" * 44


def sent_to(url, sender):
    return sender.send(Message(url, (SECRET,), "evt_1", {}), NOW)


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/",
        "ftp://hooks.example.com/",
        "file:///etc/passwd",
        "https://",
        "https:///path",
        "https://user:secret@hooks.example.com/",
        "https://@hooks.example.com/",
        "https://hooks.example.com/#part",
        "https://hooks.example.com:0/",
        "https://hooks.example.com:99999/",
        "https://hooks.example.com/ with space",
        "https://hooks.example.com/\r\nX-Injected: 1",
        "https://höoks.example.com/",
        "https://[::1/",
        "https://localhost/",
        "https://127.0.0.1/",
        "https://127.9.9.9:8443/",
        "https://0.0.0.0/",
        "https://10.1.2.3/",
        "https://172.16.0.1/",
        "https://192.168.1.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://100.64.0.1/",
        "https://224.0.0.1/",
        "https://255.255.255.255/",
        "https://[::1]/",
        "https://[::]/",
        "https://[fe80::1]/",
        "https://[fd00::1]/",
        "https://[fec0::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:a9fe:a9fe]/",
        "https://[64:ff9b::a00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[2001:0:0:0:0:0:80ff:fffe]/",
        f"https://hooks.example.com/{'a' * 2000}",
    ],
)
def test_nothing_is_sent_in_the_clear_or_into_a_private_network(url):
    with pytest.raises(ServingError) as refusal:
        endpoint(url, ())

    assert refusal.value.code == "MP661"
    assert sent_to(url, Sender()).error == refusal.value.fact


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_an_address_that_everybody_can_reach_is_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "found",
    [
        ["127.0.0.1"],
        ["169.254.169.254"],
        ["8.8.8.8", "10.0.0.1"],
        ["::1"],
        ["fe80::1%eth0"],
        ["::ffff:192.168.0.1"],
    ],
)
def test_a_name_that_means_a_private_address_is_not_called(found):
    with receiving() as receiver:
        port = receiver.url.split(":")[2].partition("/")[0]
        sender = Sender(resolve=lambda _host, _port: found)
        outcome = sent_to(f"https://hooks.example.com:{port}/", sender)

    assert outcome.error == "it leads into a private network"
    assert receiver.calls == []


def test_a_name_is_looked_up_once_for_each_attempt_and_what_was_judged_is_called():
    """Whoever answers with another address a moment later has nothing of it."""
    asked = []

    def resolve(host, port):
        asked.append(host)
        return [HOST] if len(asked) == 1 else ["192.0.2.1"]

    with receiving() as receiver:
        port = receiver.url.split(":")[2].partition("/")[0]
        # Plain http is for this machine alone; its other name stands for any that is allowed.
        sender = Sender(("localhost",), resolve=resolve)
        outcome = sent_to(f"http://localhost:{port}/x", sender)

    assert outcome.status == 204
    assert asked == ["localhost"]
    assert receiver.calls[0].headers["Host"] == f"localhost:{port}"


def certificate(folder, name):
    """A certificate for a name, vouched for by itself alone, and its key: one file each."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    at = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return folder / "cert.pem", folder / "key.pem"


@pytest.mark.parametrize("host", ["hooks.example.com", "other.example.com"])
def test_tls_is_spoken_with_the_name_and_needs_a_certificate_that_can_be_relied_on(
    tmp_path, monkeypatch, host
):
    cert, key = certificate(tmp_path, "hooks.example.com")
    with receiving(tls=(cert, key)) as receiver:
        port = receiver.url.split(":")[2].partition("/")[0]
        # The operator allows the host, so that it may be this machine.
        sender = Sender((host,), resolve=lambda _host, _port: [HOST])
        unknown = sent_to(f"https://{host}:{port}/", sender)
        monkeypatch.setenv("SSL_CERT_FILE", str(cert))
        known = sent_to(f"https://{host}:{port}/", sender)

    assert unknown.error == "its certificate or its TLS cannot be relied on"
    if host == "hooks.example.com":
        assert known.status == 204
        assert [call.headers["Host"] for call in receiver.calls] == [f"{host}:{port}"]
    else:
        assert known.error == unknown.error
        assert receiver.calls == []


def test_a_name_that_nobody_knows_is_told_as_that():
    def nobody(_host, _port):
        raise OSError

    assert sent_to(URL, Sender(resolve=nobody)).error == "its host is not known"


def test_a_secret_is_shown_once(hooks):
    added = hooks.add(URL)
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", added["secret"])
    service, path = hooks.sent("service"), f"/webhooks/{added['webhook']}"

    for later in (path, "/webhooks", f"{path}/deliveries"):
        answer = service("GET", later)
        assert answer.status_code == 200
        assert added["secret"] not in answer.text
        assert answer.headers["Cache-Control"] == "private, no-store"
    file = hooks.readers.lab.home / "events.sqlite"
    assert file.stat().st_mode & 0o077 == 0


def test_a_webhook_is_there_for_its_owner_and_the_person_behind_it_and_nobody_else(hooks):
    path = f"/webhooks/{hooks.add(URL)['webhook']}"
    for by in ("highest", "outlet"):
        for method, below in (("GET", ""), ("DELETE", ""), ("POST", "/test"), ("POST", "/replay")):
            refused(hooks.sent(by)(method, f"{path}{below}"), 404, "MP660")
        assert hooks.sent(by)("GET", "/webhooks").json() == {"webhooks": []}
    refused(hooks.sent(None)("GET", path), 401, "MP705")

    assert hooks.sent(PERSON)("GET", path).json()["owner"] == "service"
    assert hooks.sent(PERSON)("DELETE", path).status_code == 204
    refused(hooks.sent("service")("GET", path), 404, "MP660")


@pytest.mark.parametrize(
    ("by", "sent", "status", "code"),
    [
        (None, {}, 401, "MP705"),
        ("robot", {}, 403, "MP734"),
        ("service", {"port": "lab.other.v1"}, 404, "MP610"),
        ("service", {"port": "gauges"}, 404, "MP610"),
        ("service", {"port": "lab.people.v1"}, 403, "MP704"),
        ("service", {"url": "https://10.0.0.1/"}, 422, "MP661"),
        ("service", {"url": 7}, 400, "MP602"),
        ("service", {"events": ["meshport.everything"]}, 400, "MP602"),
        ("service", {"secret": "mine"}, 400, "MP602"),
    ],
)
def test_a_webhook_that_cannot_be_is_refused(hooks, by, sent, status, code):
    body = {"port": str(GAUGES), "url": URL, **sent}

    assert refused(hooks.sent(by)("POST", "/webhooks", json=body), status, code)
    assert hooks.desk.subscriptions.all() == []


def test_there_are_so_many_webhooks_for_one_owner_and_no_more(hooks):
    for _ in range(MOST):
        hooks.add(URL)

    about = {"port": str(GAUGES), "url": URL}
    refused(hooks.sent("service")("POST", "/webhooks", json=about), 409, "MP662")
    hooks.add(URL, by="highest")
    assert len(hooks.desk.subscriptions.all()) == MOST + 1


def test_a_page_of_another_site_adds_no_webhook(hooks):
    about = {"port": str(GAUGES), "url": URL}
    headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}

    answer = hooks.sent("service")("POST", "/webhooks", json=about, headers=headers)

    assert refused(answer, 403, "MP742")
    assert hooks.desk.subscriptions.all() == []


def test_a_test_says_at_once_what_the_endpoint_answers(hooks):
    with receiving(204, 500, (302, {"Location": "https://127.0.0.1/"})) as receiver:
        path = f"/webhooks/{hooks.add(receiver.url)['webhook']}/test"
        said = [hooks.sent("service")("POST", path).json() for _ in range(3)]

    assert [(one["delivered"], one["status"]) for one in said] == [
        *[(True, 204), (False, 500)],
        (False, 302),
    ]
    assert {call.event["type"] for call in receiver.calls} == {"meshport.webhook.test"}
    assert len({call.event["id"] for call in receiver.calls}) == 3
