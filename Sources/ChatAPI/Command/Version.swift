/// The version of this build, as `--version` and `/health` tell it.
enum Version {
    static let current = "0.1.0"
}
