// Who is signed in: the tokens of this tab, their rotation, and every HTTP request that needs them.

const storageKey = 'chatapi:account';
const requestTimeout = 20_000; // ms
const uploadTimeout = 600_000; // ms

/// An answer of the server that is not a success, or no answer at all (`status` 0).
export class Problem extends Error {
  constructor(status, { code = 'unavailable', title = '', detail = '', request_id: requestId } = {}) {
    super(detail || title || code);
    Object.assign(this, { status, code, requestId });
  }
}

export class Account {
  tokens = null; // {access, refresh, expiresAt: ms since 1970, life: ms}
  user = null;
  onRefreshed = () => {}; // called with each new access token
  onSignedOut = () => {};
  #refreshing = null;
  #timer;
  #tabs = 'BroadcastChannel' in globalThis ? new BroadcastChannel(storageKey) : null;

  constructor() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(storageKey));
      if (kept) Object.assign(this, { tokens: kept.tokens, user: kept.user });
    } catch { /* nothing usable is kept */ }
    // A duplicated tab starts with the same refresh token, and a second use of it would end both tabs' login.
    this.#tabs?.addEventListener('message', ({ data }) => {
      if (this.tokens && data.replaces === this.tokens.refresh) this.#adopt(data.tokens);
    });
    if (this.tokens) this.#plan();
  }

  async signIn(email, password, workspace) {
    const body = { email, password, workspace: workspace || undefined };
    const answer = await this.#send('POST', '/auth/login', body, null);
    this.user = answer.user;
    this.#adopt(this.#received(answer));
    return answer.user;
  }

  async signOut() {
    try {
      await this.request('POST', '/auth/logout');
    } catch { /* the tokens are dropped here in any case */ }
    this.#forget();
  }

  /// One request below /api/v1; an expired access token is refreshed once on the way. Throws `Problem`.
  async request(method, path, body, headers = {}) {
    const used = this.tokens?.access;
    try {
      return await this.#send(method, path, body, used, headers);
    } catch (problem) {
      if (problem.status !== 401 || !used) throw problem;
      if (this.tokens?.access === used) await this.refresh();
      return this.#send(method, path, body, this.tokens?.access, headers);
    }
  }

  /// Rotates the tokens; however many ask at once, the refresh token is used once.
  refresh() {
    this.#refreshing ??= this.#alone(() => this.#rotate()).finally(() => { this.#refreshing = null; });
    return this.#refreshing;
  }

  async #rotate() {
    const old = this.tokens;
    if (!old) throw new Problem(401, { code: 'unauthenticated' });
    try {
      const fresh = this.#received(await this.#send('POST', '/auth/refresh', { refresh_token: old.refresh }, null));
      if (this.tokens !== old) return;
      this.#tabs?.postMessage({ replaces: old.refresh, tokens: fresh });
      this.#adopt(fresh);
    } catch (problem) {
      if (this.tokens !== old) return; // another tab was first, and told
      if (problem.status === 401 || problem.status === 403) this.#forget();
      throw problem;
    }
  }

  /// Tabs take turns where the browser has locks; a moment's wait lets the news of the tab before arrive.
  async #alone(work) {
    const before = this.tokens;
    if (!navigator.locks) return work();
    return navigator.locks.request(storageKey, async () => {
      await new Promise((resolve) => { setTimeout(resolve, 50); });
      if (this.tokens === before) await work();
    });
  }

  async #send(method, path, body, token, headers = {}) {
    let answer;
    try {
      answer = await fetch(`/api/v1${path}`, {
        method,
        headers: {
          Accept: 'application/json',
          // A form says itself where its parts begin.
          ...(body === undefined || body instanceof FormData ? {} : { 'Content-Type': 'application/json' }),
          ...(token ? { Authorization: `Bearer ${token}` } : {}),
          ...headers,
        },
        body: body === undefined || body instanceof FormData ? body : JSON.stringify(body),
        cache: 'no-store',
        signal: AbortSignal.timeout(body instanceof FormData ? uploadTimeout : requestTimeout),
      });
    } catch {
      throw new Problem(0);
    }
    const json = answer.status === 204 ? {} : await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Problem(answer.status, json);
    return json;
  }

  #received(answer) {
    const life = 1000 * answer.expires_in;
    return { access: answer.access_token, refresh: answer.refresh_token, life, expiresAt: Date.now() + life };
  }

  #adopt(tokens) {
    this.tokens = tokens;
    try {
      sessionStorage.setItem(storageKey, JSON.stringify({ tokens, user: this.user }));
    } catch { /* signed in for as long as this page lives */ }
    this.#plan();
    this.onRefreshed(tokens.access);
  }

  /// Refreshes when a fifth of the life is left, and soon again when the server could not be reached.
  #plan(soonest = 0) {
    clearTimeout(this.#timer);
    const wait = Math.max(soonest, this.tokens.expiresAt - this.tokens.life / 5 - Date.now());
    this.#timer = setTimeout(() => this.refresh().catch(() => this.tokens && this.#plan(5000)), wait);
  }

  #forget() {
    clearTimeout(this.#timer);
    this.tokens = null;
    this.user = null;
    try {
      sessionStorage.removeItem(storageKey);
    } catch { /* nothing was kept */ }
    this.onSignedOut();
  }
}
