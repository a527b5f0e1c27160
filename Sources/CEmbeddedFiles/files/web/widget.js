// The Chat API widget: one file, no dependencies, no build step.
//   <script src="https://chat.example.com/widget.js" data-inbox-key="…" data-locale="zh" defer></script>
// Also: data-identity-token for a signed-in visitor; ChatAPIWidget.open(), .close(), .send(text).
// Three rules hold below: an event is applied only when its seq follows the last one, a typed message is kept until
// the server has it, and text from anyone is shown as text, never parsed as HTML.
(() => {
'use strict';
const script = document.currentScript;
if (!script || window.ChatAPIWidget) return;
const { origin } = new URL(script.src);
const options = script.dataset;
const locale = options.locale || navigator.language || 'en';

const IDLE = 20_000; // ms of silence before a ping: browsers cannot see the server's own
const PATIENCE = 10_000; // ms an answer may take before the socket counts as dead
const PAGE = 50; // messages per page of history
const LONGEST = 16_000; // characters of a message, the server's limit
const MOST_FILES = 10; // of a message, the server's limit

const words = {
  chat: ['Chat', '聊天'], open: ['Open chat', '打开聊天'], close: ['Close chat', '关闭聊天'], send: ['Send', '发送'],
  write: ['Write a message…', '输入消息…'], human: ['Talk to a human', '转人工'], stop: ['Stop', '停止'],
  hello: ['Hello! Ask anything. A human is one tap away at any time.', '您好！有什么可以帮您？您可以随时转接人工。'],
  ai: ['AI assistant', 'AI 助手'], ready: ['Answers right away', '即时回答'], none: ['Waiting for a human', '正在等待人工客服'],
  queued: ['Someone will be with you soon', '客服很快就来，您可以继续留言'], agent: ['Customer service', '人工客服'],
  served: ['You are talking to a human', '人工客服为您服务'], connecting: ['Connecting…', '正在连接…'],
  waiting: ['No connection, trying again…', '连接已断开，正在重试…'], over: ['Paused. Write to continue', '会话已暂停，发送消息即可继续'],
  sending: ['Sending…', '发送中…'], sent: ['Sent', '已发送'], failed: ['Not sent', '未发送'], again: ['Try again', '重试'],
  earlier: ['Earlier messages', '更早的消息'], deleted: ['Message deleted', '消息已删除'], cancelled: ['Stopped', '已停止'],
  partial: ['Incomplete answer', '回答不完整'], edited: ['Edited', '已编辑'], typing: ['is typing', '正在输入'],
  attach: ['Attach files', '添加附件'], remove: ['Remove', '移除'], uploading: ['Uploading…', '上传中…'],
  tooLarge: ['Too large', '文件过大'], wrongKind: ['This kind of file is not accepted', '不支持的文件类型'],
  closed: ['This conversation is closed', '会话已关闭'], fresh: ['Start a new one', '开始新会话'],
};
for (const key in words) words[key] = words[key][/^zh/i.test(locale) ? 1 : 0];

// ---- What survives a reload: {session_id, token, conversation_id, outbox: [{id, content}]} per server and inbox

const storageKey = `chatapi:${origin}:${options.inboxKey || ''}`;
let memory = {}; // stands in where storage is blocked

function recall() {
  try {
    return JSON.parse(localStorage.getItem(storageKey)) || {};
  } catch {
    return memory;
  }
}

function remember(changes) {
  memory = { ...recall(), ...changes };
  try {
    localStorage.setItem(storageKey, JSON.stringify(memory));
  } catch { /* this page only, then */ }
}

// ---- HTTP and session

async function http(method, path, body, token = recall().token) {
  const headers = { 'Content-Type': 'application/json' };
  if (token) headers.Authorization = `Bearer ${token}`;
  const answer = await fetch(`${origin}/api/v1/chat${path}`, {
    method, headers, body: body && JSON.stringify(body), cache: 'no-store', signal: AbortSignal.timeout(PATIENCE * 2),
  });
  if (!answer.ok) throw { status: answer.status, retry: +answer.headers.get('Retry-After') };
  return answer.json();
}

const refused = ({ status }) => [401, 403, 404, 409, 422].includes(status);

/// Files lie on this server, whatever address it tells others.
function located(url) {
  const { pathname, search } = new URL(url, origin);
  return origin + pathname + search;
}

/// A ticket for the socket: of the remembered session or, once the visitor has opened the panel, of a new one.
async function admission() {
  const { session_id: id } = recall();
  if (id) {
    try {
      if (askFirst && !/active|idle/.test((await http('GET', `/sessions/${id}`)).status)) throw { status: 404 };
      return (await http('POST', `/sessions/${id}/ticket`)).ticket;
    } catch (error) {
      if (!refused(error)) throw error;
      remember({ session_id: null });
    }
  }
  return isOpen ? newSession() : null;
}

/// The old token keeps the contact, the old conversation keeps the thread; each is given up only when refused.
async function newSession() {
  const { token, conversation_id } = recall();
  const ways = token ? [{ token, conversation_id }, { token }, {}] : [{}];
  for (const way of ways) {
    try {
      const { session, session_token, websocket_url, inbox } = await http('POST', '/sessions', {
        inbox_key: options.inboxKey, identity_token: options.identityToken, locale,
        conversation_id: way.conversation_id || undefined,
      }, way.token || '');
      remember({ session_id: session.id, token: session_token, conversation_id: session.conversation_id, greeting: inbox?.greeting });
      intro.textContent = inbox?.greeting || words.hello;
      return new URL(websocket_url).searchParams.get('ticket');
    } catch (error) {
      if (!refused(error) || way === ways.at(-1)) throw error;
    }
  }
}

// ---- Connection

let phase = 'off'; // → connecting → joining → live; waiting: will retry; over: only the visitor starts it again
let socket = null;
let askFirst = true; // a refused upgrade looks like any failure, so the session is asked before the next ticket
let attempts = 0, retryTimer, drainSeconds, helloId;
let heardAt = 0, requestCount = 0;
const requests = new Map(); // request_id → {done(frame), onLost(), at}

async function connect() {
  if (socket || phase === 'connecting') return;
  clearTimeout(retryTimer);
  enter('connecting');
  try {
    const ticket = await admission();
    if (ticket) listen(ticket);
    else enter('off');
  } catch (error) {
    if (refused(error)) enter('over');
    else retry(error.retry);
  }
}

function listen(ticket) {
  const path = `/ws/chat/${recall().session_id}?ticket=${encodeURIComponent(ticket)}`;
  const current = socket = new WebSocket(origin.replace(/^http/, 'ws') + path);
  askFirst = true;
  heardAt = Date.now();
  current.onopen = () => {
    if (current !== socket) return;
    askFirst = false;
    enter('joining');
    if (conversation?.id !== recall().conversation_id) epoch = null; // another tab began a new conversation
    helloId = request('hello', { capabilities: ['batch'], resume: epoch ? { epoch, seq } : undefined });
  };
  current.onmessage = ({ data }) => {
    const stick = atBottom();
    for (const frame of [].concat(JSON.parse(data))) if (current === socket) receive(frame);
    heardAt = Date.now();
    settle(stick);
  };
  current.onclose = ({ code }) => current === socket && lost(code);
}

function lost(code) {
  const old = socket;
  socket = helloId = null;
  old?.close();
  for (const { onLost } of requests.values()) onLost?.();
  requests.clear();
  if (code === 4004) epoch = null;
  if (code === 4503 || code === 4505) remember({ session_id: null });
  if (code === 1000 || code >= 4500) return enter('over');
  if ([1002, 1003, 1007, 1009, 1013, 4006].includes(code)) attempts = Math.max(attempts, 3);
  retry(code === 1012 && drainSeconds);
}

function retry(seconds) {
  const ceiling = attempts ? Math.min(30, 2 ** (attempts - 1)) : 1; // full jitter below it
  attempts += 1;
  enter('waiting');
  retryTimer = setTimeout(connect, 1000 * (seconds || Math.random() * ceiling));
}

const tell = (frame) => socket?.readyState === 1 && socket.send(JSON.stringify(frame));

/// `done` gets the answer at once and in its place among the frames; `onLost` hears when the socket dies before.
function request(type, data, done, onLost) {
  const id = `w${requestCount += 1}`;
  requests.set(id, { done, onLost, at: Date.now() });
  tell({ type, request_id: id, data });
  return id;
}

function beat() {
  const now = Date.now(), [waiting] = requests.values();
  if (!socket) return;
  if (now - (waiting?.at ?? (phase === 'live' ? now : heardAt)) > PATIENCE) lost(1006);
  else if (!waiting && phase === 'live' && now - heardAt > IDLE) request('ping', {});
}

/// The tab is looked at again or the network is back: find out now, not at the next timer.
function check() {
  if (document.hidden) return;
  if (phase === 'waiting') connect();
  else if (phase === 'live') request('ping', {});
  settle(atBottom());
}

// ---- The log: durable events in order, each applied once

let epoch = null, seq = 0; // incarnation of the log and the last event applied
let conversation = null;
let historyBefore = 0; // messages below this seq are still to be read over HTTP; 0: none
let oldest = 1, newest = 0; // seq of the messages at hand
const entries = new Map(); // message id → {message, element, body, stream?: {generation, text, length, frozen}}
const started = new Map(); // message id → generation of a reply that has shown no text yet

function receive(frame) {
  const { type, data = {} } = frame;
  if (Number.isInteger(frame.seq)) return accept(frame);
  const pending = requests.get(frame.request_id);
  requests.delete(frame.request_id);
  const id = data.message_id;
  const entry = entries.get(id);
  if (type === 'ready' && helloId && frame.request_id === helloId) welcome(data); // one before it knows of no resume
  else if (type === 'synced' && phase === 'joining' && !helloId) synced(data.seq);
  else if (type === 'pong') setTimeout(behind, 1000, data.head_seq); // it may overtake the event itself
  else if (type === 'drain') drainSeconds = data.reconnect_in_seconds;
  else if (type === 'typing' && data.participant?.kind !== 'contact') showTyping(data.participant);
  else if (type === 'reply.failed') started.delete(id);
  else if (type === 'reply.started' && !entry && conversation?.owner.epoch <= data.owner_epoch) started.set(id, data.generation);
  else if (type === 'reply.delta' && entry?.stream) grow(entry, data);
  else if (type === 'reply.reset' && entry?.stream) rewrite(entry, data, data.keep);
  else if (type === 'reply.snapshot' && entry?.stream) rewrite(entry, data, data.text);
  pending?.done?.(frame);
}

function welcome(data) {
  const known = epoch === data.epoch && data.mode !== 'snapshot' && conversation?.id === data.conversation?.id;
  helloId = null;
  epoch = data.epoch;
  conversation = data.conversation;
  remember({ conversation_id: conversation?.id });
  started.clear();
  if (known) return;
  for (const { element } of entries.values()) element.remove();
  entries.clear();
  newest = 0;
  seq = data.head_seq;
  historyBefore = seq + 1;
  unread = conversation?.unread || 0;
  readSeq = unread ? 0 : seq;
}

function synced(head) {
  enter('live');
  attempts = drainSeconds = 0;
  behind(head);
  if (historyBefore) readHistory(historyBefore);
  for (const entry of entries.values()) resync(entry);
  if (wantsHuman) askHuman();
  pump();
}

function accept({ type, seq: at, data = {} }) {
  if (helloId && !epoch) return; // the history read next has it
  if (at > seq + 1) return behind(at);
  if (at <= seq) return;
  seq = at;
  if (type === 'message.created') arrived(data.message);
  if (type === 'conversation.updated') change(data.changes);
  else if (type === 'message.deleted') {
    const message = entries.get(data.message_id)?.message;
    if (message) put({ ...message, status: 'deleted', content: '', attachments: [] });
  } else if (data.message) put(data.message);
}

function change(changes) {
  if (changes.owner?.epoch < conversation?.owner?.epoch) return;
  conversation = { ...conversation, ...changes };
  if (!changes.owner || changes.owner.kind === 'ai') return;
  wantsHuman = false;
  started.clear();
  for (const { stream } of entries.values()) if (stream) stream.frozen = true; // the bot never speaks over a human
}

/// An event exists that never came. Before `synced` the replay brings it; after, a new connection resumes here.
const behind = (head) => phase === 'live' && head > seq && lost(1006);

async function readHistory(before) {
  historyBefore = before;
  try {
    const page = await http('GET', `/conversations/${conversation.id}/messages?before=${before}&limit=${PAGE}`);
    if (historyBefore !== before) return;
    if (page.head_seq < seq) return readHistory(before); // older than what the socket has told meanwhile
    historyBefore = 0;
    const below = log.scrollHeight - log.scrollTop, stick = atBottom();
    for (const message of page.items) if (!entries.has(message.id)) put(message);
    oldest = page.items.length < PAGE ? 1 : page.items.at(-1).seq;
    log.scrollTop = log.scrollHeight - below;
    settle(stick);
  } catch (error) {
    if (!refused(error)) setTimeout(() => phase === 'live' && historyBefore === before && readHistory(before), 3000);
  }
}

// ---- AI text. Offsets count Unicode scalars, as the iterator of a string does, and not UTF-16 units

const scalars = (text) => [...text].length;

function grow(entry, { generation, offset, text }) {
  const { stream } = entry;
  if (stream.frozen || generation < stream.generation) return;
  const known = generation === stream.generation || (stream.generation === null && offset === stream.length);
  if (!known || offset > stream.length) return resync(entry);
  const fresh = [...text].slice(stream.length - offset);
  stream.generation = generation;
  stream.length += fresh.length;
  entry.body.textContent = stream.text += fresh.join('');
}

function rewrite(entry, { generation, offset }, text) {
  const { stream } = entry;
  if (stream.frozen || generation < stream.generation) return;
  if (generation === stream.generation && offset <= stream.length) return;
  entry.stream = { generation, text, length: scalars(text) };
  entry.body.textContent = text;
}

function resync(entry) {
  if (!entry.stream || entry.syncing || phase !== 'live') return;
  const free = () => { entry.syncing = false; };
  entry.syncing = true;
  request('reply.sync', { message_id: entry.message.id }, free, free);
}

// ---- Sending, one message at a time, which keeps their order through every retry

const outbox = []; // {id, content, files, element, state: sending | sent | failed}
let files = []; // chosen for the next message: {name, state: uploading | ready | tooLarge | wrongKind | failed, id?}
let pumping = false, wantsHuman = false, typedAt = 0, readSeq = 0, unread = 0;

const keep = (change) => remember({ outbox: change(recall().outbox || []) });
const forget = (id) => keep((all) => all.filter((item) => item.id !== id));

function send(text) {
  // Control characters and lone surrogates would only be refused.
  const content = text.slice(0, LONGEST).replace(/[\0-\x08\x0b-\x1f\x7f]|\p{Cs}/gu, '').trim();
  const chosen = files.filter(({ state }) => state === 'ready').map(({ id, name }) => ({ id, name }));
  if (!content && !chosen.length) return;
  files = files.filter(({ state }) => state === 'uploading');
  paintFiles();
  const id = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(36)).join('');
  keep((all) => [...all, { id, content, files: chosen }]);
  queue({ id, content, files: chosen });
  settle(true);
  wake();
  pump();
}

function queue({ id, content, files: chosen = [] }) {
  const item = { id, content, files: chosen, state: 'sending', element: make('div', 'message', { 'data-kind': 'contact' }) };
  outbox.push(item);
  log.append(item.element);
  paintEcho(item);
}

function pump() {
  const item = outbox.find(({ state }) => state === 'sending');
  if (!item || pumping || phase !== 'live') return;
  pumping = true;
  const data = { content: item.content, client_message_id: item.id, type: 'text' };
  if (item.files.length) data.attachment_ids = item.files.map(({ id }) => id);
  request('message.send', data, ({ type, data }) => {
    pumping = false;
    if (data.code === 'unavailable' || data.code === 'rate_limited') {
      setTimeout(pump, 1000 * (data.retry_in_seconds || 1));
      return;
    }
    item.state = type === 'ack' ? 'sent' : 'failed';
    if (type === 'ack') forget(item.id);
    if (data.code === 'conversation_closed') conversation.status = 'closed';
    paintEcho(item);
    pump();
  }, () => { pumping = false; });
}

function again(item) {
  item.state = 'sending';
  paintEcho(item);
  wake();
  pump();
}

// ---- Files: sent to the server as soon as they are chosen, and with the next message by their ids

function choose() {
  for (const file of [...picker.files].slice(0, MOST_FILES - files.length)) upload(file);
  picker.value = '';
  input.focus();
}

async function upload(file) {
  const item = { name: file.name, state: 'uploading' };
  files.push(item);
  paintFiles();
  try {
    wake(); // there may be no session yet
    for (let tries = 0; phase !== 'live' && tries < 100; tries += 1) await new Promise((done) => { setTimeout(done, 100); });
    const body = new FormData();
    body.append('file', file);
    const answer = await fetch(`${origin}/api/v1/chat/attachments`, {
      method: 'POST', headers: { Authorization: `Bearer ${recall().token}` }, body,
    });
    if (answer.ok) Object.assign(item, { id: (await answer.json()).id, state: 'ready' });
    else item.state = { 413: 'tooLarge', 415: 'wrongKind' }[answer.status] || 'failed';
  } catch {
    item.state = 'failed';
  }
  paintFiles();
}

function paintFiles() {
  tray.replaceChildren(...files.map((item) => make('span', 'file', { 'data-state': item.state },
    item.state === 'ready' ? item.name : `${item.name} · ${words[item.state]}`, ' ',
    make('button', 'remove-file', {
      'aria-label': `${words.remove} ${item.name}`,
      onclick: () => {
        files = files.filter((other) => other !== item);
        paintFiles();
      },
    }, '×'))));
  tray.hidden = !files.length;
}

/// Links are good for an hour; older ones are made anew before they are followed.
async function renew(link, id) {
  if (new URL(link.href).searchParams.get('expires') > Date.now() / 1000 + 60) return;
  const { url } = await http('GET', `/attachments/${id}`);
  link.href = located(url);
}

const size = (bytes) => (bytes < 1024 * 1024 ? `${Math.ceil(bytes / 1024)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`);

function attached({ id, name, media_type: type, size: bytes, url }) {
  const isImage = /^image\//.test(type);
  const fresh = () => renew(link, id).catch(() => {});
  const link = make('a', 'attachment', {
    href: located(url), target: '_blank', rel: 'noopener noreferrer', onpointerdown: fresh, onfocus: fresh,
  });
  const image = isImage && make('img', 'image', { alt: name, loading: 'lazy', src: link.href });
  if (image) image.onerror = () => {
    image.onerror = null;
    renew(link, id).then(() => { image.src = link.href; }, () => {});
  };
  link.append(image || `${name} · ${size(bytes)}`);
  return link;
}

function askHuman() {
  wantsHuman = true;
  wake();
  if (phase === 'live') request('handoff', { to: 'human' }, () => { wantsHuman = false; });
  settle(atBottom());
}

function markRead() {
  if (!isOpen || document.hidden) return;
  unread = 0;
  if (phase !== 'live' || newest <= readSeq || !atBottom()) return;
  readSeq = newest;
  tell({ type: 'message.read', data: { seq: newest } });
}

function startOver() {
  remember({ session_id: null, conversation_id: null });
  epoch = conversation = null;
  if (socket) lost(4505);
  outbox.filter(({ state }) => state === 'failed').forEach(again);
  wake();
}

// ---- View

/// An element; its name is class, part and data-testid at once. Functions become properties, the rest attributes.
function make(tag, name, attributes = {}, ...children) {
  const element = document.createElement(tag);
  if (name) for (const key of ['class', 'part', 'data-testid']) element.setAttribute(key, name);
  if (tag === 'button') element.type = 'button';
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element[key] = value;
    else element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

function icon(path) {
  const [svg, shape] = ['svg', 'path'].map((tag) => document.createElementNS('http://www.w3.org/2000/svg', tag));
  svg.setAttribute('viewBox', '0 0 24 24');
  shape.setAttribute('d', path);
  svg.append(shape);
  return svg;
}

const badge = make('span', 'badge');
const launcher = make('button', 'launcher', { onclick: () => toggle(!isOpen) }, icon('M4 5h16v11H9l-5 4z'), badge);
const title = make('h2', 'title', { id: 'title' });
const subtitle = make('p', 'subtitle', { role: 'status' });
const closer = make('button', 'close', { 'aria-label': words.close, onclick: () => toggle(false) }, icon('M6 6l12 12M18 6L6 18'));
const earlier = make('button', 'earlier', { onclick: () => readHistory(oldest) }, words.earlier);
const intro = make('p', 'intro', {}, recall().greeting || words.hello);
const log = make('div', 'log', { role: 'log', tabindex: 0, 'aria-label': words.chat, onscroll: markRead }, earlier, intro);
const typist = make('span', 'typist');
const dots = make('div', 'typing', {}, make('i'), make('i'), make('i'), typist);
const human = make('button', 'human', { onclick: askHuman }, words.human);
const stop = make('button', 'stop', { onclick: cancel }, words.stop);
const input = make('textarea', 'input', {
  rows: 1, maxlength: LONGEST, placeholder: words.write, 'aria-label': words.write, onfocus: wake, oninput: typed, onkeydown: pressed,
});
const picker = make('input', 'picker', { type: 'file', multiple: '', hidden: '', tabindex: -1, onchange: choose });
const clip = make('button', 'attach', { 'aria-label': words.attach, title: words.attach, onclick: () => picker.click() },
  icon('M20 11l-8.5 8.5a5 5 0 0 1-7-7L13 4a3.4 3.4 0 0 1 5 5l-8.5 8.5a1.7 1.7 0 0 1-2.5-2.5L14 8'));
const tray = make('div', 'files', { hidden: '' });
const sender = make('button', 'send', { 'aria-label': words.send, onclick: submit }, icon('M12 19V5M6 11l6-6 6 6'));
const composer = make('div', 'composer', {}, clip, picker, input, sender);
const closed = make('div', 'closed', {}, `${words.closed} `, make('button', 'new-conversation', { onclick: startOver }, words.fresh));
const panel = make('section', 'panel', { role: 'dialog', 'aria-labelledby': 'title', hidden: '', onkeydown: leave },
  make('header', 'header', {}, make('div', '', {}, title, subtitle), closer),
  log, dots, make('div', 'actions', {}, human, stop), tray, composer, closed);
let isOpen = false, typingTimer;

/// Draws all that follows from the state, after every change. `stick` keeps the newest message in view.
function settle(stick) {
  const { kind, name } = conversation?.owner || {};
  const aside = { none: 'queued', team: 'queued', agent: 'served' }[kind] || 'ready';
  title.textContent = name && kind !== 'ai' ? name : words[{ none: 'none', team: 'none', agent: 'agent' }[kind] || 'ai'];
  subtitle.textContent = words[phase === 'joining' ? 'connecting' : phase] || words[aside];
  panel.dataset.phase = phase;
  panel.dataset.owner = kind || '';
  human.hidden = (kind || 'ai') !== 'ai';
  human.disabled = wantsHuman;
  stop.hidden = ![...entries.values()].some(({ stream }) => stream && !stream.frozen);
  earlier.hidden = oldest <= 1;
  intro.hidden = entries.size + outbox.length > 0;
  composer.hidden = conversation?.status === 'closed';
  tray.hidden = composer.hidden || !files.length;
  closed.hidden = !composer.hidden;
  dots.hidden = !started.size && !typingTimer;
  if (stick) log.scrollTop = log.scrollHeight;
  markRead();
  badge.textContent = unread > 99 ? '99+' : unread;
  badge.hidden = isOpen || !unread;
  launcher.setAttribute('aria-label', isOpen ? words.close : unread ? `${words.open} (${unread})` : words.open);
  launcher.setAttribute('aria-expanded', isOpen);
}

function enter(next) {
  phase = next;
  settle(atBottom());
}

const atBottom = () => log.scrollHeight - log.scrollTop - log.clientHeight < 48;

function arrived({ sender: { kind } }) {
  if (kind === 'contact') return;
  if (kind === 'agent') showTyping();
  if (!isOpen || document.hidden) unread += 1;
}

function showTyping(participant) {
  clearTimeout(typingTimer);
  typist.textContent = participant?.name ? `${participant.name} ${words.typing}` : '';
  typingTimer = participant && setTimeout(() => {
    showTyping();
    settle(atBottom());
  }, 5000);
}

function put(message) {
  let entry = entries.get(message.id);
  const index = message.sender.kind === 'contact' ? outbox.findIndex(({ id }) => id === message.client_message_id) : -1;
  if (index >= 0) { // our own message came back: its echo becomes the message
    const [{ id, element }] = outbox.splice(index, 1);
    forget(id);
    if (entry) element.remove();
    else entry = { element };
  }
  entry ||= { element: make('div', 'message') };
  entries.set(message.id, entry);
  entry.message = message;
  if (message.status !== 'streaming') entry.stream = null;
  else if (!entry.stream) {
    entry.stream = { generation: started.get(message.id) ?? null, text: message.content, length: scalars(message.content) };
    started.clear();
    resync(entry);
  }
  started.delete(message.id);
  newest = Math.max(newest, message.seq);
  paint(entry);
  // By seq. Echoes have none, and so stay last.
  const before = [...log.children].findLast((other) => other === intro || +other.dataset.seq < message.seq);
  if (before.nextSibling !== entry.element) before.after(entry.element);
}

function paint(entry) {
  const { element, stream, message } = entry;
  const { sender: from, status, id, seq: at, content, sources } = message;
  const kind = message.type === 'event' ? 'system' : from.kind;
  const gone = status === 'deleted';
  const text = gone ? words.deleted : stream ? stream.text : content;
  entry.body = make('div', 'text', {}, ...(stream || kind === 'contact' ? [text] : linked(text)));
  element.replaceChildren(...(text || stream ? [entry.body] : []), ...(message.attachments || []).map(attached));
  if (!gone && !stream) element.append(...(sources || []).map(cited));
  const time = new Date(message.created_at).toLocaleTimeString(locale, { hour: '2-digit', minute: '2-digit' });
  const mark = /cancelled|partial/.test(status) ? words[status] : message.edited_at && !gone && words.edited;
  const meta = [{ agent: from.name, ai: words.ai }[kind], time, mark].filter(Boolean).join(' · ');
  if (kind !== 'system') element.append(make('div', 'meta', {}, meta));
  Object.assign(element.dataset, { kind, status, id, seq: at });
  element.setAttribute('aria-busy', Boolean(stream)); // a screen reader waits for the whole answer
}

function paintEcho(item) {
  const { element, state, content, files: chosen } = item;
  const meta = make('div', 'meta', {}, words[state]);
  if (state === 'failed') meta.append(' · ', make('button', 'retry', { onclick: () => again(item) }, words.again));
  if (!outbox.includes(item)) return; // it has become the message already
  element.dataset.status = state;
  const names = chosen.map(({ name }) => make('div', 'attachment', {}, name));
  element.replaceChildren(...(content ? [make('div', 'text', {}, content)] : []), ...names, meta);
}

/// Text with its http(s) addresses as links, built from nodes.
function linked(text) {
  return text.split(/(https?:\/\/[^\s<>"'`()\u0080-\uffff]*[\w/#=&%~+-])/i).map((part, index) => (
    index % 2 ? make('a', '', { href: part, target: '_blank', rel: 'noopener noreferrer nofollow' }, part) : part));
}

function cited({ number, title: name, excerpt }) {
  return make('details', 'source', {}, make('summary', '', {}, `${number}. ${name}`), make('p', '', {}, excerpt || ''));
}

function cancel() {
  for (const { stream, message } of entries.values()) if (stream) request('reply.cancel', { message_id: message.id });
}

function submit() {
  send(input.value);
  input.value = '';
  typedAt = 0;
  fit();
}

function pressed(event) {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return; // 229: an IME's Enter
  event.preventDefault();
  submit();
}

function typed() {
  fit();
  if (phase !== 'live' || Date.now() - typedAt < 3000) return;
  typedAt = Date.now();
  tell({ type: 'typing', data: {} });
}

function fit() {
  input.style.height = 'auto';
  input.style.height = `${input.scrollHeight + 2}px`;
}

function wake() {
  if (phase === 'off' || phase === 'over') connect();
}

function toggle(open) {
  if (open === isOpen) return;
  isOpen = open;
  panel.hidden = !open;
  (open ? input : launcher).focus({ preventScroll: true });
  if (open) wake();
  settle(open);
}

function leave(event) {
  if (event.key === 'Escape' && !event.isComposing) toggle(false);
}

const style = new CSSStyleSheet();
style.replaceSync(`
  :host { all: initial; --accent: #0b6e69; --on: #fff; --page: #fff; --soft: #f0f4f3; --ink: #16211f; --mute: #5b6967;
    --line: #dce3e2; --bad: #b3261e; color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
  @media (prefers-color-scheme: dark) { :host { --accent: #5cc8be; --on: #06211f; --page: #151b1b; --soft: #232c2c;
    --ink: #e6edec; --mute: #9aa9a7; --line: #313d3c; --bad: #ff8a80; } }
  * { box-sizing: border-box; margin: 0; } [hidden] { display: none !important; }
  :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
  button, .input { font: inherit; color: inherit; background: var(--page); border: 1px solid var(--line); border-radius: 16px; }
  button { font-size: 13px; padding: 4px 12px; cursor: pointer; } button:disabled { opacity: .5; }
  svg { width: 20px; fill: none; stroke: currentColor; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
  .launcher, .panel { position: fixed; right: 20px; bottom: 20px; z-index: 2147483000; box-shadow: 0 6px 24px #0003; }
  .launcher, .send, .close, .attach { display: grid; place-items: center; flex: none; width: 40px; height: 40px; padding: 0; border: 0; }
  .launcher { width: 56px; height: 56px; border-radius: 50%; } .launcher svg { width: 26px; }
  .launcher, .send, [data-kind=contact] .text { background: var(--accent); color: var(--on); }
  .badge { position: absolute; top: -4px; right: -4px; min-width: 22px; padding: 0 6px; border-radius: 11px;
    background: var(--bad); color: var(--page); font: 600 12px/22px system-ui; }
  .panel { bottom: 88px; display: flex; flex-direction: column; width: 384px; height: min(620px, calc(100dvh - 108px));
    overflow: hidden; color: var(--ink); background: var(--page); border: 1px solid var(--line); border-radius: 16px; }
  .header { display: flex; padding: 12px 10px 10px 18px; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
  .header div { flex: 1; } .title { font-size: 16px; line-height: 1.3; }
  .subtitle, .source, .meta, .typing, .intro, [data-kind=system] .text { font-size: 13px; color: var(--mute); }
  .log { flex: 1; overflow-y: auto; overscroll-behavior: contain; padding: 16px; display: flex; flex-direction: column; gap: 12px; }
  .log > * { flex: none; align-self: center; max-width: 86%; overflow-wrap: anywhere; } .log:focus-visible { outline-offset: -3px; }
  .intro { margin: auto; text-align: center; } .log [data-kind=ai], .log [data-kind=agent] { align-self: start; }
  .log [data-kind=contact] { align-self: end; }
  .text { padding: 9px 13px; border-radius: 4px 14px 14px; background: var(--soft); white-space: pre-wrap; } a { color: inherit; }
  [data-kind=contact] .text { border-radius: 14px 14px 4px; }
  [data-kind=agent] .text { background: none; box-shadow: inset 0 0 0 1px var(--line); }
  [data-kind=system] .text { padding: 0; background: none; text-align: center; }
  [data-status=streaming] .text::after { content: "▍"; animation: blink 1s infinite; }
  [data-status=deleted] .text { font-style: italic; opacity: .7; } [data-status=failed] .meta { color: var(--bad); }
  .meta { margin: 2px 4px 0; font-size: 12px; } [data-kind=contact] .meta { text-align: right; }
  .source { margin: 5px 4px 0; } summary { cursor: pointer; }
  .source p { margin: 3px 4px; padding-left: 10px; border-left: 2px solid var(--line); white-space: pre-wrap; }
  .attachment { display: block; width: fit-content; margin: 4px 0 0; padding: 6px 10px; font-size: 13px; border-radius: 10px;
    border: 1px solid var(--line); } .attachment:has(img) { padding: 0; border: 0; } .image { display: block; max-width: 100%;
    max-height: 220px; border-radius: 10px; } [data-kind=contact] .attachment { margin-left: auto; }
  .files { display: flex; flex-wrap: wrap; gap: 6px; padding: 8px 12px; } .file { padding: 2px 4px 2px 10px; font-size: 13px;
    background: var(--soft); border-radius: 12px; overflow-wrap: anywhere; } .remove-file { padding: 0 6px; border: 0; background: none; }
  .file[data-state=tooLarge], .file[data-state=wrongKind], .file[data-state=failed] { color: var(--bad); }
  .attach { color: var(--mute); background: none; }
  .typing, .actions { display: flex; gap: 6px; align-items: center; padding: 6px 14px; }
  i { width: 7px; height: 7px; border-radius: 50%; background: currentColor; animation: blink 1.2s infinite; }
  i + i { animation-delay: .2s; } i + i + i { animation-delay: .4s; } @keyframes blink { 50% { opacity: .25; } }
  .composer, .closed { display: flex; gap: 8px; align-items: end; padding: 10px 12px; border-top: 1px solid var(--line); }
  .input { flex: 1; min-width: 0; max-height: 132px; padding: 8px 12px; resize: none; font-size: 16px; line-height: 22px;
    background: var(--soft); border-radius: 12px; } .input::placeholder { color: var(--mute); opacity: 1; }
  @media (max-width: 480px) { .panel { inset: 0; width: auto; height: 100dvh; border: 0; border-radius: 0; }
    .panel:not([hidden]) + .launcher { display: none; } }
  @media (prefers-reduced-motion: reduce) { * { animation: none !important; } }`);

const host = make('div', '', { id: 'chatapi-widget', 'data-testid': 'chatapi-widget' });
const root = host.attachShadow({ mode: 'open' });
root.adoptedStyleSheets = [style];
root.append(panel, launcher);
(document.body || document.documentElement).append(host);
(recall().outbox || []).forEach(queue);
document.addEventListener('visibilitychange', check);
addEventListener('online', check);
setInterval(beat, 2000);
settle(true);
if (recall().session_id) connect();

window.ChatAPIWidget = {
  open: () => toggle(true),
  close: () => toggle(false),
  /// Opens the panel and says `text` as the visitor.
  send: (text) => {
    toggle(true);
    send(String(text));
  },
};
})();
