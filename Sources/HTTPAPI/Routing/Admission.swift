public import Domain

/// Who may call a route. Which rows they then see is the store's business.
public enum Admission: Sendable, Hashable {
    /// Everybody; credentials are not looked at.
    case anyone
    /// Somebody with an account, staff or customer.
    case user
    /// Staff whose role allows this.
    case staff(Permission.Action?)
    /// A contact alone.
    case contact
    /// A contact, or staff whose role allows this.
    case contactOr(Permission.Action)

    /// - Throws: `Refusal.forbidden`.
    func check(_ access: Access) throws(Refusal) {
        switch self {
        case .anyone: return
        case .user: guard access.staff != nil else { throw .forbidden }
        case .staff(let action):
            guard let staff = access.staff, staff.role.isStaff else { throw .forbidden }
            if let action { try access.require(action) }
        case .contact: guard access.contact != nil else { throw .forbidden }
        case .contactOr(let action):
            if access.contact == nil { try access.require(action) }
        }
    }
}
