-- The assistant: what its calls may use and cost, what it remembers of long conversations, handoffs, and where articles came
-- from.

-- What calls have used in a period: of a workspace in a day (conversation_id 0), of a conversation in an hour. reserved_ is what
-- calls under way may use at most. Money is in millionths of the workspace's currency.
CREATE TABLE ai_spending (
    workspace_id INTEGER NOT NULL,
    conversation_id INTEGER NOT NULL,
    starts_at INTEGER NOT NULL,
    calls INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    cost_micros INTEGER NOT NULL,
    reserved_tokens INTEGER NOT NULL,
    reserved_micros INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, conversation_id, starts_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX ai_spending_by_age ON ai_spending (starts_at);

-- What a reply under way has reserved, so that a node which dies gives it back.
CREATE TABLE ai_reservations (
    message_id INTEGER PRIMARY KEY,
    workspace_id INTEGER NOT NULL,
    conversation_id INTEGER NOT NULL,
    day_starts_at INTEGER NOT NULL,
    hour_starts_at INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    cost_micros INTEGER NOT NULL,
    reserved_at INTEGER NOT NULL
) STRICT;
CREATE INDEX ai_reservations_by_age ON ai_reservations (reserved_at);

-- What a million tokens of a model cost from effective_from on, in millionths of the workspace's currency.
CREATE TABLE ai_prices (
    id INTEGER PRIMARY KEY,
    workspace_id INTEGER NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    effective_from INTEGER NOT NULL,
    input_micros INTEGER NOT NULL,
    cached_input_micros INTEGER NOT NULL,
    output_micros INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (workspace_id, provider, model, effective_from)
) STRICT;

-- Real tokens per estimated one, in thousandths.
CREATE TABLE token_calibrations (
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    factor_thousandths INTEGER NOT NULL,
    samples INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (provider, model)
) STRICT, WITHOUT ROWID;

-- What a model is told in place of a conversation's messages up to a seq.
CREATE TABLE conversation_summaries (
    conversation_id INTEGER PRIMARY KEY,
    workspace_id INTEGER NOT NULL,
    up_to_seq INTEGER NOT NULL,
    version INTEGER NOT NULL,
    content TEXT NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- What a human who takes over from the assistant is told. owner_epoch is the one that the handoff began.
CREATE TABLE handoffs (
    conversation_id INTEGER NOT NULL,
    owner_epoch INTEGER NOT NULL,
    workspace_id INTEGER NOT NULL,
    reason TEXT NOT NULL,
    category TEXT,
    urgency TEXT NOT NULL,
    language TEXT NOT NULL,
    summary TEXT NOT NULL,
    tried TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, owner_epoch)
) STRICT, WITHOUT ROWID;

-- seq of the assistant's message that last offered a human.
ALTER TABLE conversations ADD COLUMN handoff_offered_seq INTEGER;
-- JSON array of providers' names in order; null for the workspace's.
ALTER TABLE inboxes ADD COLUMN ai_providers TEXT;
-- The team to which the assistant hands over; null for the queue.
ALTER TABLE inboxes ADD COLUMN handoff_team_id INTEGER;
-- What an import knows an article by.
ALTER TABLE articles ADD COLUMN source TEXT;
CREATE UNIQUE INDEX articles_by_source ON articles (workspace_id, source);
-- Of the workspace's knowledge at which the article last changed.
ALTER TABLE articles ADD COLUMN knowledge_version INTEGER NOT NULL DEFAULT 0;
CREATE INDEX articles_by_knowledge ON articles (workspace_id, status, knowledge_version, id);
