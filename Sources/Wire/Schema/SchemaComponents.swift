import Domain

/// The schemas of a description, made by walking through the types' own `init(from:)`.
///
/// A type is asked to decode itself from a decoder that writes down which members it wants, of which types, and gives it
/// stand-ins. What cannot be learnt like that says so by ``SchemaProviding``.
public final class SchemaComponents {
    /// By name, for `#/components/schemas/`.
    public private(set) var schemas: [String: JSONSchema] = [:]
    /// Types that could not be described, and why. A test proves that there are none.
    public private(set) var faults: [String] = []
    private var names: [ObjectIdentifier: String] = [:]
    /// Requests may say null for what they may leave out; answers never do.
    private(set) var isOfRequest = false

    public init() {}

    /// The schema of a type, or a reference to where it stands.
    public func schema(of type: any Any.Type) -> JSONSchema {
        if let name = names[ObjectIdentifier(type)] { return .reference(name) }
        if let scalar = Self.scalar(type) { return scalar }
        if let provider = type as? any SchemaProviding.Type {
            guard type is any SchemaNamed.Type else { return provider.schema(in: self) }
            return component(type) { provider.schema(in: self) }
        }
        if let words = EnumerationCases.words(of: type) { return component(type) { .words(words) } }
        guard let decodable = type as? any Decodable.Type else {
            faults.append("\(type) is not Decodable")
            return .any
        }
        return walked(decodable)
    }

    /// The schema of a request.
    public func schema(ofRequest type: any Any.Type) -> JSONSchema {
        isOfRequest = true
        defer { isOfRequest = false }
        return schema(of: type)
    }

    /// Enters a schema by hand.
    public func add(_ name: String, _ schema: JSONSchema) {
        schemas[name] = schema
    }

    func note(_ fault: String) { faults.append(fault) }

    private func component(_ type: any Any.Type, _ make: () -> JSONSchema) -> JSONSchema {
        let name = reserve(type)
        schemas[name] = make()
        return .reference(name)
    }

    /// A name of its own, taken before the type's members are looked at, which may be of the type itself.
    private func reserve(_ type: any Any.Type) -> String {
        var name = SchemaName.of(type)
        if schemas[name] != nil {
            let whole = SchemaName.of(type, isWhole: true)
            if whole == name || schemas[whole] != nil { faults.append("two types have the name \(name)") }
            name = whole
        }
        names[ObjectIdentifier(type)] = name
        schemas[name] = .any
        return name
    }

    private func walked<T: Decodable>(_ type: T.Type) -> JSONSchema {
        let name = reserve(type)
        let decoder = RecordingDecoder(components: self)
        do {
            let value = try T(from: decoder)
            if let single = decoder.single {
                // A wrapper around one value is described as that value.
                names[ObjectIdentifier(type)] = nil
                schemas[name] = nil
                return single
            }
            schemas[name] = .object(decoder.properties, required: decoder.required)
            if let request = value as? any Validated { apply(rulesOf: request, to: name) }
        } catch {
            faults.append("\(type) does not decode itself from stand-ins: \(error)")
        }
        return .reference(name)
    }

    /// A value to go on with.
    func standIn<T: Decodable>(for type: T.Type) throws -> T {
        if let scalar = Self.scalarStandIn(type) { return scalar }
        if let provider = type as? any SchemaProviding.Type {
            return try StrictJSONDecoder().decode(type, from: provider.example)
        }
        if let first = EnumerationCases.first(of: type) { return first }
        return try T(from: RecordingDecoder(components: self))
    }

    // MARK: Rules

    private func apply(rulesOf request: any Validated, to component: String) {
        var check = Validation(isRecording: true)
        request.validate(&check)
        for (field, rule) in check.rules {
            if !apply(rule, to: field.split(separator: ".")[...], of: component) {
                faults.append("\(component) has a rule for \(field), which it has not")
            }
        }
    }

    private func apply(_ rule: FieldRule, to path: ArraySlice<Substring>, of component: String) -> Bool {
        guard let step = path.first, var schema = schemas[component],
            case .object(var properties)? = schema.members["properties"]
        else { return false }
        let isElement = step.hasSuffix("[]")
        let key = String(isElement ? step.dropLast(2) : step)
        guard case .object(let members)? = properties[key] else { return false }
        let property = JSONSchema(members)
        if path.count > 1 {
            guard let next = property.referenced ?? property.referencedOrNull else { return false }
            return apply(rule, to: path.dropFirst(), of: next)
        }
        if isElement, case .object(let items)? = members["items"] {
            properties[key] = property.with("items", JSONSchema(items).limited(by: rule).json).json
        } else {
            properties[key] = property.limited(by: rule).json
        }
        schema.members["properties"] = .object(properties)
        schemas[component] = schema
        return true
    }

    // MARK: Scalars

    private static func scalar(_ type: any Any.Type) -> JSONSchema? {
        switch type {
        case is String.Type: .string
        case is Bool.Type: .boolean
        case is Double.Type, is Float.Type: .number
        case is Int64.Type, is Int.Type: JSONSchema(["type": "integer", "format": "int64"])
        case is Int32.Type: JSONSchema(["type": "integer", "format": "int32"])
        case is any FixedWidthInteger.Type: .integer
        default: nil
        }
    }

    private static func scalarStandIn<T>(_ type: T.Type) -> T? {
        if let text = "" as? T { return text }
        if let flag = false as? T { return flag }
        if let integer = type as? any FixedWidthInteger.Type { return integer.init(0) as? T }
        if let number = type as? any BinaryFloatingPoint.Type { return number.init(0) as? T }
        return nil
    }
}

extension JSONSchema {
    /// The component behind `anyOf: [reference, null]`.
    var referencedOrNull: String? {
        guard case .array(let alternatives)? = members["anyOf"], case .object(let first)? = alternatives.first else {
            return nil
        }
        return JSONSchema(first).referenced
    }

    /// With what a rule adds.
    func limited(by rule: FieldRule) -> JSONSchema {
        switch rule {
        case .notNull: return withoutNull
        // Of an enumeration only these.
        case .words(let words): return withoutNull == self ? .words(words) : JSONSchema.words(words).orNull
        default: break
        }
        var schema = self
        schema.members.merge(rule.keywords) { _, new in new }
        // Anything becomes what the rule is about.
        guard let type = rule.type else { return schema }
        switch schema.members["type"] {
        case .array(let types)?:
            schema.members["type"] = types.contains("null") ? [.string(type), "null"] : .string(type)
        case nil where members.isEmpty: schema.members["type"] = .string(type)
        default: break
        }
        return schema
    }
}

extension JSONSchema {
    /// Without the null that ``orNull`` has added.
    private var withoutNull: JSONSchema {
        if case .array(let forms)? = members["anyOf"], forms.count == 2, case .object(let form)? = forms.first {
            return JSONSchema(form)
        }
        guard case .array(let types)? = members["type"] else { return self }
        var schema = self
        let others = types.filter { $0 != "null" }
        schema.members["type"] = others.count == 1 ? others.first : .array(others)
        if case .array(let words)? = members["enum"] { schema.members["enum"] = .array(words.filter { $0 != .null }) }
        return schema
    }
}

/// Looks into enumerations with texts behind their cases.
enum EnumerationCases {
    static func words(of type: any Any.Type) -> [String]? {
        func words<Cases: CaseIterable>(_: Cases.Type) -> [String]? {
            let words = Cases.allCases.compactMap { ($0 as? any RawRepresentable)?.rawValue as? String }
            return words.isEmpty ? nil : words
        }
        guard let type = type as? any CaseIterable.Type else { return nil }
        return words(type)
    }

    static func first<T>(of type: T.Type) -> T? {
        func first<Cases: CaseIterable>(_: Cases.Type) -> Any? { Cases.allCases.first }
        guard let type = type as? any CaseIterable.Type else { return nil }
        return first(type) as? T
    }
}
