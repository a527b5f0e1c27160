import CHiredis
import NIOCore

@testable import Cluster

/// hiredis' reader, the oracle for our decoder. It builds objects of ours, because its own arrays ask for all the memory that
/// a header announces.
final class HiredisReader {
    enum Ending: Equatable {
        case wantsMore
        case failed
    }

    private final class Node {
        let kind: Int32
        let bytes: ByteBuffer
        let number: Int64
        var children: [Node] = []

        init(kind: Int32, bytes: ByteBuffer = ByteBuffer(), number: Int64 = 0) {
            self.kind = kind
            self.bytes = bytes
            self.number = number
        }

        var value: RESPValue {
            switch kind {
            case REDIS_REPLY_STATUS: .status(bytes)
            case REDIS_REPLY_ERROR: .error(bytes)
            case REDIS_REPLY_STRING: .bulk(bytes)
            case REDIS_REPLY_INTEGER: .integer(number)
            case REDIS_REPLY_ARRAY: .array(children.map(\.value))
            default: .null
            }
        }

        /// Gives the node to its parent, or to the reader when it has none.
        func hand(to task: UnsafePointer<redisReadTask>?) -> UnsafeMutableRawPointer {
            guard let parent = task?.pointee.parent?.pointee.obj else { return Unmanaged.passRetained(self).toOpaque() }
            Unmanaged<Node>.fromOpaque(parent).takeUnretainedValue().children.append(self)
            return Unmanaged.passUnretained(self).toOpaque()
        }
    }

    private let functions: UnsafeMutablePointer<redisReplyObjectFunctions>
    private let reader: UnsafeMutablePointer<redisReader>?

    init() {
        functions = .allocate(capacity: 1)
        functions.initialize(
            to: redisReplyObjectFunctions(
                createString: { task, text, length in
                    let bytes = UnsafeRawBufferPointer(start: text, count: length)
                    return Node(kind: task?.pointee.type ?? 0, bytes: ByteBuffer(bytes: bytes)).hand(to: task)
                },
                createArray: { task, _ in Node(kind: REDIS_REPLY_ARRAY).hand(to: task) },
                createInteger: { task, number in Node(kind: REDIS_REPLY_INTEGER, number: number).hand(to: task) },
                createNil: { task in Node(kind: REDIS_REPLY_NIL).hand(to: task) },
                freeObject: { object in
                    if let object { Unmanaged<Node>.fromOpaque(object).release() }
                }))
        reader = redisReaderCreateWithFunctions(functions)
    }

    deinit {
        redisReaderFree(reader)
        functions.deallocate()
    }

    /// Feeds bytes and takes all replies that they complete.
    func feed(_ bytes: [UInt8]) -> (values: [RESPValue], ending: Ending) {
        let fed = bytes.withUnsafeBytes { redisReaderFeed(reader, $0.bindMemory(to: CChar.self).baseAddress, $0.count) }
        guard fed == REDIS_OK else { return ([], .failed) }
        var values: [RESPValue] = []
        while true {
            var reply: UnsafeMutableRawPointer?
            guard redisReaderGetReply(reader, &reply) == REDIS_OK else { return (values, .failed) }
            guard let reply else { return (values, .wantsMore) }
            values.append(Unmanaged<Node>.fromOpaque(reply).takeRetainedValue().value)
        }
    }
}
