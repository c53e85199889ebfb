"""Runs the official Python SDK against a running ravi-local.

It shows that the stand-in speaks Ravi's language and not just that of our own client. Reads RAVI_LOCAL_URL and
RAVI_LOCAL_MANAGEMENT_KEY from the environment and ends with exit code 1 at the first thing that is not as the SDK
expects it.
"""

import os
import tempfile

import httpx
import ravi
from ravi import Ravi
from ravi.errors import AuthenticationError, AuthorizationError, ConflictError, NotFoundError, RaviError

BASE_URL = os.environ["RAVI_LOCAL_URL"]
MANAGEMENT_KEY = os.environ["RAVI_LOCAL_MANAGEMENT_KEY"]


def client(key):
    """The SDK has one fixed address; a client that is handed in carries another, with the SDK's own headers."""
    headers = {
        "Authorization": f"Bearer {key}",
        "Accept": "application/json",
        "User-Agent": f"ravi-python/{ravi.__version__}",
    }
    http = httpx.Client(base_url=f"{BASE_URL}/api", headers=headers, timeout=30.0, trust_env=False)
    return Ravi(api_key=key, http_client=http)


def local(path, body):
    """Uses one of the controls that only the stand-in has."""
    reply = httpx.post(f"{BASE_URL}/_local/{path}", json=body, trust_env=False)
    reply.raise_for_status()
    return reply.json()


def equal(found, expected):
    if found != expected:
        raise AssertionError(f"found {found!r}, expected {expected!r}")


def raises(kind, status, call):
    try:
        call()
    except RaviError as error:
        equal((type(error), error.status), (kind, status))
        return error
    raise AssertionError(f"no {kind.__name__}")


def check_identities(account):
    invented = account.identities.create()
    if "@" not in invented.email_address or not invented.name:
        raise AssertionError(f"nothing was invented: {invented!r}")
    equal((invented.phone_number, invented.phone), (None, None))

    agent = account.identities.create(name="sdk agent", email_identifier="sdk-agent", provision_phone=True)
    domain = next(d for d in account.domains.list() if d.is_platform)
    equal((agent.name, agent.email_address), ("sdk agent", f"sdk-agent@{domain.domain}"))
    equal(agent.phone_number[:1], "+")
    equal([i.uuid for i in account.identities.list()], [invented.uuid, agent.uuid])
    equal(account.identities.get(agent.uuid), agent)

    renamed = account.identities.update(agent.uuid, name="renamed")
    equal((renamed.name, renamed.email_address), ("renamed", agent.email_address))

    with_phone = account.identities.provision_phone(invented.uuid)
    equal(with_phone.phone_number[:1], "+")
    raises(ConflictError, 409, lambda: account.identities.provision_phone(invented.uuid))
    taken = raises(ConflictError, 409, lambda: account.identities.create(email_identifier="sdk-agent"))
    if taken.code.startswith("http."):
        raise AssertionError("the conflict is not in the SDK's envelope")
    raises(NotFoundError, 404, lambda: account.identities.get("11111111-1111-4111-8111-111111111111"))
    raises(RaviError, 400, lambda: account.identities.create(domain=domain.domain))
    return renamed, with_phone


def check_vault(identity):
    secrets = identity.vault.secrets
    made = secrets.create(key="made_up_token", value="made-up", notes="a note")
    equal((made.key, made.value, made.notes), ("MADE_UP_TOKEN", "made-up", "a note"))
    equal(secrets.list(), [made])
    equal(secrets.get(made.uuid), made)
    equal(secrets.update(made.uuid, value="changed").value, "changed")
    raises(RaviError, 400, lambda: secrets.create(key="MADE_UP_TOKEN", value="again"))
    equal(secrets.delete(made.uuid), None)
    equal(secrets.list(), [])
    raises(NotFoundError, 404, lambda: secrets.get(made.uuid))

    passwords = identity.vault.passwords
    entry = passwords.create(domain="https://app.example.com/x", username="someone")
    equal((entry.domain, bool(entry.password)), ("example.com", True))
    equal(passwords.update(entry.uuid, password="made-up").password, "made-up")
    equal([p.uuid for p in passwords.list()], [entry.uuid])
    equal(passwords.get(entry.uuid).username, "someone")
    equal(len(passwords.generate()["password"]), 16)
    passwords.delete(entry.uuid)
    equal(passwords.list(), [])


def check_email(identity, other):
    email = identity.email
    local("email", {"to": email.address, "from": "Ann <ann@example.com>", "subject": "Hi", "text": "code 1234"})
    (message,) = email.inbox(unread=True, direction="incoming", from_email="ann@example.com")
    equal((message.subject, message.body, message.is_read), ("Hi", "code 1234", False))
    equal((message.from_display_name, message.cc), ("Ann", ""))
    equal(email.get(message.id), message)
    equal(message.mark_read().is_read, True)
    equal(email.inbox(unread=True), [])
    equal(email.wait_for(lambda m: "1234" in m.body, timeout=0).id, message.id)

    answer = message.reply("thanks")
    equal((answer.subject, answer.to_email, answer.direction), ("Re: Hi", "ann@example.com", "outgoing"))
    equal([m.id for m in email.inbox(thread_id=message.thread_id)], [message.id, answer.id])
    message.reply_all(html="<p>thanks</p>", cc=["carl@example.com"])
    equal(message.forward("dora@example.com", "see below").subject, "Fwd: Hi")

    with tempfile.NamedTemporaryFile(suffix=".txt") as file:
        file.write(b"made up")
        file.flush()
        sent = email.send(
            other.email_address, "to you", "text", cc=["a@example.com", "b@example.com"], attachments=[file.name]
        )
    equal((sent.cc, sent.attachments[0].size_bytes), ("a@example.com, b@example.com", 7))
    (received,) = other.email.inbox()
    equal((received.subject, len(received.attachments)), ("to you", 1))
    equal(other.email.inbox(page=2), [])

    threads = email.threads()
    equal(threads[0].subject, "to you")
    first = next(t for t in threads if t.thread_id == message.thread_id)
    equal((first.message_count, first.unread_count, first.inbox), (3, 0, email.address))


def check_phone(identity):
    phone = identity.phone
    local("sms", {"to": phone.number, "from": "+15559876543", "body": "code 5678"})
    (sms,) = phone.inbox(unread=True)
    equal((sms.body, sms.direction, sms.to_number), ("code 5678", "incoming", phone.number))
    equal(phone.get(sms.id), sms)
    equal(sms.mark_read().is_read, True)
    equal(phone.inbox(unread=True), [])
    equal(sms.reply("thanks").to_number, "+15559876543")
    (conversation,) = phone.conversations()
    equal((conversation.message_count, conversation.phone_number), (2, phone.number))


def check_events(account, identity):
    events = identity.events.list()
    kinds = {e.type for e in events}
    wanted = {"email.message.received", "email.message.sent", "sms.message.received", "sms.message.sent"}
    equal(wanted - kinds, set())
    equal([e.seq for e in events], sorted(e.seq for e in events))
    equal(len({e.id for e in events}), len(events))
    equal(identity.events.list(since=events[0].seq, limit=1), events[1:2])
    equal({e.type for e in identity.events.list(event_types=["sms.message.sent"])}, {"sms.message.sent"})
    if len(account.events.list()) <= len(events):
        raise AssertionError("the account's events are no more than one identity's")


def check_contacts(identity):
    contacts = identity.contacts
    equal(contacts.find(email="ann@example.com").source, "auto")
    made = contacts.create(email="eve@example.com", display_name="Eve", is_trusted=True)
    equal((made.source, made.is_trusted), ("manual", True))
    equal(contacts.update(made.uuid, nickname="e").nickname, "e")
    equal([c.uuid for c in contacts.search("eve@")], [made.uuid])
    equal([c.uuid for c in contacts.list(search="eve", limit=5, offset=0)], [made.uuid])
    contacts.delete(made.uuid)
    raises(NotFoundError, 404, lambda: contacts.get(made.uuid))


def check_keys(account, identity, other):
    made = account.api_keys.identity.create("sdk", identity.uuid)
    equal((made.key[:8], made.identity, made.label), ("ravi_id_", identity.uuid, "sdk"))
    listed = next(k for k in account.api_keys.identity.list() if k.uuid == made.uuid)
    equal((listed.key == made.key, listed.is_active, listed.last_used_at), (False, True, None))

    fenced = client(made.key)
    equal(fenced.me.uuid, identity.uuid)
    used = next(k for k in account.api_keys.identity.list() if k.uuid == made.uuid)
    equal(used.last_used_at is None, False)
    other.vault.secrets.create(key="HIDDEN", value="made-up")
    foreign = account.identities.get(other.uuid)._bind_client(fenced)
    equal((foreign.vault.secrets.list(), foreign.email.inbox(), foreign.events.list()), ([], [], []))
    raises(AuthorizationError, 403, lambda: fenced.identities.create())
    raises(AuthorizationError, 403, lambda: fenced.api_keys.identity.list())
    raises(NotFoundError, 404, lambda: fenced.identities.get(other.uuid))

    account.api_keys.identity.revoke(made.uuid)
    raises(AuthenticationError, 401, lambda: fenced.identities.list())
    raises(NotFoundError, 404, lambda: account.api_keys.identity.revoke(made.uuid))

    management = account.api_keys.management.create("sdk")
    equal(management.key[:10], "ravi_mgmt_")
    equal(len(client(management.key).identities.list()), 2)
    equal(management.uuid in {k.uuid for k in account.api_keys.management.list()}, True)
    account.api_keys.management.revoke(management.uuid)
    raises(AuthenticationError, 401, lambda: client(management.key).identities.list())


def check_faults(account):
    """The SDK repeats what may be repeated, and sees what may not."""
    local("faults", {"path": "/api/identities/", "status": 503, "headers": {"Retry-After": "0"}})
    equal(len(account.identities.list()), 2)
    local("faults", {"path": "/api/identities/", "garbage": True})
    equal(raises(RaviError, 200, account.identities.list).code, "response.invalid_json")
    body = {"error": {"code": "validation.failed", "message": "no", "details": {"code": "identity.no_inbox"}}}
    local("faults", {"path": "/api/identities/", "status": 422, "body": body})
    equal(raises(ravi.ValidationError, 422, account.identities.list).code, "validation.failed")


def main():
    equal(ravi.__version__, "0.3.0")
    account = client(MANAGEMENT_KEY)
    raises(AuthenticationError, 401, lambda: client("ravi_mgmt_made_up").identities.list())
    agent, other = check_identities(account)
    check_vault(agent)
    check_email(agent, other)
    check_phone(agent)
    check_events(account, agent)
    check_contacts(agent)
    check_keys(account, agent, other)
    check_faults(account)
    print(f"ravi-sdk {ravi.__version__}: all as it expects")


if __name__ == "__main__":
    main()
