public import Domain
public import HTTPTypes

/// What a description says of a route beside its types, where the usual does not hold.
public struct EndpointNotes: Sendable {
    /// An answer beside the usual success that is no problem document.
    public struct Alternative: Sendable {
        public var status: HTTPResponse.Status
        /// When it comes.
        public var summary: String
        /// Nil for no body.
        public var contentType: String?
        /// Type of the JSON; nil for any text.
        public var type: (any (Encodable & Sendable).Type)?
    }

    /// Media types of the usual success where it is not JSON.
    public var produces: [String] = []
    public var alternatives: [Alternative] = []
    /// Media type and schema of the body where it is no JSON.
    public var form: RequestForm?
    /// Credentials may be given, but need not.
    public var isAuthenticationOptional = false
    /// What staff need beside the permission of the admission: who changes something that is there sees it, and so must be
    /// allowed to.
    public var alsoNeeds: [Permission.Action] = []

    /// A body of another type than JSON.
    public struct RequestForm: Sendable {
        /// A part of `multipart/form-data`.
        public struct Part: Sendable {
            public var name: String
            public var summary: String
            public var isFile: Bool
            public var isRequired: Bool

            public init(name: String, summary: String, isFile: Bool, isRequired: Bool = true) {
                self.name = name
                self.summary = summary
                self.isFile = isFile
                self.isRequired = isRequired
            }
        }

        public var parts: [Part]

        public init(parts: [Part]) {
            self.parts = parts
        }
    }
}

extension EndpointTable {
    /// The same answer also comes with another status.
    mutating func alsoAnswers<Answered: Encodable & Sendable>(
        _ status: HTTPResponse.Status, _ type: Answered.Type, _ summary: String
    ) {
        describeLast {
            $0.alternatives.append(
                .init(status: status, summary: summary, contentType: "application/json", type: type))
        }
    }

    /// The answer has no body when the caller has the present state already.
    mutating func alsoAnswersNotModified() {
        describeLast {
            $0.alternatives.append(
                .init(
                    status: .notModified, summary: "The state that `If-None-Match` names is the present one.",
                    contentType: nil, type: nil))
        }
    }

    /// With `Accept: text/event-stream` the answer is a stream.
    mutating func alsoStreams(_ summary: String) {
        describeLast {
            $0.alternatives.append(
                .init(status: .ok, summary: summary, contentType: "text/event-stream", type: nil))
        }
    }

    /// The answer is not JSON.
    mutating func produces(_ types: String...) {
        describeLast { $0.produces = types }
    }

    /// The body is a form of these parts.
    mutating func consumes(_ parts: EndpointNotes.RequestForm.Part...) {
        describeLast { $0.form = EndpointNotes.RequestForm(parts: parts) }
    }

    /// Staff need these permissions too. The store asks for them, where it reads the rows.
    mutating func alsoNeeds(_ actions: Permission.Action...) {
        describeLast { $0.alsoNeeds = actions }
    }

    /// Credentials are looked at when there are some.
    mutating func authenticationIsOptional() {
        describeLast { $0.isAuthenticationOptional = true }
    }
}
