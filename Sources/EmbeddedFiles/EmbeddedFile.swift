import CEmbeddedFiles

/// A file that was compiled into the binary: pages, migrations, sample knowledge. Nothing is read from disk for it.
public struct EmbeddedFile: @unchecked Sendable {  // the buffer points into the program's read-only data
    /// Path below the embedded folder, with forward slashes, such as `web/widget.js`.
    public let path: String
    /// The content. The memory is part of the program and never freed, so the span may be kept.
    public let bytes: UnsafeRawBufferPointer

    private static let table: [EmbeddedFile] = UnsafeBufferPointer(
        start: embedded_file_table(), count: embedded_file_count()
    ).map { entry in
        EmbeddedFile(
            path: String(cString: entry.path), bytes: UnsafeRawBufferPointer(start: entry.bytes, count: entry.length))
    }

    private init(path: String, bytes: UnsafeRawBufferPointer) {
        self.path = path
        self.bytes = bytes
    }

    /// The file at `path`, or nil when none was embedded under that name.
    public static func named(_ path: String) -> EmbeddedFile? {
        table.first { $0.path == path }
    }

    /// Every file whose path starts with `folder`, sorted by path.
    public static func all(in folder: String) -> [EmbeddedFile] {
        table.filter { $0.path.hasPrefix(folder) }
    }

    /// The content as text. Invalid UTF-8 is repaired with U+FFFD.
    public var text: String { String(decoding: bytes, as: UTF8.self) }
}
