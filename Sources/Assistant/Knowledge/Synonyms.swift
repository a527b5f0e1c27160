/// Words that customers use for the same thing, in both languages: a line is a group.
///
/// Only what holds in any trade belongs here. A group is expanded when a question is read, never in the index, so a change
/// needs no rebuild and a company's own table can join later.
enum Synonyms {
    static let groups: [[String]] = [
        ["价格", "价钱", "多少钱", "收费", "费用", "报价", "定价", "资费", "要钱", "花钱", "price", "pricing", "cost", "fee", "charge"],
        ["免费", "不要钱", "不收费", "free", "free of charge", "gratis"],
        ["退款", "退钱", "返款", "refund", "money back"],
        ["退货", "退换", "return"],
        ["发货", "出货", "寄出", "ship", "dispatch"],
        ["快递", "物流", "配送", "送货", "运送", "delivery", "shipping"],
        ["运费", "邮费", "快递费", "shipping fee", "delivery fee", "postage"],
        ["订单", "单子", "order"],
        ["下单", "购买", "订购", "buy", "purchase"],
        ["付款", "支付", "付钱", "结账", "pay", "payment", "checkout"],
        ["发票", "开票", "invoice", "receipt"],
        ["优惠券", "折扣", "优惠", "打折", "coupon", "discount", "promo"],
        ["账号", "账户", "帐户", "account"],
        ["密码", "口令", "password", "passcode"],
        ["登录", "登陆", "登入", "login", "log in", "sign in"],
        ["注册", "开户", "register", "sign up", "registration"],
        ["注销", "销户", "删除账号", "delete account", "close account"],
        ["取消", "撤销", "cancel"],
        ["修改", "更改", "更换", "变更", "change", "edit", "modify"],
        ["删除", "移除", "清除", "delete", "remove", "erase"],
        ["安装", "部署", "搭建", "install", "installation", "deploy", "deployment", "set up", "setup"],
        ["启动", "运行", "开始使用", "run", "launch", "start up", "get started"],
        ["升级", "更新", "upgrade", "update"],
        ["备份", "backup", "back up"],
        ["恢复", "还原", "restore", "recover"],
        ["数据", "资料", "data"],
        ["隐私", "保密", "privacy", "private"],
        ["安全", "security", "secure", "safe"],
        ["保修", "质保", "维修", "warranty", "repair"],
        ["营业时间", "工作时间", "上班时间", "几点开门", "opening hours", "business hours", "office hours"],
        ["地址", "位置", "在哪里", "address", "location"],
        ["电话", "手机", "号码", "phone", "telephone", "mobile"],
        ["邮箱", "邮件", "电子邮件", "email", "e-mail", "mail"],
        ["人工", "人工客服", "真人", "转人工", "human", "agent", "real person", "representative"],
        ["客服", "客户服务", "customer service", "customer support"],
        ["机器人", "助手", "bot", "chatbot", "robot", "assistant"],
        ["人工智能", "大模型", "模型", "ai", "llm", "model", "language model"],
        ["语言", "语种", "language"],
        ["中文", "汉语", "chinese"],
        ["英文", "英语", "english"],
        ["数据库", "database"],
        ["服务器", "主机", "server", "host"],
        ["许可", "许可证", "授权", "协议", "license", "licence"],
        ["开源", "源代码", "源码", "open source", "source code"],
        ["接口", "api", "interface"],
        ["网站", "网页", "website", "web page", "web site", "site"],
        ["嵌入", "接入", "集成", "embed", "integrate", "integration"],
        ["挂件", "聊天窗口", "聊天框", "小部件", "组件", "widget", "chat window", "chat box"],
        ["控制台", "工作台", "后台", "console", "dashboard", "backend"],
        ["管理员", "admin", "administrator"],
        ["文档", "说明", "手册", "documentation", "docs", "manual", "guide"],
        ["消息", "信息", "message"],
        ["丢失", "丢消息", "lost", "lose", "loss"],
        ["速度", "性能", "speed", "fast", "performance", "quick"],
        ["错误", "报错", "故障", "失败", "出错", "error", "fail", "failure", "failed"],
        ["尺寸", "尺码", "大小", "码数", "size"],
        ["颜色", "color", "colour"],
        ["会员", "vip", "member", "membership"],
        ["积分", "points", "loyalty points"],
    ]

    /// The group that a word sequence belongs to, by its members' keys.
    struct Table: Sendable {
        /// Member's text (comparable; Han as written, words by their stems joined with a space) → numbers of groups.
        fileprivate(set) var groupsOfMember: [String: [Int]] = [:]
        /// Groups, each a list of members, each in its parts.
        fileprivate(set) var members: [[Member]] = []
        /// Characters of the longest member in an unspaced script.
        fileprivate(set) var longestUnspaced = 1
        /// Words of the longest member in words.
        fileprivate(set) var longestWords = 1
    }

    /// One member: what must be in a text for it to be there.
    struct Member: Sendable, Equatable {
        var key: String
        var terms: [Term]
    }

    static let table: Table = {
        var table = Table()
        for (number, group) in groups.enumerated() {
            var members: [Member] = []
            for word in group {
                let member = member(word)
                table.groupsOfMember[member.key, default: []].append(number)
                if member.key.unicodeScalars.first.map({ Characters.isUnspaced($0.value) }) ?? false {
                    table.longestUnspaced = max(table.longestUnspaced, member.key.unicodeScalars.count)
                } else {
                    table.longestWords = max(table.longestWords, member.terms.count)
                }
                if !members.contains(member) { members.append(member) }
            }
            table.members.append(members)
        }
        return table
    }()

    private static func member(_ text: String) -> Member {
        let scalars = ComparableText(text).scalars
        var terms: [Term] = []
        var keys: [String] = []
        for run in TextRuns.all(in: scalars) {
            let slice = scalars[run.range]
            switch run.kind {
            case .unspaced:
                terms += unspacedTerms(slice)
                keys.append(String(String.UnicodeScalarView(slice.compactMap(Unicode.Scalar.init))))
            case .word, .number:
                let stem = EnglishWords.stem(slice)
                keys.append(String(String.UnicodeScalarView(stem.compactMap(Unicode.Scalar.init))))
                if !EnglishWords.isFunctionWord(slice) { terms.append(.word(stem)) }
            }
        }
        return Member(key: keys.joined(separator: " "), terms: terms)
    }

    /// The pairs of `slice`, or its only character.
    static func unspacedTerms(_ slice: ArraySlice<UInt32>) -> [Term] {
        guard slice.count > 1 else { return slice.map { .character($0) } }
        return zip(slice, slice.dropFirst()).map { .pair($0, $1) }
    }
}
