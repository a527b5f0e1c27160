/// A page of the documentation.
enum DocumentPage {
    /// The page that Swagger UI draws the API on.
    static func api(_ assets: SwaggerAssets) -> String {
        let (style, script) = (SwaggerAssets.style, SwaggerAssets.script)
        return page(
            title: "Chat API: HTTP",
            head: """
                <link rel="stylesheet" href="\(assets.address(of: style))"\(assets.attributes(of: style))>
                <script src="\(assets.address(of: script))"\(assets.attributes(of: script)) defer></script>
                <script src="/assets/docs.js" defer></script>
                """,
            kind: "api",
            content: """
                <div id="description">
                <p>The description itself: <a href="/openapi.json">openapi.json</a>.</p>
                </div>
                """)
    }

    /// A page of text.
    static func text(title: String, _ content: String) -> String {
        page(title: title, head: "", kind: "text", content: "<main>\n\(content)</main>")
    }

    private static func page(title: String, head: String, kind: String, content: String) -> String {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>\(escaped(title))</title>
        <link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
        <link rel="stylesheet" href="/assets/docs.css">
        \(head)
        </head>
        <body class="\(kind)">
        <nav class="links"><a href="/">Chat API</a> <a href="/docs">HTTP</a> <a href="/docs/events">WebSocket</a>
        <a href="/openapi.json">openapi.json</a></nav>
        \(content)
        </body>
        </html>

        """
    }

    static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }
}
