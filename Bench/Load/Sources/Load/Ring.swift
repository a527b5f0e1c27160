/// What is under way of one sender, by its running number: from the oldest that is not settled to the newest.
/// Plain memory, because a run may have thousands of them.
struct Ring<Element: BitwiseCopyable> {
    private var elements: UnsafeMutablePointer<Element>
    private var mask: Int
    /// Number of the oldest one kept.
    private(set) var first = 0
    /// Number that the next one gets.
    private(set) var next = 0

    init() {
        elements = .allocate(capacity: 4)
        mask = 3
    }

    func deallocate() {
        elements.deallocate()
    }

    @inline(__always)
    mutating func append(_ element: Element) {
        if next &- first > mask { grow() }
        (elements + (next & mask)).initialize(to: element)
        next &+= 1
    }

    /// Only for numbers in `first..<next`.
    @inline(__always)
    subscript(_ number: Int) -> Element {
        get { elements[number & mask] }
        nonmutating set { elements[number & mask] = newValue }
    }

    @inline(__always)
    func contains(_ number: Int) -> Bool {
        number >= first && number < next
    }

    /// Forgets those before `number`.
    @inline(__always)
    mutating func forget(before number: Int) {
        first = min(max(first, number), next)
    }

    private mutating func grow() {
        let larger = UnsafeMutablePointer<Element>.allocate(capacity: (mask &+ 1) &* 2)
        let wide = (mask &+ 1) &* 2 &- 1
        for number in first..<next {
            (larger + (number & wide)).initialize(to: elements[number & mask])
        }
        elements.deallocate()
        elements = larger
        mask = wide
    }
}
