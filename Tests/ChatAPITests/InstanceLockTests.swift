import Foundation
import Testing

@testable import ChatAPI

@Suite struct InstanceLockTests {
    @Test func oneHolderAtATime() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("deep/er/chat.db")
        do {
            let lock = try InstanceLock.acquire(databasePath: path)
            let held = #expect(throws: DatabaseHeld.self) { try InstanceLock.acquire(databasePath: path) }
            #expect(held?.holder == Int(ProcessInfo.processInfo.processIdentifier))
            #expect(held?.description.contains("held by process \(ProcessInfo.processInfo.processIdentifier)") == true)
            withExtendedLifetime(lock) {}
        }
        #expect(throws: Never.self) { try InstanceLock.acquire(databasePath: path) }
        #expect(try folder.mode(of: "deep/er/chat.db.lock") == 0o600)
        #expect(!folder.exists("deep/er/chat.db"))
    }

    @Test func oneDatabaseHasOneLockUnderEveryName() throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "chat.db")
        try FileManager.default.createSymbolicLink(
            atPath: folder.file("other.db"), withDestinationPath: folder.file("chat.db"))
        try FileManager.default.createSymbolicLink(atPath: folder.file("folder"), withDestinationPath: folder.path)
        let lock = try InstanceLock.acquire(databasePath: folder.file("chat.db"))
        for name in ["other.db", "folder/chat.db", "folder/../\((folder.path as NSString).lastPathComponent)/chat.db"] {
            #expect(throws: DatabaseHeld.self, "\(name)") { try InstanceLock.acquire(databasePath: folder.file(name)) }
        }
        withExtendedLifetime(lock) {}
    }

    @Test func theDeathOfTheHolderFreesTheLock() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("chat.db")
        let holder = Process()
        holder.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        holder.arguments = [
            "python3", "-c",
            """
            import fcntl, os, sys
            file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(file, fcntl.LOCK_EX)
            os.write(file, b"%d\\n" % os.getpid())
            sys.stdin.read()
            """, "\(path).lock",
        ]
        let input = Pipe()
        holder.standardInput = input
        try holder.run()
        let isHeld = await eventually {
            do {
                _ = try InstanceLock.acquire(databasePath: path)
                return false
            } catch let held as DatabaseHeld {
                return held.holder == Int(holder.processIdentifier)
            } catch {
                return false
            }
        }
        #expect(isHeld)
        kill(holder.processIdentifier, SIGKILL)
        #expect(await eventually { (try? InstanceLock.acquire(databasePath: path)) != nil })
        withExtendedLifetime(input) {}
    }

    @Test func aFolderThatCannotBeMadeIsADatabaseOutOfReach() throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "file")
        let failure = #expect(throws: CommandFailure.self) {
            try InstanceLock.acquire(databasePath: folder.file("file/chat.db"))
        }
        #expect(failure?.exitCode == 69)
    }
}
