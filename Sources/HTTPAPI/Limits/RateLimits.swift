import Cluster
import Domain
import Identity

/// Every rate limit of the HTTP side, in one table of bounded size, for all nodes together.
final class RateLimits: Sendable {
    /// What is counted, and for whom. Of secrets and e-mail addresses only digests are kept.
    enum Subject: Hashable, Sendable {
        /// A sign-in to an account from an address.
        case login(account: TokenDigest, address: String)
        /// Sign-ins to whichever accounts from an address, so that nobody tries one password on all of them.
        case logins(address: String)
        /// A registration from an address.
        case registration(address: String)
        /// A new chat session from an address.
        case session(address: String)
        /// A request under a token.
        case request(token: TokenDigest)

        /// As all nodes write it.
        var name: String {
            switch self {
            case .login(let account, let address): "login.\(account.prefix).\(address)"
            case .logins(let address): "logins.\(address)"
            case .registration(let address): "registration.\(address)"
            case .session(let address): "session.\(address)"
            case .request(let token): "request.\(token.prefix)"
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

    var count: Int { buckets.count }

    private func allowance(of subject: Subject) -> (rate: Double, burst: Double)? {
        switch subject {
        case .login: rates.loginsPerMinute.map { (Double($0) / 60, Double($0)) }
        case .logins: rates.loginsPerMinute.map { Self.accountsOfAddress * (Double($0) / 60) }.map { ($0, $0 * 60) }
        case .registration: rates.loginsPerMinute.map { (Double($0) / 60, Double($0)) }
        case .session: rates.sessionsPerMinute.map { (Double($0) / 60, Double($0)) }
        // Twice the rate at once: a page that loads asks for many things together.
        case .request: rates.requestsPerSecond.map { (Double($0), Double($0) * 2) }
        }
    }
}

extension TokenDigest {
    /// Enough of it to tell subjects apart.
    fileprivate var prefix: String {
        bytes.prefix(12).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
