// Messages of this agent that the server has not confirmed yet. They are sent one at a time, which keeps their order
// through every retry, and survive a reload; their `client_message_id` makes a second sending harmless.

const storageKey = 'chatapi:outbox';

export class Outbox {
  items = []; // {id, conversationId, content, type, files, state: sending | sent | failed, seq?, code?}
  onChange = () => {};
  #socket;
  #busy = false;

  constructor(socket) {
    this.#socket = socket;
    try {
      const kept = JSON.parse(sessionStorage.getItem(storageKey)) || [];
      this.items = kept.map((item) => ({ ...item, state: 'sending' }));
    } catch { /* nothing usable is kept */ }
  }

  add(conversationId, content, type, files = []) {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    const id = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    this.items.push({ id, conversationId, content, type, files, state: 'sending' });
    this.#changed();
    this.pump();
  }

  retry(item) {
    item.state = 'sending';
    this.#changed();
    this.pump();
  }

  remove(gone) {
    this.items = this.items.filter((item) => item !== gone);
    this.#changed();
  }

  /// Drops what the log has by now: everything confirmed at or below `seq`, and what came back as a message.
  settle(conversationId, seq, clientIds) {
    const left = this.items.filter((item) => item.conversationId !== conversationId
      || !(clientIds.has(item.id) || (item.state === 'sent' && item.seq <= seq)));
    if (left.length === this.items.length) return;
    this.items = left;
    this.#keep();
  }

  async pump() {
    const item = this.items.find(({ state }) => state === 'sending');
    if (!item || this.#busy || this.#socket.state !== 'live') return;
    this.#busy = true;
    let pause = 0;
    try {
      const data = { content: item.content, client_message_id: item.id, type: item.type };
      if (item.files?.length) data.attachment_ids = item.files.map(({ id }) => id);
      const { data: ack } = await this.#socket.request('message.send', data, item.conversationId);
      Object.assign(item, { state: 'sent', seq: ack.seq });
    } catch ({ code, retryIn }) {
      if (code === 'unavailable' || code === 'rate_limited') pause = retryIn || 1;
      else if (code !== 'lost') Object.assign(item, { state: 'failed', code });
    }
    this.#busy = false;
    this.#changed();
    if (pause) setTimeout(() => this.pump(), 1000 * pause);
    else this.pump();
  }

  #changed() {
    this.#keep();
    this.onChange();
  }

  #keep() {
    const unconfirmed = this.items.filter(({ state }) => state !== 'sent');
    try {
      sessionStorage.setItem(storageKey, JSON.stringify(unconfirmed));
    } catch { /* kept for as long as this page lives */ }
  }
}
