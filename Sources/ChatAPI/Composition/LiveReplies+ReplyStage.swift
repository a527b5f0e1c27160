public import Assistant
public import Realtime

// What the assistant shows goes to the readers of the conversation.
extension LiveReplies: ReplyStage {}
