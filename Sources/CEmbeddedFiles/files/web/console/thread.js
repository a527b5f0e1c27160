// One open conversation as the log tells it: durable events in order, each applied once, and AI text that is never
// duplicated, reordered or mixed between attempts. No network and no DOM in here.

/// Offsets count Unicode scalars, as the iterator of a string does, and not UTF-16 units.
const scalars = (text) => [...text].length;

export class Thread {
  conversation = null;
  seq = null; // the last event applied; null until the history is read
  entries = new Map(); // message id → {message, stream?: {generation, text, length, frozen}}
  replies = new Map(); // message id → generation of a reply that has shown no text yet
  oldest = 1; // seq of the first message at hand, 1 when there is none before it
  seenByContact = 0;

  constructor(id) {
    this.id = id;
  }

  /// Starts from the newest page of the history, which says at which seq it was read.
  begin({ items, head_seq: head }, conversation, pageSize) {
    this.entries.clear();
    this.replies.clear();
    this.seq = head;
    this.conversation = conversation;
    this.addOlder({ items }, pageSize);
  }

  addOlder({ items }, pageSize) {
    for (const message of items) if (!this.entries.has(message.id)) this.#put(message);
    this.oldest = items.length < pageSize ? 1 : items.at(-1).seq;
  }

  get messages() {
    return [...this.entries.values()].sort((one, other) => one.message.seq - other.message.seq);
  }

  get streaming() {
    return [...this.entries.values()].filter(({ stream }) => stream);
  }

  /// Applies a durable event. 'old' was applied before; 'gap' means events before it never came: subscribe again.
  accept({ type, seq, data = {} }) {
    if (this.seq === null || seq <= this.seq) return 'old';
    if (seq > this.seq + 1) return 'gap';
    this.seq = seq;
    if (type === 'conversation.updated') this.change(data.changes);
    else if (type === 'message.deleted') this.#bury(data.message_id);
    else if (data.message) this.#put(data.message);
    return 'applied';
  }

  /// Takes over changed fields, unless they tell of an owner who was replaced since.
  change(changes) {
    if (changes.owner && changes.owner.epoch < this.conversation?.owner?.epoch) return;
    this.conversation = { ...this.conversation, ...changes };
    if (!changes.owner || changes.owner.kind === 'ai') return;
    this.replies.clear();
    for (const { stream } of this.streaming) stream.frozen = true; // the bot never speaks over a human
  }

  /// Applies a passing `reply.*` frame. True when text is missing: ask with `reply.sync`.
  stream({ type, data }) {
    const entry = this.entries.get(data.message_id);
    if (type === 'reply.failed') this.replies.delete(data.message_id);
    if (type === 'reply.started' && !entry && data.owner_epoch >= (this.conversation?.owner?.epoch ?? 0)) {
      this.replies.set(data.message_id, data.generation);
    }
    const stream = entry?.stream;
    if (!stream || stream.frozen || data.generation < stream.generation) return false;
    if (type === 'reply.delta') return this.#grow(stream, data);
    if (type === 'reply.reset') this.#rewrite(entry, data.generation, data.keep || '');
    if (type === 'reply.snapshot' && (data.generation !== stream.generation || data.offset > stream.length)) {
      this.#rewrite(entry, data.generation, data.text);
    }
    return false;
  }

  #grow(stream, { generation, offset, text }) {
    const known = generation === stream.generation || (stream.generation === null && offset === stream.length);
    if (!known || offset > stream.length) return true;
    const fresh = [...text].slice(stream.length - offset);
    stream.generation = generation;
    stream.length += fresh.length;
    stream.text += fresh.join('');
    return false;
  }

  #rewrite(entry, generation, text) {
    entry.stream = { generation, text, length: scalars(text), frozen: false };
  }

  #put(message) {
    const entry = this.entries.get(message.id) || {};
    const generation = this.replies.get(message.id) ?? null;
    this.entries.set(message.id, entry);
    entry.message = message;
    this.replies.delete(message.id);
    if (message.status !== 'streaming') entry.stream = null;
    else if (!entry.stream) {
      this.replies.clear();
      this.#rewrite(entry, generation, message.content);
    }
  }

  #bury(id) {
    const entry = this.entries.get(id);
    if (entry) this.#put({ ...entry.message, status: 'deleted', content: '', attachments: [] });
  }
}
