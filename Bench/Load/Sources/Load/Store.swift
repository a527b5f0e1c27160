import Glibc

/// Bytes in memory of its own, which is there only while it is needed: 19 000 idle sockets have none.
struct Store {
    private(set) var bytes: UnsafeMutableRawPointer?
    private(set) var count = 0
    private var capacity = 0

    /// Appends; makes room in powers of two.
    mutating func append(_ more: UnsafeRawPointer, _ moreCount: Int) {
        guard moreCount > 0 else { return }
        if count &+ moreCount > capacity {
            var wanted = max(capacity, 256)
            while wanted < count &+ moreCount { wanted &*= 2 }
            guard let larger = realloc(bytes, wanted) else {
                // The machine has no memory: nothing can be measured any more.
                perror("bench-load")
                exit(1)
            }
            bytes = larger
            capacity = wanted
        }
        if let bytes { memcpy(bytes + count, more, moreCount) }
        count &+= moreCount
    }

    /// Forgets the first `used` bytes.
    mutating func drop(_ used: Int) {
        guard used < count, let bytes else { return empty() }
        memmove(bytes, bytes + used, count &- used)
        count &-= used
    }

    /// Forgets all; a large piece of memory is given back.
    mutating func empty() {
        count = 0
        if capacity > 8_192 { free() }
    }

    mutating func free() {
        Glibc.free(bytes)
        bytes = nil
        count = 0
        capacity = 0
    }
}
