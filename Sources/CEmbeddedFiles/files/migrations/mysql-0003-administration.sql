-- The same as SQLite's version 3; see the initial one for how columns are typed. users.role holds names of roles that the
-- workspaces make, so it is compared byte by byte.

-- Roles of the workspaces' own. Users carry a role's name; the built-in ones have no row.
CREATE TABLE IF NOT EXISTS roles (
    id BIGINT NOT NULL PRIMARY KEY,
    workspace_id BIGINT NOT NULL,
    name VARBINARY(400) NOT NULL,
    permissions MEDIUMTEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE KEY roles_by_name (workspace_id, name)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS teams (
    id BIGINT NOT NULL PRIMARY KEY,
    workspace_id BIGINT NOT NULL,
    name VARBINARY(400) NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE KEY teams_by_name (workspace_id, name)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS team_members (
    team_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    workspace_id BIGINT NOT NULL,
    PRIMARY KEY (team_id, user_id),
    KEY team_members_by_user (user_id, team_id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Credentials for programs; only the digest is kept.
CREATE TABLE IF NOT EXISTS api_keys (
    id BIGINT NOT NULL PRIMARY KEY,
    workspace_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    name VARCHAR(500) NOT NULL,
    digest VARBINARY(64) NOT NULL,
    permissions MEDIUMTEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT,
    revoked_at BIGINT,
    UNIQUE KEY api_keys_by_digest (digest),
    KEY api_keys_of_workspace (workspace_id, id),
    KEY api_keys_by_user (user_id),
    KEY api_keys_revoked (revoked_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS invitations (
    id BIGINT NOT NULL PRIMARY KEY,
    workspace_id BIGINT NOT NULL,
    email VARCHAR(320),
    role VARBINARY(400) NOT NULL,
    digest VARBINARY(64) NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    UNIQUE KEY invitations_by_digest (digest),
    KEY invitations_of_workspace (workspace_id, id),
    KEY invitations_to_expire (expires_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Failed sign-ins to an account, whether it exists or not, from an address, since window_began_at.
CREATE TABLE IF NOT EXISTS login_failures (
    account VARBINARY(64) NOT NULL,
    address VARBINARY(255) NOT NULL,
    failures BIGINT NOT NULL,
    window_began_at BIGINT NOT NULL,
    PRIMARY KEY (account, address),
    KEY login_failures_by_age (window_began_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS attachments (
    id BIGINT NOT NULL PRIMARY KEY,
    workspace_id BIGINT NOT NULL,
    uploader_kind VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    uploader_id BIGINT NOT NULL,
    conversation_id BIGINT,
    message_id BIGINT,
    place BIGINT NOT NULL DEFAULT 0,
    name VARCHAR(1000) NOT NULL,
    media_type VARCHAR(255) NOT NULL,
    size BIGINT NOT NULL,
    digest VARBINARY(64) NOT NULL,
    created_at BIGINT NOT NULL,
    KEY attachments_of_message (message_id, place),
    KEY attachments_of_uploader (workspace_id, uploader_kind, uploader_id, message_id),
    KEY attachments_unsent (message_id, created_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Who did what in administration. Rows are never changed.
CREATE TABLE IF NOT EXISTS audit_log (
    id BIGINT NOT NULL PRIMARY KEY,
    workspace_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    actor_kind VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    actor_id BIGINT,
    actor_name VARCHAR(500),
    address VARCHAR(255),
    action VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    target_kind VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin,
    target_id BIGINT,
    state_before MEDIUMTEXT NOT NULL,
    state_after MEDIUMTEXT NOT NULL,
    KEY audit_log_of_workspace (workspace_id, id),
    KEY audit_log_by_action (workspace_id, action, id),
    KEY audit_log_by_actor (workspace_id, actor_kind, actor_id, id),
    KEY audit_log_by_target (workspace_id, target_kind, target_id, id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Requests that carried an Idempotency-Key, written with what they did; the answer follows before the client has it.
CREATE TABLE IF NOT EXISTS idempotency_keys (
    workspace_id BIGINT NOT NULL,
    principal VARBINARY(64) NOT NULL,
    route VARBINARY(255) NOT NULL,
    name VARBINARY(255) NOT NULL,
    request_digest VARBINARY(64) NOT NULL,
    claimed_at BIGINT NOT NULL,
    status BIGINT,
    headers MEDIUMTEXT,
    body MEDIUMBLOB,
    PRIMARY KEY (workspace_id, principal, route, name),
    KEY idempotency_keys_by_age (claimed_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- How an AI reply came about, for staff. Tokens are those of all attempts; cost is in millionths of the price's currency, null
-- where no price is known.
CREATE TABLE IF NOT EXISTS reply_receipts (
    message_id BIGINT NOT NULL PRIMARY KEY,
    workspace_id BIGINT NOT NULL,
    conversation_id BIGINT NOT NULL,
    provider VARCHAR(255),
    model VARCHAR(255),
    input_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    cost_micros BIGINT,
    content MEDIUMTEXT NOT NULL,
    created_at BIGINT NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

ALTER TABLE users MODIFY COLUMN role VARBINARY(400) NOT NULL;
-- deleted_at: the row stays, because messages and events name it; its e-mail is free again.
ALTER TABLE users ADD COLUMN deleted_at BIGINT;
-- The contact that a registered customer writes as.
ALTER TABLE users ADD COLUMN contact_id BIGINT;
CREATE INDEX users_of_workspace ON users (workspace_id, id);
CREATE INDEX users_by_role ON users (workspace_id, role, id);

ALTER TABLE logins ADD COLUMN address VARCHAR(255);
ALTER TABLE logins ADD COLUMN user_agent VARCHAR(1000);
-- Digest of the token that this one was exchanged for.
ALTER TABLE refresh_tokens ADD COLUMN successor VARBINARY(64);

-- settings: JSON of what differs from the defaults.
ALTER TABLE workspaces ADD COLUMN settings MEDIUMTEXT;
ALTER TABLE inboxes ADD COLUMN updated_at BIGINT NOT NULL DEFAULT 0;
UPDATE inboxes SET updated_at = created_at;
ALTER TABLE inboxes ADD COLUMN deleted_at BIGINT;
-- The secret before the last rotation, and until when it is good.
ALTER TABLE inboxes ADD COLUMN previous_secret BLOB;
ALTER TABLE inboxes ADD COLUMN previous_secret_ends_at BIGINT;

-- deleted_at: its personal data is gone and the row stays, because messages name it. merged_into: so it was another's.
ALTER TABLE contacts ADD COLUMN deleted_at BIGINT;
ALTER TABLE contacts ADD COLUMN merged_into BIGINT;

ALTER TABLE messages ADD COLUMN attachments MEDIUMTEXT;

-- The feed of one workspace.
CREATE INDEX events_of_workspace ON events (workspace_id, feed_position);
-- What an agent or a team answers.
CREATE INDEX conversations_by_owner ON conversations (workspace_id, owner_kind, owner_id, status);
