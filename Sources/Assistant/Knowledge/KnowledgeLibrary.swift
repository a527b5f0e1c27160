public import Domain
public import Storage
import Synchronization

/// The index of each workspace's published knowledge, made when it is first asked and brought up to date when the knowledge
/// has changed.
///
/// Whether it has is asked of the database: a change may have been made on another node. Only what has changed is read, and
/// an answer waits for that in a small knowledge base only; in a large one it is given from the index that is there, and
/// ``refresh()`` sees to it that a change is in one before long.
public final class KnowledgeLibrary: Sendable {
    /// Workspaces whose index is kept in memory.
    static let maximumIndexes = 64
    /// Pieces of text in an index up to which a question waits for a newer one: a few milliseconds for one article, less than
    /// a model's first word takes.
    static let promptChunks = 1_000
    /// Between two looks for changes. With the making of an index of 10 000 articles a change is found within two seconds.
    public static let interval = Duration.seconds(1)
    /// Articles that are read at once: some megabytes at most, and a few milliseconds before others may run.
    private static let batch = 100

    private struct Edition: Sendable {
        var index: KnowledgeIndex
        /// Of the knowledge that it was made from.
        var version: Int64
    }

    private struct Shelf {
        /// The newest that is ready.
        var edition: Edition?
        var making: Task<Edition, any Error>?
        /// For forgetting the one that was asked longest ago.
        var used: UInt64 = 0
    }

    private struct State {
        var shelves: [Identifier<Workspace>: Shelf] = [:]
        var clock: UInt64 = 0

        /// Marks `workspaceId` as used now, and makes room for it.
        mutating func touch(_ workspaceId: Identifier<Workspace>) {
            clock += 1
            if shelves[workspaceId] == nil, shelves.count >= KnowledgeLibrary.maximumIndexes,
                let oldest = shelves.min(by: { $0.value.used < $1.value.used })
            {
                shelves[oldest.key] = nil
            }
            shelves[workspaceId, default: Shelf()].used = clock
        }
    }

    private enum Step {
        case ready(KnowledgeIndex)
        case wait(Task<Edition, any Error>)
    }

    private let store: ChatStore
    private let state = Mutex(State())

    public init(store: ChatStore) {
        self.store = store
    }

    /// The index of a workspace's published articles.
    /// - Parameter known: the version of the knowledge, where it has just been read with something else: a look into the
    ///   database is a good part of what the server adds to a model's first token.
    /// - Throws: ``StorageFailure``.
    public func index(of workspaceId: Identifier<Workspace>, at known: Int64? = nil) async throws -> KnowledgeIndex {
        let version: Int64
        if let known {
            version = known
        } else {
            version = try await store.read { try $0.knowledgeVersion(of: workspaceId) }
        }
        while true {
            let step: Step = state.withLock { state in
                state.touch(workspaceId)
                let edition = state.shelves[workspaceId]?.edition
                if let edition, edition.version >= version { return .ready(edition.index) }
                let making = makeIndex(of: workspaceId, in: &state)
                if let edition, edition.index.chunkCount > Self.promptChunks { return .ready(edition.index) }
                return .wait(making)
            }
            switch step {
            case .ready(let index): return index
            case .wait(let making):
                let edition = try await making.value
                // One that was begun before the change may be without it; the next one is not.
                if edition.version >= version || edition.index.chunkCount > Self.promptChunks { return edition.index }
            }
        }
    }

    /// Begins newer indexes for those workspaces whose knowledge has changed since theirs was made, and waits for them.
    /// - Throws: ``StorageFailure``.
    public func refresh() async throws {
        let known = state.withLock { $0.shelves.compactMapValues { $0.edition?.version } }
        guard !known.isEmpty else { return }
        let versions = try await store.read { try $0.knowledgeVersions(of: Array(known.keys)) }
        // One after the other: there are answers to be given meanwhile.
        for (workspaceId, version) in versions where version > known[workspaceId] ?? version {
            let making = state.withLock { state in
                let edition = state.shelves[workspaceId]?.edition
                return edition.map { $0.version < version } ?? false ? makeIndex(of: workspaceId, in: &state) : nil
            }
            _ = try await making?.value
        }
    }

    /// Makes the indexes that will be asked for, so that no question waits for its workspace's first one.
    /// - Throws: ``StorageFailure``.
    public func prepare() async throws {
        for workspaceId in try await store.read({ try $0.workspacesWithKnowledge(limit: Self.maximumIndexes) }) {
            let making = state.withLock { state in
                state.touch(workspaceId)
                return state.shelves[workspaceId]?.edition == nil ? makeIndex(of: workspaceId, in: &state) : nil
            }
            _ = try await making?.value
        }
    }

    /// The making under way of the index of `workspaceId`, begun when there is none.
    private func makeIndex(
        of workspaceId: Identifier<Workspace>, in state: inout State
    ) -> Task<Edition, any Error> {
        if let making = state.shelves[workspaceId]?.making { return making }
        let base = state.shelves[workspaceId]?.edition
        let making = Task(priority: .utility) {
            do {
                let edition = try await read(workspaceId, from: base)
                finish(workspaceId, edition)
                return edition
            } catch {
                // The next one asks the database again.
                finish(workspaceId, nil)
                throw error
            }
        }
        state.shelves[workspaceId]?.making = making
        return making
    }

    private func finish(_ workspaceId: Identifier<Workspace>, _ edition: Edition?) {
        state.withLock { state in
            state.shelves[workspaceId]?.making = nil
            if let edition { state.shelves[workspaceId]?.edition = edition }
        }
    }

    private func read(_ workspaceId: Identifier<Workspace>, from base: Edition?) async throws -> Edition {
        let (version, published) = try await store.read {
            try $0.publishedArticles(of: workspaceId, limit: KnowledgeIndex.maximumArticles)
        }
        // What changes while the articles are read has a later version, and is read again when that is asked for.
        let wanted = Set(published.map(\.rawValue))
        var builder = KnowledgeIndexBuilder(from: base?.index)
        var missing = wanted.subtracting(base?.index.articleIds ?? [])
        var position = base.map { KnowledgePosition.after($0.version) } ?? .beginning
        while true {
            let last = position
            let (articles, next) = try await store.read {
                try $0.publishedArticles(of: workspaceId, after: last, limit: Self.batch)
            }
            builder.put(articles.lazy.filter { wanted.contains($0.id.rawValue) }.map { KnowledgeArticle($0) })
            missing.subtract(articles.map(\.id.rawValue))
            if articles.count < Self.batch { break }
            position = next
            await Task.yield()
        }
        // An old article that only now is one of those that an index takes: nothing tells which, so everything is read.
        if base != nil, !missing.isEmpty { return try await read(workspaceId, from: nil) }
        builder.remove((base?.index.articleIds ?? []).filter { !wanted.contains($0) })
        return Edition(index: builder.index(), version: version)
    }
}
