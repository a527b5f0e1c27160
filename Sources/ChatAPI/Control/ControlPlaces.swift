import NIOCore

/// The clients of a ``ControlServer``, of whom so many are served at a time. Bound to the server's event loop.
final class ControlPlaces {
    private var free: Int
    private var served: [ObjectIdentifier: ControlConnection] = [:]
    /// In the order in which they came.
    private var waiting: [ControlConnection] = []
    private var isFinishing = false
    private var emptied: EventLoopPromise<Void>?

    init(_ count: Int) {
        free = count
    }

    /// A client has come: it is served when there is a place, now or later.
    func enter(_ client: ControlConnection) {
        waiting.append(client)
        if isFinishing { client.finish() }
        admit()
    }

    /// A client has gone.
    func leave(_ client: ControlConnection) {
        if served.removeValue(forKey: ObjectIdentifier(client)) != nil { free += 1 }
        waiting.removeAll { $0 === client }
        admit()
        if isFinishing, served.isEmpty, waiting.isEmpty { emptied?.succeed() }
    }

    /// Lets clients get the answers to what they have asked, and go.
    func finish() {
        isFinishing = true
        for client in clients { client.finish() }
    }

    /// Ends all clients at once.
    func closeAll() {
        isFinishing = true
        for client in clients { client.close() }
    }

    /// Completes when the last client has gone. Asked once, after the listening socket is closed.
    func whenEmpty(on loop: any EventLoop) -> EventLoopFuture<Void> {
        isFinishing = true
        guard !clients.isEmpty else { return loop.makeSucceededVoidFuture() }
        let promise = emptied ?? loop.makePromise()
        emptied = promise
        return promise.futureResult
    }

    private var clients: [ControlConnection] { Array(served.values) + waiting }

    private func admit() {
        while free > 0, !waiting.isEmpty {
            let client = waiting.removeFirst()
            free -= 1
            served[ObjectIdentifier(client)] = client
            client.admit()
        }
    }
}
