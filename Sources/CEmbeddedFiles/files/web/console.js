// The agent console: signs in, then ties the socket, the list, the open conversation and the outbox together.
import { Account } from './console/account.js';
import { List } from './console/list.js';
import { Outbox } from './console/outbox.js';
import { StaffSocket } from './console/socket.js';
import { ThreadView } from './console/thread-view.js';
import { changeLanguage, language, say } from './console/words.js';

const part = (id) => document.getElementById(id);
const account = new Account();
const socket = new StaffSocket(account);
const outbox = new Outbox(socket);
const list = new List(account);
const view = new ThreadView(account, socket, outbox);

// ---- words

document.documentElement.lang = language;
document.title = `${say('console')} · Chat API`;
for (const element of document.querySelectorAll('[data-say]')) element.textContent = say(element.dataset.say);
for (const element of document.querySelectorAll('[data-language]')) {
  element.textContent = say('language');
  element.addEventListener('click', changeLanguage);
}

// ---- problems are shown with the server's own words, and the request id for whoever has to look it up

let noticeTimer;

function notify(problem) {
  const place = part('notice');
  const text = typeof problem === 'string' ? problem
    : problem.code === 'stale_owner' ? say('stale')
    : problem.status === 0 ? say('unreachable')
    : `${say('failed')}: ${problem.message}`;
  const close = document.createElement('button');
  close.type = 'button';
  close.className = 'quiet';
  close.textContent = say('dismiss');
  close.addEventListener('click', () => { place.hidden = true; });
  const id = problem.requestId ? ` (${problem.code}, ${problem.requestId})` : '';
  place.replaceChildren(text + id, close);
  place.hidden = false;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => { place.hidden = true; }, 12_000);
}

list.onError = notify;
view.onError = notify;

// ---- signing in and out

function show(signedIn) {
  part('login').hidden = signedIn;
  part('console').hidden = !signedIn;
  if (!signedIn) part('login-form').elements.email.focus();
}

function enter() {
  part('me').textContent = account.user?.name || account.user?.email || '';
  show(true);
  list.reload();
  socket.start();
  openFromAddress();
}

part('login-form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const form = event.currentTarget;
  const { email, password, workspace } = form.elements;
  const place = part('login-error');
  const button = form.querySelector('[type=submit]');
  place.hidden = true;
  button.disabled = true;
  try {
    const user = await account.signIn(email.value, password.value, workspace.value.trim());
    password.value = '';
    if (user.role === 'customer') {
      await account.signOut();
      throw new Error(say('noAccess'));
    }
    enter();
  } catch (problem) {
    place.textContent = problem.status === 0 ? say('unreachable') : problem.message;
    place.hidden = false;
  }
  button.disabled = false;
});

part('sign-out').addEventListener('click', () => account.signOut());

account.onSignedOut = () => {
  socket.stop();
  closeThread();
  show(false);
};

account.onRefreshed = (token) => {
  socket.request('token.refresh', { token }).catch(() => {}); // without a socket the next ticket is of the new token
};

// ---- the socket

socket.onState = (state) => {
  const place = part('connection');
  place.dataset.state = state;
  place.replaceChildren(say({ live: 'live', waiting: 'waiting', stopped: 'stopped' }[state] || 'connecting'));
  if (state !== 'stopped') return;
  const again = document.createElement('button');
  again.type = 'button';
  again.className = 'quiet';
  again.textContent = say('reconnect');
  again.addEventListener('click', () => socket.start());
  place.append(again);
};

socket.onLive = (newEpoch) => {
  // First the view, then the list: what changes between the two arrives as a row.
  socket.request('subscribe', { view: {} }).then(() => list.reload(), (refusal) => refusal.code !== 'lost' && notify(refusal));
  view.resume(newEpoch);
  outbox.pump();
};

socket.onFrame = (frame) => {
  if (frame.type === 'view.row') list.row(frame.data);
  else if (frame.type === 'pong') view.heads(frame.data?.heads);
  else if (frame.type === 'notice') notify(frame.data.text);
  else view.frame(frame);
};

outbox.onChange = () => {
  // Confirmed messages of a conversation that is not on the screen have nothing to wait for.
  outbox.items = outbox.items.filter(({ state, conversationId }) => state !== 'sent' || conversationId === view.thread?.id);
  view.redraw();
};

// ---- the open conversation stands in the address, so that a reload and the back button keep it

function openFromAddress() {
  const id = decodeURIComponent(location.hash.slice(1));
  if (!account.tokens) return;
  part('console').dataset.open = Boolean(id); // first, since what is not shown cannot be measured
  if (id) view.open(id);
  else view.close();
  list.mark(id || null);
}

function closeThread() {
  view.close();
  list.mark(null);
  part('console').dataset.open = false;
  if (location.hash) history.replaceState(null, '', location.pathname + location.search);
}

list.onChoose = (id) => {
  if (location.hash.slice(1) === id) openFromAddress();
  else location.hash = id;
};
view.onClose = closeThread;
view.onConversation = (conversation) => list.update(conversation);
addEventListener('hashchange', openFromAddress);

if (account.tokens) enter();
else show(false);
