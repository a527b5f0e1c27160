-- The same as SQLite's version 6; see the initial one for how columns are typed. What each column is for is said there.

CREATE TABLE IF NOT EXISTS ai_spending (
    workspace_id BIGINT NOT NULL,
    conversation_id BIGINT NOT NULL,
    starts_at BIGINT NOT NULL,
    calls BIGINT NOT NULL,
    tokens BIGINT NOT NULL,
    cost_micros BIGINT NOT NULL,
    reserved_tokens BIGINT NOT NULL,
    reserved_micros BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, conversation_id, starts_at),
    KEY ai_spending_by_age (starts_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS ai_reservations (
    message_id BIGINT NOT NULL PRIMARY KEY,
    workspace_id BIGINT NOT NULL,
    conversation_id BIGINT NOT NULL,
    day_starts_at BIGINT NOT NULL,
    hour_starts_at BIGINT NOT NULL,
    tokens BIGINT NOT NULL,
    cost_micros BIGINT NOT NULL,
    reserved_at BIGINT NOT NULL,
    KEY ai_reservations_by_age (reserved_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS ai_prices (
    id BIGINT NOT NULL PRIMARY KEY,
    workspace_id BIGINT NOT NULL,
    provider VARBINARY(64) NOT NULL,
    model VARBINARY(400) NOT NULL,
    effective_from BIGINT NOT NULL,
    input_micros BIGINT NOT NULL,
    cached_input_micros BIGINT NOT NULL,
    output_micros BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE KEY ai_prices_by_model (workspace_id, provider, model, effective_from)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS token_calibrations (
    provider VARBINARY(64) NOT NULL,
    model VARBINARY(400) NOT NULL,
    factor_thousandths BIGINT NOT NULL,
    samples BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (provider, model)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS conversation_summaries (
    conversation_id BIGINT NOT NULL PRIMARY KEY,
    workspace_id BIGINT NOT NULL,
    up_to_seq BIGINT NOT NULL,
    version BIGINT NOT NULL,
    content MEDIUMTEXT NOT NULL,
    updated_at BIGINT NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS handoffs (
    conversation_id BIGINT NOT NULL,
    owner_epoch BIGINT NOT NULL,
    workspace_id BIGINT NOT NULL,
    reason VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    category VARCHAR(400),
    urgency VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    language VARCHAR(64) NOT NULL,
    summary MEDIUMTEXT NOT NULL,
    tried MEDIUMTEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (conversation_id, owner_epoch)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

ALTER TABLE conversations ADD COLUMN handoff_offered_seq BIGINT;
ALTER TABLE inboxes
    ADD COLUMN ai_providers MEDIUMTEXT,
    ADD COLUMN handoff_team_id BIGINT;
ALTER TABLE articles
    ADD COLUMN source VARBINARY(1200),
    ADD COLUMN knowledge_version BIGINT NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX articles_by_source ON articles (workspace_id, source);
CREATE INDEX articles_by_knowledge ON articles (workspace_id, status, knowledge_version, id);
