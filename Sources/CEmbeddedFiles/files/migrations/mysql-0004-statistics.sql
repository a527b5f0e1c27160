-- The same as SQLite's version 4; see the initial one for how columns are typed.

CREATE TABLE IF NOT EXISTS statistics_progress (
    id BIGINT NOT NULL PRIMARY KEY,
    definition BIGINT NOT NULL,
    rebuilds BIGINT NOT NULL,
    state VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    position BIGINT NOT NULL,
    reached_at BIGINT NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS statistics_conversations (
    conversation_id BIGINT NOT NULL PRIMARY KEY,
    workspace_id BIGINT NOT NULL,
    inbox_id BIGINT NOT NULL,
    status VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    priority VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    owner_kind VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    owner_id BIGINT,
    started_at BIGINT,
    first_contact_at BIGINT,
    first_assistant_at BIGINT,
    first_human_at BIGINT,
    unanswered_since BIGINT,
    waiting_since BIGINT,
    open_since BIGINT,
    traits BIGINT NOT NULL,
    KEY statistics_conversations_waiting (workspace_id, waiting_since)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS statistics_periods (
    workspace_id BIGINT NOT NULL,
    scope VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    span BIGINT NOT NULL,
    starts_at BIGINT NOT NULL,
    scope_id BIGINT NOT NULL,
    contact_messages BIGINT NOT NULL,
    counts MEDIUMBLOB NOT NULL,
    times MEDIUMBLOB NOT NULL,
    PRIMARY KEY (workspace_id, scope, span, starts_at, scope_id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS statistics_standing (
    workspace_id BIGINT NOT NULL,
    inbox_id BIGINT NOT NULL,
    name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    value BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, inbox_id, name)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS statistics_agents (
    user_id BIGINT NOT NULL PRIMARY KEY,
    workspace_id BIGINT NOT NULL,
    last_action_at BIGINT NOT NULL,
    KEY statistics_agents_of_workspace (workspace_id, user_id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE INDEX users_by_activity ON users (workspace_id, role, deleted_at, last_login_at);
