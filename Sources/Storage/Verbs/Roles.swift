public import Domain

extension RowReader {
    /// Every role of a workspace: the built-in ones, then its own by name.
    public func roles(in workspaceId: Identifier<Workspace>) throws -> [Role] {
        try Role.builtIn
            + connection.rows(
                "SELECT \(RoleRow.columns) FROM roles WHERE workspace_id = ? ORDER BY name", [.identifier(workspaceId)],
                RoleRow.decode)
    }
}
