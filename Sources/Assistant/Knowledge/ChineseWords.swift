/// What is known of Chinese words without a dictionary: which carry no meaning of their own in a question.
///
/// A question is cut at these, so that no pair of characters straddles two words: 怎么退款多久到账 becomes 退款 and 到账.
enum ChineseWords {
    /// Phrases of asking and politeness. Longest match first.
    static let functionPhrases: Set<String> = [
        "什么", "是什么", "什么是", "什么样", "什么叫", "什么时候", "为什么", "为何", "怎么", "怎么样", "怎样", "怎么办", "怎么弄", "怎么回事", "如何", "请问",
        "请", "您好", "你好", "哪里", "哪儿", "哪个", "哪些", "哪种", "哪家", "是哪", "谁", "几个", "多少", "多久", "多长", "多长时间", "多大", "几天",
        "几时", "何时",
        "是否", "是不是", "能否", "能不能", "可否", "可不可以", "可以", "可不可", "行不行", "有没有", "有无", "会不会", "要不要", "需不需要", "应该", "应不应该",
        "需要", "想要", "想问", "想问一下", "问一下", "问下", "咨询", "咨询一下", "请教", "了解", "了解一下", "知道", "想知道", "告诉", "告诉我", "介绍", "介绍一下",
        "介绍下",
        "说说", "讲讲", "解释", "解释一下", "麻烦", "帮忙", "帮我", "帮", "谢谢", "多谢", "我们", "你们", "他们", "她们", "它们", "咱们", "您", "这个",
        "那个", "这些",
        "那些", "这里", "那里", "这样", "那样", "这种", "那种", "一下", "一个", "一些", "的话", "如果", "因为", "所以", "但是", "不过", "或者", "还是",
        "以及", "而且",
        "然后", "现在", "目前", "到底", "究竟", "其实", "大概", "一般", "通常", "具体", "关于", "有关", "对于", "相关", "情况", "问题", "东西", "事情",
        "意思", "方法",
        "方式", "步骤", "办法", "的", "了", "吗", "呢", "吧", "啊", "呀", "嘛", "哦", "么", "哈", "喔", "咧", "是",
    ]

    /// Words that begin or end with one of the above and must not be cut there.
    static let protectedWords: Set<String> = [
        "目的", "目的地", "了如指掌", "问题单", "一般纳税人", "是非", "请假", "申请", "邀请", "请求", "请柬", "帮助中心", "帮扶", "帮派", "谁家",
        "还是否", "终了", "的士", "方法论", "方式方法",
    ]

    /// Characters that are mostly grammar, and sometimes part of a word (会员, 能量, 在线). They stay in the text and count
    /// little when it is asked whether an article answers.
    static let weakCharacters: Set<UInt32> = Set(
        "我你他她它们会能有在和与跟要想用做把被给对从到去来多少几哪怎这那就都也还又不没让使得着过为以可支持使用提供功能一二三四五六七八九十百千两半个块次位只些点再才很太更最呗啦".unicodeScalars.map(
            \.value))

    /// Two-character words that fit almost any question, see ``EnglishWords/weakWords``.
    static let weakWords: Set<String> = [
        "支持", "使用", "提供", "功能", "可用", "实现", "进行", "处理", "解决", "操作", "设置", "开始", "工作", "帮助", "服务", "需求", "要求", "包括",
        "包含", "时候", "时间",
        // When, how often, how much, in which mood: said of anything.
        "今天", "昨天", "前天", "明天", "后天", "今年", "去年", "明年", "上周", "下周", "这周", "本周", "上个月", "下个月", "这个月", "早上", "上午", "中午",
        "下午", "晚上", "刚才", "刚刚", "刚买", "之前", "之后", "以前", "以后", "后来", "最近", "将来", "马上", "立刻", "立即", "尽快", "赶紧", "一直",
        "老是",
        "总是", "经常", "有时", "偶尔", "已经", "曾经", "正在", "还没", "还没有", "再也", "又是", "忽然", "突然", "终于", "好久", "半天", "一会儿", "每次",
        "每天", "第一次", "一次", "两次", "几次", "有点", "有些", "非常", "特别", "比较", "真的", "实在", "完全", "全部", "所有", "一起", "一样", "同样",
        "别的",
        "别人", "人家", "大家", "自己", "本人", "好像", "似乎", "可能", "也许", "估计", "应该是", "肯定", "必须", "一定", "居然", "竟然", "反正", "毕竟",
        "看到", "看见", "发现", "觉得", "感觉", "认为", "以为", "希望", "打算", "准备", "听说", "记得", "看看", "试试", "试过", "用了", "烦死", "着急",
        "急用",
        "郁闷", "生气", "麻烦死", "不行", "不对", "不了", "干嘛", "干什么", "怎么搞", "怎么回", "怎么会", "怎么还", "怎么又", "怎么没",
        "其他", "其它", "另外", "还有", "就是", "只是", "只有", "只能", "只要", "除了", "而已", "尤其", "甚至", "至少", "最少", "最好", "最后", "首先",
        "接着", "直接", "重新", "再次", "永远", "从来", "到处", "即使", "虽然", "可是", "否则", "不然", "无论", "不管", "由于", "为了", "不能", "不会",
        "不想", "不要", "不够", "不好", "不太", "不是", "不给", "不让", "没几天", "没多久", "上次", "这次", "下次",
    ]

    /// Words that people use whatever they speak about, see ``EnglishWords/everydayWords``.
    static let everydayWords: Set<String> = [
        "喜欢", "讨厌", "满意", "合适", "适合", "方便", "认识", "记住", "想起", "说话", "聊天", "见面", "等待", "等了", "等到", "找到", "找不到", "看不到",
        "听到", "听不到", "拿到", "带走", "带来", "放在", "放到", "送给", "送人", "送来", "借给", "交给", "留下", "离开", "回来", "回去", "回家", "出去",
        "出来", "进去", "进来", "过来", "过去", "起来", "下去", "到家", "在家", "家里", "搬家", "出门", "出差", "旅游", "上班", "下班", "上学", "放假",
        "睡觉", "起床", "吃饭", "喝水", "洗澡", "生病", "结婚", "出生", "长大", "老人", "小孩", "孩子", "儿子", "女儿", "宝宝", "男朋友", "女朋友", "朋友",
        "同学", "邻居", "亲戚", "叔叔", "阿姨", "爷爷", "奶奶", "哥哥", "姐姐", "弟弟", "妹妹", "先生", "女士", "有人", "没人", "很多人", "没用", "有用",
        "漂亮", "难看", "好看", "好用", "难用", "好吃", "简单", "复杂", "容易", "困难", "重要", "奇怪", "正常", "严重", "明显", "清楚", "正确", "准确",
        "随便", "安静", "干净", "糟糕", "厉害", "地方", "原因", "理由", "结果", "样子", "部分", "内容", "名字", "机会", "关系", "生活", "城市", "国家",
        "外地", "本地", "附近", "门口", "楼下", "楼上", "旁边", "里面", "外面", "上面", "下面", "前面", "后面", "中间", "左边", "右边", "第二天", "周末",
        "周一", "周二", "周三", "周四", "周五", "周六", "周日", "星期", "小时", "分钟", "年底", "月底", "春节", "国庆", "过年", "身边", "手里", "手上",
        "眼睛", "感冒", "心情", "运气", "买东西", "买来", "买的", "弄坏", "弄丢", "搞错", "弄错", "看错", "选错", "忘带", "来不及", "赶不上", "受不了", "做不到",
        "办不了",
    ]

    static let longest = 6

    enum Word: Equatable {
        case function, synonym, protected, weak, everyday
    }

    /// The longest known word that starts at `index`, if any.
    ///
    /// - Parameter synonyms: a workspace's own.
    static func word(
        in run: ArraySlice<UInt32>, at index: Int, _ synonyms: SynonymTable?
    ) -> (word: Word, length: Int)? {
        var length = min(
            max(longest, Synonyms.table.longestUnspaced, synonyms?.longestUnspaced ?? 0), run.endIndex - index)
        while length > 0 {
            let slice = run[index..<index + length]
            if synonyms?.contains(slice) ?? false { return (.synonym, length) }
            if let word = lexicon[.word(slice)] ?? (Synonyms.table.contains(slice) ? .synonym : nil) {
                return (word, length)
            }
            length -= 1
        }
        return nil
    }

    private static let lexicon: [Term: Word] = {
        var lexicon: [Term: Word] = [:]
        func add(_ words: some Sequence<String>, as word: Word) {
            for text in words { lexicon[.word(ComparableText(text).scalars)] = word }
        }
        add(everydayWords, as: .everyday)
        add(weakWords, as: .weak)
        add(functionPhrases, as: .function)
        add(protectedWords, as: .protected)
        return lexicon
    }()
}
