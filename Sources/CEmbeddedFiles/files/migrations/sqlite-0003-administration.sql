-- Accounts and permissions, files, the audit log, and answers that are kept for repeated requests.

-- Roles of the workspaces' own. Users carry a role's name; the built-in ones have no row.
CREATE TABLE roles (
    id INTEGER PRIMARY KEY,
    workspace_id INTEGER NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL,
    permissions TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, name)
) STRICT;

CREATE TABLE teams (
    id INTEGER PRIMARY KEY,
    workspace_id INTEGER NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, name)
) STRICT;

CREATE TABLE team_members (
    team_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    workspace_id INTEGER NOT NULL,
    PRIMARY KEY (team_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX team_members_by_user ON team_members (user_id, team_id);

-- deleted_at: the row stays, because messages and events name it; its e-mail is free again.
ALTER TABLE users ADD COLUMN deleted_at INTEGER;
-- The contact that a registered customer writes as.
ALTER TABLE users ADD COLUMN contact_id INTEGER;
CREATE INDEX users_of_workspace ON users (workspace_id, id);
CREATE INDEX users_by_role ON users (workspace_id, role, id);

ALTER TABLE logins ADD COLUMN address TEXT;
ALTER TABLE logins ADD COLUMN user_agent TEXT;
-- Digest of the token that this one was exchanged for.
ALTER TABLE refresh_tokens ADD COLUMN successor BLOB;

-- Credentials for programs; only the digest is kept.
CREATE TABLE api_keys (
    id INTEGER PRIMARY KEY,
    workspace_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    digest BLOB NOT NULL UNIQUE,
    permissions TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    last_used_at INTEGER,
    revoked_at INTEGER
) STRICT;
CREATE INDEX api_keys_of_workspace ON api_keys (workspace_id, id);
CREATE INDEX api_keys_by_user ON api_keys (user_id);
CREATE INDEX api_keys_revoked ON api_keys (revoked_at) WHERE revoked_at IS NOT NULL;

CREATE TABLE invitations (
    id INTEGER PRIMARY KEY,
    workspace_id INTEGER NOT NULL,
    email TEXT,
    role TEXT NOT NULL,
    digest BLOB NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT;
CREATE INDEX invitations_of_workspace ON invitations (workspace_id, id);
CREATE INDEX invitations_to_expire ON invitations (expires_at);

-- Failed sign-ins to an account, whether it exists or not, from an address, since window_began_at.
CREATE TABLE login_failures (
    account BLOB NOT NULL,
    address TEXT NOT NULL,
    failures INTEGER NOT NULL,
    window_began_at INTEGER NOT NULL,
    PRIMARY KEY (account, address)
) STRICT, WITHOUT ROWID;
CREATE INDEX login_failures_by_age ON login_failures (window_began_at);

-- settings: JSON of what differs from the defaults.
ALTER TABLE workspaces ADD COLUMN settings TEXT;
ALTER TABLE inboxes ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0;
UPDATE inboxes SET updated_at = created_at;
ALTER TABLE inboxes ADD COLUMN deleted_at INTEGER;
-- The secret before the last rotation, and until when it is good.
ALTER TABLE inboxes ADD COLUMN previous_secret BLOB;
ALTER TABLE inboxes ADD COLUMN previous_secret_ends_at INTEGER;

-- deleted_at: its personal data is gone and the row stays, because messages name it. merged_into: so it was another's.
ALTER TABLE contacts ADD COLUMN deleted_at INTEGER;
ALTER TABLE contacts ADD COLUMN merged_into INTEGER;

-- What is shown of the files beside a message, as JSON, so that reading messages costs no second query.
ALTER TABLE messages ADD COLUMN attachments TEXT;
-- Files; message_id is null until one is sent. The bytes lie outside of the database, under the row's key.
CREATE TABLE attachments (
    id INTEGER PRIMARY KEY,
    workspace_id INTEGER NOT NULL,
    uploader_kind TEXT NOT NULL,
    uploader_id INTEGER NOT NULL,
    conversation_id INTEGER,
    message_id INTEGER,
    place INTEGER NOT NULL DEFAULT 0,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    digest BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX attachments_of_message ON attachments (message_id, place);
CREATE INDEX attachments_of_uploader ON attachments (workspace_id, uploader_kind, uploader_id, message_id);
CREATE INDEX attachments_unsent ON attachments (created_at) WHERE message_id IS NULL;

-- Who did what in administration. Rows are never changed.
CREATE TABLE audit_log (
    id INTEGER PRIMARY KEY,
    workspace_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id INTEGER,
    actor_name TEXT,
    address TEXT,
    action TEXT NOT NULL,
    target_kind TEXT,
    target_id INTEGER,
    state_before TEXT NOT NULL,
    state_after TEXT NOT NULL
) STRICT;
CREATE INDEX audit_log_of_workspace ON audit_log (workspace_id, id);
CREATE INDEX audit_log_by_action ON audit_log (workspace_id, action, id);
CREATE INDEX audit_log_by_actor ON audit_log (workspace_id, actor_kind, actor_id, id);
CREATE INDEX audit_log_by_target ON audit_log (workspace_id, target_kind, target_id, id);

-- Requests that carried an Idempotency-Key, written with what they did; the answer follows before the client has it.
CREATE TABLE idempotency_keys (
    workspace_id INTEGER NOT NULL,
    principal TEXT NOT NULL,
    route TEXT NOT NULL,
    name TEXT NOT NULL,
    request_digest BLOB NOT NULL,
    claimed_at INTEGER NOT NULL,
    status INTEGER,
    headers TEXT,
    body BLOB,
    PRIMARY KEY (workspace_id, principal, route, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (claimed_at);

-- How an AI reply came about, for staff. Tokens are those of all attempts; cost is in millionths of the price's currency, null
-- where no price is known.
CREATE TABLE reply_receipts (
    message_id INTEGER PRIMARY KEY,
    workspace_id INTEGER NOT NULL,
    conversation_id INTEGER NOT NULL,
    provider TEXT,
    model TEXT,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cost_micros INTEGER,
    content TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- The feed of one workspace: the key, which is the place in the feed, is part of every index.
CREATE INDEX events_of_workspace ON events (workspace_id);
-- What an agent or a team answers.
CREATE INDEX conversations_by_owner ON conversations (workspace_id, owner_kind, owner_id, status);
