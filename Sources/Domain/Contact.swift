/// A customer of the company.
public struct Contact: Sendable, Equatable {
    public var id: Identifier<Contact>
    public var workspaceId: Identifier<Workspace>
    public var name: String?
    /// Address that staff entered or an identity token proved.
    public var email: String?
    public var phone: String?
    /// The company's own key of the customer, proven likewise; unique in the workspace.
    public var externalId: String?
    /// What a visitor said of themselves without proof. Never used to find or join contacts.
    public var claimedEmail: String?
    public var claimedExternalId: String?
    public var attributes: JSONValue
    public var locale: String?
    public var createdAt: Timestamp
    public var updatedAt: Timestamp

    public init(
        id: Identifier<Contact>, workspaceId: Identifier<Workspace>, name: String? = nil, email: String? = nil,
        phone: String? = nil, externalId: String? = nil, claimedEmail: String? = nil,
        claimedExternalId: String? = nil, attributes: JSONValue = .object([:]), locale: String? = nil,
        createdAt: Timestamp, updatedAt: Timestamp
    ) {
        self.id = id
        self.workspaceId = workspaceId
        self.name = name
        self.email = email
        self.phone = phone
        self.externalId = externalId
        self.claimedEmail = claimedEmail
        self.claimedExternalId = claimedExternalId
        self.attributes = attributes
        self.locale = locale
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}
