import ArgumentParser
import Domain

/// `chat-api knowledge …`.
struct KnowledgeVerbs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "knowledge", abstract: "Knowledge: the articles that the assistant answers from.",
        subcommands: [Import.self])

    struct Import: Verb {
        static let configuration = CommandConfiguration(
            commandName: "import", abstract: "Import articles from a folder or a file.",
            discussion: """
                Reads Markdown (.md, .txt), HTML (.html) and tables of questions and answers (.csv, .tsv). What is \
                imported again is changed where it differs and left alone where it does not. A published article that \
                differs is changed only with --publish, or where its file says that it is published.
                """)

        @Argument(help: "The folder or the file.")
        var path: String

        @Option(help: "Slug of the workspace.")
        var workspace = "default"

        @Option(
            help: """
                Name that the folder's articles are known by, so that they are found again from another place; that of \
                the folder when not given.
                """)
        var collection: String?

        @Flag(help: "Publish what is imported.")
        var publish = false

        @Flag(help: "Make drafts of what is new, whatever the files say.")
        var draft = false

        @Flag(help: "Make drafts of published articles whose files are gone.")
        var prune = false

        @Flag(help: "Only say what would be done.")
        var dryRun = false

        func validate() throws {
            guard !(publish && draft) else { throw ValidationError("--publish and --draft exclude each other.") }
        }

        func perform(in program: Program) async throws {
            let configuration = try program.configuration()
            let files = try KnowledgeFiles(path: path, collection: collection)
            let status: Article.Status? = publish ? .published : draft ? .draft : nil
            try await program.withOperations(configuration) { operations in
                var run = KnowledgeImportRun(
                    workspace: workspace, status: status, isTrial: dryRun, operations: operations,
                    console: program.console)
                try await run.importAll(files)
                if prune { try await run.prune(files) }
                try run.finish()
            }
        }
    }
}
