import Domain
import HTTPTypes
import Identity
import Storage
import Wire

/// What somebody gets who signs in, registers or refreshes.
struct SignedIn: Codable, Sendable {
    enum TokenType: String, Codable, CaseIterable, Sendable {
        case bearer
    }

    var user: UserView
    var accessToken: String
    var refreshToken: String
    var tokenType = TokenType.bearer
    var expiresIn = TokenAuthority.accessSeconds
}

/// Makes it of a sign-in.
struct LoginTokens: Sendable {
    let views: ViewMaker
    let tokens: TokenAuthority

    func signedIn(_ user: User, _ login: Login, _ refreshToken: RandomToken) async throws -> SignedIn {
        let accessToken = try await tokens.accessToken(
            userId: views.identifiers.text(user.id), workspaceId: views.identifiers.text(user.workspaceId),
            role: user.role.name, accessVersion: user.accessVersion, familyId: views.identifiers.text(login.id))
        return SignedIn(user: views.user(user), accessToken: accessToken, refreshToken: refreshToken.text)
    }
}

extension Incoming {
    /// From where somebody signs in, as they are shown it later.
    var loginOrigin: LoginOrigin { LoginOrigin(address: client.text, userAgent: headers[.userAgent]) }
}
