import Logging

/// The fields of one record: what the logger carries, what the metadata provider adds and what the call passes.
/// Later ones win, so a call can always say it more exactly.
struct LogFields {
    let merged: Logger.Metadata

    init(handler: Logger.Metadata, provider: Logger.MetadataProvider?, event: LogEvent) {
        var merged = handler
        if let provided = provider?.get(), !provided.isEmpty {
            merged.merge(provided) { _, new in new }
        }
        if let passed = event.metadata, !passed.isEmpty {
            merged.merge(passed) { _, new in new }
        }
        if let error = event.error, merged["error"] == nil {
            merged["error"] = .string("\(error)")
        }
        self.merged = merged
    }

    /// Sorted by name: the same record gives the same line, and eyes find things.
    var sorted: ArraySlice<(key: String, value: Logger.MetadataValue)> {
        merged.sorted { $0.key < $1.key }.prefix(LogLimits.fields)
    }
}
