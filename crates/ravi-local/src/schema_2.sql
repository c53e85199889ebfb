-- Calls, webhooks, voice agents and single sign-on. What belongs to an identity goes with it.

CREATE TABLE call (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    identity_id INTEGER NOT NULL REFERENCES identity (id) ON DELETE CASCADE,
    phone_id INTEGER NOT NULL,
    from_number TEXT NOT NULL,
    to_number TEXT NOT NULL,
    answered_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    ended_at TEXT,
    end_reason TEXT NOT NULL DEFAULT '',
    created_dt TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);

CREATE TABLE webhook (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    identity_id INTEGER REFERENCES identity (id) ON DELETE CASCADE,
    url TEXT NOT NULL,
    enabled INTEGER NOT NULL DEFAULT 1,
    event_types TEXT NOT NULL,
    signing_secret TEXT NOT NULL,
    created_dt TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    updated_dt TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);

CREATE TABLE delivery (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    webhook_id INTEGER NOT NULL REFERENCES webhook (id) ON DELETE CASCADE,
    event_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    payload TEXT NOT NULL,
    created_dt TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);

CREATE TABLE voice_agent (
    identity_id INTEGER NOT NULL PRIMARY KEY REFERENCES identity (id) ON DELETE CASCADE,
    response_url TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    timeout_seconds INTEGER NOT NULL,
    signing_secret TEXT NOT NULL,
    created_dt TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    updated_dt TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);

CREATE TABLE sso_token (
    hash TEXT NOT NULL PRIMARY KEY,
    identity_id INTEGER NOT NULL REFERENCES identity (id) ON DELETE CASCADE,
    expires_at TEXT NOT NULL
);

INSERT INTO sqlite_sequence (name, seq) VALUES ('call', 900), ('webhook', 1200), ('delivery', 1500);
