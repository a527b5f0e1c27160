/// Waits until `condition` holds, looking again and again. The deadline is for what never comes: on a busy machine hundreds
/// of tests share two threads.
/// - Returns: whether it came to hold before the deadline.
func eventually(within limit: Duration = .seconds(60), _ condition: () async throws -> Bool) async rethrows -> Bool {
    let clock = ContinuousClock()
    let end = clock.now + limit
    while clock.now < end {
        if try await condition() { return true }
        try? await Task.sleep(for: .milliseconds(5))
    }
    return try await condition()
}
