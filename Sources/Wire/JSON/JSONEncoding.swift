import Domain

/// One run of the general encoder: writes what types tell of themselves at once, so that there is no tree of values.
///
/// Keys stand in the order in which a type encodes them. Everything else is as Foundation's encoder writes it, which is
/// what the tests hold it against. What needs a tree is refused, where Foundation's encoder would allow it: going back to
/// a nested container after its parent went on. No type of ours does.
final class JSONEncoding {
    /// Objects and arrays inside one another, at most. Foundation's limit.
    private static let maximumDepth = 511

    /// A value that is being written. Each but the outermost stands in the object or array of the one before.
    private struct Level {
        enum State {
            case nothing, scalar, object, array
        }

        /// Tells it from one that was at the same depth before.
        let serial: UInt32
        /// Whose `encode(to:)` runs.
        var type: Any.Type
        var state = State.nothing
        var count = 0
    }

    // Unchecked: one thread has it, and no access calls back while it lasts. The checks were a third of all that it did.
    @exclusivity(unchecked) var writer: JSONWriter
    @exclusivity(unchecked) private var levels: [Level] = []
    @exclusivity(unchecked) private var serial: UInt32 = 0
    @exclusivity(unchecked) private var hasFailed = false

    init() {
        writer = JSONWriter(capacity: 0)
        levels.reserveCapacity(16)
    }

    /// Writes a value, which is all there is.
    /// - Returns: false for one that cannot be written, of which a part may have been.
    func writes<T: Encodable>(_ value: T) -> Bool {
        (try? self.value(value)) != nil && !hasFailed
    }

    /// Writes a value where one is due.
    func value<T: Encodable>(_ value: T) throws {
        // The commonest of those that would only ask back.
        if T.self == Timestamp.self, let time = value as? Timestamp { return writer.time(time) }
        if T.self == String.self, let text = value as? String { return writer.string(text) }
        // Histories are lists of them.
        if T.self == MessageView.self, let message = value as? MessageView, message.write(to: &writer) { return }
        let encoder = open(T.self)
        try value.encode(to: encoder)
        close(to: encoder.place.depth)
    }

    // MARK: Levels

    /// Begins a value.
    func open(_ type: Any.Type) -> JSONValueEncoder {
        serial &+= 1
        levels.append(Level(serial: serial, type: type))
        return JSONValueEncoder(encoding: self, place: JSONPlace(depth: levels.count - 1, serial: serial))
    }

    /// Ends the values down to that at `depth`, and this one.
    private func close(to depth: Int) {
        while levels.count > depth, let level = levels.popLast() {
            switch level.state {
            // A type that tells nothing of itself.
            case .nothing: writer.text("{}")
            case .scalar: break
            case .object: writer.text("}")
            case .array: writer.text("]")
            }
        }
    }

    /// Makes the value at `place` the one that is being written, by ending those inside it.
    private func enter(_ place: JSONPlace) -> Bool {
        if levels.count - 1 > place.depth { close(to: place.depth + 1) }
        guard levels.count - 1 == place.depth, levels[place.depth].serial == place.serial else {
            hasFailed = true
            return false
        }
        return true
    }

    /// Makes the value at `place` an object or an array. It may be asked for again, and then goes on.
    func begin(_ isObject: Bool, at place: JSONPlace) {
        guard enter(place) else { return }
        switch (levels[place.depth].state, isObject) {
        case (.nothing, _):
            guard place.depth < Self.maximumDepth else {
                hasFailed = true
                return
            }
            levels[place.depth].state = isObject ? .object : .array
            if isObject { writer.text("{") } else { writer.text("[") }
        case (.object, true), (.array, false): break
        default: hasFailed = true
        }
    }

    /// Begins a scalar, which must be all there is at `place`.
    func scalar(at place: JSONPlace) throws {
        guard enter(place), levels[place.depth].state == .nothing else { throw refusal("a second value") }
        levels[place.depth].state = .scalar
    }

    /// Lets another type tell what is at `place`.
    func hand<T: Encodable>(_ value: T, at place: JSONPlace) throws {
        guard enter(place), levels[place.depth].state == .nothing else { throw refusal("a second value") }
        levels[place.depth].type = T.self
        try value.encode(to: JSONValueEncoder(encoding: self, place: place))
    }

    /// Begins a member of the object at `place`.
    func member(_ key: String, isData: Bool, at place: JSONPlace) throws {
        guard enter(place), !hasFailed else { throw refusal(key) }
        writer.separator()
        if isData { writer.dataKey(key) } else { writer.key(key) }
    }

    /// Begins an element of the array at `place`.
    func element(at place: JSONPlace) throws {
        guard enter(place), !hasFailed else { throw refusal("an element") }
        writer.separator()
        levels[place.depth].count += 1
    }

    /// Elements so far.
    func count(at place: JSONPlace) -> Int {
        levels.indices.contains(place.depth) ? levels[place.depth].count : 0
    }

    /// Whether the keys of an object are data: those of a `[String: …]`, which has keys of the standard library's own.
    func hasDataKeys<Key: CodingKey>(_: Key.Type, at place: JSONPlace) -> Bool {
        guard ObjectIdentifier(Key.self) == DictionaryKeys.type, levels.indices.contains(place.depth) else {
            return false
        }
        return levels[place.depth].type is any StringKeyedDictionary.Type
    }

    func refusal(_ what: String) -> any Error {
        hasFailed = true
        return EncodingError.invalidValue(what, .init(codingPath: [], debugDescription: "cannot stand here"))
    }
}

/// Where in a run of the encoder a value stands.
struct JSONPlace {
    let depth: Int
    let serial: UInt32
}

/// Marks `[String: …]`, whose keys are data.
private protocol StringKeyedDictionary {}
extension Dictionary: StringKeyedDictionary where Key == String, Value: Encodable {}

/// The type of the keys with which the standard library encodes a dictionary. It has no public name.
private enum DictionaryKeys {
    static let type: ObjectIdentifier? = {
        let probe = Probe()
        try? ["": 0].encode(to: probe)
        return probe.type
    }()

    /// Encodes nothing; notes the type of the keys that it is asked for.
    private final class Probe: Encoder {
        var type: ObjectIdentifier?
        var codingPath: [any CodingKey] { [] }
        var userInfo: [CodingUserInfoKey: Any] { [:] }

        func container<Key: CodingKey>(keyedBy _: Key.Type) -> KeyedEncodingContainer<Key> {
            type = ObjectIdentifier(Key.self)
            let sink = sink
            sink.encoding.begin(true, at: sink.place)
            return KeyedEncodingContainer(
                JSONKeyedContainer(encoding: sink.encoding, place: sink.place, hasDataKeys: true))
        }

        func unkeyedContainer() -> any UnkeyedEncodingContainer { sink.unkeyedContainer() }
        func singleValueContainer() -> any SingleValueEncodingContainer { sink.singleValueContainer() }

        /// A place for what is not looked at.
        private var sink: JSONValueEncoder { JSONEncoding().open(Never.self) }
    }
}
