/// Reads the types that JSON itself has. Apart from ``DecodingNode`` for two reasons: most members are scalars and need
/// no decoder of their own, and these types must not be asked to decode themselves, because they would ask back.
enum JSONScalar {
    /// Nil when `type` is none of them.
    static func read<T>(_ type: T.Type, from value: JSONValue) throws(InvalidValue) -> T? {
        if type == String.self {
            guard case .string(let text) = value else { throw wrongType(value, "a string") }
            return text as? T
        }
        if type == JSONValue.self { return value as? T }
        if type == Bool.self {
            guard case .bool(let flag) = value else { throw wrongType(value, "a boolean") }
            return flag as? T
        }
        if type == Int.self { return try integer(Int.self, value) as? T }
        if type == Int64.self { return try integer(Int64.self, value) as? T }
        if type == Double.self { return try double(value) as? T }
        if type == Float.self {
            let number = Float(try double(value))
            guard number.isFinite else { throw InvalidValue(code: "out_of_range", message: "is out of range") }
            return number as? T
        }
        if type == Int32.self { return try integer(Int32.self, value) as? T }
        if type == Int16.self { return try integer(Int16.self, value) as? T }
        if type == Int8.self { return try integer(Int8.self, value) as? T }
        if type == UInt.self { return try integer(UInt.self, value) as? T }
        if type == UInt64.self { return try integer(UInt64.self, value) as? T }
        if type == UInt32.self { return try integer(UInt32.self, value) as? T }
        if type == UInt16.self { return try integer(UInt16.self, value) as? T }
        if type == UInt8.self { return try integer(UInt8.self, value) as? T }
        if type == Int128.self { return try integer(Int128.self, value) as? T }
        if type == UInt128.self { return try integer(UInt128.self, value) as? T }
        return nil
    }

    static func wrongType(_ value: JSONValue, _ expected: String) -> InvalidValue {
        value == .null
            ? InvalidValue(code: "required", message: "must not be null")
            : InvalidValue(code: "wrong_type", message: "must be \(expected), not \(value.kind)")
    }

    private static func double(_ value: JSONValue) throws(InvalidValue) -> Double {
        guard let number = value.doubleValue else { throw wrongType(value, "a number") }
        return number
    }

    private static func integer<I: FixedWidthInteger>(
        _ type: I.Type, _ value: JSONValue
    ) throws(InvalidValue) -> I {
        switch value {
        case .int(let number):
            guard let exact = I(exactly: number) else { throw outOfRange(type) }
            return exact
        case .double(let number):
            // 5.0 and 1e3 are integers too (JSON Schema, "integer").
            guard number.rounded() == number else {
                throw InvalidValue(code: "wrong_type", message: "must be an integer")
            }
            // Beyond 2^53 a Double skips integers: what arrived may not be what was written.
            guard number.magnitude <= 0x1p53, let exact = I(exactly: number) else { throw outOfRange(type) }
            return exact
        default: throw wrongType(value, "an integer")
        }
    }

    private static func outOfRange<I: FixedWidthInteger>(_ type: I.Type) -> InvalidValue {
        InvalidValue(code: "out_of_range", message: "must be an integer from \(I.min) to \(I.max)")
    }
}
