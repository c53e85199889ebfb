"""Runs the official Python SDK against a running ravi-local.

It shows that the stand-in speaks Ravi's language and not just that of our own client. Reads RAVI_LOCAL_URL,
RAVI_LOCAL_MANAGEMENT_KEY and, for an account on the free plan, RAVI_LOCAL_PLAN=free from the environment, and ends with
exit code 1 at the first thing that is not as the SDK expects it.
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


def check_calls(identity):
    phone = identity.phone
    call = phone.call("+15559876543")
    equal((call.direction, call.from_number, call.to_number), ("outgoing", phone.number, "+15559876543"))
    equal((call.status, call.ended_at, call.answered_at is None), ("in_progress", None, False))
    (segment,) = call.transcript()
    equal((segment.speaker, segment.is_final, segment.sequence_number), ("system", True, 1))
    ended = call.hangup()
    equal((ended.id, ended.status, ended.end_reason, ended.ended_at is None), (call.id, "ended", "hangup", False))
    equal(call.hangup(), ended)
    equal([s.sequence_number for s in call.transcript()], [1, 2])
    second = phone.call("+15559876543")
    equal([c.id for c in phone.calls()], [second.id, call.id])
    kinds = [e.type for e in identity.events.list(event_types=["call.started", "call.answered", "call.ended"])]
    equal(kinds, ["call.started", "call.answered", "call.ended", "call.started", "call.answered"])
    raises(RaviError, 400, lambda: phone.call("not a number"))


def check_webhooks(account, identity, other):
    webhooks = account.webhooks
    everything = webhooks.create(url="https://hooks.example.com/ravi")
    equal((everything.identity, everything.enabled, everything.event_types), (None, True, []))
    equal(everything.signing_secret[:6], "whsec_")
    one = webhooks.create(
        url="https://hooks.example.com/one",
        identity_uuid=identity.uuid,
        enabled=True,
        event_types=["email.message.received"],
    )
    equal((isinstance(one.identity, int), one.event_types), (True, ["email.message.received"]))
    equal([w.id for w in webhooks.list()], [everything.id, one.id])
    equal([w.signing_secret for w in webhooks.list()], ["", ""])
    equal(webhooks.get(one.id).uuid, one.uuid)

    local("email", {"to": identity.email.address, "from": "a@example.com", "subject": "told to both"})
    local("email", {"to": other.email.address, "from": "a@example.com", "subject": "told to one"})
    equal([d.endpoint for d in webhooks.deliveries.list()], [everything.id, one.id, everything.id])
    latest = webhooks.deliveries.list()[0]
    equal(latest, webhooks.deliveries.get(latest.id))
    equal((latest.endpoint_url, latest.event_type), (everything.url, "email.message.received"))
    equal((latest.status, latest.attempts, latest.payload["subject"]), ("pending", 0, "told to one"))
    equal(latest.event_id, account.events.list()[-1].id)
    equal(webhooks.deliveries.list(page=2), [])

    changed = webhooks.update(one.id, enabled=False, url="https://hooks.example.com/two")
    equal((changed.enabled, changed.url, changed.event_types), (False, "https://hooks.example.com/two", one.event_types))
    raises(RaviError, 400, lambda: webhooks.update(one.id, event_types=["no.such.event"]))
    raises(RaviError, 400, lambda: webhooks.create(url="no address"))
    for endpoint in (everything, one):
        webhooks.delete(endpoint.id)
    raises(NotFoundError, 404, lambda: webhooks.get(one.id))
    equal((webhooks.list(), webhooks.deliveries.list()), ([], []))


def check_voice_agent(account, identity):
    identities = account.identities
    raises(NotFoundError, 404, lambda: identities.get_voice_agent(identity.uuid))
    made = identities.set_voice_agent(identity.uuid, response_url="https://agent.example.com/", timeout_seconds=5)
    equal(made.pop("signing_secret")[:6], "whsec_")
    equal((made["response_url"], made["enabled"], made["timeout_seconds"]), ("https://agent.example.com/", True, 5))
    equal(identities.get_voice_agent(identity.uuid), made)
    again = identities.set_voice_agent(identity.uuid, response_url="https://agent.example.com/2", enabled=False)
    equal((again["enabled"], "signing_secret" in again), (False, False))
    raises(RaviError, 400, lambda: identities.set_voice_agent(identity.uuid, response_url="no address"))


def sso(call, key=None, **body):
    """The SDK has no calls for single sign-on."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    reply = httpx.post(f"{BASE_URL}/api/sso/{call}/", headers=headers, json=body, trust_env=False)
    return reply.status_code, reply.json()


def check_sso(account, identity):
    key = account.api_keys.identity.create("sso", identity.uuid).key
    equal(sso("token"), (401, {"detail": "Authentication credentials were not provided."}))
    equal(sso("token", MANAGEMENT_KEY), (403, {"detail": "Identity-scoped key required."}))
    status, issued = sso("token", key)
    equal((status, issued["token"][:4], issued["expires_at"][-1:]), (201, "rvt_", "Z"))
    for _ in range(2):
        status, holder = sso("verify", token=issued["token"])
        equal((status, holder["identity_uuid"]), (200, identity.uuid))
    equal((holder["identity_email"], holder["identity_phone"]), (identity.email_address, identity.phone_number))
    equal((set(holder["owner"]), holder["identity_name"]), ({"name", "email"}, identity.name))
    equal(sso("verify", token="rvt_made_up")[0], 400)


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
    equal((listed.key[:12], listed.key[-4:]), ("ravi_id_****", made.key[-4:]))

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


def check_switches(account, identity):
    """What Ravi may do as well, the SDK understands: pages, of which it reads the first, and numbers for phones."""
    local("limits", {"paged": True, "numeric_phone": True})
    equal(len(account.identities.list()), 2)
    equal([len(rows) for rows in (identity.email.inbox(), identity.email.threads(), account.domains.list())], [2, 2, 2])
    equal(len(account.api_keys.identity.list()), 2)
    equal({type(sms.phone) for sms in identity.phone.inbox()}, {int})
    equal(len(identity.phone.calls()), 2)
    local("limits", {"paged": False, "numeric_phone": False})
    equal({type(sms.phone) for sms in identity.phone.inbox()}, {str})

    local("limits", {"unique_names": True, "address_taken_as": "field"})
    raises(RaviError, 400, lambda: account.identities.create(name=identity.name))
    raises(RaviError, 400, lambda: account.identities.create(email_identifier="sdk-agent"))
    local("limits", {"unique_names": False, "address_taken_as": "conflict", "late_inbox": 1})
    late = account.identities.create()
    equal((late.email_address, account.identities.get(late.uuid).email_address), ("", ""))
    equal("@" in account.identities.get(late.uuid).email_address, True)
    local("limits", {"late_inbox": 0, "events": "forbidden"})
    raises(AuthorizationError, 403, account.events.list)
    local("limits", {"events": "missing"})
    raises(NotFoundError, 404, account.events.list)
    local("limits", {"events": "on"})


def check_free_plan(account):
    identity = account.me
    equal([i.uuid for i in account.identities.list()], [identity.uuid])
    equal(("@" in identity.email_address, identity.phone_number[:1]), (True, "+"))
    raises(RaviError, 402, lambda: account.identities.create(name="second"))
    made = identity.vault.secrets.create(key="MADE_UP_TOKEN", value="made-up")
    equal(identity.vault.secrets.list(), [made])
    identity.email.send("a@example.com", "subject", "text")
    identity.phone.send("+15559876543", "text")
    key = account.api_keys.identity.create("sso", identity.uuid).key
    equal(client(key).me.uuid, identity.uuid)
    equal(sso("token", key), (402, {"detail": "Active subscription required.", "code": "subscription_required"}))


def main():
    equal(ravi.__version__, "0.3.0")
    account = client(MANAGEMENT_KEY)
    if os.environ.get("RAVI_LOCAL_PLAN") == "free":
        check_free_plan(account)
    else:
        check_account(account)
    print(f"ravi-sdk {ravi.__version__}: all as it expects")


def check_account(account):
    raises(AuthenticationError, 401, lambda: client("ravi_mgmt_made_up").identities.list())
    agent, other = check_identities(account)
    check_vault(agent)
    check_email(agent, other)
    check_phone(agent)
    check_calls(agent)
    check_events(account, agent)
    check_contacts(agent)
    check_keys(account, agent, other)
    check_webhooks(account, agent, other)
    check_voice_agent(account, agent)
    check_sso(account, agent)
    check_faults(account)
    check_switches(account, agent)


if __name__ == "__main__":
    main()
