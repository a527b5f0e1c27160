import Foundation
import NIOCore

/// Swagger UI, which `/docs` shows the API with: from a folder where the operator has put it, else from a CDN.
struct SwaggerAssets: Sendable {
    /// Of the files below. OpenAPI 3.1 needs 5 or later.
    static let version = "5.33.1"
    static let cdn = "https://cdn.jsdelivr.net"
    /// A file above this is not Swagger UI's; the largest has 1.6 MB.
    static let maximumBytes = 8 << 20

    /// A file of it, with the digest of the very bytes that a browser must get.
    struct File: Sendable {
        let name: String
        let type: String
        let integrity: String
    }

    static let style = File(
        name: "swagger-ui.css", type: "text/css; charset=utf-8",
        integrity: "sha384-Ov4/wv3j2bmct8cDc5X4ngJZohVPzEmc6uDPH8WeljUxO5vtoykvMEfbu9Vh6RaW")
    static let script = File(
        name: "swagger-ui-bundle.js", type: "text/javascript; charset=utf-8",
        integrity: "sha384-ZPehFMQommnnuaZ4rpxgkgTT2DKFVp4hZC/7pLit+9Lek9T1YGSo23eHFbvNkXkw")
    static let files = [style, script]

    /// What the folder holds, read once; nil unless all of it is there.
    let local: [String: ByteBuffer]?

    /// - Parameter folder: nil for none.
    init(folder: String?) {
        local = folder.flatMap(Self.read)
    }

    private static func read(_ folder: String) -> [String: ByteBuffer]? {
        var contents: [String: ByteBuffer] = [:]
        for file in files {
            guard let data = FileManager.default.contents(atPath: "\(folder)/\(file.name)"), !data.isEmpty,
                data.count <= maximumBytes
            else { return nil }
            contents[file.name] = ByteBuffer(bytes: data)
        }
        return contents
    }

    /// Where a browser gets the file.
    func address(of file: File) -> String {
        local == nil
            ? "\(Self.cdn)/npm/swagger-ui-dist@\(Self.version)/\(file.name)" : "/docs/assets/\(file.name)"
    }

    /// The attributes of a tag that loads it. What an operator has put there is the operator's to choose; what comes from
    /// elsewhere must be what it was when this was written.
    func attributes(of file: File) -> String {
        local == nil ? #" integrity="\#(file.integrity)" crossorigin="anonymous""# : ""
    }

    /// Whence the page may load scripts and styles beside itself.
    var origin: String? { local == nil ? Self.cdn : nil }
}
