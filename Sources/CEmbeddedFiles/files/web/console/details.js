// Who is on the other side of the open conversation, and what is known about the conversation itself.
import { fullTime, make } from './dom.js';
import { contactName } from './list.js';
import { say } from './words.js';

/// A titled list of terms; those without a value are left out.
function group(title, terms) {
  const known = terms.filter(([, value]) => value !== null && value !== undefined && value !== '');
  const list = known.flatMap(([term, value]) => [make('dt', '', {}, term), make('dd', '', {}, String(value))]);
  return make('section', '', {}, make('h3', '', {}, title), make('dl', '', {}, ...list));
}

/// A summary on demand. It stays while the same conversation's details are drawn anew.
function summary(place, id, sumUp) {
  const kept = place.querySelector('.summary');
  if (kept?.dataset.of === id) return kept;
  const text = make('p', 'summary-text');
  const button = make('button', 'quiet', { onclick: () => sumUp(button, text) }, say('sumUp'));
  return make('section', 'summary', { 'data-of': id }, make('h3', '', {}, say('summary')), text, button);
}

/// With `sumUp(button, place)` the agent may ask for a summary.
export function drawDetails(place, conversation, contact, sumUp) {
  const { owner, labels } = conversation;
  const attributes = Object.entries(contact?.attributes || {}).map(([term, value]) => [
    term, typeof value === 'object' ? JSON.stringify(value) : value]);
  place.replaceChildren(
    group(say('contact'), [
      [say('name'), contact?.name || contactName(conversation)],
      [say('email'), contact?.email],
      [say('phone'), contact?.phone],
      [say('externalId'), contact?.external_id],
      [`${say('email')} (${say('claimed')})`, contact?.claimed_email],
      [`${say('externalId')} (${say('claimed')})`, contact?.claimed_external_id],
      ...attributes,
      [say('created'), fullTime(contact?.created_at)],
    ]),
    group(say('conversation'), [
      [say('number'), `#${conversation.number}`],
      [say('subject'), conversation.subject],
      [say('status'), say(conversation.status)],
      [say('owner'), owner.kind === 'agent' || owner.kind === 'team' ? owner.name || say(owner.kind) : say(owner.kind)],
      [say('priority'), conversation.priority && say(conversation.priority)],
      [say('labels'), labels?.join(', ')],
      [say('created'), fullTime(conversation.created_at)],
    ]),
    ...(sumUp ? [summary(place, conversation.id, sumUp)] : []),
  );
}
