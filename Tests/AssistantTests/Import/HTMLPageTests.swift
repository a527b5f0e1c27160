import Domain
import Testing

@testable import Assistant

@Suite struct HTMLPageTests {
    private func read(_ html: String) -> ImportedArticle? {
        ImportedFile(path: "page.html", bytes: Array(html.utf8)).read().articles.first
    }

    @Test func aPageOfAHelpCentreBecomesItsArticle() {
        let article = read(
            """
            <!DOCTYPE html>
            <html dir="ltr" lang="en-US"><head><meta charset="utf-8" />
            <title>How do I get a refund? &ndash; Acme</title>
            <link rel="canonical" href="https://help.acme.com/hc/en-us/articles/123-Refund">
            <script>window.x = "<h1>no</h1>";</script><style>.a > b {}</style></head>
            <body><a class="skip-link" href="#main">Skip</a>
            <header class="header"><a href="/">Acme</a><nav><a href=/sign>Sign in</a></nav></header>
            <main role="main"><nav class="sub-nav"><ol class="breadcrumbs"><li><a href=/>Acme</a></ol></nav>
            <article class="article">
            <header><h1 title="x">How do I get a <b>refund?</h1></header>
            <section><div class="article-body"><p>You can return it within 30&nbsp;days.<br>See
            <a href="../articles/456?x=1&amp;y=(2)">our <i>policy</i></a> or <a href="javascript:alert(1)">this</a>.
            <p><strong>Note: </strong>Only unused goods.
            <h2>Steps</h2>
            <ol><li>Open <code>Orders</code><li><p>Choose</p><ul><li>by number<li>by date</ul><li>Press "Return"</ol>
            <table><thead><tr><th>Method<th>Days<tbody><tr><td>Card<td>3&ndash;5<tr><td>A | B<td>1</table>
            <details><summary>And gifts?</summary><p>Gifts too.</p></details>
            <pre><code>GET /refunds
              ?id=1</code></pre>
            <blockquote>Money back<br>or not</blockquote></div></section>
            <footer>Was this helpful? <button>Yes</button></footer>
            </article><section class="related-articles">Other</section></main><footer>© Acme</footer></body></html>
            """)
        #expect(article?.title == "How do I get a refund?")
        #expect(article?.locale == "en-US")
        #expect(
            article?.content == """
                You can return it within 30 days.  
                See [our policy](https://help.acme.com/hc/en-us/articles/456?x=1&y=%282%29) or this.

                **Note:** Only unused goods.

                ## Steps

                1. Open `Orders`
                2. Choose
                   - by number
                   - by date
                3. Press "Return"

                | Method | Days |
                | --- | --- |
                | Card | 3–5 |
                | A \\| B | 1 |

                ### And gifts?

                Gifts too.

                ```
                GET /refunds
                  ?id=1
                ```

                > Money back  
                > or not
                """)
    }

    @Test(
        arguments: [
            ("<p>a<p>b", "a\n\nb"), ("a<b", "a"), ("a < b &amp; c", "a < b & c"),
            ("<div>a<div>b</div>c</div>", "a\n\nb\n\nc"),
            ("a<!-- <p>no</p> -->b", "ab"), ("a<!-->b", "ab"), ("a<!-- never closed", "a"), ("a<script>b", "a"),
            ("a<script>'</scripty>'</script >b", "ab"), ("<ul><li>a</ul></div></p>b", "- a\n\nb"),
            ("<p>a</b></i>b</p>", "ab"), ("<b>a<p>b</b>c", "a\n\nb\n\nc"), ("<li>a<li>b", "- a\n\n- b"),
            ("<ul><li>a<ol start=3><li>b<li>c</ol></ul>", "- a\n  3. b\n  4. c"), ("<ul>\n<li></li>\n</ul>x", "x"),
            ("<a href='http://x.y/a b'>t</a>", "[t](http://x.y/a%20b)"), ("<a href=//x.y/z>t</a>", "[t](//x.y/z)"),
            ("<a href='JavaScript:x()'>t</a> <a href=' data:text/html,x'>u</a>", "t u"), ("<a href=#x>t</a>", "t"),
            ("<a href=http://x.y><img src=1 alt='pic'></a>", "[pic](http://x.y)"), ("<a>t</a><a href=''>u</a>", "tu"),
            ("a&nbsp;&hellip;&#8364;&#x4e2d;&#128;&#0;&bogus;&ampb&copy=1", "a …€中€\u{FFFD}&bogus;&b©=1"),
            ("<table><tr><td>only<tr><td>one column</table>", "only\n\none column"),
            ("<table><tr><td><table><tr><td>a<td>b</table><td>c</table>", "| a | b |\n| --- | --- |\n\nc"),
            ("<table><caption>T<tr><th colspan=2>a<tr><td>b<td>c</table>", "T\n\n| a |  |\n| --- | --- |\n| b | c |"),
            ("<dl><dt>t<dd>d</dl>", "**t**\n\nd"), ("<p># no heading", "\\# no heading"), ("x<hr>y", "x\n\n---\n\ny"),
            ("<h2>  a\n <em>b</em></h3>c", "## a b\n\nc"), ("<textarea>a</textarea><select><option>b</select>c", "c"),
            ("<svg><title>t</title><text>no</text></svg>a", "a"), ("<div class='x sidebar'>no</div>a", "a"),
            ("<div role=navigation>no</div>a", "a"), ("<pre>```</pre>", "~~~\n```\n~~~"), ("<p>a</p\n>b", "a\n\nb"),
            ("<IMG ALT=\"A &quot;B&quot;\">", "A \"B\""), ("<p/>a<br/>b", "a  \nb"), ("</br>a</p>", "a"),
        ] as [(String, String)]) func tagSoupIsReadAsBrowsersReadIt(_ html: String, _ markdown: String)
    {
        #expect(read(html)?.content == markdown)
    }

    @Test func theTitleIsTheHeadingThenTheTitleThenTheName() {
        #expect(read("<title>A &amp; B</title><h1>C</h1>x")?.title == "C")
        #expect(read("<title>A\n &amp; B</title><h2>C</h2>x")?.title == "A & B")
        #expect(read("<h2>C</h2>x")?.title == "C")
        #expect(read("<h1></h1>x")?.title == "page")
    }

    @Test func theLanguageIsBelievedWhereTheWordsDoNotContradict() {
        #expect(read("<html lang=zh-TW><p>退款三天")?.locale == "zh-TW")
        #expect(read("<html lang=en><p>退款三到五天到账")?.locale == "zh")
        #expect(read("<html lang='?'><p>Refunds take days")?.locale == "en")
    }

    @Test func theEncodingIsThatOfThePage() {
        let head = "<html><meta http-equiv=Content-Type content='text/html; charset=gb2312'><p>"
        let article = ImportedFile(path: "a.htm", bytes: Array(head.utf8) + TextEncodingTests.chinese).read().articles
            .first
        #expect(article?.content == "怎么退款,三天")
    }

    @Test func elementsWithoutEndNestOnlySoDeep() {
        for tag in ["<div>", "<ul><li>", "<blockquote>", "<table><tr><td>", "<b>", "<a href=x>", "<ol><li>x"] {
            let html = String(repeating: tag, count: 5_000) + "end"
            let reading = ImportedFile(path: "page.html", bytes: Array(html.utf8)).read()
            #expect(reading.articles.contains { $0.content.contains("end") }, "\(tag)")
        }
    }

    @Test func manyTagsTakeTimeByTheirNumber() {
        let clock = ContinuousClock()
        for piece in [
            "<p>a", "<a href='", "<!--", "<script>", "</x>", "&#x", "<b><i>", "<li>", "<td>", "< ", "<h1><h2>",
        ] {
            let html = String(repeating: piece, count: 100_000 / piece.utf8.count)
            #expect(clock.measure { _ = read(html) } < .seconds(20), "\(piece)")
        }
    }
}
