import Domain
import NIOCore
import Storage

/// Takes in the one file of an upload: judges it by its first bytes, and writes it as it arrives. A file that is refused by
/// them never touches the disk, and of one that is refused later nothing is left.
struct FileReception {
    /// Name of the form's field.
    static let field = "file"
    /// Bytes of a body beside the file: delimiters and headers.
    static let formBytes = 64 * 1024
    /// Bytes that are written at once.
    private static let writeBytes = 256 * 1024

    private let folder: AttachmentFolder
    private let maximumBytes: Int64
    private var parser: MultipartParser
    private var received: Int64 = 0
    private var part: MultipartPart?
    private var size: Int64 = 0
    private var prefix: [UInt8] = []
    private var kind: FileKind?
    private var text = TextCheck()
    private var file: IncomingFile?
    private var unwritten: [UInt8] = []

    init(boundary: String, into folder: AttachmentFolder, maximumBytes: Int64) {
        self.folder = folder
        self.maximumBytes = maximumBytes
        parser = MultipartParser(boundary: boundary)
    }

    /// Takes the next bytes of the body.
    /// - Throws: 413, 415, 422, 503.
    mutating func take(_ bytes: ByteBuffer) async throws {
        received += Int64(bytes.readableBytes)
        guard received <= maximumBytes + Int64(Self.formBytes) else { throw tooLarge }
        let pieces: [MultipartParser.Piece]
        do {
            pieces = try parser.push(bytes.readableBytesView)
        } catch {
            throw Self.broken(error)
        }
        for piece in pieces {
            switch piece {
            case .part(let part): try begin(part)
            case .bytes(let bytes): try await add(bytes)
            case .partEnd: if kind == nil { try judge() }
            }
        }
    }

    /// Puts the file on disk under its key. To be called at the end of the body.
    /// - Returns: the file, and SHA-256 of its bytes.
    mutating func finish(as id: Identifier<Attachment>) async throws -> (attachment: Attachment, digest: [UInt8]) {
        do {
            try parser.finish()
        } catch {
            throw Self.broken(error)
        }
        guard let part, let kind else { throw Self.problem("required", "must be there, once") }
        guard kind != .text || text.isWhole else { throw Self.unknown }
        try await write()
        guard let file else { throw Self.problem("required", "must not be empty") }
        let attachment = Attachment(
            id: id, name: FileName(part.fileName, of: kind).text, mediaType: kind.mediaType, size: file.size)
        return (attachment, try await file.keep(as: id))
    }

    // MARK: Pieces

    private mutating func begin(_ part: MultipartPart) throws {
        guard part.name == Self.field else {
            // As names of unknown fields in JSON; a client's text is not repeated at length.
            let name = String(part.name.prefix(64))
            throw Problem(
                .unknownField, detail: "\(name) is not a field of this request",
                errors: [FieldProblem(field: name, code: "unknown_field", message: "is not a field of this request")])
        }
        guard self.part == nil else { throw Self.problem("too_many", "must be there once") }
        self.part = part
    }

    private mutating func add(_ bytes: [UInt8]) async throws {
        size += Int64(bytes.count)
        guard size <= maximumBytes else { throw tooLarge }
        unwritten += bytes
        if kind == nil {
            prefix += bytes.prefix(max(0, FileKind.prefixBytes - prefix.count))
            guard prefix.count >= FileKind.prefixBytes else { return }
            try judge()
        } else if kind == .text, !text.push(bytes) {
            throw Self.unknown
        }
        if unwritten.count >= Self.writeBytes { try await write() }
    }

    /// Decides by the beginning, and by what the client says of the file.
    private mutating func judge() throws {
        guard let part else { return }
        guard !prefix.isEmpty else { throw Self.problem("required", "must not be empty") }
        guard let kind = FileKind(prefix: prefix) else { throw Self.unknown }
        guard kind.agrees(withClaim: part.mediaType) else {
            throw Problem(
                .unsupportedMediaType, detail: "the file is \(kind.mediaType), and not what its Content-Type says")
        }
        if let ending = FileName.ending(ofGiven: part.fileName), !kind.agrees(withEnding: ending) {
            throw Problem(
                .unsupportedMediaType, detail: "the file is \(kind.mediaType), and not what the end of its name says")
        }
        // Nothing has been written yet, so this is all that came. What comes now is checked as it comes.
        if kind == .text, !text.push(unwritten) { throw Self.unknown }
        self.kind = kind
    }

    private mutating func write() async throws {
        guard !unwritten.isEmpty else { return }
        let bytes = unwritten
        unwritten.removeAll(keepingCapacity: true)
        let open = if let file { file } else { try await folder.begin() }
        file = open
        try await open.write(bytes)
    }

    // MARK: Problems

    private var tooLarge: Problem {
        Problem(.tooLarge, detail: "a file may have at most \(maximumBytes) bytes")
    }

    private static let unknown = Problem(
        .unsupportedMediaType,
        detail: """
            files may be images (PNG, JPEG, GIF, WebP), PDF, MP3, MP4, Ogg, WAV, Office and OpenDocument documents, and \
            plain text in UTF-8
            """)

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
