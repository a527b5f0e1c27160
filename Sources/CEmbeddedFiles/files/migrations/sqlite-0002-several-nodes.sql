-- What several nodes on one database need; a database that one process holds carries it too, so that both kinds have the
-- same tables and one can be copied into the other.

-- Which question a reply was begun for. Keys do not tell: those of two nodes are not in the order of commits.
ALTER TABLE reply_jobs ADD COLUMN first_question_seq INTEGER NOT NULL DEFAULT 0;
UPDATE reply_jobs SET first_question_seq = COALESCE((
    SELECT min(m.seq) FROM messages m
    WHERE m.conversation_id = reply_jobs.conversation_id AND m.sender_kind = 'contact' AND m.seq <= reply_jobs.question_seq
        AND m.created_at >= reply_jobs.created_at
), question_seq);

-- Ends of sessions, sign-ins and rights, by time: what a node that heard of nothing looks for.
ALTER TABLE chat_sessions ADD COLUMN ended_at INTEGER;
CREATE INDEX chat_sessions_ended ON chat_sessions (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX logins_revoked ON logins (revoked_at) WHERE revoked_at IS NOT NULL;
ALTER TABLE users ADD COLUMN access_changed_at INTEGER;
CREATE INDEX users_access_changed ON users (access_changed_at) WHERE access_changed_at IS NOT NULL;

-- What runs on one node at a time.
CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    generation INTEGER NOT NULL,
    lease_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The processes that use the database, each with the number that goes into the keys it makes.
CREATE TABLE nodes (
    number INTEGER PRIMARY KEY,
    node_id TEXT NOT NULL UNIQUE,
    components TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    lease_until INTEGER NOT NULL
) STRICT;
