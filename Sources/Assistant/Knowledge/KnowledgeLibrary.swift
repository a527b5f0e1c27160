public import Domain
public import Storage
import Synchronization

/// The index of each workspace's published knowledge, made when it is first asked and again when the knowledge has changed.
public final class KnowledgeLibrary: CommitObserver {
    /// Workspaces whose index is kept in memory.
    static let maximumIndexes = 64

    private struct Shelf {
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

    public func committed(_ batch: CommittedBatch) {
        guard !batch.changedKnowledge.isEmpty else { return }
        state.withLock { state in
            for workspaceId in batch.changedKnowledge { state.shelves[workspaceId] = nil }
        }
    }

    /// The index of a workspace's published articles.
    /// - Throws: ``StorageFailure``.
    public func index(of workspaceId: Identifier<Workspace>) async throws -> KnowledgeIndex {
        let index = state.withLock { state in
            state.clock += 1
            if var shelf = state.shelves[workspaceId] {
                shelf.used = state.clock
                state.shelves[workspaceId] = shelf
                return shelf.index
            }
            if state.shelves.count >= Self.maximumIndexes,
                let oldest = state.shelves.min(by: { $0.value.used < $1.value.used })
            {
                state.shelves[oldest.key] = nil
            }
            let index = Task { [store] in
                let articles = try await store.read { try $0.publishedArticles(of: workspaceId).articles }
                return KnowledgeIndex(articles: articles.map { KnowledgeArticle($0) })
            }
            state.shelves[workspaceId] = Shelf(index: index, used: state.clock)
            return index
        }
        do {
            return try await index.value
        } catch {
            // The next one asks the database again.
            state.withLock { $0.shelves[workspaceId] = nil }
            throw error
        }
    }
}
