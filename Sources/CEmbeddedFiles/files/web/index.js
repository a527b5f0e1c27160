// The first page: language, health, and questions that open the widget. It runs before widget.js, so that the widget
// finds its language on its own script element.
'use strict';

const languageKey = 'chatapi:language';

function preferredLanguage() {
  try {
    const kept = localStorage.getItem(languageKey);
    if (kept === 'zh' || kept === 'en') return kept;
  } catch { /* storage is blocked: the browser's own language will do */ }
  return /^zh/i.test(navigator.language) ? 'zh' : 'en';
}

document.documentElement.lang = preferredLanguage();
document.getElementById('widget').dataset.locale = document.documentElement.lang;

document.getElementById('language').addEventListener('click', () => {
  try {
    localStorage.setItem(languageKey, document.documentElement.lang === 'zh' ? 'en' : 'zh');
  } catch { /* then the choice cannot be kept */ }
  location.reload(); // the widget reads its language once; the conversation resumes by itself
});

for (const place of document.querySelectorAll('.origin')) place.textContent = location.origin;

document.getElementById('questions').addEventListener('click', ({ target }) => {
  if (target.matches('button')) window.ChatAPIWidget?.send(target.textContent);
});

const healthWords = {
  en: { healthy: 'Healthy', degraded: 'Degraded', unhealthy: 'Unhealthy' },
  zh: { healthy: '运行正常', degraded: '部分降级', unhealthy: '服务异常' },
};

async function showHealth() {
  const place = document.getElementById('health');
  let status = 'unhealthy';
  let version = '';
  try {
    const answer = await fetch('/health', { cache: 'no-store' });
    const health = await answer.json();
    if (health.status in healthWords.en) status = health.status;
    version = health.version ? ` · ${health.version}` : '';
  } catch { /* unreachable or not JSON: unhealthy */ }
  place.dataset.status = status;
  place.textContent = healthWords[document.documentElement.lang][status] + version;
}

showHealth();
