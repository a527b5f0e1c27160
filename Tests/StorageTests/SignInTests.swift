import Domain
import Testing

@testable import Storage

@Suite(.databases) struct SignInTests {
    private static let lockout = Lockout(failures: 3)
    private static let attempt = LoginAttempt(workspace: "default", email: "admin@example.com", source: "192.0.2.1")

    /// A refresh token's digest with the sign-in that it belongs to.
    private func login(
        _ fixture: StoreFixture, hash: String? = "hash", attempt: LoginAttempt = SignInTests.attempt,
        lockout: Lockout? = SignInTests.lockout
    ) async throws -> (digest: [UInt8], login: Login) {
        let digest = StoreFixture.bytes()
        let userId = try fixture.adminId
        let (_, login) = try await fixture.store.write {
            try $0.signIn(
                userId, verified: hash ?? "", newHash: nil, refreshDigest: digest, attempt: attempt, lockout: lockout,
                from: LoginOrigin(address: "192.0.2.1", userAgent: "browser"))
        }
        return (digest, login)
    }

    private func fail(
        _ fixture: StoreFixture, _ attempt: LoginAttempt = SignInTests.attempt, known: Bool = true
    ) async throws -> LockedOut? {
        let access = Access(workspaceId: fixture.workspace.id, principal: .server, address: "192.0.2.1")
        let userId = try fixture.adminId
        return try await fixture.store.write {
            try $0.failSignIn(attempt, of: known ? userId : nil, lockout: Self.lockout, by: access)
        }
    }

    @Test(arguments: TestDatabase.all)
    func aSignInIsBoundToTheHashThatWasVerified(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (_, login) = try await login(fixture)
        #expect(login.address == "192.0.2.1" && login.userAgent == "browser")
        await #expect(throws: Refusal.notFound) { try await self.login(fixture, hash: "an older hash") }
        let userId = try fixture.adminId
        _ = try await fixture.store.write { try $0.changeAccess(of: userId, status: .suspended) }
        await #expect(throws: Refusal.notFound) { try await self.login(fixture) }
    }

    @Test(arguments: TestDatabase.all)
    func noSignInSurvivesAPasswordThatIsChangedMeanwhile(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let own = try await login(fixture, lockout: nil).login
        let access = try fixture.access(of: own)
        for round in 0..<10 {
            let (old, new) = (round == 0 ? "hash" : "hash \(round - 1)", "hash \(round)")
            let logins = await withTaskGroup(of: Identifier<Login>?.self) { group in
                for index in 0..<8 {
                    group.addTask {
                        if index == 4 {
                            try? await fixture.store.write {
                                try $0.changeOwnPassword(
                                    verified: old, to: new, attempt: Self.attempt, lockout: nil, by: access)
                            }
                            return nil
                        }
                        return try? await self.login(fixture, hash: old, lockout: nil).login.id
                    }
                }
                return await group.reduce(into: [Identifier<Login>]()) { if let id = $1 { $0.append(id) } }
            }
            for id in logins {
                #expect(try await fixture.store.read { try $0.login(id)?.isRevoked } == true)
            }
        }
        #expect(try await fixture.store.read { try $0.login(own.id)?.isRevoked } == false)
    }

    @Test(arguments: TestDatabase.all)
    func aPasswordIsChangedOnceByWhoKnewTheSameOne(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let access = try fixture.access(of: try await login(fixture).login)
        try await fixture.store.write {
            try $0.changeOwnPassword(verified: "hash", to: "new", attempt: Self.attempt, lockout: nil, by: access)
        }
        await #expect(throws: Refusal.conflict("the password has been changed meanwhile")) {
            try await fixture.store.write {
                try $0.changeOwnPassword(verified: "hash", to: "other", attempt: Self.attempt, lockout: nil, by: access)
            }
        }
    }

    // MARK: Lock-out

    @Test(arguments: TestDatabase.all)
    func failuresLockAnAccountOutForOneSourceAndNotForLong(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        for _ in 0..<2 { #expect(try await fail(fixture) == nil) }
        // A success forgets them.
        _ = try await login(fixture)
        for _ in 0..<2 { #expect(try await fail(fixture) == nil) }
        fixture.clock.advance(seconds: 600)
        #expect(try await fail(fixture) == nil)
        await #expect(throws: LockedOut.self) { try await self.login(fixture) }
        await #expect(throws: LockedOut.self) {
            try await fixture.store.read { try $0.requireUnlocked(Self.attempt, Self.lockout) }
        }
        #expect(try await fail(fixture)?.seconds == 900)
        // From elsewhere its owner gets in.
        let elsewhere = LoginAttempt(workspace: "default", email: "ADMIN@example.com", source: "192.0.2.2")
        #expect(elsewhere.account == Self.attempt.account)
        _ = try await login(fixture, attempt: elsewhere)
        fixture.clock.advance(seconds: 899)
        #expect(try await fail(fixture)?.seconds == 1)
        fixture.clock.advance(seconds: 1)
        _ = try await login(fixture)
        let actions = try await fixture.audited()
        #expect(actions.count { $0 == .loginLockedOut } == 1 && actions.count { $0 == .loginFailed } == 5)
    }

    @Test(arguments: TestDatabase.all)
    func failuresAtOnceAreCountedExactly(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let unknown = LoginAttempt(workspace: "default", email: "nobody@example.com", source: "192.0.2.1")
        for attempt in [Self.attempt, unknown] {
            let refusals = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<20 {
                    group.addTask { try await self.fail(fixture, attempt, known: attempt == Self.attempt) != nil }
                }
                return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            // Three are told that the password is wrong, whichever they are.
            #expect(refusals == 17)
        }
        let counted = try await fixture.store.read {
            try $0.connection.rows("SELECT failures FROM login_failures ORDER BY failures", []) { $0.integer(0) }
        }
        #expect(counted == [20, 20])
    }

    @Test(arguments: TestDatabase.all)
    func aPasswordThatIsSetByAnotherEndsALockOutEverywhere(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let elsewhere = LoginAttempt(workspace: "default", email: "admin@example.com", source: "192.0.2.2")
        for _ in 0..<3 {
            _ = try await fail(fixture)
            _ = try await fail(fixture, elsewhere)
        }
        let userId = try fixture.adminId
        try await fixture.store.write { try $0.setPassword(of: userId, hash: "new", keeping: nil) }
        _ = try await login(fixture, hash: "new")
        _ = try await login(fixture, hash: "new", attempt: elsewhere)
    }

    @Test(arguments: TestDatabase.all)
    func oldFailuresAreSweptAway(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        _ = try await fail(fixture)
        #expect(try await fixture.store.read { try $0.hasSweepWork() } == false)
        fixture.clock.advance(seconds: 900)
        #expect(try await fixture.store.read { try $0.hasSweepWork() })
        try await fixture.store.write { try $0.sweepSignIns() }
        #expect(try await fixture.store.read { try $0.hasSweepWork() } == false)
    }

    // MARK: Refresh tokens

    @Test(arguments: TestDatabase.all)
    func aRefreshWhoseAnswerWasLostIsGivenAnew(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (first, login) = try await login(fixture)
        let (lost, second) = (StoreFixture.bytes(), StoreFixture.bytes())
        #expect(try await rotate(fixture, first, lost) == login.id)
        fixture.clock.advance(seconds: 29)
        #expect(try await rotate(fixture, first, second) == login.id)
        // The sign-in goes on with the second, and the lost one is nobody's.
        let third = StoreFixture.bytes()
        #expect(try await rotate(fixture, second, third) == login.id)
        #expect(try await rotate(fixture, lost, StoreFixture.bytes()) == nil)
        #expect(try await fixture.store.read { try $0.login(login.id)?.isRevoked } == true)
        #expect(try await fixture.audited().contains(.refreshTokenReused))
    }

    @Test(arguments: TestDatabase.all)
    func aTokenThatComesBackLateOrAfterItsSuccessorEndsTheSignIn(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let late = try await login(fixture)
        _ = try await rotate(fixture, late.digest, StoreFixture.bytes())
        fixture.clock.advance(seconds: 30)
        #expect(try await rotate(fixture, late.digest, StoreFixture.bytes()) == nil)
        #expect(try await fixture.store.read { try $0.login(late.login.id)?.isRevoked } == true)

        let used = try await login(fixture)
        let (successor, newest) = (StoreFixture.bytes(), StoreFixture.bytes())
        _ = try await rotate(fixture, used.digest, successor)
        _ = try await rotate(fixture, successor, newest)
        #expect(try await rotate(fixture, used.digest, StoreFixture.bytes()) == nil)
        #expect(try await rotate(fixture, newest, StoreFixture.bytes()) == nil)
        #expect(fixture.commits.endedLogins.contains(used.login.id))
    }

    @Test(arguments: TestDatabase.all)
    func aTokenThatIsBroughtManyTimesAtOnceLeavesOneThatIsGood(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (first, login) = try await login(fixture)
        let given = try await withThrowingTaskGroup(of: [UInt8]?.self) { group in
            for _ in 0..<12 {
                group.addTask {
                    let next = StoreFixture.bytes()
                    return try await self.rotate(fixture, first, next) == nil ? nil : next
                }
            }
            return try await group.reduce(into: [[UInt8]]()) { if let digest = $1 { $0.append(digest) } }
        }
        #expect(given.count == 12)
        let unused = try await fixture.store.read {
            try $0.connection.rows("SELECT digest FROM refresh_tokens WHERE used_at IS NULL", []) {
                $0.optionalBlob(0) ?? []
            }
        }
        #expect(unused.count == 1)
        #expect(try await rotate(fixture, try #require(unused.first), StoreFixture.bytes()) == login.id)
    }

    /// - Returns: the sign-in, or nil when the token was refused.
    private func rotate(_ fixture: StoreFixture, _ digest: [UInt8], _ next: [UInt8]) async throws -> Identifier<Login>?
    {
        let outcome = try await fixture.store.write { try $0.rotateRefreshToken(digest, to: next) }
        guard case .rotated(_, let login) = outcome else { return nil }
        return login.id
    }
}

extension StoreFixture {
    var adminId: Identifier<User> { get throws { try #require(admin.staff?.userId) } }

    /// The admin under one of its sign-ins.
    func access(of login: Login) throws -> Access {
        Access(
            workspaceId: workspace.id,
            principal: .staff(.init(userId: try adminId, name: "Ada", role: .admin, credential: .login(login.id))),
            address: "192.0.2.1")
    }

    /// What the audit log tells, newest first.
    func audited() async throws -> [AuditEntry.Action] {
        let admin = admin
        return try await store.read {
            try $0.auditLog(AuditFilter(), after: nil, limit: 100, by: admin).items.map(\.action)
        }
    }
}
