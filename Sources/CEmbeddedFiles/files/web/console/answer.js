// What staff may do with an answer of the assistant: see how it came about, and say that it was wrong.
import { make } from './dom.js';
import { say } from './words.js';

const seconds = (ms) => (ms === null || ms === undefined ? '–' : `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`);

/// Millionths of a currency, as precisely as such small sums need.
function money(micros, currency) {
  if (micros === null || micros === undefined) return '–';
  const amount = micros / 1_000_000;
  return `${amount.toFixed(amount === 0 || amount >= 1 ? 2 : 6)} ${currency || ''}`.trim();
}

const known = (word) => (say(word) === word ? word.replaceAll('_', ' ') : say(word));

function terms(pairs) {
  return make('dl', 'receipt-terms', {}, ...pairs.flatMap(([term, value]) => [make('dt', '', {}, term), make('dd', '', {}, value)]));
}

/// How an answer came about, as the server has written it down.
function drawReceipt(receipt) {
  const { tokens, attempts, passages } = receipt;
  const input = tokens.cached_input ? `${tokens.input} (${tokens.cached_input} ${say('cached')})` : tokens.input;
  return [
    terms([
      [say('provider'), receipt.provider ? `${receipt.provider} · ${receipt.model}` : '–'],
      [say('firstToken'), seconds(receipt.first_token_ms)],
      [say('duration'), seconds(receipt.duration_ms)],
      [say('tokens'), `${input} → ${tokens.output}${tokens.is_estimated ? ` (${say('estimated')})` : ''}`],
      [say('cost'), money(receipt.cost_micros, receipt.currency)],
      [say('answerability'), `${known(receipt.answerability === 'none' ? 'noAnswer' : receipt.answerability)} · ${Math.round(receipt.coverage * 100)} %`],
      [say('rules'), receipt.prompt_version],
    ]),
    ...(attempts.some(({ failure }) => failure) || attempts.length > 1 ? [
      make('h4', '', {}, say('attempts')),
      make('ol', 'receipt-attempts', {}, ...attempts.map((attempt) => make('li', '', {},
        `${attempt.provider} · ${attempt.model} · ${attempt.failure ? known(attempt.failure) : say('answered')}`,
        [attempt.status, attempt.code].filter(Boolean).length ? ` (${[attempt.status, attempt.code].filter(Boolean).join(' ')})` : '',
        ` · ${seconds(attempt.duration_ms)}`)))] : []),
    make('h4', '', {}, say('passages')),
    passages.length ? make('ol', 'receipt-passages', {}, ...passages.map((passage) => make('li', '', { value: passage.number },
      make('details', '', {},
        make('summary', '', {}, passage.title, ` · ${passage.score.toFixed(2)}`, passage.is_cited ? ` · ${say('cited')}` : ''),
        make('p', '', {}, passage.excerpt))))) : make('p', '', {}, say('noPassages')),
  ];
}

/// The tools below an answer of the assistant; null where there is nothing that this member of staff may do.
export function answerTools(account, conversationId, message, onError) {
  const may = (permission) => account.user?.permissions?.includes(permission);
  const path = `/chat/conversations/${encodeURIComponent(conversationId)}/messages/${encodeURIComponent(message.id)}`;
  const panel = make('div', 'answer-panel', { hidden: 'hidden' });
  let shown = null; // which of the two the panel shows

  function show(what, ...parts) {
    shown = what;
    panel.replaceChildren(...parts);
    panel.hidden = false;
    panel.scrollIntoView({ block: 'nearest' });
  }

  function hide() {
    shown = null;
    panel.hidden = true;
  }

  async function receipt() {
    if (shown === 'receipt') return hide();
    try {
      show('receipt', ...drawReceipt(await account.request('GET', `${path}/receipt`)));
    } catch (problem) {
      if (problem.status === 404) show('receipt', make('p', '', {}, say('noReceipt')));
      else onError(problem);
    }
  }

  function wrong() {
    if (shown === 'wrong') return hide();
    const text = make('textarea', 'correction', { rows: 4, 'aria-label': say('rightAnswer'), placeholder: say('rightAnswer') });
    const save = make('button', 'save-correction', { onclick: () => correct(text, save) }, say('makeDraft'));
    save.classList.add('primary');
    const cancel = make('button', 'quiet', { onclick: hide }, say('cancel'));
    show('wrong', make('p', 'correction-hint', {}, say('correctionHint')), text, make('div', 'correction-actions', {}, save, cancel));
    text.focus();
  }

  async function correct(text, button) {
    button.disabled = true;
    const content = text.value.trim();
    try {
      made(await account.request('POST', `${path}/correction`, content ? { content } : {}));
    } catch (problem) {
      onError(problem);
    }
    button.disabled = false;
  }

  function made(article) {
    const state = make('p', 'correction-state', { role: 'status' }, `${say(article.status === 'published' ? 'isPublished' : 'draftMade')} `, make('strong', '', {}, article.title));
    const text = make('textarea', 'correction', { rows: 6, 'aria-label': say('articleText') });
    text.value = article.content;
    const store = async (fields, button) => {
      button.disabled = true;
      try {
        made(await account.request('PATCH', `/admin/knowledge/articles/${encodeURIComponent(article.id)}`, fields));
      } catch (problem) {
        onError(problem);
      }
      button.disabled = false;
    };
    const keep = make('button', 'keep-correction', { onclick: () => store({ content: text.value }, keep) }, say('saveDraft'));
    keep.classList.add('quiet');
    const publish = make('button', 'publish-correction', { onclick: () => store({ content: text.value, status: 'published' }, publish) }, say('publish'));
    publish.classList.add('primary');
    const close = make('button', 'quiet', { onclick: hide }, say('close'));
    if (article.status === 'published') return show('wrong', state, make('div', 'correction-actions', {}, close));
    if (text.value.endsWith('-->')) text.value += '\n\n'; // below the comment stands what customers are told
    show('wrong', state, text, make('div', 'correction-actions', {}, publish, keep, close));
    text.focus();
    text.setSelectionRange(text.value.length, text.value.length);
    text.scrollTop = text.scrollHeight;
  }

  const buttons = [
    may('ai:read') && make('button', 'show-receipt', { onclick: receipt }, say('howCome')),
    may('knowledge:write') && make('button', 'wrong-answer', { onclick: wrong }, say('wrongAnswer')),
  ].filter(Boolean);
  return buttons.length ? make('div', 'answer-tools', {}, ...buttons, panel) : null;
}
