import Cluster
import Domain
import Identity

/// Every rate limit of the HTTP side, in one table of bounded size, for all nodes together.
///
/// | what is counted | by | rate | at once |
/// | --- | --- | --- | --- |
/// | sign-ins | account and address | `RATE_LOGIN_PER_MINUTE` | a minute's |
/// | sign-ins | address | ten times that | a minute's |
/// | changes of one's password | as sign-ins to the account | | |
/// | registrations | address | `RATE_LOGIN_PER_MINUTE` | a minute's |
/// | tokens refreshed | address | `RATE_REQUESTS_PER_SECOND` | two seconds' |
/// | new chat sessions | address | `RATE_SESSIONS_PER_MINUTE` | a minute's |
/// | requests | token | `RATE_REQUESTS_PER_SECOND` | two seconds' |
/// | API keys that were none | address | ten times `RATE_LOGIN_PER_MINUTE` | a minute's |
///
/// An address is the peer's, or behind trusted proxies the one that they saw; of IPv6 it is the network. Messages have a
/// limit of their own that counts for sockets too: `RATE_CONTACT_MESSAGES_PER_MINUTE`. Reading pages, documents and
/// health costs next to nothing and is not counted.
final class RateLimits: Sendable {
    /// What somebody without credentials may do, by address. Every such POST names its line of the table.
    enum Visit: String, Sendable, CaseIterable {
        /// To whichever accounts, so that nobody tries one password on all of them.
        case signIn = "logins"
        case registration
        case refresh
        case session
    }

    /// What is counted, and for whom. Of secrets and e-mail addresses only digests are kept.
    enum Subject: Hashable, Sendable {
        case visit(Visit, address: String)
        /// A sign-in to an account from an address.
        case login(account: TokenDigest, address: String)
        /// A request under a token.
        case request(token: TokenDigest)
        /// A credential without a signature that turned out to be none. It took a look into the database to know.
        case failure(address: String)

        /// As all nodes write it.
        var name: String {
            switch self {
            case .visit(let visit, let address): "\(visit.rawValue).\(address)"
            case .login(let account, let address): "login.\(account.prefix).\(address)"
            case .request(let token): "request.\(token.prefix)"
            case .failure(let address): "failure.\(address)"
            }
        }
    }

    /// Buckets that are kept, some 15 MB when full. A bucket that has filled up again need not be.
    static let maximumBuckets = 65_536
    /// As many accounts as may be tried from one address at the full rate of each: an office behind one address signs in
    /// of a morning.
    private static let accountsOfAddress = 10.0

    private let rates: HTTPSettings.Rates
    private let buckets: SharedRates<Subject>

    /// - Parameter sharing: by what nodes count together; nil on a node that is alone.
    init(
        rates: HTTPSettings.Rates, clock: any WallClock, sharing: RateSharing? = nil, capacity: Int = maximumBuckets
    ) {
        self.rates = rates
        buckets = SharedRates(table: "http", counters: sharing?.counters, clock: clock, capacity: capacity) { $0.name }
        if let sharing { buckets.run(on: sharing.eventLoop) }
    }

    /// Counts one.
    /// - Throws: 429 with the seconds to wait.
    func count(_ subject: Subject) throws(Problem) {
        guard let (rate, burst) = allowance(of: subject) else { return }
        guard let wait = buckets.take(subject, rate: rate, burst: burst) else { return }
        throw Problem(.rateLimited, retryAfter: wait)
    }

    /// Counts none: only looks whether there is room for one.
    /// - Throws: 429 with the seconds to wait.
    func requireRoom(for subject: Subject) throws(Problem) {
        guard let (rate, burst) = allowance(of: subject) else { return }
        guard let wait = buckets.wait(for: subject, rate: rate, burst: burst) else { return }
        throw Problem(.rateLimited, retryAfter: wait)
    }

    var count: Int { buckets.count }

    private func allowance(of subject: Subject) -> (rate: Double, burst: Double)? {
        func minutely(_ count: Int?, times factor: Double = 1) -> (rate: Double, burst: Double)? {
            count.map { (Double($0) * factor / 60, Double($0) * factor) }
        }
        return switch subject {
        case .login, .visit(.registration, _): minutely(rates.loginsPerMinute)
        case .visit(.signIn, _), .failure: minutely(rates.loginsPerMinute, times: Self.accountsOfAddress)
        case .visit(.session, _): minutely(rates.sessionsPerMinute)
        // Twice the rate at once: a page that loads asks for many things together.
        case .request, .visit(.refresh, _): rates.requestsPerSecond.map { (Double($0), Double($0) * 2) }
        }
    }
}

extension TokenDigest {
    /// Enough of it to tell subjects apart.
    fileprivate var prefix: String {
        bytes.prefix(12).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
