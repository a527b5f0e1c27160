import Testing

@testable import ChatAPI

@Suite struct StartingPagesTests {
    @Test func onlyWhatIsAsInItsFileAndWorthItIsGivenBack() {
        func piece(_ head: String, resident: Int, changed: Int = 0) -> String {
            "\(head)\nSize: 9000 kB\nRss: \(resident) kB\nShared_Clean: 0 kB\nPrivate_Dirty: \(changed) kB\nVmFlags: rd mr\n"
        }
        let map = [
            piece("55d0c0000000-55d0c0800000 r--p 00000000 08:01 131 /usr/bin/chat-api", resident: 100),
            piece(
                "55d0c0800000-55d0c2000000 r-xp 00800000 08:01 131                        /usr/bin/chat-api",
                resident: 900),
            // What the loader has moved.
            piece("55d0c2000000-55d0c2080000 r--p 02000000 08:01 131 /usr/bin/chat-api", resident: 500, changed: 4),
            piece("55d0c2080000-55d0c2100000 rw-p 02080000 08:01 131 /usr/bin/chat-api", resident: 400),
            piece("55d0c3000000-55d0c4000000 rw-p 00000000 00:00 0 [heap]", resident: 4000),
            piece("7f0000000000-7f0000001000 r-xp 00000000 08:01 132 /lib/libsmall.so", resident: 63),
            piece("7f0001000000-7f0001200000 r-xp 00000000 08:01 133 /lib/lib with spaces.so", resident: 64),
            piece("7f0002000000-7f0002200000 rwxp 00000000 08:01 134 /lib/libwritable.so", resident: 100),
            piece("7f0003000000-7f0003200000 r-xp 00000000 00:00 0", resident: 100),
            piece("7ffd00000000-7ffd00200000 r-xp 00000000 00:00 0 [vdso]", resident: 100),
            "nonsense\n", piece("7f0005000000 r-xp 0 0 0 /x", resident: 100), "Rss:\nPrivate_Dirty: x kB\n",
        ].joined()
        #expect(
            StartingPages.unchanged(in: map) == [
                0x55d0_c000_0000..<0x55d0_c080_0000, 0x55d0_c080_0000..<0x55d0_c200_0000,
                0x7f00_0100_0000..<0x7f00_0120_0000,
            ])
    }

    @Test func theProcessGoesOnWithoutThem() throws {
        for _ in 0..<3 { StartingPages.release() }
        #expect("\(StartingPages.unchanged(in: "")) and other code".hasPrefix("[]"))
    }
}
