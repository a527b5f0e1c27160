// The staff socket: connects, says hello, notices a dead line, reconnects, and matches answers with requests.

const idle = 20_000; // ms of silence before a ping: browsers cannot see the server's own
const patience = 10_000; // ms an answer may take before the socket counts as dead
const longestWait = 30; // s between two attempts

/// Rejects a request: `code` is the server's, or `lost` when the socket died before the answer.
export class Refusal extends Error {
  constructor({ code = 'lost', detail = '', retry_in_seconds: retryIn } = {}) {
    super(detail || code);
    Object.assign(this, { code, retryIn });
  }
}

export class StaffSocket {
  state = 'off'; // → connecting → joining → live; waiting: will retry; stopped: only the agent starts it again
  onState = () => {};
  onLive = () => {}; // called when frames flow again, with true when the log is another incarnation
  onFrame = () => {};

  #account;
  #socket = null;
  #requests = new Map(); // request_id → {resolve, reject, at}
  #count = 0;
  #attempts = 0;
  #timer;
  #heardAt = 0;
  #helloId = null;
  #drainSeconds = 0;
  #epoch = null;
  #newEpoch = false;

  constructor(account) {
    this.#account = account;
    setInterval(() => this.#beat(), 2000);
    document.addEventListener('visibilitychange', () => document.hidden || this.#check());
    addEventListener('online', () => this.#check());
  }

  async start() {
    if (this.#socket || this.state === 'connecting') return;
    clearTimeout(this.#timer);
    this.#enter('connecting');
    try {
      const { ticket } = await this.#account.request('POST', '/auth/ticket');
      if (this.state === 'connecting') this.#listen(ticket);
    } catch (problem) {
      if (this.state !== 'connecting') return;
      if ([401, 403, 404].includes(problem.status)) this.#enter('stopped');
      else this.#retry();
    }
  }

  stop() {
    clearTimeout(this.#timer);
    this.#drop();
    this.#enter('off');
  }

  /// Sends a frame and waits for its one answer. Rejects with `Refusal`.
  request(type, data, conversationId) {
    return new Promise((resolve, reject) => {
      if (this.state !== 'live') return reject(new Refusal());
      this.#ask(type, data, conversationId, resolve, reject);
    });
  }

  /// Sends a frame that needs no answer, if it can be sent now.
  tell(type, data, conversationId) {
    if (this.state === 'live') this.#send({ type, conversation_id: conversationId, data });
  }

  #ask(type, data, conversationId, resolve, reject) {
    const id = `a${this.#count += 1}`;
    this.#requests.set(id, { resolve, reject, at: Date.now() });
    this.#send({ type, request_id: id, conversation_id: conversationId, data });
    return id;
  }

  #send(frame) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  #listen(ticket) {
    const address = `${location.origin.replace(/^http/, 'ws')}/ws/agent?ticket=${encodeURIComponent(ticket)}`;
    const socket = new WebSocket(address);
    this.#socket = socket;
    this.#heardAt = Date.now();
    socket.onopen = () => {
      if (socket !== this.#socket) return;
      this.#enter('joining');
      this.#helloId = this.#ask('hello', { capabilities: ['batch'] }, undefined, () => {}, () => {});
    };
    socket.onmessage = ({ data }) => {
      this.#heardAt = Date.now();
      for (const frame of [].concat(JSON.parse(data))) if (socket === this.#socket) this.#receive(frame);
    };
    socket.onclose = ({ code }) => socket === this.#socket && this.#lost(code);
  }

  #receive(frame) {
    const { type, data = {}, request_id: id } = frame;
    const request = this.#requests.get(id);
    this.#requests.delete(id);
    if (type === 'ready' && id === this.#helloId) {
      this.#helloId = null;
      this.#newEpoch = this.#epoch !== null && this.#epoch !== data.epoch;
      this.#epoch = data.epoch;
    } else if (type === 'synced' && !frame.conversation_id) {
      if (this.state === 'joining' && !this.#helloId) {
        this.#attempts = this.#drainSeconds = 0;
        this.#enter('live');
        this.onLive(this.#newEpoch);
      }
    } else if (type === 'drain') this.#drainSeconds = data.reconnect_in_seconds;
    else if (type !== 'ack' && type !== 'error') this.onFrame(frame);
    if (type === 'error') request?.reject(new Refusal(data));
    else request?.resolve(frame);
  }

  #drop() {
    const old = this.#socket;
    this.#socket = this.#helloId = null;
    old?.close();
    const pending = [...this.#requests.values()];
    this.#requests.clear();
    for (const { reject } of pending) reject(new Refusal());
  }

  #lost(code) {
    this.state = 'waiting'; // before requests are rejected, so that nobody sends again into a dead socket
    this.#drop();
    if (code === 1000 || code >= 4500) {
      this.#enter('stopped');
      if (code === 4503) this.#account.refresh().catch(() => {}); // revoked: this signs out, unless the tokens still live
      return;
    }
    if (code === 4004) this.#epoch = ''; // resync: nothing that was kept may be resumed
    if (code === 4005) return this.#account.refresh().then(() => this.#retry(), () => this.#retry());
    if ([1002, 1003, 1007, 1009, 1013, 4006].includes(code)) this.#attempts = Math.max(this.#attempts, 3);
    this.#retry(code === 1012 ? this.#drainSeconds : 0);
  }

  #retry(seconds) {
    if (!this.#account.tokens) return;
    const ceiling = this.#attempts ? Math.min(longestWait, 2 ** (this.#attempts - 1)) : 1; // full jitter below it
    this.#attempts += 1;
    this.#enter('waiting');
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.start(), 1000 * (seconds || Math.random() * ceiling));
  }

  #beat() {
    if (!this.#socket) return;
    const now = Date.now();
    const [oldest] = this.#requests.values();
    const since = oldest?.at ?? (this.state === 'live' ? now : this.#heardAt);
    if (now - since > patience) this.#lost(1006);
    else if (!oldest && now - this.#heardAt > idle) this.#ping();
  }

  /// The tab is looked at again or the network is back: find out now, not at the next timer.
  #check() {
    if (this.state === 'waiting') this.start();
    else this.#ping();
  }

  #ping() {
    this.request('ping', {}).catch(() => {}); // the pong itself goes to onFrame, a missing one ends the socket
  }

  #enter(state) {
    this.state = state;
    this.onState(state);
  }
}
