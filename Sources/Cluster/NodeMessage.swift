public import Domain
public import NIOCore

/// What one node tells the others. The bus may lose any of it: each is found in the database too.
public enum NodeMessage: Sendable, Equatable {
    /// Events that were committed, in order.
    case events([RungEvent])
    /// Replies that are owed, or whose question has grown, and that are not the sender's own.
    case replies([OwedReply])
    /// Sessions, sign-ins and rights that have ended.
    case ended(EndedRights)
    /// Frames that are not kept, for the readers of a conversation.
    case passing(PassedFrame)
    /// A participant wants a reply stopped that another node is making.
    case stopReply(Identifier<Message>, in: Identifier<Conversation>)
    /// What an administrator has to say to those who are connected.
    case notice(Notice)
    /// Readers here have missed pieces of a reply that another node is making.
    case wantsReply(Identifier<Message>, in: Identifier<Conversation>)
}

/// An event as it is told from node to node: enough to pass it on, with its bytes when they are few.
public struct RungEvent: Sendable, Equatable {
    public var workspaceId: Identifier<Workspace>
    public var conversationId: Identifier<Conversation>
    public var seq: Int64
    public var kind: Event.Kind
    /// The message that it is about, and who sent that.
    public var message: MessageFacts?
    /// Who answers from then on, and who did before; nil when it changes neither.
    public var owners: OwnerChange?
    /// A contact learns only that there was an event.
    public var isHiddenFromContacts: Bool
    /// The frames' JSON; nil when it is too long, and is to be read from the log.
    public var json: Forms?

    public struct MessageFacts: Sendable, Equatable {
        public var id: Identifier<Message>
        public var status: Message.Status
        public var sender: Actor.Kind

        public init(id: Identifier<Message>, status: Message.Status, sender: Actor.Kind) {
            self.id = id
            self.status = status
            self.sender = sender
        }
    }

    /// One encoding for staff, one for contacts.
    public struct Forms: Sendable, Equatable {
        public var staff: ByteBuffer
        public var contact: ByteBuffer

        public init(staff: ByteBuffer, contact: ByteBuffer) {
            self.staff = staff
            self.contact = contact
        }
    }

    public init(
        workspaceId: Identifier<Workspace>, conversationId: Identifier<Conversation>, seq: Int64, kind: Event.Kind,
        message: MessageFacts?, owners: OwnerChange?, isHiddenFromContacts: Bool, json: Forms?
    ) {
        self.workspaceId = workspaceId
        self.conversationId = conversationId
        self.seq = seq
        self.kind = kind
        self.message = message
        self.owners = owners
        self.isHiddenFromContacts = isHiddenFromContacts
        self.json = json
    }
}

/// That a reply is owed, and by whom: what it is about stands in its row.
public struct OwedReply: Sendable, Equatable {
    public var id: Identifier<Message>
    /// The node that makes it; empty when any may take it.
    public var owner: String

    public init(id: Identifier<Message>, owner: String) {
        self.id = id
        self.owner = owner
    }
}

/// Whose sockets must close.
public struct EndedRights: Sendable, Equatable {
    public var sessions: [Identifier<ChatSession>]
    /// Sessions that are another contact's now: their sockets are to come back as that one's.
    public var movedSessions: [Identifier<ChatSession>]
    public var logins: [Identifier<Login>]
    public var keys: [Identifier<APIKey>]
    /// Users with the access version from which on tokens are good. Sockets of that version go on under what the user may do
    /// by now.
    public var users: [Identifier<User>: Int64]

    public init(
        sessions: [Identifier<ChatSession>] = [], movedSessions: [Identifier<ChatSession>] = [],
        logins: [Identifier<Login>] = [], keys: [Identifier<APIKey>] = [],
        users: [Identifier<User>: Int64] = [:]
    ) {
        self.sessions = sessions
        self.movedSessions = movedSessions
        self.logins = logins
        self.keys = keys
        self.users = users
    }

    public var isEmpty: Bool {
        sessions.isEmpty && movedSessions.isEmpty && logins.isEmpty && keys.isEmpty && users.isEmpty
    }
}

/// A frame that is not kept: typing, receipts, the course of a reply.
public struct PassedFrame: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        /// A newer one of the same key takes its place.
        case replaceable(key: String)
        /// A piece of a reply's text, from `offset` on, in Unicode scalars.
        case delta(id: Identifier<Message>, generation: Int64, offset: Int, text: String)
        /// Start or end of a reply.
        case reply(id: Identifier<Message>, generation: Int64)
        /// A reply's text begins anew.
        case reset(id: Identifier<Message>, generation: Int64)
        /// A reply's text so far, for those who asked for it.
        case snapshot(id: Identifier<Message>, generation: Int64, text: String)
    }

    public var conversationId: Identifier<Conversation>
    /// Name of the frame, as in its envelope.
    public var type: String
    public var kind: Kind
    /// The owner epoch under which a reply was begun.
    public var ownerEpoch: Int64?
    /// Not sent back to whom it is from.
    public var excluded: Participant?
    public var json: RungEvent.Forms

    public struct Participant: Sendable, Equatable {
        public var kind: Actor.Kind
        public var id: Int64?

        public init(kind: Actor.Kind, id: Int64?) {
            self.kind = kind
            self.id = id
        }
    }

    public init(
        conversationId: Identifier<Conversation>, type: String, kind: Kind, ownerEpoch: Int64?,
        excluded: Participant?, json: RungEvent.Forms
    ) {
        self.conversationId = conversationId
        self.type = type
        self.kind = kind
        self.ownerEpoch = ownerEpoch
        self.excluded = excluded
        self.json = json
    }
}
