/// For whom an event is encoded. There are exactly two forms, so an event is encoded at most twice.
public enum Viewer: Sendable, Hashable, CaseIterable {
    case staff, contact
}

/// Which form of an event somebody gets.
public enum Visibility: Sendable, Equatable {
    /// Everything.
    case full
    /// The fields that a contact may know.
    case contactView
    /// Only that there was an event: `event.hidden` keeps the numbering without holes.
    case hidden
}

/// Who may see what. The one place that decides it, for sockets, replay, lists and streams alike.
public enum Audience {
    /// The form in which `viewer`, who may read the conversation, sees `event`.
    public static func visibility(of event: Event, to viewer: Viewer) -> Visibility {
        guard viewer == .contact else { return .full }
        switch event.body {
        case .messageCreated(let message), .messageUpdated(let message), .messageCompleted(let message, _),
            .messageDeleted(let message):
            return isVisible(message.kind, to: viewer) ? .contactView : .hidden
        case .conversationCreated:
            return .contactView
        case .conversationUpdated(let changes, _):
            return changes.visibleToContact.isEmpty ? .hidden : .contactView
        }
    }

    /// Whether messages of `kind` are shown to `viewer`: notes are for staff alone.
    public static func isVisible(_ kind: Message.Kind, to viewer: Viewer) -> Bool {
        switch viewer {
        case .staff: true
        case .contact: kind != .note
        }
    }
}
