public import Domain
public import Storage
import Synchronization

/// The index of each workspace's published knowledge, made when it is first asked and again when the knowledge has changed.
///
/// Whether it has is asked of the database each time: a change may have been made on another node.
public final class KnowledgeLibrary: Sendable {
    /// Workspaces whose index is kept in memory.
    static let maximumIndexes = 64

    private struct Shelf {
        /// Version of the knowledge that was asked for.
        var version: Int64
        var index: Task<KnowledgeIndex, any Error>
        /// For forgetting the one that was asked longest ago.
        var used: UInt64
    }

    private struct State {
        var shelves: [Identifier<Workspace>: Shelf] = [:]
        var clock: UInt64 = 0
    }

    private let store: ChatStore
    private let state = Mutex(State())

    public init(store: ChatStore) {
        self.store = store
    }

    /// The index of a workspace's published articles.
    /// - Throws: ``StorageFailure``.
    public func index(of workspaceId: Identifier<Workspace>) async throws -> KnowledgeIndex {
        let version = try await store.read { try $0.knowledgeVersion(of: workspaceId) }
        let index = state.withLock { state in
            state.clock += 1
            if var shelf = state.shelves[workspaceId], shelf.version >= version {
                shelf.used = state.clock
                state.shelves[workspaceId] = shelf
                return shelf.index
            }
            if state.shelves[workspaceId] == nil, state.shelves.count >= Self.maximumIndexes,
                let oldest = state.shelves.min(by: { $0.value.used < $1.value.used })
            {
                state.shelves[oldest.key] = nil
            }
            let index = Task { [store] in
                let articles = try await store.read { try $0.publishedArticles(of: workspaceId).articles }
                return KnowledgeIndex(articles: articles.map { KnowledgeArticle($0) })
            }
            state.shelves[workspaceId] = Shelf(version: version, index: index, used: state.clock)
            return index
        }
        do {
            return try await index.value
        } catch {
            // The next one asks the database again.
            state.withLock { state in
                if state.shelves[workspaceId]?.version == version { state.shelves[workspaceId] = nil }
            }
            throw error
        }
    }
}
