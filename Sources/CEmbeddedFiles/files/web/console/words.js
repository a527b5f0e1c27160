// The console's words in English and Chinese, and which of the two is spoken.

const table = {
  console: ['Console', '客服工作台'],
  signInTitle: ['Sign in to the console', '登录客服工作台'],
  email: ['E-mail', '邮箱'],
  password: ['Password', '密码'],
  workspace: ['Workspace', '工作区'],
  otherWorkspace: ['Another workspace', '其他工作区'],
  signIn: ['Sign in', '登录'],
  signOut: ['Sign out', '退出'],
  language: ['中文', 'English'],
  noAccess: ['This account has no access to the console.', '该账号无权使用工作台。'],
  signedOut: ['You were signed out.', '您已退出登录。'],
  unreachable: ['The server cannot be reached.', '无法连接服务器。'],
  failed: ['That did not work', '操作失败'],
  stale: ['Someone else changed this conversation first. It has been refreshed.', '该会话刚被他人更改，已为您刷新。'],
  connecting: ['Connecting…', '正在连接…'],
  waiting: ['Reconnecting…', '正在重新连接…'],
  live: ['Live', '已连接'],
  stopped: ['Disconnected', '已断开'],
  reconnect: ['Reconnect', '重新连接'],
  dismiss: ['Dismiss', '关闭'],
  all: ['All', '全部'],
  queue: ['Waiting', '待接入'],
  ai: ['AI', 'AI'],
  mine: ['Mine', '我的'],
  resolvedOnes: ['Resolved', '已解决'],
  filters: ['Filter conversations', '筛选会话'],
  more: ['Show more', '加载更多'],
  nothing: ['No conversations here yet.', '这里还没有会话。'],
  chooseOne: ['Choose a conversation.', '请选择一个会话。'],
  visitor: ['Visitor', '访客'],
  none: ['Waiting', '待接入'],
  team: ['Team', '团队'],
  agent: ['Agent', '客服'],
  me: ['Me', '我'],
  open: ['Open', '进行中'],
  pending: ['Pending', '等待中'],
  snoozed: ['Snoozed', '已暂缓'],
  resolved: ['Resolved', '已解决'],
  closed: ['Closed', '已关闭'],
  low: ['Low', '低'],
  normal: ['Normal', '普通'],
  high: ['High', '高'],
  urgent: ['Urgent', '紧急'],
  unread: ['unread', '条未读'],
  back: ['Back to the list', '返回列表'],
  takeOver: ['Take over', '接管'],
  handBack: ['Hand back to AI', '交还 AI'],
  resolve: ['Resolve', '解决'],
  reopen: ['Reopen', '重新打开'],
  info: ['Details', '详情'],
  earlier: ['Earlier messages', '更早的消息'],
  loading: ['Loading…', '加载中…'],
  reply: ['Reply', '回复'],
  note: ['Private note', '内部备注'],
  suggest: ['Suggest a reply', 'AI 建议回复'],
  summary: ['Summary', '会话小结'],
  sumUp: ['Sum up', '生成小结'],
  mode: ['Kind of message', '消息类型'],
  writeReply: ['Write a reply…', '输入回复…'],
  writeNote: ['Only your team will see this…', '仅团队成员可见…'],
  send: ['Send', '发送'],
  attach: ['Attach files', '添加附件'],
  remove: ['Remove', '移除'],
  uploading: ['Uploading…', '上传中…'],
  tooLarge: ['Too large', '文件过大'],
  wrongKind: ['This kind of file is not accepted', '不支持的文件类型'],
  takesOver: ['The AI is answering. Your reply takes over.', 'AI 正在接待，您的回复将接管会话。'],
  isClosed: ['This conversation is closed.', '会话已关闭。'],
  sending: ['Sending…', '发送中…'],
  sent: ['Sent', '已发送'],
  notSent: ['Not sent', '未发送'],
  again: ['Try again', '重试'],
  discard: ['Discard', '放弃'],
  seen: ['Seen', '已读'],
  assistant: ['AI assistant', 'AI 助手'],
  deleted: ['Message deleted', '消息已删除'],
  cancelled: ['Stopped', '已停止'],
  partial: ['Incomplete answer', '回答不完整'],
  edited: ['Edited', '已编辑'],
  sources: ['Sources', '参考来源'],
  typing: ['is typing…', '正在输入…'],
  thinking: ['The AI is preparing an answer…', 'AI 正在准备回答…'],
  newer: ['New messages', '新消息'],
  contact: ['Contact', '联系人'],
  conversation: ['Conversation', '会话'],
  name: ['Name', '姓名'],
  phone: ['Phone', '电话'],
  externalId: ['External id', '外部编号'],
  claimed: ['unverified', '未验证'],
  number: ['Number', '编号'],
  status: ['Status', '状态'],
  owner: ['Owner', '负责人'],
  priority: ['Priority', '优先级'],
  labels: ['Labels', '标签'],
  created: ['Created', '创建时间'],
  subject: ['Subject', '主题'],
};

const key = 'chatapi:language';

function kept() {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export const language = kept() || (/^zh/i.test(navigator.language) ? 'zh' : 'en');

export const say = (word) => table[word]?.[language === 'zh' ? 1 : 0] ?? word;

/// Keeps the other language and starts the page again in it: the socket resumes, the open conversation is in the address.
export function changeLanguage() {
  try {
    localStorage.setItem(key, language === 'zh' ? 'en' : 'zh');
  } catch { /* storage is blocked: the choice cannot be kept */ }
  location.reload();
}
