/// Words that customers use for the same thing, in both languages: a line is a group.
///
/// Only what holds in any trade belongs here. A group is expanded when a question is read, never in the index, so a change
/// needs no rebuild and a company's own table can join later.
enum Synonyms {
    static let groups: [[String]] = [
        // What it costs, and paying for it.
        [
            "价格", "价钱", "多少钱", "收费", "费用", "报价", "定价", "资费", "要钱", "花钱", "price", "pricing", "cost", "fee", "charge",
            "expensive",
        ],
        ["在哪里", "在哪儿", "地址", "位置", "address", "location"],
        ["免费", "不要钱", "不收费", "free", "free of charge", "gratis"],
        ["付款", "支付", "付钱", "结账", "买单", "pay", "payment", "checkout"],
        ["扣款", "扣费", "扣钱", "扣了钱", "被扣", "charge", "debit"],
        ["拒绝", "被拒", "拒付", "decline", "reject", "refuse"],
        ["发票", "开票", "收据", "票据", "小票", "invoice", "receipt", "bill"],
        ["专票", "专用发票", "增值税发票", "vat invoice"],
        ["优惠券", "折扣", "优惠", "打折", "coupon", "discount", "promo"],
        ["优惠券", "优惠卷", "代金券", "抵用券", "折扣券", "优惠码", "折扣码", "coupon", "voucher", "promo code", "discount code"],
        ["礼品卡", "购物卡", "储值卡", "gift card", "giftcard"],
        ["降价", "便宜", "跌价", "price drop", "cheaper"],
        ["保价", "价保", "价格保护", "price protection", "price match"],
        ["套餐", "方案", "plan", "package", "tier", "subscription"],
        ["订阅", "续订", "续费", "自动续费", "renewal", "renew", "subscription"],
        ["试用", "体验", "trial", "try out"],
        ["上限", "限制", "最多", "limit", "maximum", "quota"],
        ["过期", "到期", "有效期", "失效", "expire", "expiry", "expiration", "validity"],
        // What was ordered, and on its way.
        ["订单", "单子", "order"],
        ["下单", "购买", "订购", "buy", "purchase"],
        ["发货", "出货", "寄出", "出库", "ship", "dispatch"],
        ["快递", "物流", "配送", "送货", "运送", "delivery", "shipping"],
        ["快递员", "快递公司", "courier", "carrier"],
        ["包裹", "快件", "parcel", "package", "shipment"],
        ["快递单号", "运单号", "物流单号", "tracking number", "tracking"],
        ["运费", "邮费", "快递费", "shipping fee", "delivery fee", "shipping cost", "postage"],
        ["包邮", "免运费", "免邮", "free shipping", "free delivery"],
        ["加急", "特快", "次日达", "express", "next day", "overnight", "urgent delivery"],
        ["自提", "自取", "到店取", "到店拿", "pick up", "pickup", "collect in store"],
        ["国外", "海外", "境外", "国际", "abroad", "overseas", "international", "foreign"],
        ["关税", "税费", "海关", "清关", "customs", "duty", "import tax"],
        ["缺货", "没货", "无货", "断货", "补货", "out of stock", "in stock", "sold out", "restock", "back in stock"],
        ["没收到", "没有收到", "未收到", "not received", "never arrived", "not arrived", "did not arrive"],
        ["丢失", "丢了", "丢件", "遗失", "不见了", "丢消息", "lost", "lose", "loss", "missing"],
        ["批量", "团购", "大量", "bulk", "wholesale"],
        // What comes back.
        ["退款", "退钱", "返款", "refund", "money back", "reimburse"],
        ["退货", "退换", "退回", "寄回", "退掉", "return", "send back", "give back"],
        ["换货", "调换", "更换", "exchange", "swap", "replace", "replacement"],
        ["取消", "撤销", "撤回", "cancel"],
        ["坏了", "破损", "损坏", "碎了", "裂了", "破了", "broken", "damage", "crack", "defective", "faulty"],
        ["保修", "质保", "维修", "warranty", "repair"],
        ["保修", "质保", "保固", "warranty", "guarantee"],
        ["维修", "修理", "送修", "返修", "报修", "repair"],
        ["配件", "零件", "备件", "spare part", "part", "accessory"],
        // Who somebody is, and may do.
        ["账号", "账户", "帐户", "account"],
        ["密码", "口令", "password", "passcode"],
        ["登录", "登陆", "登入", "login", "log in", "sign in", "log on"],
        ["注册", "开户", "register", "sign up", "registration"],
        ["注销", "销户", "销号", "删除账号", "删号", "delete account", "close account"],
        ["忘记", "忘了", "想不起来", "forgot", "forgotten", "forget"],
        ["重置", "找回", "重设", "reset", "recover"],
        ["验证码", "校验码", "动态码", "verification code", "one time code", "otp"],
        ["两步验证", "双重验证", "二次验证", "双因素", "two factor", "2fa", "mfa", "second factor", "multi factor"],
        ["单点登录", "single sign on", "sso"],
        ["密钥", "秘钥", "令牌", "凭证", "key", "token", "credential"],
        ["权限", "角色", "permission", "role", "access right"],
        ["管理员", "admin", "administrator"],
        ["同事", "员工", "成员", "colleague", "coworker", "co-worker", "teammate", "employee", "staff", "member"],
        ["家人", "家里人", "家庭成员", "爸妈", "父母", "family"],
        ["公司", "企业", "单位", "company", "organisation", "organization", "firm"],
        ["学生", "学校", "教育", "student", "school", "education", "university"],
        ["公益", "慈善", "非营利", "charity", "non-profit", "nonprofit"],
        ["会员", "vip", "member", "membership"],
        ["积分", "points", "loyalty points"],
        ["电话", "手机", "号码", "phone", "telephone", "mobile"],
        ["手机号", "手机号码", "电话号码", "phone number", "mobile number"],
        ["邮箱", "邮件", "电子邮件", "email", "e-mail", "mail"],
        ["短信", "sms", "text message"],
        ["地址", "位置", "address", "location"],
        ["隐私", "保密", "privacy", "private"],
        ["安全", "security", "secure", "safe"],
        // What is done with things.
        ["修改", "更改", "更换", "变更", "change", "edit", "modify"],
        ["删除", "移除", "清除", "delete", "remove", "erase"],
        ["添加", "加入", "邀请", "add", "invite"],
        ["开启", "打开", "启用", "enable", "turn on", "switch on", "activate"],
        ["停用", "关闭", "关掉", "禁用", "disable", "turn off", "switch off", "deactivate"],
        ["退订", "取消订阅", "unsubscribe", "opt out"],
        ["广告", "促销", "营销", "marketing", "promotional", "advertising"],
        ["推送", "通知", "提醒", "push", "notification", "alert"],
        ["安装", "部署", "搭建", "install", "installation", "deploy", "deployment", "set up", "setup"],
        ["启动", "运行", "开始使用", "run", "launch", "start up", "get started"],
        ["重启", "重新启动", "restart", "reboot"],
        ["升级", "更新", "upgrade", "update"],
        ["连接", "联网", "连网", "配网", "配对", "connect", "connection", "pair", "pairing"],
        ["无线网", "wifi", "wi-fi", "wlan"],
        ["闪烁", "一闪一闪", "blink", "flash", "flicker"],
        ["备份", "backup", "back up"],
        ["恢复", "还原", "restore", "recover"],
        ["导出", "下载", "export", "download"],
        ["导入", "上传", "import", "upload"],
        ["表格", "电子表格", "excel", "csv", "spreadsheet"],
        ["嵌入", "接入", "集成", "embed", "integrate", "integration"],
        ["评价", "评论", "好评", "差评", "晒单", "review", "rating"],
        ["速度", "性能", "speed", "fast", "performance", "quick"],
        ["错误", "报错", "故障", "失败", "出错", "error", "fail", "failure", "failed"],
        ["宕机", "停机", "挂了", "is down", "are down", "outage", "downtime", "incident", "unavailable"],
        ["限流", "频率限制", "rate limit", "too many requests", "429", "throttle"],
        // Whom one turns to, and what is spoken about.
        ["营业时间", "工作时间", "上班时间", "几点开门", "opening hours", "business hours", "office hours"],
        ["人工", "人工客服", "真人", "转人工", "human", "agent", "real person", "representative"],
        ["客服", "客户服务", "customer service", "customer support"],
        ["机器人", "助手", "bot", "chatbot", "robot", "assistant"],
        ["人工智能", "大模型", "模型", "ai", "llm", "model", "language model"],
        ["语言", "语种", "language"],
        ["中文", "汉语", "chinese"],
        ["英文", "英语", "english"],
        ["数据", "资料", "data"],
        ["数据库", "database"],
        ["服务器", "主机", "server", "host"],
        ["许可", "许可证", "授权", "协议", "license", "licence"],
        ["合同", "协议", "contract", "agreement"],
        ["开源", "源代码", "源码", "open source", "source code"],
        ["接口", "api", "interface"],
        ["网站", "网页", "website", "web page", "web site", "site"],
        ["挂件", "聊天窗口", "聊天框", "小部件", "组件", "widget", "chat window", "chat box"],
        ["控制台", "工作台", "后台", "console", "dashboard", "backend"],
        ["文档", "说明", "手册", "说明书", "指南", "documentation", "docs", "manual", "guide", "instructions"],
        ["消息", "信息", "message"],
        ["尺寸", "尺码", "大小", "码数", "size"],
        ["颜色", "color", "colour"],
    ]

    /// Groups at the beginning of ``groups`` that are asked of anything: what has the price or the place matters more.
    static let lightGroups = 2

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
