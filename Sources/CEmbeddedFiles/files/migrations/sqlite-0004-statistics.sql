-- Statistics, kept up from the event log and made anew from it at any time. See docs/statistics.md.

-- How far the log has been counted: one row. definition: version of the definitions that the rows were counted by.
CREATE TABLE statistics_progress (
    id INTEGER PRIMARY KEY,
    definition INTEGER NOT NULL,
    rebuilds INTEGER NOT NULL,
    state TEXT NOT NULL,
    position INTEGER NOT NULL,
    reached_at INTEGER NOT NULL
) STRICT;

-- What the figures need to know of a conversation.
CREATE TABLE statistics_conversations (
    conversation_id INTEGER PRIMARY KEY,
    workspace_id INTEGER NOT NULL,
    inbox_id INTEGER NOT NULL,
    status TEXT NOT NULL,
    priority TEXT NOT NULL,
    owner_kind TEXT NOT NULL,
    owner_id INTEGER,
    started_at INTEGER,
    first_contact_at INTEGER,
    first_assistant_at INTEGER,
    first_human_at INTEGER,
    unanswered_since INTEGER,
    waiting_since INTEGER,
    open_since INTEGER,
    traits INTEGER NOT NULL
) STRICT;
CREATE INDEX statistics_conversations_waiting ON statistics_conversations (workspace_id, waiting_since)
    WHERE waiting_since IS NOT NULL;

-- Counts and times of a quarter of an hour, an hour, or a day of UTC (span: minutes), of a workspace, an inbox, or an agent.
CREATE TABLE statistics_periods (
    workspace_id INTEGER NOT NULL,
    scope TEXT NOT NULL,
    span INTEGER NOT NULL,
    starts_at INTEGER NOT NULL,
    scope_id INTEGER NOT NULL,
    contact_messages INTEGER NOT NULL,
    counts BLOB NOT NULL,
    times BLOB NOT NULL,
    PRIMARY KEY (workspace_id, scope, span, starts_at, scope_id)
) STRICT, WITHOUT ROWID;

-- What is now: conversations by status and priority, customers who wait, handoffs so far.
CREATE TABLE statistics_standing (
    workspace_id INTEGER NOT NULL,
    inbox_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, inbox_id, name)
) STRICT, WITHOUT ROWID;

-- When an agent last did something in a conversation.
CREATE TABLE statistics_agents (
    user_id INTEGER PRIMARY KEY,
    workspace_id INTEGER NOT NULL,
    last_action_at INTEGER NOT NULL
) STRICT;
CREATE INDEX statistics_agents_of_workspace ON statistics_agents (workspace_id, user_id);

-- Users by role and last sign-in, without their rows.
CREATE INDEX users_by_activity ON users (workspace_id, role, deleted_at, last_login_at);
