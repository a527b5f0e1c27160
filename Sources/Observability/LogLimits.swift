/// How much of a record is written. Whoever can send text to the server can make it be logged, so every part of a
/// line has a bound, and what lies beyond is cut off visibly.
public enum LogLimits {
    /// UTF-8 bytes of the message and of one value: a stack of causes fits, a pasted document does not.
    public static let textBytes = 2048
    /// UTF-8 bytes of a field's name.
    public static let keyBytes = 128
    /// Fields of a record, and entries of a nested value.
    public static let fields = 64
    /// Levels of nesting inside a value.
    public static let depth = 4
    /// Bytes of a line after which no further field is begun. Below the 64 KiB that a pipe usually holds.
    public static let lineBytes = 32 * 1024
}
