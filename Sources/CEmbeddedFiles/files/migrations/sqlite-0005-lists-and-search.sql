-- Lists and searches that take as long over a million conversations as over ten thousand.

-- conversation_heads repeats what lists are filtered by. listed_at is their order: it follows updated_at, less than a second
-- behind, and is null for what is in no list, so that a busy conversation does not move in every index with each message.
ALTER TABLE conversation_heads ADD COLUMN status TEXT NOT NULL DEFAULT 'open';
ALTER TABLE conversation_heads ADD COLUMN priority TEXT NOT NULL DEFAULT 'normal';
ALTER TABLE conversation_heads ADD COLUMN owner_kind TEXT NOT NULL DEFAULT 'none';
ALTER TABLE conversation_heads ADD COLUMN owner_id INTEGER;
ALTER TABLE conversation_heads ADD COLUMN inbox_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversation_heads ADD COLUMN contact_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversation_heads ADD COLUMN listed_at INTEGER;
UPDATE conversation_heads SET (status, priority, owner_kind, owner_id, inbox_id, contact_id) = (
    SELECT c.status, c.priority, c.owner_kind, c.owner_id, c.inbox_id, c.contact_id FROM conversations c
    WHERE c.id = conversation_heads.conversation_id
), listed_at = CASE WHEN last_message_id IS NULL THEN NULL ELSE updated_at END;
DROP INDEX conversation_heads_by_update;
-- Each ends with the key by itself, as all indexes do.
CREATE INDEX conversation_heads_listed ON conversation_heads (workspace_id, listed_at);
CREATE INDEX conversation_heads_by_status ON conversation_heads (workspace_id, status, priority, listed_at);
CREATE INDEX conversation_heads_by_owner ON conversation_heads (workspace_id, owner_kind, status, listed_at);
CREATE INDEX conversation_heads_by_answerer ON conversation_heads (workspace_id, owner_id, status, listed_at);
CREATE INDEX conversation_heads_by_inbox ON conversation_heads (workspace_id, inbox_id, owner_kind, status, listed_at);
CREATE INDEX conversation_heads_by_contact ON conversation_heads (workspace_id, contact_id, listed_at);

ALTER TABLE conversation_labels ADD COLUMN status TEXT NOT NULL DEFAULT 'open';
ALTER TABLE conversation_labels ADD COLUMN listed_at INTEGER;
UPDATE conversation_labels SET (status, listed_at) = (
    SELECT h.status, h.listed_at FROM conversation_heads h
    WHERE h.conversation_id = conversation_labels.conversation_id
);
DROP INDEX conversation_labels_by_label;
CREATE INDEX conversation_labels_listed ON conversation_labels (workspace_id, label, status, listed_at, conversation_id);

-- Words by which rows are found: kind 1 are conversations, 2 contacts. How texts fall into words is the program's business.
CREATE TABLE search_words (
    workspace_id INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    word TEXT NOT NULL,
    row_id INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, kind, word, row_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX contacts_by_update ON contacts (workspace_id, updated_at);
CREATE INDEX users_by_contact ON users (contact_id) WHERE contact_id IS NOT NULL;

-- moved_at: when it came to its present contact from another.
ALTER TABLE chat_sessions ADD COLUMN moved_at INTEGER;
CREATE INDEX chat_sessions_moved ON chat_sessions (moved_at) WHERE moved_at IS NOT NULL;
CREATE INDEX chat_sessions_of_contact ON chat_sessions (contact_id, id);
