// Making elements and showing times. Text from people only ever becomes text nodes.
import { language } from './words.js';

/// An element of class `name`, which is its `data-testid` too. Functions become properties, the rest attributes.
export function make(tag, name = '', attributes = {}, ...children) {
  const element = document.createElement(tag);
  if (name) {
    element.className = name;
    element.dataset.testid = name;
  }
  if (tag === 'button') element.type = 'button';
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element[key] = value;
    else if (value !== undefined && value !== null && value !== false) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/// Text with its http(s) addresses as links, built from nodes.
export function linked(text) {
  return text.split(/(https?:\/\/[^\s<>"'`()\u0080-\uffff]*[\w/#=&%~+-])/i).map((part, index) => (
    index % 2 ? make('a', '', { href: part, target: '_blank', rel: 'noopener noreferrer nofollow' }, part) : part));
}

const locale = language === 'zh' ? 'zh-CN' : 'en';
const clock = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat(locale, { month: 'short', day: 'numeric' });
const full = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });

/// The clock for today, the day for anything older.
export function shortTime(at) {
  const time = new Date(at);
  if (Number.isNaN(time.valueOf())) return '';
  return time.toDateString() === new Date().toDateString() ? clock.format(time) : day.format(time);
}

export function fullTime(at) {
  const time = new Date(at);
  return Number.isNaN(time.valueOf()) ? '' : full.format(time);
}
