import Testing

@testable import ChatAPI

@Suite struct StartingPagesTests {
    @Test func onlyCodeOfFilesThatIsLargeIsGivenBack() {
        let maps = """
            55d0c0000000-55d0c0800000 r--p 00000000 08:01 131 /usr/bin/chat-api
            55d0c0800000-55d0c2000000 r-xp 00800000 08:01 131                        /usr/bin/chat-api
            55d0c2000000-55d0c2100000 rw-p 02000000 08:01 131 /usr/bin/chat-api
            55d0c3000000-55d0c4000000 rw-p 00000000 00:00 0 [heap]
            7f0000000000-7f0000001000 r-xp 00000000 08:01 132 /lib/libsmall.so
            7f0001000000-7f0001200000 r-xp 00000000 08:01 133 /lib/lib with spaces.so
            7f0002000000-7f0002200000 rwxp 00000000 08:01 134 /lib/libwritable.so
            7f0003000000-7f0003200000 r-xp 00000000 00:00 0
            7ffd00000000-7ffd00200000 r-xp 00000000 00:00 0 [vdso]
            nonsense
            7f0005000000 r-xp 0 0 0 /x
            """
        #expect(
            StartingPages.code(in: maps) == [0x55d0_c080_0000..<0x55d0_c200_0000, 0x7f00_0100_0000..<0x7f00_0120_0000])
    }

    @Test func theProcessGoesOnWithoutThem() {
        for _ in 0..<3 { StartingPages.release() }
        #expect("\(StartingPages.code(in: "")) and other code".hasPrefix("[]"))
    }
}
