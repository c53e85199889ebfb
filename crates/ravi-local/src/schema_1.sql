CREATE TABLE identity (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    created_dt TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    updated_dt TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);

CREATE TABLE inbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    identity_id INTEGER NOT NULL UNIQUE REFERENCES identity (id),
    address TEXT NOT NULL UNIQUE,
    created_dt TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);

CREATE TABLE phone (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    identity_id INTEGER NOT NULL UNIQUE REFERENCES identity (id),
    number TEXT NOT NULL UNIQUE,
    created_dt TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);

-- Database ids of different things start apart, so that a client which confuses them is found out.
INSERT INTO sqlite_sequence (name, seq) VALUES ('identity', 10), ('inbox', 300), ('phone', 600);

CREATE TABLE api_key (
    uuid TEXT NOT NULL PRIMARY KEY,
    identity_id INTEGER REFERENCES identity (id),
    hash TEXT NOT NULL UNIQUE,
    masked TEXT NOT NULL,
    label TEXT NOT NULL,
    is_active INTEGER NOT NULL DEFAULT 1,
    last_used_at TEXT,
    created_dt TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);

CREATE TABLE secret (
    uuid TEXT NOT NULL PRIMARY KEY,
    identity_id INTEGER NOT NULL REFERENCES identity (id),
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    notes TEXT NOT NULL,
    created_dt TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    updated_dt TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    UNIQUE (identity_id, key)
);

CREATE TABLE password (
    uuid TEXT NOT NULL PRIMARY KEY,
    identity_id INTEGER NOT NULL REFERENCES identity (id),
    domain TEXT NOT NULL,
    username TEXT NOT NULL,
    password TEXT NOT NULL,
    notes TEXT NOT NULL,
    created_dt TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    updated_dt TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);

CREATE TABLE contact (
    uuid TEXT NOT NULL PRIMARY KEY,
    identity_id INTEGER NOT NULL REFERENCES identity (id),
    email TEXT NOT NULL DEFAULT '',
    phone_number TEXT NOT NULL DEFAULT '',
    display_name TEXT NOT NULL DEFAULT '',
    nickname TEXT NOT NULL DEFAULT '',
    is_trusted INTEGER NOT NULL DEFAULT 0,
    source TEXT NOT NULL,
    interaction_count INTEGER NOT NULL DEFAULT 0,
    last_interaction_dt TEXT,
    created_dt TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    updated_dt TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE INDEX contact_identity ON contact (identity_id);

CREATE TABLE email_message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    identity_id INTEGER NOT NULL REFERENCES identity (id),
    from_email TEXT NOT NULL,
    from_display_name TEXT NOT NULL,
    to_email TEXT NOT NULL,
    cc TEXT NOT NULL,
    bcc TEXT NOT NULL,
    subject TEXT NOT NULL,
    text_content TEXT NOT NULL,
    html_content TEXT NOT NULL,
    direction TEXT NOT NULL,
    is_read INTEGER NOT NULL,
    message_id TEXT NOT NULL,
    thread_id TEXT NOT NULL,
    created_dt TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE INDEX email_message_identity ON email_message (identity_id, thread_id);

CREATE TABLE attachment (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    message_id INTEGER REFERENCES email_message (id),
    upload_token TEXT NOT NULL,
    filename TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    content BLOB
);
CREATE INDEX attachment_message ON attachment (message_id);

CREATE TABLE sms (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    identity_id INTEGER NOT NULL REFERENCES identity (id),
    phone_id INTEGER NOT NULL REFERENCES phone (id),
    from_number TEXT NOT NULL,
    to_number TEXT NOT NULL,
    body TEXT NOT NULL,
    message_sid TEXT NOT NULL UNIQUE,
    direction TEXT NOT NULL,
    is_read INTEGER NOT NULL,
    created_dt TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE INDEX sms_identity ON sms (identity_id);

CREATE TABLE event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    identity_id INTEGER NOT NULL REFERENCES identity (id),
    type TEXT NOT NULL,
    data TEXT NOT NULL
);

CREATE TABLE device (
    device_code TEXT NOT NULL PRIMARY KEY,
    user_code TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL DEFAULT 'pending',
    expires_at INTEGER NOT NULL
);
