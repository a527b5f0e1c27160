-- The same tables and columns as SQLite has at version 2, and events.feed_position. Times are milliseconds since 1970 UTC.
--
-- Texts. What is compared or unique is VARBINARY: collations fold case and take 'a' and 'a ' for the same, which makes two
-- client ids one message and two people one user. Words of the program itself (status, kind) are ASCII. What staff search
-- in has utf8mb4_unicode_520_ci, which MySQL and MariaDB both have, finds regardless of case, and tells emoji apart.
-- Other texts are utf8mb4_bin. Lengths are generous: the rules for input are elsewhere and stricter.
--
-- Foreign keys. A row that names a parent makes the server lock the parent's row, shared, until the commit. Workspaces and
-- conversations are parents of nearly every row and are changed by nearly every command, so two nodes would lock them in a
-- circle all day. Parents are read and checked by each command anyhow. The one key that does something, and whose parents
-- are not hot, is kept: tokens go with their sign-in.
--
-- Indexes. There are no partial ones; NULLs in unique ones are distinct, as on SQLite. What a DELETE or a locking read looks
-- for needs an index here, or it waits for rows of other nodes that it only passes by.

CREATE TABLE IF NOT EXISTS installation (
    name VARBINARY(64) NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS workspaces (
    id BIGINT NOT NULL PRIMARY KEY,
    slug VARBINARY(255) NOT NULL,
    name VARCHAR(500) NOT NULL,
    next_number BIGINT NOT NULL DEFAULT 1,
    knowledge_version BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    UNIQUE KEY workspaces_by_slug (slug)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS inboxes (
    id BIGINT NOT NULL PRIMARY KEY,
    workspace_id BIGINT NOT NULL,
    name VARCHAR(500) NOT NULL,
    public_key VARBINARY(255) NOT NULL,
    secret BLOB NOT NULL,
    ai_enabled BIGINT NOT NULL,
    allowed_origins MEDIUMTEXT NOT NULL,
    greeting MEDIUMTEXT,
    languages TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE KEY inboxes_by_public_key (public_key),
    KEY inboxes_of_workspace (workspace_id, id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS users (
    id BIGINT NOT NULL PRIMARY KEY,
    workspace_id BIGINT NOT NULL,
    email VARCHAR(320) NOT NULL,
    email_key VARBINARY(1280) NOT NULL,
    name VARCHAR(500) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci NOT NULL,
    password_hash VARCHAR(500) NOT NULL,
    role VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    status VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    locale VARCHAR(64),
    access_version BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL,
    last_login_at BIGINT,
    access_changed_at BIGINT,
    UNIQUE KEY users_by_email (workspace_id, email_key),
    KEY users_access_changed (access_changed_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- A sign-in and the refresh tokens that descend from it. Used tokens stay, so that reuse is seen.
CREATE TABLE IF NOT EXISTS logins (
    id BIGINT NOT NULL PRIMARY KEY,
    workspace_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    KEY logins_of_user (workspace_id, user_id, id),
    KEY logins_by_user (user_id),
    KEY logins_revoked (revoked_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS refresh_tokens (
    digest VARBINARY(64) NOT NULL PRIMARY KEY,
    workspace_id BIGINT NOT NULL,
    login_id BIGINT NOT NULL,
    used_at BIGINT,
    KEY refresh_tokens_of_login (login_id),
    CONSTRAINT refresh_tokens_login FOREIGN KEY (login_id) REFERENCES logins (id) ON DELETE CASCADE
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS contacts (
    id BIGINT NOT NULL PRIMARY KEY,
    workspace_id BIGINT NOT NULL,
    name VARCHAR(500) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci,
    email VARCHAR(320) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci,
    email_key VARBINARY(1280),
    phone VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci,
    external_id VARBINARY(1024),
    claimed_email VARCHAR(320) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci,
    claimed_external_id VARBINARY(1024),
    attributes MEDIUMTEXT NOT NULL,
    locale VARCHAR(64),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE KEY contacts_by_external_id (workspace_id, external_id),
    KEY contacts_of_workspace (workspace_id, id),
    KEY contacts_by_email (workspace_id, email_key)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS conversations (
    id BIGINT NOT NULL PRIMARY KEY,
    workspace_id BIGINT NOT NULL,
    inbox_id BIGINT NOT NULL,
    contact_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    subject VARCHAR(1000) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci,
    status VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    priority VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    owner_kind VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    owner_id BIGINT,
    owner_epoch BIGINT NOT NULL,
    unanswered BIGINT NOT NULL DEFAULT 0,
    snoozed_until BIGINT,
    created_at BIGINT NOT NULL,
    UNIQUE KEY conversations_by_number (workspace_id, number),
    KEY conversations_of_contact (workspace_id, contact_id, id),
    KEY conversations_to_wake (snoozed_until)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- What changes with every message, kept narrow. last_message_id is null until the first message: such a conversation
-- is in no list.
CREATE TABLE IF NOT EXISTS conversation_heads (
    conversation_id BIGINT NOT NULL PRIMARY KEY,
    workspace_id BIGINT NOT NULL,
    head_seq BIGINT NOT NULL,
    last_message_id BIGINT,
    last_visible_message_id BIGINT,
    updated_at BIGINT NOT NULL,
    KEY conversation_heads_by_update (workspace_id, updated_at, conversation_id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS conversation_labels (
    conversation_id BIGINT NOT NULL,
    label VARBINARY(1024) NOT NULL,
    workspace_id BIGINT NOT NULL,
    PRIMARY KEY (conversation_id, label),
    KEY conversation_labels_by_label (workspace_id, label, conversation_id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- send_digest is the SHA-256 of the original send: a later edit makes no false idempotency conflict.
CREATE TABLE IF NOT EXISTS messages (
    id BIGINT NOT NULL PRIMARY KEY,
    workspace_id BIGINT NOT NULL,
    conversation_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    sender_kind VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    sender_id BIGINT,
    client_message_id VARBINARY(255),
    send_digest VARBINARY(64),
    kind VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    content MEDIUMTEXT NOT NULL,
    sources MEDIUMTEXT,
    status VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    reply_to BIGINT,
    created_at BIGINT NOT NULL,
    edited_at BIGINT,
    UNIQUE KEY messages_by_seq (conversation_id, seq),
    UNIQUE KEY messages_by_client_id (conversation_id, client_message_id, sender_kind, sender_id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- The event log. A message's event holds the message's key and not a copy of its text. Keys of several nodes are not in the
-- order of commits; feed_position, given to committed events by one node at a time, is what a reader may go by. Its index is
-- not unique: only such a one is in the order of keys where the position is still missing, and those are stamped in order.
CREATE TABLE IF NOT EXISTS events (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    workspace_id BIGINT NOT NULL,
    conversation_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    kind VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    actor_kind VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    actor_id BIGINT,
    message_id BIGINT,
    payload MEDIUMTEXT,
    created_at BIGINT NOT NULL,
    feed_position BIGINT,
    UNIQUE KEY events_by_seq (conversation_id, seq),
    KEY events_by_feed_position (feed_position)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS read_positions (
    conversation_id BIGINT NOT NULL,
    reader_kind VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    reader_id BIGINT NOT NULL,
    workspace_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (conversation_id, reader_kind, reader_id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS chat_sessions (
    id BIGINT NOT NULL PRIMARY KEY,
    workspace_id BIGINT NOT NULL,
    inbox_id BIGINT NOT NULL,
    contact_id BIGINT NOT NULL,
    conversation_id BIGINT NOT NULL,
    status VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    locale VARCHAR(64),
    metadata MEDIUMTEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_active_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    KEY chat_sessions_of_workspace (workspace_id, id),
    KEY chat_sessions_of_conversation (conversation_id, id),
    KEY chat_sessions_to_idle (status, last_active_at),
    KEY chat_sessions_to_expire (status, expires_at),
    KEY chat_sessions_ended (ended_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Tickets open one socket each. Only the digest is kept.
CREATE TABLE IF NOT EXISTS tickets (
    digest VARBINARY(64) NOT NULL PRIMARY KEY,
    workspace_id BIGINT NOT NULL,
    session_id BIGINT,
    user_id BIGINT,
    login_id BIGINT,
    expires_at BIGINT NOT NULL,
    KEY tickets_to_expire (expires_at),
    KEY tickets_of_session (session_id),
    KEY tickets_of_login (login_id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- One AI reply that is due, written with the message that asks for it. id is the key that the reply's message will have.
CREATE TABLE IF NOT EXISTS reply_jobs (
    id BIGINT NOT NULL PRIMARY KEY,
    workspace_id BIGINT NOT NULL,
    conversation_id BIGINT NOT NULL,
    state VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    owner_epoch BIGINT NOT NULL,
    question_seq BIGINT NOT NULL,
    question_at BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    lease_owner VARBINARY(255) NOT NULL,
    lease_until BIGINT NOT NULL,
    checkpoint MEDIUMTEXT NOT NULL,
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    first_question_seq BIGINT NOT NULL DEFAULT 0,
    KEY reply_jobs_open (conversation_id, finished_at, first_question_seq),
    KEY reply_jobs_by_question (conversation_id, question_seq),
    KEY reply_jobs_by_lease (finished_at, lease_until)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS articles (
    id BIGINT NOT NULL PRIMARY KEY,
    workspace_id BIGINT NOT NULL,
    title VARCHAR(1000) NOT NULL,
    content MEDIUMTEXT NOT NULL,
    locale VARCHAR(64) NOT NULL,
    questions MEDIUMTEXT NOT NULL,
    status VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    KEY articles_of_workspace (workspace_id, id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- What runs on one node at a time.
CREATE TABLE IF NOT EXISTS leases (
    name VARBINARY(64) NOT NULL PRIMARY KEY,
    owner VARBINARY(255) NOT NULL,
    generation BIGINT NOT NULL,
    lease_until BIGINT NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- The processes that use the database, each with the number that goes into the keys it makes.
CREATE TABLE IF NOT EXISTS nodes (
    number BIGINT NOT NULL PRIMARY KEY,
    node_id VARBINARY(255) NOT NULL,
    components VARCHAR(1000) NOT NULL,
    started_at BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    UNIQUE KEY nodes_by_node_id (node_id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
