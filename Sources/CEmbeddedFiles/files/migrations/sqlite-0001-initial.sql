-- Times are milliseconds since 1970 UTC. Keys are made by the server (time-ordered), but for events, whose key is the
-- order of commits. workspace_id leads every index but those that start with a key of one row.

-- What belongs to the installation itself: the log's epoch, the key of public identifiers.
CREATE TABLE installation (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE workspaces (
    id INTEGER PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    next_number INTEGER NOT NULL DEFAULT 1,
    knowledge_version INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE inboxes (
    id INTEGER PRIMARY KEY,
    workspace_id INTEGER NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL,
    public_key TEXT NOT NULL UNIQUE,
    secret BLOB NOT NULL,
    ai_enabled INTEGER NOT NULL,
    allowed_origins TEXT NOT NULL,
    greeting TEXT,
    languages TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX inboxes_of_workspace ON inboxes (workspace_id, id);

CREATE TABLE users (
    id INTEGER PRIMARY KEY,
    workspace_id INTEGER NOT NULL REFERENCES workspaces (id),
    email TEXT NOT NULL,
    email_key TEXT NOT NULL,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL,
    status TEXT NOT NULL,
    locale TEXT,
    access_version INTEGER NOT NULL DEFAULT 1,
    created_at INTEGER NOT NULL,
    last_login_at INTEGER,
    UNIQUE (workspace_id, email_key)
) STRICT;

-- A sign-in and the refresh tokens that descend from it. Used tokens stay, so that reuse is seen.
CREATE TABLE logins (
    id INTEGER PRIMARY KEY,
    workspace_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL REFERENCES users (id),
    created_at INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;
CREATE INDEX logins_of_user ON logins (workspace_id, user_id, id);

CREATE TABLE refresh_tokens (
    digest BLOB PRIMARY KEY,
    workspace_id INTEGER NOT NULL,
    login_id INTEGER NOT NULL REFERENCES logins (id) ON DELETE CASCADE,
    used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX refresh_tokens_of_login ON refresh_tokens (login_id);

CREATE TABLE contacts (
    id INTEGER PRIMARY KEY,
    workspace_id INTEGER NOT NULL REFERENCES workspaces (id),
    name TEXT,
    email TEXT,
    email_key TEXT,
    phone TEXT,
    external_id TEXT,
    claimed_email TEXT,
    claimed_external_id TEXT,
    attributes TEXT NOT NULL,
    locale TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, external_id)
) STRICT;
CREATE INDEX contacts_of_workspace ON contacts (workspace_id, id);
CREATE INDEX contacts_by_email ON contacts (workspace_id, email_key);

CREATE TABLE conversations (
    id INTEGER PRIMARY KEY,
    workspace_id INTEGER NOT NULL REFERENCES workspaces (id),
    inbox_id INTEGER NOT NULL REFERENCES inboxes (id),
    contact_id INTEGER NOT NULL REFERENCES contacts (id),
    number INTEGER NOT NULL,
    subject TEXT,
    status TEXT NOT NULL,
    priority TEXT NOT NULL,
    owner_kind TEXT NOT NULL,
    owner_id INTEGER,
    owner_epoch INTEGER NOT NULL,
    unanswered INTEGER NOT NULL DEFAULT 0,
    snoozed_until INTEGER,
    created_at INTEGER NOT NULL,
    UNIQUE (workspace_id, number)
) STRICT;
CREATE INDEX conversations_of_contact ON conversations (workspace_id, contact_id, id);
CREATE INDEX conversations_to_wake ON conversations (snoozed_until) WHERE snoozed_until IS NOT NULL;

-- What changes with every message, kept narrow. last_message_id is null until the first message: such a conversation
-- is in no list.
CREATE TABLE conversation_heads (
    conversation_id INTEGER PRIMARY KEY REFERENCES conversations (id),
    workspace_id INTEGER NOT NULL,
    head_seq INTEGER NOT NULL,
    last_message_id INTEGER,
    last_visible_message_id INTEGER,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX conversation_heads_by_update ON conversation_heads (workspace_id, updated_at, conversation_id)
    WHERE last_message_id IS NOT NULL;

CREATE TABLE conversation_labels (
    conversation_id INTEGER NOT NULL REFERENCES conversations (id),
    label TEXT NOT NULL,
    workspace_id INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, label)
) STRICT, WITHOUT ROWID;
CREATE INDEX conversation_labels_by_label ON conversation_labels (workspace_id, label, conversation_id);

-- send_digest is the SHA-256 of the original send: a later edit makes no false idempotency conflict.
CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    workspace_id INTEGER NOT NULL,
    conversation_id INTEGER NOT NULL REFERENCES conversations (id),
    seq INTEGER NOT NULL,
    sender_kind TEXT NOT NULL,
    sender_id INTEGER,
    client_message_id TEXT,
    send_digest BLOB,
    kind TEXT NOT NULL,
    content TEXT NOT NULL,
    sources TEXT,
    status TEXT NOT NULL,
    reply_to INTEGER,
    created_at INTEGER NOT NULL,
    edited_at INTEGER
) STRICT;
CREATE UNIQUE INDEX messages_by_seq ON messages (conversation_id, seq);
CREATE UNIQUE INDEX messages_by_client_id ON messages (conversation_id, client_message_id, sender_kind, sender_id)
    WHERE client_message_id IS NOT NULL;

-- The event log. A message's event holds the message's key and not a copy of its text.
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace_id INTEGER NOT NULL,
    conversation_id INTEGER NOT NULL REFERENCES conversations (id),
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id INTEGER,
    message_id INTEGER,
    payload TEXT,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX events_by_seq ON events (conversation_id, seq);

CREATE TABLE read_positions (
    conversation_id INTEGER NOT NULL REFERENCES conversations (id),
    reader_kind TEXT NOT NULL,
    reader_id INTEGER NOT NULL,
    workspace_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, reader_kind, reader_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE chat_sessions (
    id INTEGER PRIMARY KEY,
    workspace_id INTEGER NOT NULL REFERENCES workspaces (id),
    inbox_id INTEGER NOT NULL REFERENCES inboxes (id),
    contact_id INTEGER NOT NULL REFERENCES contacts (id),
    conversation_id INTEGER NOT NULL REFERENCES conversations (id),
    status TEXT NOT NULL,
    locale TEXT,
    metadata TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_active_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX chat_sessions_of_workspace ON chat_sessions (workspace_id, id);
CREATE INDEX chat_sessions_of_conversation ON chat_sessions (conversation_id, id);
CREATE INDEX chat_sessions_to_idle ON chat_sessions (last_active_at) WHERE status = 'active';
CREATE INDEX chat_sessions_to_expire ON chat_sessions (expires_at) WHERE status IN ('active', 'idle');

-- Tickets open one socket each. Only the digest is kept.
CREATE TABLE tickets (
    digest BLOB PRIMARY KEY,
    workspace_id INTEGER NOT NULL,
    session_id INTEGER,
    user_id INTEGER,
    login_id INTEGER,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tickets_to_expire ON tickets (expires_at);

-- One AI reply that is due, written with the message that asks for it. id is the key that the reply's message will have.
CREATE TABLE reply_jobs (
    id INTEGER PRIMARY KEY,
    workspace_id INTEGER NOT NULL,
    conversation_id INTEGER NOT NULL REFERENCES conversations (id),
    state TEXT NOT NULL,
    owner_epoch INTEGER NOT NULL,
    question_seq INTEGER NOT NULL,
    question_at INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    lease_owner TEXT NOT NULL,
    lease_until INTEGER NOT NULL,
    checkpoint TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL,
    finished_at INTEGER
) STRICT;
CREATE INDEX reply_jobs_open ON reply_jobs (conversation_id, id) WHERE finished_at IS NULL;
CREATE INDEX reply_jobs_by_question ON reply_jobs (conversation_id, question_seq);
CREATE INDEX reply_jobs_by_lease ON reply_jobs (lease_until) WHERE finished_at IS NULL;

CREATE TABLE articles (
    id INTEGER PRIMARY KEY,
    workspace_id INTEGER NOT NULL REFERENCES workspaces (id),
    title TEXT NOT NULL,
    content TEXT NOT NULL,
    locale TEXT NOT NULL,
    questions TEXT NOT NULL,
    status TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX articles_of_workspace ON articles (workspace_id, id);
