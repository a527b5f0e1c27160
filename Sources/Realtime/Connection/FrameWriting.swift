import Domain
import NIOCore
import Wire

// Frames as bytes. The types of `FrameData` describe them; those that are sent all the time are written without one.
extension TextFrame {
    /// Frames what `write` writes.
    /// - Parameter capacity: expected size in bytes.
    init(json capacity: Int, _ write: (inout JSONWriter) -> Void) {
        var writer = JSONWriter(capacity: capacity)
        write(&writer)
        self.init(writer)
    }

    /// Frames what has been written, by copying it once, to a buffer of the size that it needs.
    init(_ writer: borrowing JSONWriter) {
        self.init(capacity: writer.count) { buffer in
            _ = writer.withBytes { buffer.writeBytes($0) }
        }
    }
}

extension JSONWriter {
    /// Bytes of a frame without its texts, roughly.
    static let frameCapacity = 256

    /// Begins a frame, up to where its data is due. ``endFrame()`` ends it.
    /// - Parameter conversation: writes the conversation's identifier; nil for a frame of none.
    mutating func beginFrame(
        _ type: ServerFrameType, requestId: String? = nil, conversation: ((inout JSONWriter) -> Void)? = nil
    ) {
        text(#"{"type":"#)
        word(type.rawValue)
        if let requestId {
            text(#","request_id":"#)
            string(requestId)
        }
        if let conversation {
            text(#","conversation_id":"#)
            conversation(&self)
        }
        text(#","data":"#)
    }

    /// The same for a conversation as the client called it.
    mutating func beginFrame(_ type: ServerFrameType, requestId: String?, conversationId: String?) {
        guard let conversationId else { return beginFrame(type, requestId: requestId) }
        beginFrame(type, requestId: requestId) { $0.string(conversationId) }
    }

    mutating func endFrame() { text("}") }
}
