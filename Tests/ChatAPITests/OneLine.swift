extension String {
    /// Whether a terminal shows this in one line.
    var isOneLine: Bool { !contains(where: \.isNewline) }
}
