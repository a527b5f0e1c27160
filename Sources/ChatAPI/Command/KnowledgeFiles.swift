import Assistant
import Foundation

/// The files of a folder that can be imported, or one file.
struct KnowledgeFiles {
    /// Files of a folder. A help centre has hundreds.
    private static let maximumFiles = 20_000
    /// Folders inside each other.
    private static let maximumDepth = 32

    struct File {
        /// Where it is.
        var path: String
        /// What its articles are known by.
        var name: String
    }

    let files: [File]
    /// What the sources of these files begin with.
    let prefix: String

    /// - Parameter collection: name of the folder in the articles' sources; its own when nil.
    /// - Throws: ``CommandFailure`` when there is nothing to import.
    init(path: String, collection: String?) throws {
        let url = URL(fileURLWithPath: path).standardizedFileURL.resolvingSymlinksInPath()
        let values = try? url.resourceValues(forKeys: [.isDirectoryKey, .isRegularFileKey])
        switch (values?.isDirectory, values?.isRegularFile) {
        case (true, _):
            let name = ImportedFile.knownPath(of: collection ?? url.lastPathComponent)
            prefix = name.isEmpty ? "" : name + "/"
            var found: [File] = []
            try Self.collect(url, below: prefix, depth: 0, into: &found)
            files = found
            guard !files.isEmpty else {
                throw CommandFailure.refused("\(path) has no .md, .txt, .html, .csv or .tsv files")
            }
        case (_, true):
            let folder = collection ?? url.deletingLastPathComponent().lastPathComponent
            prefix = ImportedFile.knownPath(of: "\(folder)/\(url.lastPathComponent)")
            files = [File(path: url.path, name: prefix)]
        default: throw CommandFailure.refused("there is no file or folder \(path)")
        }
    }

    /// The bytes of a file, or why they cannot be had. A file that is too long is not read at all.
    static func bytes(of file: File) -> Result<[UInt8], ImportProblem> {
        do {
            let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: file.path))
            defer { try? handle.close() }
            let data = try handle.read(upToCount: ImportedFile.maximumBytes + 1) ?? Data()
            return .success(Array(data))
        } catch {
            return .failure(ImportProblem("the file cannot be read: \(error.localizedDescription)"))
        }
    }

    private static func collect(_ folder: URL, below name: String, depth: Int, into files: inout [File]) throws {
        guard depth < maximumDepth else {
            throw CommandFailure.refused("\(folder.path): too many folders inside each other")
        }
        let keys: [URLResourceKey] = [.isDirectoryKey, .isRegularFileKey, .isSymbolicLinkKey]
        let inside: [URL]
        do {
            inside = try FileManager.default.contentsOfDirectory(
                at: folder, includingPropertiesForKeys: keys, options: .skipsHiddenFiles)
        } catch {
            throw CommandFailure.refused("\(folder.path) cannot be read: \(error.localizedDescription)")
        }
        for url in inside.sorted(by: { $0.lastPathComponent < $1.lastPathComponent }) {
            let values = try? url.resourceValues(forKeys: Set(keys))
            // Links could lead round in circles.
            guard values?.isSymbolicLink != true else { continue }
            let known = name + url.lastPathComponent
            if values?.isDirectory == true {
                try collect(url, below: known + "/", depth: depth + 1, into: &files)
            } else if values?.isRegularFile == true, ImportedFile.Format(path: url.lastPathComponent) != nil {
                guard files.count < maximumFiles else {
                    throw CommandFailure.refused("there are more than \(maximumFiles) files")
                }
                files.append(File(path: url.path, name: known))
            }
        }
    }
}
