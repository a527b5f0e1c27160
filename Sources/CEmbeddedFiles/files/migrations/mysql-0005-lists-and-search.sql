-- The same as SQLite's version 5; see the initial one for how columns are typed. What each column is for is said there.

ALTER TABLE conversation_heads
    ADD COLUMN status VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'open',
    ADD COLUMN priority VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'normal',
    ADD COLUMN owner_kind VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'none',
    ADD COLUMN owner_id BIGINT,
    ADD COLUMN inbox_id BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN contact_id BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN listed_at BIGINT;
UPDATE conversation_heads h JOIN conversations c ON c.id = h.conversation_id
    SET h.status = c.status, h.priority = c.priority, h.owner_kind = c.owner_kind, h.owner_id = c.owner_id,
        h.inbox_id = c.inbox_id, h.contact_id = c.contact_id,
        h.listed_at = CASE WHEN h.last_message_id IS NULL THEN NULL ELSE h.updated_at END;
DROP INDEX conversation_heads_by_update ON conversation_heads;
CREATE INDEX conversation_heads_listed ON conversation_heads (workspace_id, listed_at);
CREATE INDEX conversation_heads_by_status ON conversation_heads (workspace_id, status, priority, listed_at);
CREATE INDEX conversation_heads_by_owner ON conversation_heads (workspace_id, owner_kind, status, listed_at);
CREATE INDEX conversation_heads_by_answerer ON conversation_heads (workspace_id, owner_id, status, listed_at);
CREATE INDEX conversation_heads_by_inbox ON conversation_heads (workspace_id, inbox_id, owner_kind, status, listed_at);
CREATE INDEX conversation_heads_by_contact ON conversation_heads (workspace_id, contact_id, listed_at);

ALTER TABLE conversation_labels
    ADD COLUMN status VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'open',
    ADD COLUMN listed_at BIGINT;
UPDATE conversation_labels l JOIN conversation_heads h ON h.conversation_id = l.conversation_id
    SET l.status = h.status, l.listed_at = h.listed_at;
DROP INDEX conversation_labels_by_label ON conversation_labels;
CREATE INDEX conversation_labels_listed ON conversation_labels (workspace_id, label, status, listed_at, conversation_id);

CREATE TABLE IF NOT EXISTS search_words (
    workspace_id BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    word VARBINARY(255) NOT NULL,
    row_id BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, kind, word, row_id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE INDEX contacts_by_update ON contacts (workspace_id, updated_at);
CREATE INDEX users_by_contact ON users (contact_id);

ALTER TABLE chat_sessions ADD COLUMN moved_at BIGINT;
CREATE INDEX chat_sessions_moved ON chat_sessions (moved_at);
CREATE INDEX chat_sessions_of_contact ON chat_sessions (contact_id, id);
