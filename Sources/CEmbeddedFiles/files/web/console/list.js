// The list of conversations: read over HTTP by filter and page, kept current by the rows of the socket's view.
import { make, shortTime } from './dom.js';
import { say } from './words.js';

const pageSize = 50;
const answering = (conversation) => conversation.status === 'open' || conversation.status === 'pending';

/// Per filter: what the server is asked for, and which rows belong to it once they change.
const filters = {
  all: { query: () => '', has: () => true },
  queue: { query: () => '&owner=none', has: (row) => row.owner.kind === 'none' && answering(row) },
  ai: { query: () => '&owner=ai', has: (row) => row.owner.kind === 'ai' && answering(row) },
  mine: {
    query: (user) => `&assignee=${encodeURIComponent(user.id)}`,
    has: (row, user) => row.owner.kind === 'agent' && row.owner.id === user.id,
  },
  resolvedOnes: { query: () => '&status=resolved', has: (row) => row.status === 'resolved' },
};

export const contactName = ({ contact, number }) => contact?.name || contact?.email || `${say('visitor')} #${number}`;

/// The owner in a word, and the class that colours it.
export function ownerBadge({ owner }, user) {
  const mine = owner.kind === 'agent' && owner.id === user?.id;
  const word = mine ? say('me') : owner.kind === 'agent' || owner.kind === 'team' ? owner.name || say(owner.kind) : say(owner.kind);
  return make('span', 'owner', { 'data-owner': owner.kind, 'data-mine': mine }, word);
}

export class List {
  onChoose = () => {};
  onError = () => {};
  chosen = null;
  #account;
  #filter = 'all';
  #rows = new Map(); // id → conversation
  #elements = new Map(); // id → {item, button, drawn}
  #cursor = null;
  #changed = null; // ids changed by the socket while a page is being read, which is then older than they are
  #reading = 0;
  #place = document.getElementById('rows');
  #empty = document.getElementById('list-empty');
  #more = document.getElementById('more');
  #buttons = {};

  constructor(account) {
    this.#account = account;
    const bar = document.getElementById('filters');
    bar.setAttribute('aria-label', say('filters'));
    for (const name of Object.keys(filters)) {
      this.#buttons[name] = make('button', 'filter', { 'data-filter': name, onclick: () => this.choose(name) }, say(name));
      bar.append(this.#buttons[name]);
    }
    this.#more.onclick = () => this.#read(this.#cursor);
    this.#draw();
  }

  choose(filter) {
    this.#filter = filter;
    this.reload();
  }

  /// Forgets what was read and reads the first page again, as after every reconnect.
  reload() {
    this.#cursor = null;
    return this.#read(null);
  }

  async #read(cursor) {
    const turn = this.#reading += 1;
    const changed = this.#changed = new Set();
    const { query } = filters[this.#filter];
    const page = cursor ? `&cursor=${encodeURIComponent(cursor)}` : '';
    this.#draw();
    try {
      const path = `/chat/conversations?limit=${pageSize}${query(this.#account.user)}${page}`;
      const answer = await this.#account.request('GET', path);
      if (turn !== this.#reading) return;
      if (!cursor) for (const id of this.#rows.keys()) if (!changed.has(id)) this.#rows.delete(id);
      for (const row of answer.items) if (!changed.has(row.id)) this.#rows.set(row.id, row);
      this.#cursor = answer.next_cursor;
    } catch (problem) {
      if (turn === this.#reading) this.onError(problem);
    }
    this.#draw();
  }

  /// A `view.row` of the socket.
  row({ conversation, in: inside }) {
    this.#changed?.add(conversation.id);
    if (inside) this.#rows.set(conversation.id, conversation);
    else this.#rows.delete(conversation.id);
    this.#draw();
  }

  /// What the open conversation knows better than its row.
  update(conversation) {
    const row = this.#rows.get(conversation.id);
    if (!row) return;
    this.#rows.set(conversation.id, { ...row, ...conversation });
    this.#draw();
  }

  mark(chosen) {
    this.chosen = chosen;
    this.#draw();
  }

  #draw() {
    const { user } = this.#account;
    for (const [name, button] of Object.entries(this.#buttons)) button.setAttribute('aria-pressed', name === this.#filter);
    const rows = user ? [...this.#rows.values()].filter((row) => filters[this.#filter].has(row, user)) : [];
    rows.sort((one, other) => (one.updated_at < other.updated_at ? 1 : one.updated_at > other.updated_at ? -1 : 0));
    const shown = new Set(rows.map(({ id }) => id));
    for (const [id, { item }] of this.#elements) {
      if (!shown.has(id)) {
        item.remove();
        this.#elements.delete(id);
      }
    }
    rows.forEach((row, index) => {
      const { item } = this.#drawRow(row, user);
      if (this.#place.children[index] !== item) this.#place.insertBefore(item, this.#place.children[index] ?? null);
    });
    this.#empty.textContent = say('nothing');
    this.#empty.hidden = rows.length > 0;
    this.#more.hidden = !this.#cursor;
  }

  /// Rows are kept and refilled, so that the keyboard's focus stays where it is.
  #drawRow(row, user) {
    let element = this.#elements.get(row.id);
    if (!element) {
      const button = make('button', 'row', { 'data-id': row.id, onclick: () => this.onChoose(row.id) });
      element = { button, item: make('li', '', {}, button), drawn: null };
      this.#elements.set(row.id, element);
    }
    const { button } = element;
    button.setAttribute('aria-current', row.id === this.chosen);
    if (element.drawn === row) return element;
    element.drawn = row;
    const unread = row.unread > 0 && make('span', 'unread', {
      'aria-label': `${row.unread} ${say('unread')}`,
    }, row.unread > 99 ? '99+' : String(row.unread));
    button.replaceChildren(
      make('span', 'row-name', {}, contactName(row)),
      make('time', 'row-time', { datetime: row.updated_at }, shortTime(row.last_message?.created_at || row.updated_at)),
      make('span', 'row-text', {}, preview(row.last_message, user)),
      make('span', 'row-badges', {}, ownerBadge(row, user), ...(row.status === 'open' ? [] : [
        make('span', 'status', { 'data-status': row.status }, say(row.status))]), unread || ''),
    );
    button.dataset.owner = row.owner.kind;
    button.dataset.status = row.status;
    return element;
  }
}

function preview(message, user) {
  if (!message) return '';
  const { sender, status, content, attachments = [] } = message;
  const said = content || attachments.map(({ name }) => name).join(', ');
  const who = sender.kind === 'ai' ? 'AI: ' : sender.kind === 'agent' ? `${sender.id === user.id ? say('me') : sender.name}: ` : '';
  return who + (status === 'deleted' ? say('deleted') : String(said ?? '').slice(0, 160));
}
