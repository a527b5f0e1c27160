import Domain
import NIOCore
import Synchronization
import Wire

/// A committed event on its way to its readers: encoded at most once for staff and once for contacts, when the first of
/// them needs it, and its bytes shared by all.
final class SharedEvent: Sendable {
    let event: Event
    private let encoder: EventEncoder
    private let frames = Mutex<(staff: TextFrame?, contact: TextFrame?)>((nil, nil))

    init(_ event: Event, encoder: EventEncoder) {
        self.event = event
        self.encoder = encoder
    }

    func frame(for viewer: Viewer) -> TextFrame {
        frames.withLock { frames in
            switch viewer {
            case .staff:
                if let frame = frames.staff { return frame }
                let frame = TextFrame(json: encoder.json(event, for: .staff))
                frames.staff = frame
                return frame
            case .contact:
                if let frame = frames.contact { return frame }
                let frame = TextFrame(json: encoder.json(event, for: .contact))
                frames.contact = frame
                return frame
            }
        }
    }
}

extension TextFrame {
    init(json bytes: [UInt8]) {
        self.init(capacity: bytes.count) { $0.writeBytes(bytes) }
    }
}
