import Domain
public import NIOCore

/// Node messages as bytes: a version, the sender's name, the kind, and the fields in order. Numbers are big-endian,
/// texts and bytes carry their length.
///
/// Nodes of two versions run side by side while a cluster is upgraded: what a node does not know it drops, and finds it
/// in the database by polling.
public enum NodeMessageCodec {
    static let version: UInt8 = 2
    /// No message that this build writes has more parts; one that says so is damaged.
    static let maximumCount = 100_000

    /// A message with the name of the node that it is from.
    public static func encode(_ message: NodeMessage, from node: String) -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.writeInteger(version)
        bytes.writeText(node)
        switch message {
        case .events(let events):
            bytes.writeInteger(Kind.events.rawValue)
            bytes.writeList(events) { $0.write($1) }
        case .replies(let replies):
            bytes.writeInteger(Kind.replies.rawValue)
            bytes.writeList(replies) {
                $0.writeInteger($1.id.rawValue)
                $0.writeText($1.owner)
            }
        case .ended(let ended):
            bytes.writeInteger(Kind.ended.rawValue)
            bytes.writeList(ended.sessions) { $0.writeInteger($1.rawValue) }
            bytes.writeList(ended.movedSessions) { $0.writeInteger($1.rawValue) }
            bytes.writeList(ended.logins) { $0.writeInteger($1.rawValue) }
            bytes.writeList(ended.keys) { $0.writeInteger($1.rawValue) }
            bytes.writeList(ended.users.sorted { $0.key < $1.key }) {
                $0.writeInteger($1.key.rawValue)
                $0.writeInteger($1.value)
            }
        case .passing(let frame):
            bytes.writeInteger(Kind.passing.rawValue)
            bytes.write(frame)
        case .stopReply(let id, let conversation):
            bytes.writeInteger(Kind.stopReply.rawValue)
            bytes.writeMultipleIntegers(id.rawValue, conversation.rawValue)
        case .wantsReply(let id, let conversation):
            bytes.writeInteger(Kind.wantsReply.rawValue)
            bytes.writeMultipleIntegers(id.rawValue, conversation.rawValue)
        case .notice(let notice):
            bytes.writeInteger(Kind.notice.rawValue)
            bytes.write(notice)
        }
        return bytes
    }

    /// - Returns: nil for what is damaged, or of a version that this build does not know.
    public static func decode(_ payload: ByteBuffer) -> (message: NodeMessage, node: String)? {
        var bytes = payload
        guard bytes.readInteger(as: UInt8.self) == version, let node = bytes.readText(),
            let kind = bytes.readInteger(as: UInt8.self).flatMap(Kind.init),
            let message = bytes.readMessage(kind), bytes.readableBytes == 0
        else { return nil }
        return (message, node)
    }

    fileprivate enum Kind: UInt8 {
        case events = 1
        case replies, ended, passing, stopReply, wantsReply, notice
    }
}

// MARK: Writing

extension ByteBuffer {
    fileprivate mutating func writeText(_ text: String) {
        writeBytes(ByteBuffer(string: text))
    }

    fileprivate mutating func writeBytes(_ bytes: ByteBuffer) {
        writeInteger(UInt32(clamping: bytes.readableBytes))
        writeImmutableBuffer(bytes)
    }

    fileprivate mutating func writeOptional(_ integer: Int64?) {
        writeInteger(UInt8(integer == nil ? 0 : 1))
        if let integer { writeInteger(integer) }
    }

    fileprivate mutating func writeList<Element>(_ list: [Element], _ write: (inout ByteBuffer, Element) -> Void) {
        writeInteger(UInt32(clamping: list.count))
        for element in list { write(&self, element) }
    }

    fileprivate mutating func write(_ forms: RungEvent.Forms) {
        writeBytes(forms.staff)
        // Most frames are the same for both.
        let isSame = forms.contact == forms.staff
        writeInteger(UInt8(isSame ? 1 : 0))
        if !isSame { writeBytes(forms.contact) }
    }

    fileprivate mutating func write(_ event: RungEvent) {
        writeMultipleIntegers(event.workspaceId.rawValue, event.conversationId.rawValue, event.seq)
        writeText(event.kind.rawValue)
        writeOptional(event.message?.id.rawValue)
        if let message = event.message {
            writeText(message.status.rawValue)
            writeText(message.sender.rawValue)
        }
        writeInteger(UInt8(event.owners == nil ? 0 : 1))
        if let owners = event.owners {
            write(owners.new)
            writeInteger(UInt8(owners.old == nil ? 0 : 1))
            if let old = owners.old { write(old) }
        }
        writeInteger(UInt8(event.isHiddenFromContacts ? 1 : 0))
        writeInteger(UInt8(event.json == nil ? 0 : 1))
        if let json = event.json { write(json) }
    }

    private mutating func write(_ owner: Owner) {
        writeText(owner.kind.rawValue)
        writeOptional(owner.id)
        writeInteger(owner.epoch)
    }

    fileprivate mutating func write(_ notice: Notice) {
        writeMultipleIntegers(notice.id.rawValue, notice.workspaceId.rawValue)
        writeText(notice.code)
        writeText(notice.text)
        writeText(notice.audience.rawValue)
        writeText(notice.locale ?? "")
    }

    fileprivate mutating func write(_ frame: PassedFrame) {
        writeInteger(frame.conversationId.rawValue)
        writeText(frame.type)
        switch frame.kind {
        case .replaceable(let key):
            writeInteger(UInt8(1))
            writeText(key)
        case .delta(let id, let generation, let offset, let text):
            writeInteger(UInt8(2))
            writeMultipleIntegers(id.rawValue, generation, Int64(offset))
            writeText(text)
        case .reply(let id, let generation):
            writeInteger(UInt8(3))
            writeMultipleIntegers(id.rawValue, generation)
        case .snapshot(let id, let generation, let text):
            writeInteger(UInt8(4))
            writeMultipleIntegers(id.rawValue, generation)
            writeText(text)
        case .reset(let id, let generation):
            writeInteger(UInt8(5))
            writeMultipleIntegers(id.rawValue, generation)
        }
        writeOptional(frame.ownerEpoch)
        writeInteger(UInt8(frame.excluded == nil ? 0 : 1))
        if let excluded = frame.excluded {
            writeText(excluded.kind.rawValue)
            writeOptional(excluded.id)
        }
        write(frame.json)
    }
}

// MARK: Reading

extension ByteBuffer {
    fileprivate mutating func readText() -> String? {
        readBytes().map { String(buffer: $0) }
    }

    fileprivate mutating func readBytes() -> ByteBuffer? {
        guard let length = readInteger(as: UInt32.self) else { return nil }
        return readSlice(length: Int(length))
    }

    fileprivate mutating func readFlag() -> Bool? {
        switch readInteger(as: UInt8.self) {
        case 0: false
        case 1: true
        default: nil
        }
    }

    /// Nil when it is damaged; `.some(nil)` when there is none.
    fileprivate mutating func readOptional() -> Int64?? {
        guard let isThere = readFlag() else { return nil }
        guard isThere else { return .some(nil) }
        return readInteger(as: Int64.self).map { .some($0) }
    }

    fileprivate mutating func readIdentifier<Entity>(of _: Entity.Type = Entity.self) -> Identifier<Entity>? {
        readInteger(as: Int64.self).map { Identifier($0) }
    }

    fileprivate mutating func readList<Element>(_ read: (inout ByteBuffer) -> Element?) -> [Element]? {
        guard let count = readInteger(as: UInt32.self), count <= NodeMessageCodec.maximumCount else { return nil }
        var list: [Element] = []
        for _ in 0..<count {
            guard let element = read(&self) else { return nil }
            list.append(element)
        }
        return list
    }

    fileprivate mutating func readMessage(_ kind: NodeMessageCodec.Kind) -> NodeMessage? {
        switch kind {
        case .events: return readList { $0.readEvent() }.map { .events($0) }
        case .replies:
            return readList { bytes -> OwedReply? in
                guard let id = bytes.readIdentifier(of: Message.self), let owner = bytes.readText() else { return nil }
                return OwedReply(id: id, owner: owner)
            }.map { .replies($0) }
        case .ended:
            guard let sessions = readList({ $0.readIdentifier(of: ChatSession.self) }),
                let moved = readList({ $0.readIdentifier(of: ChatSession.self) }),
                let logins = readList({ $0.readIdentifier(of: Login.self) }),
                let keys = readList({ $0.readIdentifier(of: APIKey.self) }),
                let users = readList({ bytes -> (Identifier<User>, Int64)? in
                    guard let id = bytes.readIdentifier(of: User.self), let version = bytes.readInteger(as: Int64.self)
                    else { return nil }
                    return (id, version)
                })
            else { return nil }
            return .ended(
                EndedRights(
                    sessions: sessions, movedSessions: moved, logins: logins, keys: keys,
                    users: Dictionary(users, uniquingKeysWith: { max($0, $1) })))
        case .passing: return readFrame().map { .passing($0) }
        case .notice: return readNotice().map { .notice($0) }
        case .stopReply, .wantsReply:
            guard let id = readIdentifier(of: Message.self), let conversation = readIdentifier(of: Conversation.self)
            else { return nil }
            return kind == .stopReply ? .stopReply(id, in: conversation) : .wantsReply(id, in: conversation)
        }
    }

    fileprivate mutating func readForms() -> RungEvent.Forms? {
        guard let staff = readBytes(), let isSame = readFlag() else { return nil }
        guard let contact = isSame ? staff : readBytes() else { return nil }
        return RungEvent.Forms(staff: staff, contact: contact)
    }

    fileprivate mutating func readEvent() -> RungEvent? {
        guard let workspaceId = readIdentifier(of: Workspace.self),
            let conversationId = readIdentifier(of: Conversation.self), let seq = readInteger(as: Int64.self),
            let kind = readText().flatMap(Event.Kind.init), let messageId = readOptional()
        else { return nil }
        var message: RungEvent.MessageFacts?
        if let messageId {
            guard let status = readText().flatMap(Message.Status.init),
                let sender = readText().flatMap(Actor.Kind.init)
            else { return nil }
            message = .init(id: Identifier(messageId), status: status, sender: sender)
        }
        guard let owners = readOwners(), let isHidden = readFlag(), let hasJSON = readFlag() else { return nil }
        var json: RungEvent.Forms?
        if hasJSON {
            guard let forms = readForms() else { return nil }
            json = forms
        }
        return RungEvent(
            workspaceId: workspaceId, conversationId: conversationId, seq: seq, kind: kind, message: message,
            owners: owners, isHiddenFromContacts: isHidden, json: json)
    }

    /// Nil when it is damaged; `.some(nil)` when there is none.
    private mutating func readOwners() -> OwnerChange?? {
        guard let isThere = readFlag() else { return nil }
        guard isThere else { return .some(nil) }
        guard let new = readOwner(), let hasOld = readFlag() else { return nil }
        guard hasOld else { return .some(OwnerChange(from: nil, to: new)) }
        guard let old = readOwner() else { return nil }
        return .some(OwnerChange(from: old, to: new))
    }

    private mutating func readOwner() -> Owner? {
        guard let kind = readText().flatMap(Owner.Kind.init), let id = readOptional(),
            let epoch = readInteger(as: Int64.self)
        else { return nil }
        return Owner(kind: kind, id: id, epoch: epoch)
    }

    fileprivate mutating func readNotice() -> Notice? {
        guard let id = readIdentifier(of: AuditEntry.self), let workspaceId = readIdentifier(of: Workspace.self),
            let code = readText(), let text = readText(), let audience = readText().flatMap(Notice.Audience.init),
            let locale = readText()
        else { return nil }
        return Notice(
            id: id, workspaceId: workspaceId, code: code, text: text, audience: audience,
            locale: locale.isEmpty ? nil : locale)
    }

    fileprivate mutating func readFrame() -> PassedFrame? {
        guard let conversationId = readIdentifier(of: Conversation.self), let type = readText(),
            let kind = readFrameKind(), let ownerEpoch = readOptional(), let isExcluding = readFlag()
        else { return nil }
        var excluded: PassedFrame.Participant?
        if isExcluding {
            guard let kind = readText().flatMap(Actor.Kind.init), let id = readOptional() else { return nil }
            excluded = .init(kind: kind, id: id)
        }
        guard let json = readForms() else { return nil }
        return PassedFrame(
            conversationId: conversationId, type: type, kind: kind, ownerEpoch: ownerEpoch, excluded: excluded,
            json: json)
    }

    private mutating func readFrameKind() -> PassedFrame.Kind? {
        let kind = readInteger(as: UInt8.self)
        switch kind {
        case 1: return readText().map { .replaceable(key: $0) }
        case 2:
            guard let id = readIdentifier(of: Message.self), let generation = readInteger(as: Int64.self),
                let offset = readInteger(as: Int64.self), offset >= 0, let text = readText()
            else { return nil }
            return .delta(id: id, generation: generation, offset: Int(offset), text: text)
        case 3, 5:
            guard let id = readIdentifier(of: Message.self), let generation = readInteger(as: Int64.self) else {
                return nil
            }
            return kind == 3 ? .reply(id: id, generation: generation) : .reset(id: id, generation: generation)
        case 4:
            guard let id = readIdentifier(of: Message.self), let generation = readInteger(as: Int64.self),
                let text = readText()
            else { return nil }
            return .snapshot(id: id, generation: generation, text: text)
        default: return nil
        }
    }
}
