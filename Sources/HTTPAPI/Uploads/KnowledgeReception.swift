import Assistant
import Domain
import NIOCore

/// Takes in the files of an import, in memory: all of them together are bounded.
struct KnowledgeReception {
    /// Name of the form's field; several files are several parts of this name.
    static let field = "file"
    /// Bytes of a request, all files together.
    static let maximumBytes: Int64 = 16 << 20
    static let maximumFiles = 200

    private var parser: MultipartParser
    private var received: Int64 = 0
    private(set) var files: [(name: String, bytes: [UInt8])] = []

    init(boundary: String) {
        parser = MultipartParser(boundary: boundary)
    }

    /// Takes the next bytes of the body.
    /// - Throws: 413, 422.
    mutating func take(_ bytes: ByteBuffer) throws {
        received += Int64(bytes.readableBytes)
        guard received <= Self.maximumBytes else {
            throw Problem(.tooLarge, detail: "files may have at most \(Self.maximumBytes >> 20) MiB together")
        }
        let pieces: [MultipartParser.Piece]
        do {
            pieces = try parser.push(bytes.readableBytesView)
        } catch {
            throw Self.broken(error)
        }
        for piece in pieces {
            switch piece {
            case .part(let part): try begin(part)
            case .bytes(let bytes):
                if let last = files.indices.last { files[last].bytes += bytes }
            case .partEnd: break
            }
        }
    }

    /// To be called at the end of the body.
    func finish() throws {
        do {
            try parser.finish()
        } catch {
            throw Self.broken(error)
        }
        guard !files.isEmpty else { throw Self.problem("required", "must be there") }
    }

    private mutating func begin(_ part: MultipartPart) throws {
        guard part.name == Self.field else {
            let name = String(part.name.prefix(64))
            throw Problem(
                .unknownField, detail: "\(name) is not a field of this request",
                errors: [FieldProblem(field: name, code: "unknown_field", message: "is not a field of this request")])
        }
        guard let name = part.fileName, !ImportedFile.knownPath(of: name).isEmpty else {
            throw Self.problem("required", "must have a file name")
        }
        guard files.count < Self.maximumFiles else {
            throw Self.problem("too_many", "may be there at most \(Self.maximumFiles) times")
        }
        files.append((name, []))
    }

    private static func problem(_ code: String, _ message: String) -> ValidationProblems {
        ValidationProblems(field: field, code: code, message: message)
    }

    private static func broken(_ fault: MultipartParser.Fault) -> any Error {
        switch fault {
        case .truncated: Problem(.malformedJSON, detail: "the form breaks off")
        case .malformed(let reason): problem("malformed", "is not in a proper form: \(reason)")
        }
    }
}
