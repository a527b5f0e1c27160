extension JSONValue {
    /// Reads one JSON document (RFC 8259), strictly: nothing before or after it but white space, no duplicate keys,
    /// no invalid UTF-8, no lone surrogates.
    ///
    /// - Throws: the first fault and its offset.
    public init(parsing bytes: UnsafeRawBufferPointer, limits: JSONLimits = JSONLimits()) throws(JSONSyntaxError) {
        var parser = JSONParser(bytes: bytes, limits: limits)
        self = try parser.document()
    }

    /// The same for `[UInt8]`, `Data`, a byte buffer's view, or a string's `utf8`.
    public init(
        parsing bytes: some Collection<UInt8>, limits: JSONLimits = JSONLimits()
    ) throws(JSONSyntaxError) {
        let parsed = bytes.withContiguousStorageIfAvailable { buffer in
            Self.parse(UnsafeRawBufferPointer(buffer), limits)
        }
        if let parsed {
            self = try parsed.get()
        } else {
            // Checked before the copy, so that the copy is bounded too.
            guard bytes.count <= limits.maximumBytes else {
                throw JSONSyntaxError(reason: .tooLarge, offset: limits.maximumBytes)
            }
            self = try Array(bytes).withUnsafeBytes { Self.parse($0, limits) }.get()
        }
    }

    /// The same for text.
    public init(parsing text: String, limits: JSONLimits = JSONLimits()) throws(JSONSyntaxError) {
        try self.init(parsing: text.utf8, limits: limits)
    }

    private static func parse(
        _ bytes: UnsafeRawBufferPointer, _ limits: JSONLimits
    ) -> Result<JSONValue, JSONSyntaxError> {
        Result { () throws(JSONSyntaxError) in try JSONValue(parsing: bytes, limits: limits) }
    }
}
