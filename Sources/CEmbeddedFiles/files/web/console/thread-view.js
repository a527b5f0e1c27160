// The open conversation on the screen: its log, its composer and what an agent may do with it.
import { answerTools } from './answer.js';
import { attached, FileTray } from './files.js';
import { drawDetails } from './details.js';
import { fullTime, linked, make, shortTime } from './dom.js';
import { contactName, ownerBadge } from './list.js';
import { Thread } from './thread.js';
import { say } from './words.js';

const pageSize = 50; // messages per page of history
const typingEvery = 3000; // ms between two `typing` frames, the most the protocol allows
const typingLasts = 5000; // ms that the other side counts as typing without another frame
const longest = 16_000; // characters of a message, the server's limit

/// What an open conversation knows better than its row in the list: the rest of its copy is as old as its loading.
const rowFields = ({ id, status, owner, subject, priority, labels, snoozed_until }) =>
  ({ id, status, owner, subject, priority, labels, snoozed_until });

export class ThreadView {
  thread = null;
  onError = () => {};
  onClose = () => {};
  onConversation = () => {};

  #account;
  #socket;
  #outbox;
  #place = document.getElementById('thread');
  #aside = document.getElementById('details');
  #contact = null;
  #drafts = new Map(); // conversation id → {text, note}, kept while another conversation is open
  #parts = {};
  #elements = new Map(); // message id → {element, body, drawn}
  #note = false;
  #typedAt = 0;
  #typingTimer = null;
  #readSeq = 0;
  #syncing = new Set(); // message ids whose whole text is on its way
  #busy = false; // an action of the header is under way
  #asideWanted = false;

  constructor(account, socket, outbox) {
    this.#account = account;
    this.#socket = socket;
    this.#outbox = outbox;
    document.addEventListener('visibilitychange', () => this.#markRead());
  }

  // ---- opening, reading, following

  open(id) {
    if (this.thread?.id === id) return;
    this.close();
    this.thread = new Thread(id);
    this.#readSeq = 0;
    this.#build();
    this.#load();
  }

  close() {
    if (!this.thread) return;
    const { input } = this.#parts;
    this.#drafts.set(this.thread.id, { text: input.value, note: this.#note });
    this.#socket.tell('unsubscribe', { conversations: [{ id: this.thread.id }] });
    this.thread = null;
    this.#contact = null;
    this.#elements.clear();
    this.#syncing.clear();
    this.#showTyping(null);
    this.#place.replaceChildren(make('p', 'empty', {}, say('chooseOne')));
    this.#aside.hidden = true;
  }

  /// The conversation is read first, then its messages, then the events since the first of the two reads.
  async #load() {
    const { thread } = this;
    const path = `/chat/conversations/${encodeURIComponent(thread.id)}`;
    try {
      const conversation = await this.#account.request('GET', path);
      const before = conversation.head_seq + 1;
      const page = await this.#account.request('GET', `${path}/messages?before=${before}&limit=${pageSize}`);
      if (thread !== this.thread) return;
      thread.begin({ items: page.items, head_seq: conversation.head_seq }, conversation, pageSize);
      this.#elements.clear();
      this.#draw(true);
      this.#follow();
      this.#readContact(thread);
    } catch (problem) {
      if (thread !== this.thread) return;
      this.onError(problem);
      if (problem.status === 404) this.onClose();
      else setTimeout(() => thread === this.thread && thread.seq === null && this.#load(), 3000);
    }
  }

  async #readContact(thread) {
    const known = thread.conversation.contact;
    this.#contact = known || null;
    this.#drawAside();
    if (!known?.id) return;
    try {
      const contact = await this.#account.request('GET', `/contacts/${encodeURIComponent(known.id)}`);
      if (thread !== this.thread) return;
      this.#contact = { ...known, ...contact };
      this.#drawAside();
    } catch { /* what the conversation tells about its contact has to do */ }
  }

  async #readEarlier() {
    const { thread } = this;
    const { log } = this.#parts;
    const path = `/chat/conversations/${encodeURIComponent(thread.id)}/messages?before=${thread.oldest}&limit=${pageSize}`;
    try {
      const page = await this.#account.request('GET', path);
      if (thread !== this.thread) return;
      const below = log.scrollHeight - log.scrollTop;
      thread.addOlder(page, pageSize);
      this.#draw(false);
      log.scrollTop = log.scrollHeight - below;
    } catch (problem) {
      this.onError(problem);
    }
  }

  /// Asks for every event after the last one applied; used at first, after a reconnect and after a gap.
  async #follow() {
    const { thread } = this;
    this.#syncing.clear();
    try {
      await this.#socket.request('subscribe', { conversations: [{ id: thread.id, after: thread.seq }] });
      if (thread !== this.thread) return;
      for (const { message } of thread.streaming) this.#sync(message.id);
      this.#markRead();
    } catch (refusal) {
      if (thread === this.thread && refusal.code !== 'lost') this.onError(refusal);
    }
  }

  /// The socket is live again.
  resume(newEpoch) {
    if (!this.thread) return;
    if (newEpoch) this.thread.seq = null;
    if (this.thread.seq === null) this.#load();
    else this.#follow();
  }

  /// A heartbeat told the head of the log; if the events do not come by themselves, they are asked for.
  heads(heads) {
    const { thread } = this;
    setTimeout(() => {
      if (thread && thread === this.thread && thread.seq !== null && heads?.[thread.id] > thread.seq) this.#follow();
    }, 1000);
  }

  frame(frame) {
    const { thread } = this;
    if (!thread || frame.conversation_id !== thread.id) return;
    const stick = this.#atBottom();
    const { type, data = {} } = frame;
    if (Number.isInteger(frame.seq)) {
      const outcome = thread.accept(frame);
      if (outcome === 'gap') this.#follow();
      if (outcome !== 'applied') return;
      if (type === 'message.created' && data.message?.sender.kind === 'contact') this.#showTyping(null);
      if (data.message?.status === 'streaming') this.#sync(data.message.id);
      if (type === 'conversation.updated') this.onConversation(rowFields(thread.conversation));
      this.#draw(stick);
      return;
    }
    if (type === 'typing' && data.participant?.id !== this.#account.user.id) this.#showTyping(data.participant);
    else if (type === 'receipt' && data.participant?.kind === 'contact') thread.seenByContact = Math.max(thread.seenByContact, data.seq);
    else if (type === 'unsubscribed') return this.onClose();
    else if (type === 'synced' && data.seq < thread.seq) return this.resume(true); // a log that was set back
    else if (type.startsWith('reply.')) {
      if (type === 'reply.snapshot') this.#syncing.delete(data.message_id);
      if (thread.stream(frame)) this.#sync(data.message_id);
      const entry = thread.entries.get(data.message_id);
      const drawn = this.#elements.get(data.message_id);
      if (entry?.stream && drawn) drawn.body.textContent = entry.stream.text;
    }
    this.#drawAround(stick);
  }

  #sync(messageId) {
    if (this.#syncing.has(messageId)) return;
    this.#syncing.add(messageId);
    const done = () => this.#syncing.delete(messageId);
    this.#socket.request('reply.sync', { message_id: messageId }, this.thread.id).then(done, done);
  }

  // ---- what an agent does

  async #act(method, path, body) {
    const { thread } = this;
    if (this.#busy) return;
    this.#busy = true;
    this.#drawAround(false);
    const address = `/chat/conversations/${encodeURIComponent(thread.id)}${path}`;
    const headers = method === 'POST' ? { 'Idempotency-Key': `${Date.now()}-${Math.random().toString(36).slice(2)}` } : {};
    try {
      this.#learn(thread, await this.#account.request(method, address, body, headers));
    } catch (problem) {
      this.onError(problem);
      if (problem.status === 409) {
        await this.#account.request('GET', address.replace(path, '')).then((now) => this.#learn(thread, now), () => {});
      }
    }
    this.#busy = false;
    if (this.thread === thread) this.#drawAround(this.#atBottom());
  }

  /// An answer of the server is newer than what is on the screen; what the socket tells about it later is the same.
  #learn(thread, { head_seq, unread, last_message, ...fields }) {
    thread.change(fields);
    this.onConversation(rowFields(thread.conversation));
    if (this.thread === thread) this.#draw(this.#atBottom());
  }

  #switch(to) {
    const { epoch } = this.thread.conversation.owner;
    this.#act('POST', '/switch', { to, agent_id: to === 'human' ? 'me' : undefined, expected_epoch: epoch });
  }

  #send() {
    const { input } = this.#parts;
    // Control characters and lone surrogates would only be refused.
    const content = input.value.slice(0, longest).replace(/[\0-\x08\x0b-\x1f\x7f]|\p{Cs}/gu, '').trim();
    if (this.thread.conversation?.status === 'closed') return;
    const files = this.#parts.files.take();
    if (!content && !files.length) return;
    input.value = '';
    this.#typedAt = 0;
    this.#fit();
    // Whoever answers a waiting customer has taken the conversation.
    if (!this.#note && this.thread.conversation?.owner?.kind === 'none') this.#switch('human');
    this.#outbox.add(this.thread.id, content, this.#note ? 'note' : 'text', files);
    this.#draw(true);
  }

  /// What the assistant would answer goes into an empty reply; nobody but the agent sees it.
  async #suggest() {
    const { thread } = this;
    const { suggest, input } = this.#parts;
    suggest.disabled = true;
    try {
      const { text } = await this.#account.request('POST', `/chat/conversations/${encodeURIComponent(thread.id)}/suggestion`);
      if (thread === this.thread && !input.value.trim()) {
        this.#setNote(false);
        input.value = text.replace(/\s*\[\d+\]/g, ''); // the numbers of its sources say nothing to the customer
        this.#fit();
        input.focus();
      }
    } catch (problem) {
      if (thread === this.thread) this.onError(problem);
    }
    suggest.disabled = false;
  }

  async #sumUp(button, place) {
    const { thread } = this;
    button.disabled = true;
    try {
      const { text } = await this.#account.request('POST', `/chat/conversations/${encodeURIComponent(thread.id)}/summary`);
      place.textContent = text;
    } catch (problem) {
      if (thread === this.thread) this.onError(problem);
    }
    button.disabled = false;
  }

  #typed() {
    this.#fit();
    this.#parts.suggest.hidden ||= Boolean(this.#parts.input.value.trim());
    if (this.#note || !this.#parts.input.value.trim() || Date.now() - this.#typedAt < typingEvery) return;
    this.#typedAt = Date.now();
    this.#socket.tell('typing', {}, this.thread.id);
  }

  #fit() {
    const { input } = this.#parts;
    input.style.height = 'auto';
    input.style.height = `${input.scrollHeight + 2}px`;
  }

  #markRead() {
    const { thread } = this;
    if (!thread || document.hidden || this.#socket.state !== 'live' || !this.#atBottom()) return;
    const newest = Math.max(0, ...[...thread.entries.values()].map(({ message }) => message.seq));
    if (newest <= this.#readSeq) return;
    this.#readSeq = newest;
    this.#socket.tell('message.read', { seq: newest }, thread.id);
    this.onConversation({ id: thread.id, unread: 0 });
  }

  // ---- drawing

  #build() {
    const button = (name, word, onclick, style = 'quiet') => {
      const element = make('button', name, { onclick }, say(word));
      element.classList.add(style);
      return element;
    };
    const parts = this.#parts = {
      title: make('h2', 'thread-title'),
      badges: make('span', 'thread-badges'),
      takeOver: button('take-over', 'takeOver', () => this.#switch('human'), 'primary'),
      handBack: button('hand-back', 'handBack', () => this.#switch('ai')),
      resolve: button('resolve', 'resolve', () => this.#act('PATCH', '', { status: 'resolved' })),
      reopen: button('reopen', 'reopen', () => this.#act('PATCH', '', { status: 'open' })),
      info: button('info', 'info', () => this.#toggleAside()),
      earlier: button('earlier', 'earlier', () => this.#readEarlier()),
      newer: button('newer', 'newer', () => this.#draw(true)),
      typing: make('p', 'typing', { role: 'status' }),
      hint: make('p', 'hint'),
      reply: button('mode-reply', 'reply', () => this.#setNote(false)),
      note: button('mode-note', 'note', () => this.#setNote(true)),
      suggest: button('suggest', 'suggest', () => this.#suggest()),
      input: make('textarea', 'input', {
        rows: 2,
        maxlength: longest,
        oninput: () => this.#typed(),
        onkeydown: (event) => {
          if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return; // 229: an IME's Enter
          event.preventDefault();
          this.#send();
        },
      }),
      send: button('send', 'send', () => this.#send(), 'primary'),
      files: new FileTray(this.#account),
    };
    const back = make('button', 'back', { 'aria-label': say('back'), onclick: () => this.onClose() }, '‹');
    parts.log = make('div', 'log', { role: 'log', tabindex: 0, onscroll: () => this.#scrolled() }, parts.earlier);
    parts.composer = make('div', 'composer', {},
      make('div', 'modes', { role: 'group', 'aria-label': say('mode') }, parts.reply, parts.note, parts.suggest, parts.hint),
      parts.files.element,
      make('div', 'write', {}, parts.files.button, parts.files.picker, parts.input, parts.send));
    this.#place.replaceChildren(
      make('header', 'thread-header', {}, back, make('div', 'thread-name', {}, parts.title, parts.badges),
        make('div', 'thread-actions', {}, parts.takeOver, parts.handBack, parts.resolve, parts.reopen, parts.info)),
      parts.log, parts.newer, parts.typing, parts.composer);
    const draft = this.#drafts.get(this.thread.id);
    parts.input.value = draft?.text || '';
    this.#setNote(Boolean(draft?.note));
    this.#drawAround(false);
    this.#fit();
  }

  #setNote(note) {
    const { composer, reply, note: noteButton, input } = this.#parts;
    this.#note = note;
    composer.dataset.note = note;
    reply.setAttribute('aria-pressed', !note);
    noteButton.setAttribute('aria-pressed', note);
    input.placeholder = say(note ? 'writeNote' : 'writeReply');
    input.setAttribute('aria-label', input.placeholder);
    if (this.thread.conversation) this.#drawAround(false);
  }

  /// Draws the log and what stands around it. With `stick` the newest message is kept in view.
  #draw(stick) {
    const { thread } = this;
    const { log, earlier, newer } = this.#parts;
    const clientIds = new Set([...thread.entries.values()].map(({ message }) => message.client_message_id));
    this.#outbox.settle(thread.id, thread.seq, clientIds);
    const echoes = this.#outbox.items.filter(({ conversationId }) => conversationId === thread.id);
    const wanted = [earlier, ...thread.messages.map((entry) => this.#drawMessage(entry)), ...echoes.map((item) => this.#drawEcho(item))];
    const kept = new Set(wanted);
    const grew = wanted.length > log.children.length;
    for (const child of [...log.children]) if (!kept.has(child)) child.remove();
    wanted.forEach((element, index) => {
      if (log.children[index] !== element) log.insertBefore(element, log.children[index] ?? null);
    });
    if (grew && !stick) newer.hidden = false;
    this.#drawAround(stick);
    this.#drawAside();
  }

  #drawAround(stick) {
    const { thread } = this;
    const { log, earlier, newer, title, badges, typing, hint, composer, takeOver, handBack, resolve, reopen, info, send, suggest, input, files } = this.#parts;
    const { conversation } = thread;
    const { user } = this.#account;
    const loaded = conversation !== null;
    const closed = conversation?.status === 'closed';
    const owner = conversation?.owner || {};
    const mine = owner.kind === 'agent' && owner.id === user?.id;
    title.textContent = loaded ? contactName(conversation) : say('loading');
    badges.replaceChildren(...(loaded ? [ownerBadge(conversation, user),
      make('span', 'status', { 'data-status': conversation.status }, say(conversation.status))] : []));
    this.#place.dataset.owner = owner.kind || '';
    this.#place.dataset.status = conversation?.status || '';
    takeOver.hidden = !loaded || closed || mine;
    handBack.hidden = !loaded || closed || owner.kind === 'ai';
    resolve.hidden = !['open', 'pending', 'snoozed'].includes(conversation?.status);
    reopen.hidden = conversation?.status !== 'resolved';
    info.hidden = !loaded;
    for (const action of [takeOver, handBack, resolve, reopen]) action.disabled = this.#busy;
    input.disabled = send.disabled = files.button.disabled = !loaded || closed;
    composer.dataset.closed = closed;
    hint.textContent = closed ? say('isClosed') : owner.kind === 'ai' && !this.#note ? say('takesOver') : '';
    suggest.hidden = !loaded || closed || this.#note || !this.#mayAsk || Boolean(input.value.trim());
    earlier.hidden = thread.oldest <= 1;
    typing.textContent = this.#typingTimer ? typing.textContent : thread.replies.size ? say('thinking') : '';
    const own = [...this.#elements.values()].filter(({ element }) => element.dataset.kind === 'agent').at(-1);
    for (const { seen } of this.#elements.values()) seen.hidden = true;
    if (own && Number(own.element.dataset.seq) <= thread.seenByContact) own.seen.hidden = false;
    if (stick) log.scrollTop = log.scrollHeight;
    if (this.#atBottom()) newer.hidden = true;
    this.#markRead();
  }

  #drawMessage(entry) {
    const { message } = entry;
    let drawn = this.#elements.get(message.id);
    if (drawn?.of === message) return drawn.element;
    if (!drawn) {
      drawn = { element: make('article', 'message'), seen: make('span', 'seen', {}, ` · ${say('seen')}`) };
      this.#elements.set(message.id, drawn);
    }
    const { element } = drawn;
    const { sender, status } = message;
    const isNote = message.type === 'note';
    // What a handoff tells the staff comes from the assistant's side.
    const kind = message.type === 'event' ? 'system' : isNote && sender.kind === 'system' ? 'ai' : sender.kind;
    const gone = status === 'deleted';
    const text = gone ? say('deleted') : entry.stream ? entry.stream.text : message.content;
    drawn.of = message;
    drawn.body = make('div', 'text', {}, ...(entry.stream ? [text] : linked(text)));
    const name = { ai: say('assistant'), agent: sender.id === this.#account.user?.id ? say('me') : sender.name }[kind];
    const mark = gone ? '' : { cancelled: say('cancelled'), partial: say('partial') }[status] || (message.edited_at && say('edited'));
    const head = [isNote && say('note'), name, shortTime(message.created_at), mark].filter(Boolean).join(' · ');
    const sources = gone || entry.stream || !message.sources?.length ? null : make('div', 'sources', { 'aria-label': say('sources') },
      ...message.sources.map((source) => make('details', 'source', {},
        make('summary', '', {}, `${source.number}. ${source.title}`), make('p', '', {}, source.excerpt || ''))));
    drawn.seen.hidden = true;
    const files = (message.attachments || []).map((file) => attached(this.#account, file));
    // Only what is settled can be judged.
    drawn.tools = kind === 'ai' && !isNote && !gone && status !== 'streaming'
      ? drawn.tools || answerTools(this.#account, this.thread.id, message, (problem) => this.onError(problem)) : null;
    const parts = [text || entry.stream ? drawn.body : null, ...files, sources,
      kind === 'system' ? null : make('div', 'meta', { title: fullTime(message.created_at) }, head, drawn.seen), drawn.tools];
    element.replaceChildren(...parts.filter(Boolean));
    Object.assign(element.dataset, { kind, type: message.type, status, id: message.id, seq: message.seq });
    element.setAttribute('aria-busy', Boolean(entry.stream));
    return element;
  }

  #drawEcho(item) {
    const { state, content, type, code, files = [] } = item;
    const word = { sending: 'sending', sent: 'sent', failed: 'notSent' }[state];
    const meta = make('div', 'meta', {}, type === 'note' ? `${say('note')} · ` : '', say(word), code ? ` (${code})` : '');
    if (state === 'failed') {
      meta.append(' · ', make('button', 'retry', { onclick: () => this.#outbox.retry(item) }, say('again')),
        ' · ', make('button', 'discard', { onclick: () => this.#outbox.remove(item) }, say('discard')));
    }
    return make('article', 'message', { 'data-kind': 'agent', 'data-type': type, 'data-status': state },
      content ? make('div', 'text', {}, content) : null,
      ...files.map(({ name }) => make('div', 'attachment', {}, name)), meta);
  }

  /// The outbox changed: an echo came, went or failed.
  redraw() {
    if (this.thread && this.thread.seq !== null) this.#draw(this.#atBottom());
  }

  get #mayAsk() {
    return this.#account.user?.permissions?.includes('ai:use');
  }

  #drawAside() {
    const { conversation } = this.thread;
    this.#aside.hidden = !this.#asideWanted || !conversation;
    this.#parts.info.setAttribute('aria-expanded', !this.#aside.hidden);
    if (!this.#aside.hidden) drawDetails(this.#aside, conversation, this.#contact, this.#mayAsk && ((button, place) => this.#sumUp(button, place)));
  }

  #toggleAside() {
    this.#asideWanted = !this.#asideWanted;
    this.#drawAside();
  }

  #showTyping(participant) {
    clearTimeout(this.#typingTimer);
    this.#typingTimer = null;
    const { typing } = this.#parts;
    if (!typing || !this.thread) return;
    typing.textContent = '';
    if (!participant) return;
    const name = participant.name || (participant.kind === 'contact' ? contactName(this.thread.conversation) : say(participant.kind));
    typing.textContent = `${name} ${say('typing')}`;
    this.#typingTimer = setTimeout(() => this.#showTyping(null), typingLasts);
  }

  #scrolled() {
    if (!this.#atBottom()) return;
    this.#parts.newer.hidden = true;
    this.#markRead();
  }

  #atBottom() {
    const { log } = this.#parts;
    return !log || log.scrollHeight - log.scrollTop - log.clientHeight < 60;
  }
}
