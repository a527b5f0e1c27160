// Files beside messages: those that are chosen for the next one, and those that came.
import { make } from './dom.js';
import { say } from './words.js';

const mostFiles = 10; // of a message, the server's limit

/// The files for the next message of one conversation. They are sent to the server as soon as they are chosen.
export class FileTray {
  items = []; // {name, state: uploading | ready | tooLarge | wrongKind | failed, id?}
  #account;

  constructor(account) {
    this.#account = account;
    this.element = make('div', 'files', { hidden: '' });
    this.picker = make('input', 'picker', { type: 'file', multiple: '', hidden: '', tabindex: -1, onchange: () => this.#choose() });
    this.button = make('button', 'attach', {
      'aria-label': say('attach'), title: say('attach'), onclick: () => this.picker.click(),
    }, '📎');
    this.button.classList.add('quiet');
  }

  /// Hands over what is ready to be sent, and forgets it.
  take() {
    const ready = this.items.filter(({ state }) => state === 'ready').map(({ id, name }) => ({ id, name }));
    this.items = this.items.filter(({ state }) => state === 'uploading');
    this.#draw();
    return ready;
  }

  #choose() {
    for (const file of [...this.picker.files].slice(0, mostFiles - this.items.length)) this.#upload(file);
    this.picker.value = '';
  }

  async #upload(file) {
    const item = { name: file.name, state: 'uploading' };
    this.items.push(item);
    this.#draw();
    const form = new FormData();
    form.append('file', file);
    try {
      const { id } = await this.#account.request('POST', '/chat/attachments', form);
      Object.assign(item, { id, state: 'ready' });
    } catch ({ status }) {
      item.state = { 413: 'tooLarge', 415: 'wrongKind' }[status] || 'failed';
    }
    this.#draw();
  }

  #draw() {
    this.element.hidden = !this.items.length;
    this.element.replaceChildren(...this.items.map((item) => make('span', 'file', { 'data-state': item.state },
      item.state === 'ready' ? item.name : `${item.name} · ${say(item.state)}`, ' ',
      make('button', 'remove-file', {
        'aria-label': `${say('remove')} ${item.name}`,
        onclick: () => {
          this.items = this.items.filter((other) => other !== item);
          this.#draw();
        },
      }, '×'))));
  }
}

/// Files lie on this server, whatever address it tells others.
function located(url) {
  const { pathname, search } = new URL(url, location.origin);
  return pathname + search;
}

const size = (bytes) => (bytes < 1024 * 1024 ? `${Math.ceil(bytes / 1024)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`);

/// A file beside a message: images are shown, others are links. Links are good for an hour and made anew when they are old.
export function attached(account, { id, name, media_type: type, size: bytes, url }) {
  const renew = async () => {
    if (Number(new URL(link.href).searchParams.get('expires')) > Date.now() / 1000 + 60) return;
    link.href = located((await account.request('GET', `/chat/attachments/${encodeURIComponent(id)}`)).url);
  };
  const fresh = () => renew().catch(() => {});
  const link = make('a', 'attachment', {
    href: located(url), target: '_blank', rel: 'noopener noreferrer', onpointerdown: fresh, onfocus: fresh,
  });
  if (!type.startsWith('image/')) {
    link.append(`${name} · ${size(bytes)}`);
    return link;
  }
  const image = make('img', 'image', { alt: name, loading: 'lazy', src: link.href });
  image.onerror = () => {
    image.onerror = null;
    renew().then(() => { image.src = link.href; }, () => {});
  };
  link.append(image);
  return link;
}
