import Cluster
import Domain
import NIOCore
import Synchronization
import Wire

/// A committed event on its way to its readers: encoded at most once for staff and once for contacts, when the first of
/// them needs it, and its bytes shared by all. What another node has committed comes encoded.
final class SharedEvent: Sendable {
    let facts: EventFacts
    private let encode: @Sendable (Viewer) -> TextFrame
    private let frames = Mutex<(staff: TextFrame?, contact: TextFrame?)>((nil, nil))

    init(_ event: Event, encoder: EventEncoder) {
        facts = EventFacts(event)
        encode = { viewer in
            TextFrame(json: encoder.expectedBytes(of: event)) { encoder.write(event, for: viewer, to: &$0) }
        }
    }

    init(_ facts: EventFacts, _ json: RungEvent.Forms) {
        self.facts = facts
        encode = { TextFrame($0 == .staff ? json.staff : json.contact) }
    }

    func frame(for viewer: Viewer) -> TextFrame {
        frames.withLock { frames in
            switch viewer {
            case .staff:
                if let frame = frames.staff { return frame }
                let frame = encode(.staff)
                frames.staff = frame
                return frame
            case .contact:
                if let frame = frames.contact { return frame }
                let frame = encode(.contact)
                frames.contact = frame
                return frame
            }
        }
    }

    /// As other nodes are told it: with its bytes when they are few.
    var rung: RungEvent {
        let forms = RungEvent.Forms(staff: frame(for: .staff).payload, contact: frame(for: .contact).payload)
        let bytes = forms.staff.readableBytes + forms.contact.readableBytes
        return facts.rung(json: bytes <= ClusterLink.maximumInlineBytes ? forms : nil)
    }
}

extension TextFrame {
    init(json bytes: [UInt8]) {
        self.init(capacity: bytes.count) { $0.writeBytes(bytes) }
    }
}
